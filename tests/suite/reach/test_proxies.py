"""Which way a connection takes, and what a proxy on it may answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.basic_auth import SecretBytes
from orchestrator_contract.http.dialer import Dialer
from orchestrator_contract.http.proxies import Proxy, proxy_to
from orchestrator_contract.http.response import Response, TransportError, TransportFault
from orchestrator_contract.http.wire import Wire
from tests.suite.plugin.conftest import Canned, answering, canned, read_head
from tests.suite.reach.conftest import NAME, Authority

__all__ = ["canned"]

REQUEST = SecretBytes(b"DELETE /x HTTP/1.1\r\nHost: endpoint.test\r\nX-A: 1\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SECURE, PLAIN = Origin("https", NAME, 443), Origin("http", NAME, 80)
Start = Callable[..., Canned]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without proxies."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


# -------------------------------------------------------------------- which one


@pytest.mark.parametrize(
    ("variables", "origin", "found"),
    [
        ({}, SECURE, None),
        ({"HTTPS_PROXY": "http://p:1"}, SECURE, ("p", 1, "HTTPS_PROXY")),
        ({"https_proxy": "http://p:1"}, SECURE, ("p", 1, "https_proxy")),
        ({"HTTPS_PROXY": "http://p:1"}, PLAIN, None),
        ({"HTTP_PROXY": "p:3128"}, PLAIN, ("p", 3128, "HTTP_PROXY")),
        ({"HTTP_PROXY": "http://p"}, PLAIN, ("p", 80, "HTTP_PROXY")),
        ({"ALL_PROXY": "http://p:1"}, PLAIN, ("p", 1, "ALL_PROXY")),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": NAME}, SECURE, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, .test"}, SECURE, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, SECURE, None),
        (
            {"HTTPS_PROXY": "http://p:1", "no_proxy": "other.test"},
            SECURE,
            ("p", 1, "HTTPS_PROXY"),
        ),
        (
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"},
            Origin("https", "10.1.2.3", 443),
            None,
        ),
        ({"HTTPS_PROXY": "http://p:1"}, Origin("https", "127.0.0.1", 443), None),
        ({"HTTPS_PROXY": "http://p:1"}, Origin("https", "localhost", 443), None),
        ({"HTTPS_PROXY": "http://p:1"}, Origin("https", "::1", 443), None),
        ({"HTTPS_PROXY": "http://p:1"}, Origin("https", "api.localhost", 443), None),
    ],
)
def test_the_environment_names_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    origin: Origin,
    found: tuple[str, int, str] | None,
) -> None:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY mean what they mean to requests; loopback is reached directly."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    proxy = proxy_to(origin)

    assert (proxy and (proxy.host, proxy.port, proxy.source)) == found


def test_the_profiles_proxy_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds for every address that is not loopback, whatever the environment says."""
    monkeypatch.setenv("HTTPS_PROXY", "http://other:1")
    monkeypatch.setenv("NO_PROXY", "*")
    configured = Proxy.of("http://p:1")

    assert [proxy_to(origin, configured) for origin in (SECURE, PLAIN)] == [configured, configured]
    assert proxy_to(Origin("https", "127.0.0.1", 1), configured) is None


@pytest.mark.parametrize(
    "url",
    ["socks5://p:1", "https://p:1", "http://", "http://p:0x1", "http://p:1/path", "http://a/b@p:1"],
)
def test_what_is_no_http_proxy(url: str) -> None:
    """Another scheme, and what is no address, are named by where they stand, and not shown."""
    found = Proxy.of(url, "ALL_PROXY")

    assert found.problem == "ALL_PROXY: expected http://host:port"
    with pytest.raises(TransportError, match=r"^ALL_PROXY: expected http://host:port$"):
        Dialer(1, True, proxy=found).open(SECURE)


def test_credentials_of_a_proxy() -> None:
    """They are decoded, sent as Basic ones, and shown nowhere."""
    proxy = Proxy.of("http://me:h%40den@p:1")

    assert (proxy.username, proxy.password) == ("me", "h@den")
    assert proxy.authorization == "Basic bWU6aEBkZW4="
    assert "den" not in f"{proxy} {proxy!r} {proxy.shell_word}"
    assert proxy.shell_word == '"http://$PROXY_USER:$PROXY_PASSWORD@p:1"'


# -------------------------------------------------------------------- plain HTTP


def test_a_request_with_its_whole_url(canned: Start) -> None:
    """A plain request through a proxy has the whole URL and the proxy's credentials."""
    heads: list[bytes] = []

    def act(connection: socket.socket, number: int) -> None:
        while head := read_head(connection):
            heads.append(head)
            connection.sendall(OK)

    server = canned(act)
    wire = Wire(5, True, proxy=Proxy.of(f"http://me:word@127.0.0.1:{server.port}"))

    statuses = [wire.exchange(PLAIN, REQUEST, "DELETE").status for _ in range(2)]
    batch = [(REQUEST, "DELETE")] * 3
    statuses += [r.status for r in wire.together(PLAIN, batch) if isinstance(r, Response)]
    wire.leave(PLAIN, REQUEST, 0.05)
    wire.close()

    assert statuses == [200] * 5
    assert (
        heads
        == [
            b"DELETE http://endpoint.test:80/x HTTP/1.1\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n"
            b"Host: endpoint.test\r\nX-A: 1\r\n\r\n"
        ]
        * 6
    )
    assert server.accepted == 5


