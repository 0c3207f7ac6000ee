"""Faults that need a day and something rare besides: a key's form, a failed operation, a refusal."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import Refused, key_mismatch
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

HOUR = 3600.0


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


class _RefusedDeletesNextDay(Behaviour):
    """Base of defects where what was refused is carried out 20 hours later."""

    status = 429
    keyed = False

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if (
            response.status == self.status
            and found is not None
            and (request.key is not None or not self.keyed)
        ):
            vanish(self, found, 20 * HOUR)
        return response


@defect(
    "refused-429-deletes-next-day",
    "A delete with a key answered 429 is carried out 20 hours later",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 20 h later",
)
class _ThrottledNextDay(_RefusedDeletesNextDay):
    keyed = True


@defect(
    "refused-409-deletes-next-day",
    "A delete answered 409 is carried out 20 hours later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 20 h later",
)
class _ConflictNextDay(_RefusedDeletesNextDay):
    status = 409


@defect(
    "operation-failed-deletes-next-day",
    "What an operation FAILED to delete is gone 20 hours later",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="time: 20 h after FAILED",
)
class _FailedNextDay(Behaviour):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        found = self.locate(request, request.sid)
        if (
            response.status == 202
            and found is not None
            and found.deletion is not None
            and found.deletion.outcome is State.FAILED
        ):
            vanish(self, found, 20 * HOUR)
        return response


class _ChangesLater(Behaviour):
    """Base of defects where an operation that has ended says something else an hour later."""

    def change(self, document: dict[str, Any]) -> None:
        """Changes what it says."""
        document["completedAt"] = None

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        document = super().operation_document(operation, now)
        if now > operation.ends_at + HOUR:
            self.change(document)
        return document


@defect(
    "operation-end-forgotten",
    "An hour after the end completedAt is null",
    breaches=("OP-TIMESTAMPS",),
    shows="time: 1 h after the end",
)
class _EndForgotten(_ChangesLater):
    pass


@defect(
    "operation-failed-completes-later",
    "An hour later a FAILED operation says COMPLETED",
    breaches=("OP-STATUS-ORDER",),
    shows="time: 1 h after FAILED",
)
class _CompletesLater(_ChangesLater):
    def change(self, document: dict[str, Any]) -> None:
        if document["status"] == "FAILED":
            document |= {"status": "COMPLETED", "error": None}


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
    "failed-deletes-days-later",
    "What an operation FAILED to delete is gone 60 hours later",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="time: 60 h after FAILED",
)
class _FailedDaysLater(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if fails:
            vanish(self, configuration, 60 * HOUR)
        return operation


@defect(
    "refused-409-deletes-days-later",
    "A delete answered 409 is carried out 60 hours later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 60 h later",
)
class _ConflictDaysLater(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        if fault == "409":
            vanish(self, self.target_of_delete(request), 60 * HOUR)
        return super().fault_response(request, fault)


@defect(
    "auth-account-deletes-days-later",
    "Another account's SID answers 404, and is deleted 60 hours later",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="time: 60 h later",
)
class _AccountDaysLater(Behaviour):
    def not_found(self, request: Request) -> Response:
        for one in self.world.every_configuration():
            if (
                request.route == "delete"
                and one.id == request.sid
                and one.account != request.account
            ):
                vanish(self, one, 60 * HOUR)
        return super().not_found(request)


@defect(
    "key-over-regions-an-hour-later",
    "From an hour after its first use a key counts in the other region too",
    breaches=("KEY-SCOPE-REGION",),
    shows="time: 1 h, in another region",
)
class _OverRegionsLater(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        away = super().look_up(request, (request.account, 1 - request.region, request.key))
        return (
            away
            if found is None and away is not None and self.now() - away.first_used > HOUR
            else found
        )


@defect(
    "key-forgets-sid",
    "After 12 hours a key gives its answer for other SIDs",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="time: 12 h",
)
class _ForgetsSid(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        if (
            entry.response is not None
            and request.method == first == "DELETE"
            and self.now() - entry.first_used > 12 * HOUR
        ):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-lives-two-minutes-more",
    "Keys live 25 hours and 2 minutes",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h to 25 h 2 min",
)
class _LivesTwoMinutesMore(Behaviour):
    def key_ttl(self, entry: Entry) -> float:
        return super().key_ttl(entry) + HOUR + 120
