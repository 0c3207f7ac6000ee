"""One TCP connection, and every rude thing that can be done with it."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable

#: A request head or body beyond this is refused; the suite never sends that much.
MAX_REQUEST_BYTES = 16 * 1024 * 1024


class PeerGone(Exception):
    """The other side closed or reset the connection: the exchange is over."""


class Wire:
    """Raw bytes in and out of one accepted connection.

    Senders and readers raise `PeerGone` once the other side has left: endless senders end with
    their reader.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = b""
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Send all of *data*."""
        try:
            self._sock.sendall(data)
        except OSError as gone:
            raise PeerGone from gone

    def drip(self, data: bytes, every: float = 0.5) -> None:
        """Send *data* byte by byte, one each *every* seconds, so that each read is in time."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            time.sleep(every)

    def endless(self, chunk: bytes) -> None:
        """Send *chunk* again and again until the peer leaves."""
        while True:
            self.send(chunk)

    def repeat(self, chunk: bytes, times: int) -> None:
        """Send *chunk* *times* times, gathered into blocks of about 64 KiB."""
        group = max(1, 65536 // len(chunk))
        for _ in range(times // group):
            self.send(chunk * group)
        self.send(chunk * (times % group))

    def stream(self, parts: Iterable[bytes]) -> None:
        """Send *parts* one after the other."""
        for part in parts:
            self.send(part)

    def silence(self) -> None:
        """Say nothing and hold the connection open until the peer gives up."""
        while self._receive():
            pass

    def reset(self) -> None:
        """Close with RST instead of FIN: what was not read yet is lost on the other side."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def close(self) -> None:
        """Close in order: FIN, then drain the peer's data, so that no RST comes first."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self._sock.settimeout(0.2)
            while self._sock.recv(65536):
                pass
        self._sock.close()

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to and including *mark*."""
        while mark not in self._buffer:
            if len(self._buffer) > MAX_REQUEST_BYTES:
                raise PeerGone
            got = self._receive()
            if not got:
                raise PeerGone
            self._buffer += got
        head, _, rest = self._buffer.partition(mark)
        self._buffer = rest
        return head + mark

    def read_exactly(self, size: int) -> bytes:
        """Exactly *size* bytes."""
        if not 0 <= size <= MAX_REQUEST_BYTES:
            raise PeerGone
        while len(self._buffer) < size:
            got = self._receive()
            if not got:
                raise PeerGone
            self._buffer += got
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _receive(self) -> bytes:
        try:
            return self._sock.recv(65536)
        except OSError as gone:
            raise PeerGone from gone
