"""One HTTP/1.1 exchange on a socket: exact bytes out, a bounded answer in.

`requests` and urllib3 repair what they send and bound only single socket waits. The suite must send
odd targets and header lines untouched and must end every exchange at a deadline, so the wire is h11 on
plain sockets, and `requests` sits on top of it (session.py).
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

import h11

MAX_BODY = 4 * 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 256
MAX_INTERIM = 32
_IDLE = 64
_CHUNK = 65536

#: Content codings offered; anything else in an answer was not asked for.
OFFERED = ("gzip", "deflate")
_GZIP = b"\x1f\x8b"
#: What no honest body has; each costs a copy of the rest.
_MOST_MEMBERS = 100


class Fault(StrEnum):
    """How an exchange failed below HTTP semantics."""

    #: No connection: refused, unreachable, unknown host, TLS not agreed.
    CONNECT = "connect"
    TIMEOUT = "timeout"
    #: The connection ended before an answer began.
    CLOSED = "closed"
    #: The connection ended inside an answer.
    CUT = "cut short"
    #: Not HTTP/1.x, or framed against its own headers.
    MALFORMED = "malformed"
    #: Larger than the suite reads: body, headers or interim answers.
    TOO_LARGE = "too large"
    ENCODING = "encoding"


class WireError(Exception):
    """An exchange that gave no complete answer."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: where a connection leads."""

    scheme: str
    host: str
    port: int


@dataclass(slots=True)
class Answer:
    """A complete final response as it came."""

    status: int
    reason: str
    #: Header lines in order, names as sent (case kept), values as latin-1 text.
    headers: list[tuple[str, str]]
    body: bytes
    http_version: str
    #: Why the body is not what its headers promise, though it ended: unoffered or broken coding, excess bytes.
    defect: tuple[Fault, str] | None = None
    interim: int = 0


