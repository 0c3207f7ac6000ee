"""Kept connections and their exchanges, single or many at one moment.

`requests` and urllib3 repair what they send and bound only single socket waits. The suite must send
malformed targets and header lines untouched and must end every exchange at a deadline, so the wire
is h11 on plain sockets.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.connection import Connection, Stale
from orchestrator_contract.http.dialer import Dialer
from orchestrator_contract.http.response import Response, TransportError, TransportFault, reason_of

_IDLE = 16
#: After so many kept connections that ended under a request a DELETE takes a new one.
_OFTEN = 3


@dataclass
class Wire(Dialer):
    """Connections to the target's origins, reused; safe for threads."""

    def __post_init__(self) -> None:
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)
        #: Origins that sent stray bytes, which a kept connection takes for the next response.
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
        """Send *request* as it is and read the response; drop without *keep*.

        A kept connection that the server had closed meanwhile, with a 408 (R1 15.5.9) or without,
        is no fault of anyone's (RFC 9112 9.5): the request goes out once more on a new one.

        Raises:
            TransportError: there was no complete response.
        """
        request = self.addressed(origin, request)
        # Methods that are not idempotent (R1 9.2.2) are never sent twice, and a DELETE rarely.
        at_risk = method in ("POST", "PATCH") or (
            method == "DELETE" and self._stale[origin] >= _OFTEN
        )
        connection, stray, resent = None, 0, False
        if keep and not new_connection and not at_risk:
            connection, stray = self._kept(origin)
        if connection is not None:
            resent = True
            with contextlib.suppress(Stale):
                response = self._run(connection, request, method, self._deadline())
                if response.status != 408:
                    return response
                resent = False  # the server says that it has not read it
            self._stale[origin] += 1
        connection = self.connect(origin)
        response = self._run(connection, request, method, self._deadline(), keep=keep)
        response.stray, response.resent = stray, resent
        return response

    def together(
        self, origin: Origin, batch: Sequence[tuple[bytes, str]]
    ) -> list[Response | TransportError]:
        """Send all requests of *batch* at one moment, each on its own connection.

        Everything but the last byte of each goes out first; the last bytes then follow within
        microseconds of each other, so that the server completes all requests together.
        """
        ready: list[Connection | TransportError] = []
        batch = [(self.addressed(origin, request), method) for request, method in batch]
        for request, _ in batch:
            try:
                ready.append(self._all_but_the_last_byte(origin, request))
            except TransportError as error:
                ready.append(error)
        deadline = self._deadline()
        for connection, (request, _) in zip(ready, batch, strict=True):
            if isinstance(connection, Connection):
                with contextlib.suppress(OSError):
                    connection.sock.sendall(memoryview(request)[-1:])
        responses: list[Response | TransportError] = []
        for connection, (_, method) in zip(ready, batch, strict=True):
            try:
                if isinstance(connection, TransportError):
                    raise connection
                responses.append(self._run(connection, None, method, deadline))
            except TransportError as error:
                responses.append(error)
        return responses

    def _all_but_the_last_byte(self, origin: Origin, request: bytes) -> Connection:
        connection = self.connect(origin)
        try:
            connection.sock.sendall(memoryview(request)[:-1])
        except OSError as error:
            connection.close()
            raise TransportError(TransportFault.CLOSED, reason_of(error)) from None
        return connection

    def leave(self, origin: Origin, request: bytes, after_s: float) -> None:
        """Send *request* and close its connection *after_s* later, whatever comes."""
        connection = self.connect(origin)
        try:
            connection.send(self.addressed(origin, request), self._deadline())
            time.sleep(after_s)
        finally:
            connection.close()

    def connect(self, origin: Origin) -> Connection:
        """Open a connection; raises as `open` does."""
        return Connection(self.open(origin), origin)

    def _kept(self, origin: Origin) -> tuple[Connection | None, int]:
        """A reusable connection, if any, and stray bytes found on others."""
        stray = 0
        while True:
            with self._lock:
                pool = self._idle[origin]
                connection = pool.pop() if pool and origin not in self._untrusted else None
            if connection is None or connection.alive():
                return connection, stray
            found = connection.stray()
            connection.close()
            if found:
                stray += found
                with self._lock:
                    self._untrusted.add(origin)

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            pool = self._idle[connection.origin]
            if len(pool) < _IDLE and connection.origin not in self._untrusted:
                pool.append(connection)
                return
        connection.close()

    def _deadline(self) -> float:
        return time.monotonic() + self.timeout_s

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
            if request is not None:
                connection.send(request, deadline)
            response, usable = connection.read(method, deadline)
            proxy = self.plain_proxy(connection.origin)
            if proxy is not None and response.status == 407:  # nobody else may say that
                usable = False
                raise proxy.refusal(response.status, response.reason)
            if keep and response.defect and response.defect[0] is TransportFault.MALFORMED:
                usable = False
                self._untrusted.add(connection.origin)
            return response
        finally:
            if usable and keep:
                connection.settling = 0.0 if connection.used else time.monotonic()
                connection.used = True
                self._keep(connection)
            else:
                connection.close()
