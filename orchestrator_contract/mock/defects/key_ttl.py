"""Defects against KEY-TTL."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, _Elsewhere, _Lagging
from orchestrator_contract.mock.errors import (
    Refused,
    key_mismatch,
)
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, Operation, World


class _LivesAway(_Elsewhere):
    """Base of defects where another place's keys live too long or too short."""

    seconds = 3600.0

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is not None and self.away(request):
            return found if self.now() - found.first_used < self.seconds else None
        return super().look_up(request, scope)


@defect(
    "key-lives-an-hour-second-account",
    "The second account's keys live an hour",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, on another account",
)
class _HourAway(_LivesAway):
    pass


@defect(
    "key-lives-a-week-second-region",
    "In the second region keys live a week",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, in another region",
)
class _WeekAway(_LivesAway):
    account, region = 0, 1
    seconds = 7 * DAY


@defect(
    "key-lost-to-new-connections",
    "A key that is an hour old is unknown on new connections",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, on a new connection",
)
class _ColdKeys(_Lagging):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None and self._behind and self.now() - found.first_used > HOUR
            else found
        )


@defect(
    "key-lost-from-2-to-4-hours",
    "From two to four hours after its first use a key is not known",
    breaches=("KEY-TTL-MIN",),
    shows="time: 2 h to 4 h",
)
class _LostForTwoHours(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None and 2 * HOUR < self.now() - found.first_used < 4 * HOUR
            else found
        )


class _LifeOfSome(Behaviour):
    """Base of defects where some keys live *seconds*, shorter or longer than the others."""

    seconds = HOUR

    def some(self, request: Request) -> bool:
        """Whether this request's key is one of them."""
        key = request.key or ""
        return key != key.lower()

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is None or not self.some(request):
            return super().look_up(request, scope)
        return found if self.now() - found.first_used < self.seconds else None


@defect(
    "key-capitals-live-an-hour",
    "Keys with capitals live an hour",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, with a key in capitals",
)
class _CapitalsHour(_LifeOfSome):
    pass


@defect(
    "key-capitals-live-a-week",
    "Keys with capitals live a week",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, with a key in capitals",
)
class _CapitalsWeek(_LifeOfSome):
    seconds = 7 * DAY


@defect(
    "key-v1-lives-an-hour",
    "Keys that are UUIDs of version 1 live an hour",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, with a version 1 key",
)
class _VersionOneHour(_LifeOfSome):
    def some(self, request: Request) -> bool:
        return (request.key or "")[14:15] == "1"


class _LifeOfFailed(_LifeOfSome):
    """Base of defects where keys of FAILED operations live *seconds*."""

    def some(self, request: Request) -> bool:
        found = self.locate(request, request.sid)
        running = found.deletion if found is not None else None
        return (
            running is not None
            and running.outcome is State.FAILED
            and self.now() >= running.ends_at
        )


@defect(
    "key-of-failed-lives-an-hour",
    "The key of a FAILED operation lives an hour",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h after FAILED",
)
class _FailedHour(_LifeOfFailed):
    pass


@defect(
    "key-of-failed-lives-a-week",
    "The key of a FAILED operation lives a week",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h after FAILED",
)
class _FailedWeek(_LifeOfFailed):
    seconds = 7 * DAY


class _StillUsed(Behaviour):
    """Base of defects where the row of a key outlives its response: from then on it is one that was used."""

    def of(self, operation: Operation) -> bool:
        """Whether this shows for the key of *operation*."""
        return operation.outcome is not State.FAILED

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if (
            found is not None
            and found.response is not None
            and self.now() - found.first_used >= DAY
        ):
            last = found.response.document["statusUrl"].rpartition("/")[2]
            operation = self.partition(request).operations.get(last)
            if operation is not None and operation.kind == "delete" and self.of(operation):
                raise Refused(key_mismatch())
        return super().look_up(request, scope)


@defect(
    "key-used-for-ever",
    "After a day a key is refused as one that was used",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h",
)
class _UsedForEver(_StillUsed):
    pass


@defect(
    "key-used-for-ever-failed",
    "After a day a key whose operation FAILED is refused as one that was used",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, after FAILED",
)
class _UsedForEverFailed(_StillUsed):
    def of(self, operation: Operation) -> bool:
        return operation.outcome is State.FAILED


@defect(
    "key-used-for-ever-same-sid",
    "After a day a key is refused as one that was used where it comes with its own SID",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, on the same SID",
)
class _UsedForEverHere(_StillUsed):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        same = found is not None and found.fingerprint == self.fingerprint(request)
        return super().look_up(request, scope) if same else Behaviour.look_up(self, request, scope)


@defect(
    "key-lives-two-minutes-more",
    "Keys live 25 hours and 2 minutes",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h to 25 h 2 min",
)
class _LivesTwoMinutesMore(Behaviour):
    def key_ttl(self, entry: Entry) -> float:
        return super().key_ttl(entry) + HOUR + 120


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
    "keys-end-together",
    "When a key that has ended is used again, all keys end",
    breaches=("KEY-TTL-MIN",),
    shows="time: a young key after an old one's end",
)
class _EndTogether(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is not None and self.expired(found, self.now()):
            self.entries.clear()
        return super().look_up(request, scope)


class _Lifetime(Behaviour):
    """Base of defects where a key lives too long or too short."""

    seconds = HOUR

    def key_ttl(self, entry: Entry) -> float:
        return self.seconds


@defect(
    "key-lives-two-seconds", "A key lives two seconds", breaches=("KEY-TTL-MIN",), shows="time: 2 s"
)
class _TwoSeconds(_Lifetime):
    seconds = 2.0


@defect("key-lives-an-hour", "A key lives an hour", breaches=("KEY-TTL-MIN",), shows="time: 1 h")
class _Hour(_Lifetime):
    pass


@defect("key-lives-23-hours", "A key lives 23 hours", breaches=("KEY-TTL-MIN",), shows="time: 23 h")
class _Hours23(_Lifetime):
    seconds = 23 * HOUR


@defect("key-lives-26-hours", "A key lives 26 hours", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Hours26(_Lifetime):
    seconds = 26 * HOUR


@defect("key-lives-a-week", "A key lives a week", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Week(_Lifetime):
    seconds = 7 * 24 * HOUR


@defect("key-never-expires", "A key lives for ever", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Endless(_Lifetime):
    seconds = float("inf")


@defect(
    "key-lifetime-slides",
    "Each use gives a key another 24 hours",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h with a use in between",
)
class _Slides(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        entry.first_used = self.now()
        return super().replay(request, entry, response)


@defect(
    "key-expires-at-midnight",
    "All keys end at midnight UTC",
    breaches=("KEY-TTL-MIN",),
    shows="time: midnight",
)
class _Midnight(Behaviour):
    def expired(self, entry: Entry, now: float) -> bool:
        return now // 86_400 != entry.first_used // 86_400
