"""uvicorn's HTTP protocols; each puts itself into the scope.

ASGI can't express some of the mock's responses. The protocol on httptools, an extra, is twice as
fast as the one on h11.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "mock.protocol"
_CONNECTIONS = itertools.count(1)


class Connection(Protocol):
    """The part of a protocol that the mock uses."""

    transport: asyncio.Transport
    #: Counts the mock's connections.
    number: int
    #: Header names of the newest request in the letter case in which they came.
    written: list[bytes]


class _Reader(h11.Connection):
    """Keeps the letter case of header names, which uvicorn does away with."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.written: list[bytes] = []

    def next_event(self) -> Any:
        """The next event; a request's header names are kept."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.written = [name for name, _ in event.headers.raw_items()]
        return event


class PlainProtocol(H11Protocol):
    """The protocol that needs nothing beyond uvicorn."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.number = next(_CONNECTIONS)
        self.conn: _Reader = _Reader(h11.SERVER)
        self._wrapped = self.app
        self.app = self._with_extension

    @property
    def written(self) -> list[bytes]:
        """Header names of the newest request."""
        return self.conn.written

    async def _with_extension(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]
    ) -> None:
        await self._wrapped({**scope, "extensions": {EXTENSION: self}}, receive, send)


def fastest() -> type[asyncio.Protocol]:
    """The fastest protocol that is installed."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415
    except ImportError:
        return PlainProtocol

    class FastProtocol(HttpToolsProtocol):
        """The protocol on httptools."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.number = next(_CONNECTIONS)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.written: list[bytes] = []
            self.scope["extensions"] = {EXTENSION: self}  # type: ignore[dict-item]

        def on_header(self, name: bytes, value: bytes) -> None:
            self.written.append(name)
            super().on_header(name, value)

    return FastProtocol