@dataclass(slots=True)
class Connection:
    """A socket with its protocol state, good for one exchange at a time."""

    sock: socket.socket
    origin: Origin
    protocol: h11.Connection = field(default_factory=lambda: _protocol())
    used: bool = False

    def close(self) -> None:
        """Give the socket back to the system; never raises."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def alive(self) -> bool:
        """Whether an idle connection can carry another request: nothing to read, not closed."""
        try:
            return not select.select([self.sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False


def _protocol() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)


class Wire:
    """Connections to the target's origins, reused between exchanges; safe for threads."""

    def __init__(self, timeout_s: float, verify: bool | str) -> None:
        self.timeout_s = timeout_s
        self._verify = verify
        self._context: ssl.SSLContext | None = None
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)
        self._lock = Lock()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for connection in (one for pool in self._idle.values() for one in pool):
                connection.close()
            self._idle.clear()

    def exchange(self, origin: Origin, request: bytes, method: str, *, fresh: bool = False) -> Answer:
        """Send *request* as it is and read the answer.

        A kept connection that the server had closed meanwhile is no fault of anyone's (RFC 9112 9.5):
        the request goes out once more on a new one.

        Raises:
            WireError: there was no complete answer.
        """
        deadline = time.monotonic() + self.timeout_s
        # A POST may not be sent twice, so it does not risk a connection that the server is about to close.
        connection = None if fresh or method == "POST" else self._kept(origin)
        if connection is not None:
            try:
                return self._run(connection, request, method, deadline)
            except _Stale:
                pass
        connection = self.connect(origin)
        deadline = time.monotonic() + self.timeout_s
        try:
            return self._run(connection, request, method, deadline)
        except _Stale as stale:
            raise WireError(Fault.CLOSED, str(stale)) from None

    def together(self, origin: Origin, batch: Sequence[tuple[bytes, str]]) -> list[Answer | WireError]:
        """Send all requests of *batch* at one moment, each on its own connection.

        Everything but the last byte of each goes out first; the last bytes then follow within
        microseconds of each other, so that the server completes all requests together.
        """
        connections: list[Connection | WireError] = []
        for request, _ in batch:
            try:
                connection = self.connect(origin)
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sock.sendall(request[:-1])
                connections.append(connection)
            except WireError as error:
                connections.append(error)
            except OSError as error:
                connections.append(WireError(Fault.CLOSED, _reason(error)))
        deadline = time.monotonic() + self.timeout_s
        for connection_or, (request, _) in zip(connections, batch, strict=True):
            if isinstance(connection_or, Connection):
                with contextlib.suppress(OSError):
                    connection_or.sock.sendall(request[-1:])
        answers: list[Answer | WireError] = []
        for connection_or, (_, method) in zip(connections, batch, strict=True):
            if isinstance(connection_or, WireError):
                answers.append(connection_or)
                continue
            try:
                answers.append(self._run(connection_or, None, method, deadline))
            except _Stale as stale:
                answers.append(WireError(Fault.CLOSED, str(stale)))
            except WireError as error:
                answers.append(error)
        return answers

    def connect(self, origin: Origin) -> Connection:
        """Open a connection.

        Raises:
            WireError: `Fault.CONNECT`, with the system's reason.
        """
        try:
            sock = socket.create_connection((origin.host, origin.port), timeout=self.timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.scheme == "https":
                sock = self._tls().wrap_socket(sock, server_hostname=origin.host)
        except (OSError, UnicodeError, ValueError) as error:
            raise WireError(Fault.CONNECT, f"no connection to {origin.host}:{origin.port}: {_reason(error)}") from None
        return Connection(sock, origin)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            cafile = self._verify if isinstance(self._verify, str) else None
            self._context = ssl.create_default_context(cafile=cafile)
            if self._verify is False:
                self._context.check_hostname = False
                self._context.verify_mode = ssl.CERT_NONE
        return self._context

    def _kept(self, origin: Origin) -> Connection | None:
        while True:
            with self._lock:
                pool = self._idle[origin]
                connection = pool.pop() if pool else None
            if connection is None or connection.alive():
                return connection
            connection.close()

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            pool = self._idle[connection.origin]
            if len(pool) < _IDLE:
                pool.append(connection)
                return
        connection.close()

    def _run(self, connection: Connection, request: bytes | None, method: str, deadline: float) -> Answer:
        keep = False
        try:
            reader = _Reader(connection, deadline)
            if request is not None:
                reader.send(request)
            # h11 needs to know the method for framing the answer; the bytes it makes of it are not sent.
            connection.protocol.send(h11.Request(method=_token(method), target="/", headers=[("Host", "x")]))
            connection.protocol.send(h11.EndOfMessage())
            answer, keep = reader.read()
            return answer
        finally:
            if keep:
                connection.used = True
                self._keep(connection)
            else:
                connection.close()


class _Stale(Exception):
    """The connection ended before the first byte of an answer."""


class _Reader:
    def __init__(self, connection: Connection, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._received = 0

    def send(self, data: bytes) -> None:
        try:
            self._connection.sock.settimeout(self._left())
            self._connection.sock.sendall(data)
        except TimeoutError:
            raise WireError(Fault.TIMEOUT, "the request was not taken in time") from None
        except OSError:
            # The answer may be on its way all the same, e.g. a 414 before the end of a long target.
            return

    def read(self) -> tuple[Answer, bool]:
        protocol = self._connection.protocol
        interim, size = 0, 0
        head: h11.Response | None = None
        parts: list[bytes] = []
        while True:
            try:
                event = protocol.next_event()
            except h11.RemoteProtocolError as error:
                fault = Fault.TOO_LARGE if error.error_status_hint == 431 else Fault.MALFORMED
                if head is not None and "peer closed" in str(error):
                    fault = Fault.CUT
                raise WireError(fault, f"not a well-formed HTTP message: {error}") from None
            if event is h11.NEED_DATA:
                self._receive()
            elif isinstance(event, h11.InformationalResponse):
                interim += 1
                if interim > MAX_INTERIM:
                    raise WireError(Fault.TOO_LARGE, f"more than {MAX_INTERIM} interim (1xx) answers")
            elif isinstance(event, h11.Response):
                head = event
                if len(event.headers) > MAX_HEADERS:
                    raise WireError(Fault.TOO_LARGE, f"more than {MAX_HEADERS} header lines")
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > MAX_BODY:
                    raise WireError(Fault.TOO_LARGE, f"a body of more than {MAX_BODY} bytes")
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                break
            else:
                raise WireError(Fault.CUT, "the connection ended without an answer")
        answer = Answer(
            status=head.status_code,
            reason=head.reason.decode("latin-1"),
            headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items()],
            body=b"".join(parts),
            http_version=head.http_version.decode("latin-1"),
            interim=interim,
        )
        _decode(answer)
        excess = protocol.trailing_data[0]
        if excess and answer.defect is None:
            answer.defect = (Fault.MALFORMED, f"{len(excess)} byte(s) follow the end of the answer")
        keep = not excess and protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
        if keep:
            protocol.start_next_cycle()
        return answer, keep

    def _receive(self) -> None:
        try:
            self._connection.sock.settimeout(self._left())
            data = self._connection.sock.recv(_CHUNK)
        except TimeoutError:
            got = f"after {self._received} byte(s)" if self._received else "at all"
            raise WireError(Fault.TIMEOUT, f"no complete answer within the time limit ({got} none)") from None
        except OSError as error:
            if not self._received:
                raise _Stale(f"the connection ended before an answer: {_reason(error)}") from None
            raise WireError(Fault.CUT, f"the connection broke inside the answer: {_reason(error)}") from None
        if not data and not self._received:
            raise _Stale("the connection was closed before an answer")
        self._received += len(data)
        self._connection.protocol.receive_data(data)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _token(method: str) -> bytes:
    return method.encode("ascii", "replace").replace(b"?", b"X") or b"X"


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


def _decode(answer: Answer) -> None:
    """Undo the content codings in place; a coding that fails or was not offered becomes the answer's defect."""
    codings = [
        token.strip().lower()
        for name, value in answer.headers
        if name.lower() == "content-encoding"
        for token in value.split(",")
        if token.strip() and token.strip().lower() != "identity"
    ]
    if not codings or not answer.body:
        return
    for coding in reversed(codings):
        if coding not in OFFERED and coding != "x-gzip":
            answer.defect = (Fault.ENCODING, f"Content-Encoding {coding[:40]!r} was not offered")
            return
        try:
            answer.body = _inflate(answer.body, coding)
        except zlib.error as error:
            answer.defect = (Fault.ENCODING, f"the body is not {coding}: {error}")
            return
        except _Bomb:
            raise WireError(Fault.TOO_LARGE, f"a body of more than {MAX_BODY} bytes once decoded") from None


class _Bomb(Exception):
    pass


def _inflate(data: bytes, coding: str) -> bytes:
    if "gzip" in coding:
        return _members(data)
    try:
        return _stream(data, 15, MAX_BODY)[0]
    except zlib.error:
        return _stream(data, -15, MAX_BODY)[0]  # deflate comes with and without zlib's header


def _members(data: bytes) -> bytes:
    """What a gzip body says: it may have several members (RFC 1952 2.2)."""
    plain, rest = _stream(data, 31, MAX_BODY)
    for _ in range(_MOST_MEMBERS):
        if not rest.startswith(_GZIP):
            return plain
        more, rest = _stream(rest, 31, MAX_BODY - len(plain))
        plain += more
    raise zlib.error(f"it has more than {_MOST_MEMBERS} members")


def _stream(data: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    """One coded stream, decoded, and what follows it."""
    engine = zlib.decompressobj(window)
    plain = engine.decompress(data, limit + 1)
    if len(plain) > limit:
        raise _Bomb
    if not engine.eof:
        raise zlib.error("it ends before the coded stream does")
    return plain, engine.unused_data
