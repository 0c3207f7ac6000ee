"""The input of a behaviour: a request, its conformant response, and the connection."""

from __future__ import annotations

from dataclasses import dataclass

from .core import Core
from .messages import Reply, Request
from .place import Place
from .wire import Wire


@dataclass(slots=True)
class Exchange:
    """One request and its answer, about to be written.

    The connection is closed after the behaviour unless it has called `answer` or `stay`.
    """

    wire: Wire
    request: Request
    #: What the conformant core says; the deed is done, whatever is written now.
    reply: Reply
    place: Place
    core: Core
    canary_url: str
    #: Counts the exchanges that this unit has spoilt, from 1.
    turn: int
    #: Whether the connection stays usable afterwards.
    keep: bool = False

    def answer(self, reply: Reply) -> None:
        """Write *reply* well-formed and keep the connection, unless asked to close it."""
        self.wire.send(reply.framed())
        self.stay()

    def stay(self) -> None:
        """Keep the connection, unless the client asked to close it."""
        self.keep = self.request.headers.get("connection", "").lower() != "close"

    def send(self, *parts: bytes) -> None:
        """Write raw bytes."""
        self.wire.stream(parts)

    @property
    def accepted(self) -> bool:
        """True if the conformant response is a 202."""
        return self.reply.status == 202

    @property
    def operation_path(self) -> str:
        """The path of the operation that this exchange started; empty when it started none."""
        url = str(self.reply.document.get("statusUrl", ""))
        return url.removeprefix(self.core.base_url)
