"""The way to an origin: direct, or by a proxy of profile or environment."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import h11

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.basic_auth import SecretBytes, basic
from orchestrator_contract.http.response import TransportError, TransportFault
from orchestrator_contract.redaction.visible import visible

#: The port of a proxy that names none, as requests has it.
_PORT = 80
PROFILE_KEY = "[target] proxy"
#: The variables that stand for the credentials of the profile's proxy in a shell line.
SHELL_NAMES = ("PROXY_USER", "PROXY_PASSWORD")
_MAX_HEAD, _CHUNK = 64 * 1024, 4096


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    #: The profile's key or the environment variable that names it.
    source: str = PROFILE_KEY
    #: Why it can't be used; empty if it can.
    problem: str = ""

    @classmethod
    def of(cls, url: str, source: str = PROFILE_KEY) -> Proxy:
        """The proxy at *url*, which may lack a scheme as for curl and requests."""
        scheme, _, rest = url.partition("://") if "://" in url else ("http", "", url)
        try:
            parts = urlsplit(f"//{rest}")
            host, port = parts.hostname or "", parts.port or _PORT
            # A stray "@" or "/" would make a part of the credentials the host.
            usable = scheme.lower() == "http" and bool(host) and parts.path in ("", "/")
        except ValueError:
            usable, host, port = False, "", 0
        if not usable:
            return cls("", 0, source=source, problem=f"{source}: expected http://host:port")
        return cls(host, port, unquote(parts.username or ""), unquote(parts.password or ""), source)

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL."""
        return Origin("http", self.host, self.port).authority

    @property
    def authorization(self) -> str:
        """The value of its Proxy-Authorization header; empty without credentials."""
        given = self.username or self.password
        return basic(self.username, self.password) if given else ""

    def __str__(self) -> str:
        return f"the proxy http://{self.authority} ({self.source})"

    def failure(self, what: str) -> TransportError:
        """The error that this proxy leads nowhere, because of *what* it does."""
        return TransportError(TransportFault.CONNECT, f"{self} {what}")

    def refusal(self, status: int, reason: str) -> TransportError:
        """The error for a request that the proxy itself answered with *status*."""
        hint = f"; credentials for it go into {self.source}" if status == 407 else ""
        return self.failure(f"refuses with {status} {visible(reason, 80)}".rstrip() + hint)

    @property
    def shell_word(self) -> str:
        """The address for a shell line, credentials as variables."""
        if self.source in os.environ:
            return f'"${self.source}"'
        login = "$" + ":$".join(SHELL_NAMES) + "@" if self.authorization else ""
        return f'"http://{login}{self.authority}"'


def proxy_to(origin: Origin, configured: Proxy | None = None) -> Proxy | None:
    """The proxy that leads to *origin*; None if it is reached directly, as loopback is."""
    return None if origin.is_loopback else configured or _of_environment(origin)


def _of_environment(origin: Origin) -> Proxy | None:
    """The proxy of HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or of the system."""
    from requests.utils import (  # noqa: PLC0415  # slow, and not needed for loopback
        get_environ_proxies,
        select_proxy,
    )

    url = f"{origin.scheme}://{origin.authority}"
    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    names = (f"{origin.scheme}_proxy", f"{origin.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    holding = (name for name in names if os.environ.get(name) == found)
    return Proxy.of(found, next(holding, "the system's proxy settings"))


def environment_has_proxy() -> bool:
    """True if a shell line that names no proxy might be led through one."""
    return any(value and name.lower().endswith("_proxy") for name, value in os.environ.items())


def absolute(request: bytes, origin: Origin, proxy: Proxy) -> bytes:
    """*request* with the absolute URL as its target, for a proxy (R1 7.1)."""
    method, _, rest = request.partition(b" ")
    line, _, lines = rest.partition(b"\r\n")
    login = proxy.authorization
    extra = f"Proxy-Authorization: {login}\r\n".encode() if login else b""
    whole = b"%s http://%s%s\r\n%s%s" % (method, origin.authority.encode(), line, extra, lines)
    return SecretBytes(whole)


def open_tunnel(sock: socket.socket, origin: Origin, proxy: Proxy, deadline: float) -> None:
    """Have *proxy*, at the other end of *sock*, connect to *origin*.

    Raises:
        TransportError: it refuses, or gives no response before *deadline*.
    """
    authority = origin.authority.encode("ascii")
    headers = [(b"Host", authority)]
    if proxy.authorization:
        headers.append((b"Proxy-Authorization", proxy.authorization.encode()))
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    request = protocol.send(h11.Request(method=b"CONNECT", target=authority, headers=headers))
    sock.sendall((request or b"") + (protocol.send(h11.EndOfMessage()) or b""))
    while not isinstance(response := _event(protocol, proxy), h11.Response):
        if response is h11.NEED_DATA:
            protocol.receive_data(_receive(sock, proxy, deadline))
    if not 200 <= response.status_code < 300:
        raise proxy.refusal(response.status_code, response.reason.decode("latin-1"))
    if protocol.trailing_data[0]:
        raise proxy.failure("sends data before the other end can")


def _event(protocol: h11.Connection, proxy: Proxy) -> object:
    try:
        return protocol.next_event()
    except h11.RemoteProtocolError as error:
        raise proxy.failure(f"gives no HTTP response: {error}") from None


def _receive(sock: socket.socket, proxy: Proxy, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        data = sock.recv(_CHUNK)
    except TimeoutError:
        raise proxy.failure("gives no response within the time limit") from None
    if not data:
        raise proxy.failure("closes the connection without a response")
    return data
