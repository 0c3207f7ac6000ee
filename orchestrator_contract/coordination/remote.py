"""Calls to the controller's coordinator from xdist's workers, over a loopback socket.

Both sides prove that they know a random key before anything else is read: what follows is pickled.
"""

from __future__ import annotations

import contextlib
import secrets
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client,
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from operator import attrgetter
from threading import Thread, local
from typing import Any, cast

from orchestrator_contract.coordination.coordinator import Coordinator, Lost

_HOST = "127.0.0.1"
#: Threads of workers that may connect at one moment.
_BACKLOG = 128


class Server:
    """Serves one coordinator to the processes of this machine that know the key."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._key = secrets.token_bytes(32)
        self._listener = Listener((_HOST, 0), backlog=_BACKLOG)
        Thread(target=self._accept, name="coordinator", daemon=True).start()

    @property
    def ticket(self) -> dict[str, Any]:
        """Port and key for `connect`, as plain data; secret."""
        _, port = cast("tuple[str, int]", self._listener.address)
        return {"port": port, "key": self._key.hex()}

    def _accept(self) -> None:
        while True:
            connection = self._listener.accept()
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, contextlib.suppress(OSError, EOFError, AuthenticationError):
            # In this thread, so that a silent peer keeps no other one waiting.
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            while True:
                name, arguments, options = connection.recv()
                connection.send(attrgetter(name)(self._coordinator)(*arguments, **options))


class _Line(local):
    """The line to a coordinator in another process; each thread has a connection of its own."""

    def __init__(self, ticket: dict[str, Any]) -> None:
        self._address = (_HOST, int(ticket["port"]))
        self._key = bytes.fromhex(ticket["key"])
        self._connection: Connection | None = None

    def call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a method of the coordinator, or of a part of it: ``rooms.take``."""
        try:
            if self._connection is None:
                self._connection = Client(self._address, authkey=self._key)
            self._connection.send((name, arguments, options))
            return self._connection.recv()
        except BaseException as error:
            # After an interrupt this call's response would be read as that to the next one.
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if not isinstance(error, (OSError, EOFError, AuthenticationError)):
                raise
            why = type(error).__name__
            raise Lost(f"the run's controller does not respond any more ({why})") from None


class _Name:
    """The coordinator, a part of it, or a method, by its name on the other side."""

    def __init__(self, line: _Line, name: str = "") -> None:
        self._line = line
        self._name = name

    def __getattr__(self, name: str) -> _Name:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Name(self._line, f"{self._name}.{name}".lstrip("."))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._line.call(self._name, arguments, options)


def connect(ticket: dict[str, Any]) -> Coordinator:
    """The coordinator of the controller that gave the *ticket*; `Lost` where a call fails."""
    return cast("Coordinator", _Name(_Line(ticket)))
