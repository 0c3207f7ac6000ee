"""Keys whose life, or what hangs on it, depends on what happens to them meanwhile."""

from __future__ import annotations

import asyncio

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import unknown_configuration
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, World

HOUR = 3600.0


@defect(
    "key-misuse-renews",
    "A key that is refused on another SID begins its 24 hours anew",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, with a refusal in between",
)
class _MisuseRenews(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        entry.first_used = self.now()
        return super().mismatch(request, entry)


@defect(
    "key-misuse-shortens",
    "A key that is refused on another SID lives an hour from then on",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, after a refusal",
)
class _MisuseShortens(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        entry.first_used = min(entry.first_used, self.now() - DAY + HOUR)
        return super().mismatch(request, entry)


@defect(
    "key-misuse-deletes-next-day",
    "What a key was refused on is deleted when a day has passed",
    breaches=("EFFECT-NO-OTHER",),
    shows="time: 24 h after a refusal",
)
class _MisuseDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if request.route == "delete":
            vanish(self, self.target_of_delete(request), DAY)
        return super().mismatch(request, entry)


@defect(
    "key-unpolled-lives-minutes",
    "The key of an operation that nobody polls lives five minutes",
    breaches=("KEY-TTL-MIN",),
    shows="time: 5 min, without a poll",
)
class _UnpolledDies(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._polled: set[str] = set()

    def poll(self, request: Request) -> Response:
        self._polled.add(request.sid or "")
        return super().poll(request)

    def expired(self, entry: Entry, now: float) -> bool:
        named = entry.response.get("operation-id") if entry.response is not None else None
        unpolled = named is not None and named not in self._polled
        return super().expired(entry, now) or (unpolled and now - entry.first_used > HOUR / 12)


@defect(
    "key-end-ends-created",
    "A configuration that was created under a key is gone when that key has ended",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="time: 24 h after the create",
)
class _KeyEndsCreated(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        if request.key is not None and response.status == 202:
            vanish(self, list(self.partition(request).configurations.values())[-1], DAY)
        return response


@defect(
    "replay-third-at-once",
    "Of replays that overlap the third is told that nothing is there",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="race: within 20 ms",
)
class _ThirdReplay(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._under_way = 0

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route != "delete" or not request.replayed:
            return response
        self._under_way += 1
        third = self._under_way > 2
        await asyncio.sleep(0.02)
        self._under_way -= 1
        return self.refuse(request, unknown_configuration()) if third else response
