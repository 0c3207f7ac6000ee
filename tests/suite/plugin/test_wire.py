"""One HTTP exchange: what is read as an answer, what is not, and that each ends in time."""

from __future__ import annotations

import gc
import gzip
import socket
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.response import MAX_BODY, Response, TransportError, TransportFault
from orchestrator_contract.http.wire import Wire

Start = Callable[[Callable[[socket.socket, int], None]], Any]
REQUEST = b"DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n"


def head_of(connection: socket.socket) -> bytes:
    """One request's head; empty when the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    return data


def exchange(server: Any, timeout_s: float = 10, method: str = "DELETE") -> Response:
    """One exchange with *server* on a new connection."""
    wire = Wire(timeout_s, verify=True)
    try:
        return wire.exchange(
            Origin("http", "127.0.0.1", server.port),
            REQUEST.replace(b"DELETE", method.encode()),
            method,
        )
    finally:
        wire.close()


def giving(*parts: bytes) -> Callable[[socket.socket, int], None]:
    """Answers with these bytes and ends the connection."""

    def act(connection: socket.socket, number: int) -> None:
        if head_of(connection):
            for part in parts:
                connection.sendall(part)

    return act


def coded(coding: str, data: bytes) -> bytes:
    """A 200 with a coded body."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        + data
    )


RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(b"{}") + RAW.flush()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}",), id="sized"),
        pytest.param(
            (
                b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
                b"1;x=y\r\n}\r\n0\r\n\r\n",
            ),
            id="chunked",
        ),
        pytest.param(
            (
                b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
            ),
            id="trailers",
        ),
        pytest.param((b"HTTP/1.0 202 Accepted\r\n\r\n{}",), id="http-1.0-ends-with-the-connection"),
        pytest.param(
            (b"HTTP/1.1 202 Accepted\r\n\r\n{}",), id="no-length-ends-with-the-connection"
        ),
        pytest.param(
            (
                b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-LENGTH: 2\r\n\r\n{}",
            ),
            id="after-a-103",
        ),
        pytest.param((b"HTTP/1.1 202\r\nContent-Length: 2\r\n\r\n{}",), id="no-reason"),
        pytest.param((coded("gzip", gzip.compress(b"{}")).replace(b"200", b"202"),), id="gzip"),
        pytest.param(
            (coded("deflate", zlib.compress(b"{}")).replace(b"200", b"202"),), id="deflate"
        ),
        pytest.param(
            (coded("deflate", RAW_DEFLATED).replace(b"200", b"202"),),
            id="deflate-without-its-header",
        ),
        pytest.param(
            (coded("GZIP", gzip.compress(b"{}")).replace(b"200", b"202"),), id="coding-in-capitals"
        ),
        pytest.param((coded("identity", b"{}").replace(b"200", b"202"),), id="identity"),
    ],
)
def test_conformant_answers(canned: Start, parts: tuple[bytes, ...]) -> None:
    """Every way in which HTTP/1.x delivers a body gives the same answer, without a defect."""
    response = exchange(canned(giving(*parts)))

    assert (response.status, response.body, response.defect) == (202, b"{}", None)


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        pytest.param((), TransportFault.CLOSED, id="nothing"),
        pytest.param((b"HTTP/1.1 202 Acc",), TransportFault.MALFORMED, id="half-a-head"),
        pytest.param(
            (b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{}",),
            TransportFault.CUT,
            id="shorter-than-its-length",
        ),
        pytest.param(
            (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",),
            TransportFault.CUT,
            id="no-last-chunk",
        ),
        pytest.param(
            (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",),
            TransportFault.MALFORMED,
            id="no-chunk-size",
        ),
        pytest.param(
            (b"SSH-2.0-OpenSSH_9\r\n\r\n",), TransportFault.MALFORMED, id="another-protocol"
        ),
        pytest.param(
            (b"HTTP/1.1 202 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",),
            TransportFault.MALFORMED,
            id="two-lengths",
        ),
        pytest.param(
            (b"HTTP/1.1 202 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n",),
            TransportFault.TOO_LARGE,
            id="headers-without-end",
        ),
        pytest.param(
            (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100,),
            TransportFault.TOO_LARGE,
            id="interim-answers-without-end",
        ),
        pytest.param(
            (coded("gzip", gzip.compress(bytes(MAX_BODY + 1))),),
            TransportFault.TOO_LARGE,
            id="gzip-bomb",
        ),
    ],
)
def test_no_answer(canned: Start, parts: tuple[bytes, ...], fault: TransportFault) -> None:
    """Incomplete and too large responses are classified."""
    with pytest.raises(TransportError) as caught:
        exchange(canned(giving(*parts)))

    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(coded("gzip", b"{}"), TransportFault.ENCODING, id="not-gzip"),
        pytest.param(
            coded("gzip", gzip.compress(b"{}")[:-6]), TransportFault.ENCODING, id="gzip-cut-short"
        ),
        pytest.param(coded("br", b"{}"), TransportFault.ENCODING, id="not-offered"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP",
            TransportFault.MALFORMED,
            id="bytes-after-its-end",
        ),
    ],
)
def test_defects(canned: Start, data: bytes, fault: TransportFault) -> None:
    """An answer that came but breaks its own headers' promise carries a defect of that kind."""
    response = exchange(canned(giving(data)))

    assert response.defect is not None
    assert response.defect[0] is fault


