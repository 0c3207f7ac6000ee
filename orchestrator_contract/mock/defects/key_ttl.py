"""Defects of the KEY section: a key expires too early or too late."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, StaleReplica, failed
from orchestrator_contract.mock.errors import Refused, key_mismatch
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Operation

_MIN = ("KEY-TTL-MIN",)
_MAX = ("KEY-TTL-MAX",)


# -- every key --------------------------------------------------------------------------------


@defect(
    "key-ttl",
    "A key expires after {}",
    case("2-s", "2 s", breaches=_MIN, shows="time: 2 s", seconds=2.0),
    case("1-hour", "1 hour", breaches=_MIN, shows="time: 1 h", seconds=HOUR),
    case("23-hours", "23 hours", breaches=_MIN, shows="time: 23 h", seconds=23 * HOUR),
    case(
        "25-hours-2-min",
        "25 hours and 2 minutes",
        "time: 25 h to 25 h 2 min",
        seconds=25 * HOUR + 120,
    ),
    case("26-hours", "26 hours", seconds=26 * HOUR),
    case("7-days", "7 days", seconds=7 * DAY),
    case("unlimited", "an unlimited time", seconds=float("inf")),
    breaches=_MAX,
    shows="time: 25 h",
)
class _Ttl(Behaviour):
    seconds: float

    def key_ttl(self, entry: Entry) -> float:
        return self.seconds


@defect(
    "key-ttl-midnight", "All keys expire at midnight UTC", breaches=_MIN, shows="time: midnight"
)
class _Midnight(Behaviour):
    def expired(self, entry: Entry, now: float) -> bool:
        return now // DAY != entry.first_used // DAY


# -- some keys --------------------------------------------------------------------------------


def _upper_case(mock: Behaviour, request: Request) -> bool:
    key = request.key or ""
    return key != key.lower()


def _version_1(mock: Behaviour, request: Request) -> bool:
    return (request.key or "")[14:15] == "1"


def _failed(mock: Behaviour, request: Request) -> bool:
    return failed(mock.locate(request, request.sid), mock.now())


def _second_account(mock: Behaviour, request: Request) -> bool:
    return request.account == 2


def _second_region(mock: Behaviour, request: Request) -> bool:
    return request.region == 1


@defect(
    "key-ttl-some",
    "A key {}",
    *(
        case(
            f"{which}-1-hour",
            f"{text} expires after 1 hour",
            breaches=_MIN,
            shows=f"time: 1 h{shows}",
            applies=applies,
            seconds=HOUR,
        )
        for which, text, shows, applies in (
            ("upper-case", "in upper case", ", with a key in upper case", _upper_case),
            ("version-1", "of version 1", ", with a version 1 key", _version_1),
            ("failed", "of a FAILED operation", " after FAILED", _failed),
            ("second-account", "of the second account", ", on another account", _second_account),
        )
    ),
    *(
        case(
            f"{which}-7-days",
            f"{text} expires after 7 days",
            breaches=_MAX,
            shows=f"time: 25 h{shows}",
            applies=applies,
            seconds=7 * DAY,
        )
        for which, text, shows, applies in (
            ("upper-case", "in upper case", ", with a key in upper case", _upper_case),
            ("failed", "of a FAILED operation", " after FAILED", _failed),
            ("second-region", "in the second region", ", in another region", _second_region),
        )
    ),
)
class _TtlOfSome(Behaviour):
    applies: Callable[[Behaviour, Request], bool]
    seconds: float

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is None or not self.applies(self, request):
            return super().look_up(request, scope)
        return found if self.now() - found.first_used < self.seconds else None


# -- the time to live changes -----------------------------------------------------------------


@defect(
    "key-ttl-replay",
    "A replay renews the key",
    breaches=_MAX,
    shows="time: 25 h with a use in between",
)
class _RenewedByReplay(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        entry.first_used = self.now()
        return super().replay(request, entry, response)


@defect(
    "key-ttl-mismatch",
    "A mismatch {}",
    case(
        "renews",
        "renews the key",
        breaches=_MAX,
        shows="time: 25 h with a mismatch in between",
        to=lambda first_used, now: now,
    ),
    case(
        "shortens",
        "makes the key expire an hour later",
        breaches=_MIN,
        shows="time: 1 h after a mismatch",
        to=lambda first_used, now: min(first_used, now - DAY + HOUR),
    ),
)
class _ChangedByMismatch(Behaviour):
    to: Callable[[float, float], float]

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        entry.first_used = self.to(entry.first_used, self.now())
        return super().mismatch(request, entry)


@defect(
    "key-ttl-unpolled",
    "A key expires after 5 minutes if its operation is not polled",
    breaches=_MIN,
    shows="time: 5 min, without a poll",
)
class _Unpolled(Behaviour):
    def poll(self, request: Request) -> Response:
        self.memory["polled", request.sid] = True
        return super().poll(request)

    def expired(self, entry: Entry, now: float) -> bool:
        operation = entry.response.get("operation-id") if entry.response is not None else None
        unpolled = operation is not None and ("polled", operation) not in self.memory
        return super().expired(entry, now) or (unpolled and now - entry.first_used > HOUR / 12)


@defect(
    "keys-expire-together",
    "All keys expire when an expired one is used",
    breaches=_MIN,
    shows="time: a key younger than an expired one",
)
class _Together(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is not None and self.expired(found, self.now()):
            self.entries.clear()
        return super().look_up(request, scope)


# -- a key is lost for a time, or refused after its end ---------------------------------------


@defect(
    "key-lost",
    "A key is unknown {}",
    case(
        "2-to-4-hours",
        "from 2 to 4 hours after its first use",
        "time: 2 h to 4 h",
        lost=lambda age, stale: 2 * HOUR < age < 4 * HOUR,
    ),
    case(
        "1-hour-new-connection",
        "on new connections from an hour after its first use",
        "time: 1 h, on a new connection",
        lost=lambda age, stale: stale and age > HOUR,
    ),
    breaches=_MIN,
)
class _Lost(StaleReplica):
    lost: Callable[[float, bool], bool]

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        lost = found is not None and self.lost(self.now() - found.first_used, self.stale)
        return None if lost else found


@defect(
    "key-refused-after-expiry",
    "An expired key is refused as a mismatch{}",
    case(
        "",
        ", whatever its SID",
        "time: 25 h",
        applies=lambda operation, same: operation.outcome != "FAILED",
    ),
    case(
        "failed",
        " if its operation FAILED",
        "time: 25 h, after FAILED",
        applies=lambda operation, same: operation.outcome == "FAILED",
    ),
    case(
        "same-sid",
        " on its own SID",
        "time: 25 h, on the same SID",
        applies=lambda operation, same: same and operation.outcome != "FAILED",
    ),
    breaches=_MAX,
)
class _RefusedAfterExpiry(Behaviour):
    applies: Callable[[Operation, bool], bool]

    def refuses(self, request: Request, entry: Entry | None) -> bool:
        """True if *entry* has expired and the case applies to its operation."""
        response = entry.response if entry is not None else None
        if entry is None or response is None or self.now() - entry.first_used < DAY:
            return False
        identity = response.document["statusUrl"].rpartition("/")[2]
        operation = self.partition(request).operations.get(identity)
        same = entry.fingerprint == self.fingerprint(request)
        return (
            operation is not None and operation.kind == "delete" and self.applies(operation, same)
        )

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        if self.refuses(request, self.entries.get(scope)):
            raise Refused(key_mismatch())
        return super().look_up(request, scope)
