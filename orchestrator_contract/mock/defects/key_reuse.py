"""Defects against KEY-REUSE and KEY-CONCURRENT."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, _Joined, cornered
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


@defect(
    "key-over-gone-sids",
    "A used key gives its answer for SIDs that name nothing",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: a used key on a SID that is gone",
)
class _OverGone(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        found = self.locate(request, request.sid)
        if entry.response is not None and found is not None and self.is_deleted(found, self.now()):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-on-another-sid-corner",
    "For the second account in the second region a key on another SID shows the first one's response",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: another account in another region",
)
class _ShowsInTheCorner(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        return (
            entry.response.copy()
            if cornered(request) and entry.response is not None
            else super().mismatch(request, entry)
        )


@defect(
    "race-joined-by-key",
    "Requests under way with one key get one answer, whatever their SIDs",
    breaches=("KEY-REUSE-OTHER-SID", "KEY-CONCURRENT"),
    shows="race: one key on two SIDs within 10 ms",
)
class _JoinedByKey(_Joined):
    pass


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
    "key-delete-answers-update",
    "A key from a delete answers a create and an update",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="data: a delete's key on another call",
)
class _DeleteAnswers(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        if request.method != "DELETE" and first == "DELETE" and entry.response is not None:
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-over-sids-failed",
    "The key of a FAILED operation gives its answer for other SIDs",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: a key whose operation FAILED",
)
class _OverSidsFailed(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        sid = stored.document["related"]["configurationId"] if stored is not None else None
        found = self.locate(request, sid)
        running = found.deletion if found is not None else None
        if stored is not None and running is not None and running.outcome is State.FAILED:
            return stored.copy()
        return super().mismatch(request, entry)


@defect(
    "key-over-sids",
    "A key used on one SID gives its answer for another",
    breaches=("KEY-REUSE-OTHER-SID",),
)
class _OverSids(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return request.method, request.body


@defect(
    "key-over-sids-ended",
    "After its operation ended a key answers for other SIDs",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="time: after the end",
)
class _OverSidsEnded(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        if stored is not None and self.now() > entry.first_used + self.settings.operation_seconds:
            return stored.copy()
        return super().mismatch(request, entry)


@defect(
    "key-over-sids-deletes",
    "A key reused on another SID is refused, and deletes that SID",
    breaches=("KEY-REUSE-OTHER-SID", "EFFECT-ONLY-BY-DELETE", "EFFECT-NO-OTHER"),
)
class _OverSidsDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found is not None and found.deleted_at is None:
            found.deleted_at = self.now()
        return super().mismatch(request, entry)


@defect(
    "key-over-calls",
    "A key from a create or update answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
)
class _OverCalls(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return ""


@defect(
    "key-create-answers-delete",
    "A key from a create answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
)
class _CreateAnswersDelete(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        if request.method == "DELETE" and first == "POST" and entry.response is not None:
            return entry.response.copy()
        return super().mismatch(request, entry)


class _WhilePending(Behaviour):
    """Base of defects where a key answers a delete as long as the operation that it was first used for runs."""

    method = "PATCH"

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        pending = self.now() < entry.first_used + self.settings.create_seconds
        if (
            request.method == "DELETE"
            and first == self.method
            and entry.response is not None
            and pending
        ):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-pending-patch-answers-delete",
    "While a PATCH is pending its key answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="race: while the PATCH is pending",
)
class _PendingPatch(_WhilePending):
    pass


@defect(
    "key-pending-create-answers-delete",
    "While a create is pending its key answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="race: while the create is pending",
)
class _PendingCreate(_WhilePending):
    method = "POST"


class _Window(Behaviour):
    """Base of defects with a gap between looking a key up and reserving it."""

    gap = 0.005

    async def before_reserve(self, request: Request) -> None:
        await super().before_reserve(request)
        if request.route == "delete":
            await asyncio.sleep(self.gap)

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        """Two uses of one key both get through, as they would where the key guards the insert."""
        if request.key is not None and self.now() - running.created_at < 0.02:
            return self.accepted(request, self.begin_delete(request, configuration))
        return super().second_delete(request, configuration, running)


@defect(
    "race-key-5-ms",
    "5 ms pass between looking a key up and storing it",
    breaches=("KEY-CONCURRENT",),
    shows="race: within 5 ms",
)
class _Window5(_Window):
    pass


@defect(
    "race-key-20-ms",
    "20 ms pass between looking a key up and storing it",
    breaches=("KEY-CONCURRENT",),
    shows="race: within 20 ms",
)
class _Window20(_Window):
    gap = 0.02


@defect(
    "race-key-1-ms",
    "1 ms passes between looking a key up and storing it",
    breaches=("KEY-CONCURRENT",),
    shows="race: within 1 ms",
)
class _Window1(_Window):
    gap = 0.001
