"""Reads one response within every limit of size and time."""

from __future__ import annotations

import socket
import time

import h11

from orchestrator_contract.http.content_coding import decode
from orchestrator_contract.http.response import (
    MAX_BODY,
    Response,
    TransportError,
    TransportFault,
    reason_of,
)

MAX_HEADERS = 256
MAX_INTERIM = 32
_CHUNK = 65536


class Stale(TransportError):
    """The connection ended before the first byte of a response."""

    def __init__(self, text: str) -> None:
        super().__init__(TransportFault.CLOSED, text)


class Reader:
    """One exchange on an open socket, until its deadline."""

    def __init__(self, sock: socket.socket, protocol: h11.Connection, deadline: float) -> None:
        self._sock = sock
        self._protocol = protocol
        self._deadline = deadline
        self._received = 0

    def send(self, data: bytes) -> None:
        """Send *data*.

        Raises:
            TransportError: it was not taken in time.
        """
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(data)
        except TimeoutError:
            raise TransportError(
                TransportFault.TIMEOUT, "the request was not taken in time"
            ) from None
        except OSError:
            # The response may be on its way all the same, e.g. a 414 before the end of a long
            # target.
            return

    def read(self) -> tuple[Response, bool]:
        """Read the response, and whether its connection can be reused.

        Raises:
            TransportError: there is no complete response.
            Stale: the connection ended before a response began.
        """
        head = self._head()
        response = Response(
            status=head.status_code,
            reason=head.reason.decode("latin-1"),
            headers=[
                (n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items()
            ],
            body=self._body(),
        )
        decode(response)
        protocol = self._protocol
        excess = protocol.trailing_data[0]
        if excess and response.defect is None:
            response.defect = (
                TransportFault.MALFORMED,
                f"{len(excess)} byte(s) follow the end of the answer",
            )
        keep = not excess and protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
        if keep:
            protocol.start_next_cycle()
        return response, keep

    def _head(self) -> h11.Response:
        for _ in range(MAX_INTERIM + 1):
            event = self._event(TransportFault.MALFORMED)
            if isinstance(event, h11.Response):
                if len(event.headers) > MAX_HEADERS:
                    raise _too_large(f"more than {MAX_HEADERS} header lines")
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise TransportError(TransportFault.CUT, "the connection ended without an answer")
        raise _too_large(f"more than {MAX_INTERIM} interim (1xx) answers")

    def _body(self) -> bytes:
        size, parts = 0, []
        while isinstance(event := self._event(TransportFault.CUT), h11.Data):
            size += len(event.data)
            if size > MAX_BODY:
                raise _too_large(f"a body of more than {MAX_BODY} bytes")
            parts.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise TransportError(TransportFault.CUT, "the connection ended without an answer")
        return b"".join(parts)

    def _event(self, closed: TransportFault) -> object:
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
            self._receive()

    def _receive(self) -> None:
        try:
            self._sock.settimeout(self._left())
            data = self._sock.recv(_CHUNK)
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

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _too_large(what: str) -> TransportError:
    return TransportError(TransportFault.TOO_LARGE, what)
