"""Connections that are kept, and the exchanges on them: one at a time, or many completed at one moment.

`requests` and urllib3 repair what they send and bound only single socket waits. The suite must send
odd targets and header lines untouched and must end every exchange at a deadline, so the wire is h11 on
plain sockets.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import h11

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.dialer import Dialer
from orchestrator_contract.http.proxies import Proxy
from orchestrator_contract.http.response import Response, TransportError, TransportFault, reason_of
from orchestrator_contract.http.response_reader import Reader, Stale
from orchestrator_contract.http.tunnel import refusal

__all__ = ["Connection", "Origin", "Wire"]

MAX_HEADER_BYTES = 256 * 1024
_IDLE = 16
#: What comes in on a kept connection within so many seconds of its first answer belonged to that one.
_SETTLE_S = 0.02
#: After so many kept connections that ended under a request a DELETE takes a new one.
_OFTEN = 3
_CHUNK = 65536
_GOODBYE = re.compile(rb"HTTP/1\.[01] 408\b")


@dataclass(slots=True)
class Connection:
    """A socket with its protocol state, good for one exchange at a time."""

    sock: socket.socket
    origin: Origin
    protocol: h11.Connection = field(default_factory=lambda: _protocol())
    used: bool = False
    #: Monotonic seconds at which its first answer was complete; None once it was waited for more to come.
    settling: float | None = None

    def close(self) -> None:
        """Give the socket back to the system; never raises."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def alive(self) -> bool:
        """Whether an idle connection can carry another request: nothing to read, not closed."""
        wait = (
            max(self.settling + _SETTLE_S - time.monotonic(), 0) if self.settling is not None else 0
        )
        self.settling = None
        try:
            return not select.select([self.sock], [], [], wait)[0]
        except (OSError, ValueError):
            return False

    def stray(self) -> int:
        """How many bytes, of those that came in while it was idle, are there now; it is of no use afterwards.

        A server may say 408 before it closes an idle connection (R1 15.5.9).
        """
        try:
            self.sock.settimeout(0)
            found = self.sock.recv(_CHUNK)
        except (OSError, ValueError):
            return 0
        return 0 if _GOODBYE.match(found) else len(found)


def _protocol() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)


