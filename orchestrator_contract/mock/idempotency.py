"""Idempotency keys: format, scope, time to live, replay and mismatch.

A key expires 24 hours after its first use and is scoped to account and region (S1).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from orchestrator_contract.mock.bodies import Bodies
from orchestrator_contract.mock.errors import Refused, key_mismatch, malformed_key
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, World

HEADER = b"idempotency-key"
#: ``fullmatch`` and bytes: neither a trailing newline nor a Unicode digit gets through.
PATTERN = re.compile(
    rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)

Perform = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Entry:
    """A stored key. *response* is None while its first request is in progress."""

    fingerprint: Hashable
    first_used: float
    connection: int
    response: Response | None = None
    replays: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Idempotency(Bodies):
    """Overridable steps of the idempotency key."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.entries: dict[Hashable, Entry] = {}

    def read_key(self, request: Request) -> str | None:
        """The request's key, or None.

        Raises:
            Refused: the header breaks the documented pattern or came on several lines.
        """
        lines = request.lines(HEADER)
        if not lines:
            return None
        if len(lines) > 1 or PATTERN.fullmatch(lines[0]) is None:
            raise Refused(malformed_key())
        return lines[0].decode("ascii")

    def key_scope(self, request: Request, key: str) -> Hashable:
        """Equal for two uses of the same key."""
        return request.account, request.region, key

    def fingerprint(self, request: Request) -> Hashable:
        """Equal for two requests that one key may repeat."""
        return request.method, request.path, request.body

    def key_ttl(self, entry: Entry) -> float:
        """Seconds after its first use at which a key expires."""
        return DAY

    def expired(self, entry: Entry, now: float) -> bool:
        """True if the key has expired."""
        return now - entry.first_used >= self.key_ttl(entry)

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        """The unexpired entry of *scope*, or None."""
        entry = self.entries.get(scope)
        if entry is not None and self.expired(entry, self.now()):
            del self.entries[scope]
            return None
        return entry

    def storable(self, request: Request, response: Response) -> bool:
        """True if the response is stored for replays; errors are not."""
        return response.status == 202

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        """The stored response, byte for byte."""
        return response.copy()

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        """The response to a key that another request used; None processes it as new."""
        return self.refuse(request, key_mismatch())

    async def in_flight(self, request: Request, entry: Entry) -> Response | None:
        """The response while the key's first request runs; None to look up again."""
        await entry.settled.wait()
        return None

    async def before_reserve(self, request: Request) -> None:
        """Runs between looking a key up and reserving it; races belong here."""

    async def once(self, request: Request, perform: Perform) -> Response:
        """Performs the request at most once for its key, then replays the response."""
        key = request.key = self.read_key(request)
        if key is None:
            return await perform(request)
        scope, fingerprint = self.key_scope(request, key), self.fingerprint(request)
        while (entry := self.look_up(request, scope)) is not None:
            if entry.fingerprint != fingerprint:
                refusal = self.mismatch(request, entry)
                if refusal is not None:
                    return refusal
                break
            if entry.response is not None:
                entry.replays += 1
                request.replayed = True
                return self.replay(request, entry, entry.response)
            waiting = await self.in_flight(request, entry)
            if waiting is not None:
                return waiting
        await self.before_reserve(request)
        entry = self.entries[scope] = Entry(fingerprint, self.now(), request.connection)
        try:
            response = await perform(request)
            if self.storable(request, response):
                entry.response = response.copy()
            return response
        finally:
            if entry.response is None and self.entries.get(scope) is entry:
                del self.entries[scope]
            entry.settled.set()