def test_a_coding_is_quoted_as_it_came(canned: Start) -> None:
    """All of it, in its own case: it may hold a secret, which is found in the whole only."""
    data = coded("gzip, Pass-Word\r\nContent-Encoding: br", b"x")

    response = exchange(canned(giving(data)))

    assert response.defect == (
        TransportFault.ENCODING,
        "Content-Encoding 'gzip, Pass-Word, br' was not offered",
    )


def test_drip_ends_at_the_deadline(canned: Start) -> None:
    """A server that sends a byte now and then can't hold an exchange beyond its time."""

    def drip(connection: socket.socket, number: int) -> None:
        head_of(connection)
        for byte in b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n" + b" " * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    started = time.monotonic()
    with pytest.raises(TransportError) as caught:
        exchange(canned(drip), timeout_s=0.4)

    assert caught.value.fault is TransportFault.SLOW
    # The drip alone takes 50 s; a busy machine may add a few to the 0.4.
    assert time.monotonic() - started < 20


def test_stale_connection_is_replaced(canned: Start) -> None:
    """A kept connection that the server closes when the next request arrives is no fault: the request goes out again."""
    response = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"

    def once(connection: socket.socket, number: int) -> None:
        head_of(connection)
        connection.sendall(response)
        head_of(connection)  # and then silence: the connection ends under the second request

    server = canned(once)
    wire = Wire(10, verify=True)
    origin = Origin("http", "127.0.0.1", server.port)

    responses = [wire.exchange(origin, REQUEST, "DELETE") for _ in range(2)]

    wire.close()
    assert [response.status for response in responses] == [202, 202]
    assert [response.resent for response in responses] == [False, True]
    assert server.accepted == 2


def test_delete_is_not_sent_twice_again_and_again(canned: Start) -> None:
    """Where kept connections end under requests, a DELETE takes a new one from the fourth time on."""

    def once(connection: socket.socket, number: int) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
        head_of(connection)

    server = canned(once)
    wire = Wire(10, verify=True)
    origin = Origin("http", "127.0.0.1", server.port)

    responses = [wire.exchange(origin, REQUEST, "DELETE") for _ in range(8)]

    wire.close()
    assert [response.resent for response in responses] == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_not_idempotent_has_a_connection_of_its_own(canned: Start, method: str) -> None:
    """A POST or a PATCH is never at risk of being lost on a kept connection, since it may not be sent twice."""
    requests: list[int] = []

    def once(connection: socket.socket, number: int) -> None:
        for _ in range(2):
            requests.extend([number] if head_of(connection) else [])
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")

    server = canned(once)
    wire = Wire(10, verify=True)
    origin = Origin("http", "127.0.0.1", server.port)
    wire.exchange(origin, REQUEST, "DELETE")

    response = wire.exchange(
        origin, f"{method} /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode(), method
    )

    wire.close()
    assert response.status == 202
    assert requests == [1, 2]


def test_head_has_no_body(canned: Start) -> None:
    """The answer to HEAD ends with its head, whatever length it states."""
    response = exchange(
        canned(giving(b"HTTP/1.1 404 Not Found\r\nContent-Length: 50\r\n\r\n")), method="HEAD"
    )

    assert (response.status, response.body) == (404, b"")


