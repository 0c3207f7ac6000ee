"""One connection: bytes out as they are, one response in, within every limit of size and time."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from dataclasses import dataclass, field

import h11

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.response import (
    MAX_BODY,
    Response,
    TransportError,
    TransportFault,
    decode,
    reason_of,
)

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 256
MAX_INTERIM = 32
#: Bytes that follow a first response within so many seconds belong to it.
_SETTLE_S = 0.02
_CHUNK = 65536
_GOODBYE = re.compile(rb"HTTP/1\.[01] 408\b")


class Stale(TransportError):
    """The connection ended before the first byte of a response."""

    def __init__(self, text: str) -> None:
        super().__init__(TransportFault.CLOSED, text)


def _protocol() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)


@dataclass(slots=True)
class Connection:
    """A socket with its protocol state, good for one exchange at a time."""

    sock: socket.socket
    origin: Origin
    used: bool = False
    #: Monotonic seconds at which its first response was complete; 0 once more was waited for.
    settling: float = 0.0
    _protocol: h11.Connection = field(default_factory=_protocol)
    #: Bytes of the response so far.
    _received: int = 0

    def close(self) -> None:
        """Give the socket back to the system; never raises."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def alive(self) -> bool:
        """True if an idle connection can carry another request."""
        wait = max(self.settling + _SETTLE_S - time.monotonic(), 0)
        self.settling = 0.0
        try:
            return not select.select([self.sock], [], [], wait)[0]
        except (OSError, ValueError):
            return False

    def stray(self) -> int:
        """Number of stray bytes that came while idle, apart from a 408 (R1 15.5.9)."""
        try:
            self.sock.settimeout(0)
            found = self.sock.recv(_CHUNK)
        except (OSError, ValueError):
            return 0
        return 0 if _GOODBYE.match(found) else len(found)

    def send(self, data: bytes, deadline: float) -> None:
        """Send *data*, unless it is not taken before *deadline*."""
        try:
            self._wait_until(deadline)
            self.sock.sendall(data)
        except TimeoutError:
            raise TransportError(
                TransportFault.TIMEOUT, "the request was not taken in time"
            ) from None
        except OSError:
            # The response may come all the same: a 414 before the end of a long target.
            return

    def read(self, method: str, deadline: float) -> tuple[Response, bool]:
        """Read the response to a *method*, and whether the connection can be reused.

        Raises:
            TransportError: there is no complete response.
            Stale: the connection ended before a response began.
        """
        self._received = 0
        protocol = self._protocol
        # h11 frames the response by its method; the bytes that it makes are not sent.
        protocol.send(h11.Request(method=_token(method), target="/", headers=[("Host", "x")]))
        protocol.send(h11.EndOfMessage())
        head = self._head(deadline)
        response = Response(
            status=head.status_code,
            reason=head.reason.decode("latin-1"),
            headers=[
                (n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items()
            ],
            body=self._body(deadline),
        )
        decode(response)
        excess = protocol.trailing_data[0]
        # The body that a GET would get may follow a response to HEAD, of which nothing is said.
        if excess and response.defect is None and method != "HEAD":
            said = f"{len(excess)} byte(s) follow the end of the answer"
            response.defect = TransportFault.MALFORMED, said
        ended = protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
        reusable = ended and not excess and method != "HEAD"
        if reusable:
            protocol.start_next_cycle()
        return response, reusable

    def _head(self, deadline: float) -> h11.Response:
        for _ in range(MAX_INTERIM + 1):
            event = self._event(TransportFault.MALFORMED, deadline)
            if isinstance(event, h11.Response):
                if len(event.headers) > MAX_HEADERS:
                    raise _too_large(f"more than {MAX_HEADERS} header lines")
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise TransportError(TransportFault.CUT, "the connection ended without an answer")
        raise _too_large(f"more than {MAX_INTERIM} interim (1xx) answers")

    def _body(self, deadline: float) -> bytes:
        size, parts = 0, []
        while isinstance(event := self._event(TransportFault.CUT, deadline), h11.Data):
            size += len(event.data)
            if size > MAX_BODY:
                raise _too_large(f"a body of more than {MAX_BODY} bytes")
            parts.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise TransportError(TransportFault.CUT, "the connection ended without an answer")
        return b"".join(parts)

    def _event(self, closed: TransportFault, deadline: float) -> object:
        """The next event; *closed* is the fault of a peer that closes before it."""
        while True:
            try:
                event = self._protocol.next_event()
            except h11.RemoteProtocolError as error:
                fault = closed if "peer closed" in str(error) else TransportFault.MALFORMED
                fault = TransportFault.TOO_LARGE if error.error_status_hint == 431 else fault
                raise TransportError(fault, f"not a well-formed HTTP message: {error}") from None
            if event is not h11.NEED_DATA:
                return event
            self._receive(deadline)

    def _receive(self, deadline: float) -> None:
        try:
            self._wait_until(deadline)
            data = self.sock.recv(_CHUNK)
        except TimeoutError:
            got = f"after {self._received} byte(s)" if self._received else "at all"
            fault = TransportFault.SLOW if self._received else TransportFault.TIMEOUT
            raise TransportError(
                fault, f"no complete answer within the time limit ({got} none)"
            ) from None
        except OSError as error:
            if not self._received:
                raise Stale(f"the connection ended before an answer: {reason_of(error)}") from None
            raise TransportError(
                TransportFault.CUT, f"the connection broke inside the answer: {reason_of(error)}"
            ) from None
        if not data and not self._received:
            raise Stale("the connection was closed before an answer")
        self._received += len(data)
        self._protocol.receive_data(data)

    def _wait_until(self, deadline: float) -> None:
        """Bound the next wait for the socket."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


def _token(method: str) -> bytes:
    return method.encode("ascii", "replace").replace(b"?", b"X") or b"X"


def _too_large(what: str) -> TransportError:
    return TransportError(TransportFault.TOO_LARGE, what)