class Wire:
    """Connections to the target's origins, reused between exchanges; safe for threads."""

    def __init__(
        self,
        timeout_s: float,
        verify: bool | str,
        client_cert: tuple[str, str] | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self.dialer = Dialer(timeout_s, verify, client_cert, proxy)
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)
        #: Those that sent what nobody asked for: on a kept connection it would be taken for the next answer.
        self._untrusted: set[Origin] = set()
        #: How many kept connections ended under a request.
        self._stale: Counter[Origin] = Counter()
        self._lock = Lock()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for connection in (one for pool in self._idle.values() for one in pool):
                connection.close()
            self._idle.clear()

    def exchange(
        self,
        origin: Origin,
        request: bytes,
        method: str,
        *,
        new_connection: bool = False,
        keep: bool = True,
    ) -> Response:
        """Send *request* as it is and read the answer; without *keep* its connection serves no other, whatever comes.

        A kept connection that the server had closed meanwhile, with a 408 (R1 15.5.9) or without, is no fault of
        anyone's (RFC 9112 9.5): the request goes out once more on a new one.

        Raises:
            TransportError: there was no complete answer.
        """
        request = self.dialer.addressed(origin, request)
        deadline = time.monotonic() + self.timeout_s
        # What is not idempotent (R1 9.2.2) may not be sent twice, and a DELETE had better not: it does not risk a connection that the server is about to close.
        at_risk = method in ("POST", "PATCH") or (
            method == "DELETE" and self._stale[origin] >= _OFTEN
        )
        connection, stray = (
            (None, 0) if new_connection or not keep or at_risk else self._kept(origin)
        )
        resent = connection is not None
        if connection is not None:
            with contextlib.suppress(Stale):
                response = self._run(connection, request, method, deadline)
                if response.status != 408:
                    return response
                resent = False  # the server says that it has not read it
            self._stale[origin] += 1
        connection = self.connect(origin)
        deadline = time.monotonic() + self.timeout_s
        try:
            response = self._run(connection, request, method, deadline, keep=keep)
        except Stale as stale:
            raise TransportError(TransportFault.CLOSED, str(stale)) from None
        response.stray, response.resent = stray, resent
        return response

    def together(
        self, origin: Origin, batch: Sequence[tuple[bytes, str]]
    ) -> list[Response | TransportError]:
        """Send all requests of *batch* at one moment, each on its own connection.

        Everything but the last byte of each goes out first; the last bytes then follow within
        microseconds of each other, so that the server completes all requests together.
        """
        connections: list[Connection | TransportError] = []
        batch = [(self.dialer.addressed(origin, request), method) for request, method in batch]
        for request, _ in batch:
            try:
                connection = self.connect(origin)
            except TransportError as error:
                connections.append(error)
                continue
            try:
                connection.sock.sendall(memoryview(request)[:-1])
                connections.append(connection)
            except OSError as error:
                connection.close()
                connections.append(TransportError(TransportFault.CLOSED, reason_of(error)))
        deadline = time.monotonic() + self.timeout_s
        for connection_or, (request, _) in zip(connections, batch, strict=True):
            if isinstance(connection_or, Connection):
                with contextlib.suppress(OSError):
                    connection_or.sock.sendall(memoryview(request)[-1:])
        responses: list[Response | TransportError] = []
        for connection_or, (_, method) in zip(connections, batch, strict=True):
            if isinstance(connection_or, TransportError):
                responses.append(connection_or)
                continue
            try:
                responses.append(self._run(connection_or, None, method, deadline))
            except Stale as stale:
                responses.append(TransportError(TransportFault.CLOSED, str(stale)))
            except TransportError as error:
                responses.append(error)
        return responses

    def leave(self, origin: Origin, request: bytes, after_s: float) -> None:
        """Send *request* and close its connection *after_s* later, whatever comes.

        Raises:
            TransportError: there was no connection, or the request was not taken.
        """
        request = self.dialer.addressed(origin, request)
        connection = self.connect(origin)
        try:
            Reader(connection.sock, connection.protocol, time.monotonic() + self.timeout_s).send(
                request
            )
            time.sleep(after_s)
        finally:
            connection.close()

    def connect(self, origin: Origin) -> Connection:
        """Open a connection.

        Raises:
            TransportError: `TransportFault.CONNECT`, with the system's reason.
        """
        return Connection(self.dialer.open(origin), origin)

    def _kept(self, origin: Origin) -> tuple[Connection | None, int]:
        """A connection that can be used again, if there is one, and the stray bytes that were found on others."""
        stray = 0
        while True:
            with self._lock:
                pool = self._idle[origin]
                connection = pool.pop() if pool and origin not in self._untrusted else None
            if connection is None or connection.alive():
                return connection, stray
            stray += self._distrust(connection)
            connection.close()

    def _distrust(self, connection: Connection) -> int:
        found = connection.stray()
        if found:
            with self._lock:
                self._untrusted.add(connection.origin)
        return found

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            pool = self._idle[connection.origin]
            if len(pool) < _IDLE and connection.origin not in self._untrusted:
                pool.append(connection)
                return
        connection.close()

    def _run(
        self,
        connection: Connection,
        request: bytes | None,
        method: str,
        deadline: float,
        *,
        keep: bool = True,
    ) -> Response:
        usable = False
        try:
            reader = Reader(connection.sock, connection.protocol, deadline)
            if request is not None:
                reader.send(request)
            # h11 needs to know the method for framing the answer; the bytes it makes of it are not sent.
            connection.protocol.send(
                h11.Request(method=_token(method), target="/", headers=[("Host", "x")])
            )
            connection.protocol.send(h11.EndOfMessage())
            response, usable = reader.read()
            proxy = self.dialer.plain_proxy(connection.origin)
            if proxy is not None and response.status == 407:  # nobody else may say that
                usable = False
                raise refusal(proxy, response.status, response.reason)
            if method == "HEAD":
                # What follows is the body that a GET would get: the contract knows no HEAD, so that breaches nothing.
                usable, excess = (
                    False,
                    response.defect is not None and response.defect[0] is TransportFault.MALFORMED,
                )
                response.defect = None if excess else response.defect
            if (
                response.defect is not None
                and response.defect[0] is TransportFault.MALFORMED
                and keep
            ):
                self._untrusted.add(connection.origin)
                usable = False
            return response
        finally:
            if usable and keep:
                connection.settling = None if connection.used else time.monotonic()
                connection.used = True
                self._keep(connection)
            else:
                connection.close()


def _token(method: str) -> bytes:
    return method.encode("ascii", "replace").replace(b"?", b"X") or b"X"