def test_together(canned: Start) -> None:
    """Requests of one batch have a connection each, and answers come in the order of the requests."""

    def echo(connection: socket.socket, number: int) -> None:
        path = head_of(connection).split()[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    server = canned(echo)
    wire = Wire(10, verify=True)

    responses = wire.together(
        Origin("http", "127.0.0.1", server.port),
        [(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n, "GET") for n in range(6)],
    )

    wire.close()
    assert [one.body for one in responses if isinstance(one, Response)] == [
        b"/%d" % n for n in range(6)
    ]
    assert server.accepted == 6


def test_refused_connection() -> None:
    """A closed port is no connection, and the reason is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    wire = Wire(5, verify=True)

    with pytest.raises(TransportError, match=rf"127\.0\.0\.1:{port}.*refused") as caught:
        wire.exchange(Origin("http", "127.0.0.1", port), REQUEST, "DELETE")

    assert caught.value.fault is TransportFault.CONNECT


LATE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([LATE], id="at-once"),
        pytest.param([b"", 0.008, LATE], id="a-moment-later"),
        pytest.param([b"", 0.004, LATE[:9]], id="in-part"),
    ],
)
def test_an_answer_that_nobody_asked_for(canned: Start, more: list[Any]) -> None:
    """It is not taken for that of the next request, and later requests get a connection each."""

    def act(connection: socket.socket, number: int) -> None:
        while head_of(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + more[0])
            for part in more[1:]:
                time.sleep(part) if isinstance(part, float) else connection.sendall(part)

    server = canned(act)
    wire = Wire(10, verify=True)

    responses = [
        wire.exchange(Origin("http", "127.0.0.1", server.port), REQUEST, "DELETE") for _ in range(4)
    ]
    wire.close()

    assert [response.status for response in responses] == [200] * 4
    assert any(response.stray or response.defect for response in responses)


def test_what_comes_after_an_answer_on_a_connection_of_its_own(canned: Start) -> None:
    """Bytes of no response are ignored: other requests use other connections."""

    def act(connection: socket.socket, number: int) -> None:
        while head_of(connection):
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + (LATE if number == 1 else b"")
            )

    server = canned(act)
    wire, origin = Wire(10, verify=True), Origin("http", "127.0.0.1", server.port)

    wire.exchange(origin, REQUEST.replace(b"DELETE", b"POST"), "POST", keep=False)
    responses = [wire.exchange(origin, REQUEST, "DELETE") for _ in range(3)]
    kept = len(wire._idle[origin])
    wire.close()

    assert [(response.status, response.stray, response.defect) for response in responses] == [
        (200, 0, None)
    ] * 3
    assert kept == 1


def test_a_goodbye_is_no_answer(canned: Start) -> None:
    """The 408 of a server that closes an idle connection is no finding."""

    def act(connection: socket.socket, number: int) -> None:
        while head_of(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            time.sleep(0.008)
            connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")

    server = canned(act)
    wire = Wire(10, verify=True)

    for _ in range(4):
        response = wire.exchange(Origin("http", "127.0.0.1", server.port), REQUEST, "DELETE")
        assert (response.status, response.stray, response.defect) == (200, 0, None)
    wire.close()


def test_a_goodbye_that_crosses_a_request(canned: Start) -> None:
    """A 408 on a kept connection may be about its idleness; on a new one it is the answer."""

    def act(connection: socket.socket, number: int) -> None:
        head_of(connection)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            if number < 3
            else b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
        )
        head_of(connection)
        connection.sendall(
            b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )

    server = canned(act)
    wire = Wire(10, verify=True)

    responses = [
        wire.exchange(Origin("http", "127.0.0.1", server.port), REQUEST, "DELETE") for _ in range(3)
    ]
    wire.close()

    assert [response.status for response in responses] == [200, 200, 408]


def test_kept_connections_are_used_again(canned: Start) -> None:
    """Where nothing comes unasked."""
    numbers = []

    def act(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        while head_of(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = canned(act)
    wire = Wire(10, verify=True)

    for _ in range(4):
        assert wire.exchange(Origin("http", "127.0.0.1", server.port), REQUEST, "DELETE").stray == 0
    wire.close()

    assert len(numbers) == 1


def test_a_reset_before_the_handshake_leaves_no_socket(canned: Start) -> None:
    """A socket that is left to the garbage collector would be taken for a failure of the suite itself."""

    def act(connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server, wire = canned(act), Wire(10, verify=True)

    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        for _ in range(30):
            with pytest.raises(TransportError) as caught:
                wire.connect(Origin("https", "127.0.0.1", server.port))
            assert caught.value.fault is TransportFault.CONNECT
            del caught
        gc.collect()

    assert [warning for warning in left if issubclass(warning.category, ResourceWarning)] == []


class _Resetting:
    """A socket whose peer has reset the connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def sendall(self, _data: bytes) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def test_a_reset_in_the_middle_of_a_race_leaves_no_socket(
    canned: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of several requests that is not taken gives its fault, its socket goes back, and the others are answered."""
    server, wire = canned(giving(coded("identity", b"{}"))), Wire(10, verify=True)
    connect = wire.connect
    opened: list[Any] = []

    def connecting(origin: Origin) -> Any:
        connection = connect(origin)
        opened.append(connection.sock)
        if len(opened) == 2:
            connection.sock = _Resetting(connection.sock)  # type: ignore[assignment]
        return connection

    monkeypatch.setattr(wire, "connect", connecting)

    responses = wire.together(Origin("http", "127.0.0.1", server.port), [(REQUEST, "DELETE")] * 3)
    wire.close()

    assert [
        getattr(response, "fault", None) or getattr(response, "status", None)
        for response in responses
    ] == [200, TransportFault.CLOSED, 200]
    assert [sock.fileno() for sock in opened] == [-1, -1, -1]