def test_credentials_that_a_proxy_asks_for(canned: Start) -> None:
    """A 407 is the proxy's own, and no answer of the endpoint's."""
    server = canned(answering(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"))
    wire = Wire(5, True, proxy=Proxy.of(f"http://127.0.0.1:{server.port}"))

    with pytest.raises(TransportError, match=r"refuses with 407 Who; credentials .* \[target\] pr"):
        wire.exchange(PLAIN, REQUEST, "DELETE")


# -------------------------------------------------------------------- tunnels


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Who\r\n\r\n", "refuses with 407 Who; credentials for it go into"),
        (b"HTTP/1.1 502 \r\n\r\n", "refuses with 502"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "refuses with 301 Moved"),
        (b"HTTP/1.1 200 OK\r\n\r\nmore", "sends data before the other end can"),
        (b"SSH-2.0-x\r\n\r\n", "gives no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "gives no HTTP response"),
        (b"", "closes the connection without a response"),
    ],
)
def test_a_tunnel_that_is_none(canned: Start, answer: bytes, said: str) -> None:
    """A proxy that refuses a tunnel is no connection, with the proxy's name."""
    server = canned(answering(answer))
    proxy = Proxy.of(f"http://me:word@127.0.0.1:{server.port}")

    with pytest.raises(TransportError) as caught:
        Wire(5, True, proxy=proxy).exchange(SECURE, REQUEST, "DELETE")

    assert caught.value.fault is TransportFault.CONNECT
    assert f"the proxy http://127.0.0.1:{server.port} ([target] proxy) {said}" in str(caught.value)


@pytest.mark.parametrize("drop", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["silent", "endless"])
def test_a_tunnel_that_takes_too_long(canned: Start, drop: bytes) -> None:
    """A proxy has as long as any answer, however it passes the time."""

    def act(connection: socket.socket, number: int) -> None:
        read_head(connection)
        connection.sendall(drop)
        while True:
            time.sleep(0.05)
            connection.sendall(b"X: y\r\n" if drop else b"")

    proxy = Proxy.of(f"http://127.0.0.1:{canned(act).port}")

    with pytest.raises(TransportError, match="gives no response within the time limit"):
        Wire(0.3, True, proxy=proxy).exchange(SECURE, REQUEST, "DELETE")


class Tunnel:
    """A proxy that carries every tunnel to one port, and keeps the heads that asked for one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heads: list[bytes] = []

    def __call__(self, connection: socket.socket, number: int) -> None:
        """Carry one connection."""
        self.heads.append(read_head(connection))
        connection.sendall(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._port)) as end:
            threading.Thread(target=_pump, args=(end, connection), daemon=True).start()
            _pump(connection, end)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def secure(canned: Start, authority: Authority) -> Callable[[Any], Canned]:
    """Start servers that speak TLS under the name of the tests."""
    context = authority.server(NAME)

    def start(act: Callable[[socket.socket, int], None]) -> Canned:
        def shaking(connection: socket.socket, number: int) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                act(wrapped, number)

        return canned(shaking)

    return start


def test_requests_at_one_moment_through_tunnels(
    canned: Start, secure: Callable[[Any], Canned], authority: Authority
) -> None:
    """Each has its own tunnel, and its last byte comes apart from the others."""
    arrived: list[list[int]] = []

    def act(connection: socket.socket, number: int) -> None:
        records = [connection.recv(65536), connection.recv(65536)]
        arrived.append([*map(len, records)])
        connection.sendall(OK if b"".join(records) == REQUEST else b"")

    tunnel = Tunnel(secure(act).port)
    proxy = Proxy.of(f"http://me:word@127.0.0.1:{canned(tunnel).port}")
    wire = Wire(10, str(authority.bundle), proxy=proxy)

    responses = wire.together(SECURE, [(REQUEST, "DELETE")] * 4)
    wire.close()

    assert [r.status for r in responses if isinstance(r, Response)] == [200] * 4
    assert arrived == [[len(REQUEST) - 1, 1]] * 4
    assert (
        tunnel.heads
        == [
            b"CONNECT endpoint.test:443 HTTP/1.1\r\nHost: endpoint.test:443\r\n"
            b"Proxy-Authorization: Basic bWU6d29yZA==\r\n\r\n"
        ]
        * 4
    )


def test_a_kept_tunnel_is_used_again(
    canned: Start, secure: Callable[[Any], Canned], authority: Authority
) -> None:
    """One tunnel carries many requests, and none of them shows anything of the proxy."""
    heads: list[bytes] = []

    def act(connection: socket.socket, number: int) -> None:
        while head := read_head(connection):
            heads.append(head)
            connection.sendall(OK)

    tunnel = Tunnel(secure(act).port)
    proxy = Proxy.of(f"http://me:word@127.0.0.1:{canned(tunnel).port}")
    wire = Wire(10, str(authority.bundle), proxy=proxy)

    for _ in range(3):
        assert wire.exchange(SECURE, REQUEST, "DELETE").status == 200
    wire.close()

    assert heads == [bytes(REQUEST)] * 3
    assert len(tunnel.heads) == 1


# -------------------------------------------------------------------- shell lines


def test_the_way_in_a_shell_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """curl is led as the request was: certificates, proxy, and no proxy to loopback."""
    secure = Dialer(1, "a ca.pem", ("c.pem", "c.pem"), Proxy.of("http://p:1"))
    insecure = Dialer(1, False)
    local = Origin("https", "127.0.0.1", 1)

    assert secure.curl_options(SECURE) == (
        "--cacert", "'a ca.pem'", "--cert", "c.pem", "-x", '"http://p:1"',
    )  # fmt: skip
    assert secure.curl_options(PLAIN) == ("-x", '"http://p:1"')
    assert insecure.curl_options(local) == ("-k",)
    monkeypatch.setenv("https_proxy", "http://me:hidden@p:1")
    assert insecure.curl_options(local) == ("-k", "--noproxy", "'*'")
    assert insecure.curl_options(SECURE) == ("-k", "-x", '"$https_proxy"')
