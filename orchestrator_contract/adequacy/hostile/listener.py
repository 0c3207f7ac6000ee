"""A loopback listener with one thread per connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod

from .wire import PeerGone, Wire


class Listener(ABC):
    """Accepts on 127.0.0.1 and hands each connection to `talk`, in a daemon thread of its own."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to accept."""
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Refuse new connections; those that are open run out on their own."""
        # shutdown wakes the accepting thread, close alone does not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @abstractmethod
    def talk(self, wire: Wire) -> None:
        """Serve one connection until it is used up."""

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(Wire(connection),), daemon=True).start()

    def _serve(self, wire: Wire) -> None:
        with contextlib.suppress(PeerGone):
            self.talk(wire)
        wire.close()
