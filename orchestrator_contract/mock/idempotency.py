"""Idempotency keys: who owns one, how long it lives, and what a second use gets.

Keys live 24 hours from their first use and belong to one account in one region (S1).
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
    """One key in use. *response* is None while its first request is still running."""

    fingerprint: Hashable
    first_used: float
    connection: int
    response: Response | None = None
    replays: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Idempotency(Bodies):
    """Seams for the idempotency key."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.entries: dict[Hashable, Entry] = {}

    def read_key(self, request: Request) -> str | None:
        """The request's key; None when it has none.

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
        """What makes two uses of a key the same key."""
        return request.account, request.region, key

    def fingerprint(self, request: Request) -> Hashable:
        """What makes two requests with one key the same request."""
        return request.method, request.path, request.body

    def key_ttl(self, entry: Entry) -> float:
        """Seconds that a key lives, counted from its first use."""
        return DAY

    def expired(self, entry: Entry, now: float) -> bool:
        """True when the key may be used anew."""
        return now - entry.first_used >= self.key_ttl(entry)

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        """The living entry of *scope*, or None."""
        entry = self.entries.get(scope)
        if entry is not None and self.expired(entry, self.now()):
            del self.entries[scope]
            return None
        return entry

    def storable(self, request: Request, response: Response) -> bool:
        """True for answers that a second use of the key gets again; a refusal is not stored."""
        return response.status == 202

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        """The stored answer, byte for byte."""
        return response.copy()

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        """The answer to a key that was used for another request; None processes it as new."""
        return self.refuse(request, key_mismatch())

    async def in_flight(self, request: Request, entry: Entry) -> Response | None:
        """The answer to a key whose first request still runs; None looks again after waiting."""
        await entry.settled.wait()
        return None

    async def before_reserve(self, request: Request) -> None:
        """Runs between looking a key up and reserving it: the place where races would live."""

    async def once(self, request: Request, perform: Perform) -> Response:
        """*perform* under the request's key, if it has one: at most once, then replays."""
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
            answer = await self.in_flight(request, entry)
            if answer is not None:
                return answer
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
