"""A way through a proxy to an origin behind it: CONNECT (R1 9.3.6)."""

from __future__ import annotations

import socket
import time

import h11

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.proxies import Proxy
from orchestrator_contract.http.response import TransportError, TransportFault
from orchestrator_contract.redaction.visible import visible

_MAX_HEAD = 64 * 1024
_CHUNK = 4096


def open_tunnel(sock: socket.socket, origin: Origin, proxy: Proxy, deadline: float) -> None:
    """Have *proxy*, at the other end of *sock*, connect to *origin*.

    Raises:
        TransportError: it refuses, or gives no answer before *deadline*.
    """
    authority = origin.authority.encode("ascii")
    headers = [(b"Host", authority)]
    if proxy.authorization:
        headers.append((b"Proxy-Authorization", proxy.authorization.encode()))
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    request = protocol.send(h11.Request(method=b"CONNECT", target=authority, headers=headers))
    sock.sendall((request or b"") + (protocol.send(h11.EndOfMessage()) or b""))
    response = _response(sock, protocol, proxy, deadline)
    if not 200 <= response.status_code < 300:
        raise refusal(proxy, response.status_code, response.reason.decode("latin-1"))
    if protocol.trailing_data[0]:
        raise _failure(proxy, "sends data before the other end can")


def refusal(proxy: Proxy, status: int, reason: str) -> TransportError:
    """The error for a request that *proxy* itself answered with *status*."""
    hint = f"; credentials for it go into {proxy.source}" if status == 407 else ""
    return _failure(proxy, f"refuses with {status} {visible(reason, 80)}".rstrip() + hint)


def _response(
    sock: socket.socket, protocol: h11.Connection, proxy: Proxy, deadline: float
) -> h11.Response:
    while True:
        try:
            event = protocol.next_event()
        except h11.RemoteProtocolError as error:
            raise _failure(proxy, f"gives no HTTP response: {error}") from None
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            protocol.receive_data(_receive(sock, proxy, deadline))


def _receive(sock: socket.socket, proxy: Proxy, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        data = sock.recv(_CHUNK)
    except TimeoutError:
        raise _failure(proxy, "gives no response within the time limit") from None
    if not data:
        raise _failure(proxy, "closes the connection without a response")
    return data


def _failure(proxy: Proxy, what: str) -> TransportError:
    return TransportError(TransportFault.CONNECT, f"{proxy} {what}")
