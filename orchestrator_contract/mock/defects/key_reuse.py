"""Defects of the KEY section: a key on another SID or call, and concurrent uses of a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, SharedResponse, delete_silently, failing
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, Operation

_OTHER_SID = ("KEY-REUSE-OTHER-SID",)
_OTHER_CALL = ("KEY-REUSE-OTHER-CALL",)


# -- a key used with another request ----------------------------------------------------------


@defect(
    "key-fingerprint",
    "A key replays its response to {}",
    case(
        "no-path",
        "the same call on another SID",
        breaches=_OTHER_SID,
        of=lambda request: (request.method, request.body),
    ),
    case("constant", "any other call", breaches=_OTHER_CALL, of=lambda request: ""),
)
class _Fingerprint(Behaviour):
    of: Callable[[Request], Hashable]

    def fingerprint(self, request: Request) -> Hashable:
        return self.of(request)


def _method_of(entry: Entry) -> object:
    """The method of the request that used the key first."""
    return entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""


def _deleted_sid(mock: Behaviour, request: Request, entry: Entry) -> bool:
    found = mock.locate(request, request.sid)
    return found is not None and mock.is_deleted(found, mock.now())


def _ended(mock: Behaviour, request: Request, entry: Entry) -> bool:
    return mock.now() > entry.first_used + mock.settings.operation_seconds


def _failed(mock: Behaviour, request: Request, entry: Entry) -> bool:
    related = entry.response.document["related"] if entry.response is not None else {}
    return failing(mock.locate(request, related.get("configurationId")))


def _after_12_hours(mock: Behaviour, request: Request, entry: Entry) -> bool:
    deletes = request.method == _method_of(entry) == "DELETE"
    return deletes and mock.now() - entry.first_used > 12 * HOUR


def _pending(method: str) -> Callable[[Behaviour, Request, Entry], bool]:
    def applies(mock: Behaviour, request: Request, entry: Entry) -> bool:
        pending = mock.now() < entry.first_used + mock.settings.create_seconds
        return pending and request.method == "DELETE" and _method_of(entry) == method

    return applies


@defect(
    "key-reuse-replays",
    "A key replays its response to {}",
    case(
        "deleted-sid",
        "a delete of a deleted SID",
        "data: a used key on a deleted SID",
        applies=_deleted_sid,
    ),
    case("ended", "other SIDs after its operation", "time: after the end", applies=_ended),
    case(
        "failed",
        "other SIDs after a FAILED operation",
        "data: a key whose operation FAILED",
        applies=_failed,
    ),
    case("12-hours", "other SIDs after 12 hours", "time: 12 h", applies=_after_12_hours),
    case(
        "second-account-and-region",
        "other SIDs for the second account in the second region",
        "data: another account in another region",
        applies=lambda mock, request, entry: (request.account, request.region) == (2, 1),
    ),
    case(
        "create-to-delete",
        "a delete if it was used for a create",
        breaches=_OTHER_CALL,
        shows="always",
        applies=lambda mock, request, entry: (
            request.method == "DELETE" and _method_of(entry) == "POST"
        ),
    ),
    case(
        "delete-to-update",
        "a create or update if it was used for a delete",
        breaches=_OTHER_CALL,
        shows="data: a delete's key on another call",
        applies=lambda mock, request, entry: (
            request.method != "DELETE" and _method_of(entry) == "DELETE"
        ),
    ),
    case(
        "pending-create",
        "a delete while the create that used it is PENDING",
        breaches=_OTHER_CALL,
        shows="race: while the create is pending",
        applies=_pending("POST"),
    ),
    case(
        "pending-patch",
        "a delete while the PATCH that used it is PENDING",
        breaches=_OTHER_CALL,
        shows="race: while the PATCH is pending",
        applies=_pending("PATCH"),
    ),
    breaches=_OTHER_SID,
)
class _ReuseReplays(Behaviour):
    applies: Callable[[Behaviour, Request, Entry], bool]

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if entry.response is not None and self.applies(self, request, entry):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-reuse-deletes",
    "A delete that is refused for a key mismatch deletes",
    breaches=("KEY-REUSE-OTHER-SID", "EFFECT-ONLY-BY-DELETE", "EFFECT-NO-OTHER"),
)
class _ReuseDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if request.route == "delete":
            delete_silently(self, self.locate(request, request.sid))
        return super().mismatch(request, entry)


defect(
    "key-concurrent-other-sid",
    "Concurrent deletes of several SIDs with one key get one response",
    breaches=("KEY-REUSE-OTHER-SID", "KEY-CONCURRENT"),
    shows="race: one key on two SIDs within 10 ms",
)(SharedResponse)


# -- concurrent uses of a key -----------------------------------------------------------------


@defect(
    "key-concurrent",
    "{} ms pass between looking a key up and reserving it",
    *(
        case(f"{ms}-ms", str(ms), shows=f"race: within {ms} ms", seconds=ms / 1000)
        for ms in (1, 5, 20)
    ),
    breaches=("KEY-CONCURRENT",),
)
class _Concurrent(Behaviour):
    seconds: float

    async def before_reserve(self, request: Request) -> None:
        await super().before_reserve(request)
        if request.route == "delete":
            await asyncio.sleep(self.seconds)

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        # Both uses of a key are carried out, as where the key guards the insert.
        if request.key is not None and self.now() - running.created_at < 0.02:
            return self.accepted(request, self.begin_delete(request, configuration))
        return super().second_delete(request, configuration, running)
