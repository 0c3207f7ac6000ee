"""Defects of the OP section: the members, status and retention of a delete's operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    OTHER_CONFIGURATION,
    OTHER_OPERATION,
    StaleReplica,
    status_url_on_other_origin,
)
from orchestrator_contract.mock.errors import unknown_operation
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import on_response, with_status
from orchestrator_contract.mock.state import DAY, Configuration, Operation

Document = dict[str, Any]
_ENDED = ("COMPLETED", "FAILED")
_FAILED_DATA = "data: failed operations"
_BODY = ("OP-BODY",)
_FETCH = ("OP-FETCH",)
_ORDER = ("OP-STATUS-ORDER",)
_RETAINED = ("OP-RETAINED",)
_TERMINATES = ("OP-TERMINATES",)
_TIMESTAMPS = ("OP-TIMESTAMPS",)


# -- members ----------------------------------------------------------------------------------


class _ChangedOperation(Behaviour):
    """Changes the document of each *every*-th poll of a delete's operation."""

    change: Callable[[Document], object]
    every = 1

    def operation_document(self, operation: Operation, now: float) -> Document:
        document = super().operation_document(operation, now)
        if operation.kind == "delete" and self.once_in(self.every, "document"):
            self.change(document)
        return document


def _set(**members: Any) -> Callable[[Document], None]:
    return lambda document: document.update(members)


def _set_if(*statuses: str, **members: Any) -> Callable[[Document], object]:
    return lambda document: document["status"] in statuses and document.update(members)


defect(
    "operation-missing",
    "The operation has no {}",
    case("operation-id", "operationId", change=lambda document: document.pop("operationId")),
    case("status", change=lambda document: document.pop("status")),
    case("created-at", "createdAt", change=lambda document: document.pop("createdAt")),
    case(
        "created-at-1-in-7", "createdAt", change=lambda document: document.pop("createdAt"), every=7
    ),
    case("status-url", "statusUrl", change=lambda document: document.pop("statusUrl")),
    breaches=_BODY,
)(_ChangedOperation)
defect(
    "operation-status",
    "The status of the operation is {}",
    case("null", change=_set(status=None)),
    case("done", "DONE at its end", change=_set_if(*_ENDED, status="DONE")),
    case("in-progress", "IN_PROGRESS", change=_set_if("PENDING", status="IN_PROGRESS")),
    case(
        "lower-case",
        "in lower case",
        change=lambda document: document.update(status=document["status"].lower()),
    ),
    breaches=_BODY,
)(_ChangedOperation)
defect(
    "operation-created-at",
    "createdAt of the operation is {}",
    case("number", "a number", change=_set(createdAt=1_795_468_800)),
    case("spaced", "not RFC 3339", change=_set(createdAt="2026-11-23 10:00:00")),
    case("no-offset", "without offset", change=_set(createdAt="2026-11-23T10:00:00")),
    case("february-30", "on 30 February", change=_set(createdAt="2026-02-30T10:00:00Z")),
    breaches=_BODY,
)(_ChangedOperation)
defect(
    "operation-member",
    "{}",
    case(
        "completed-at-empty",
        "completedAt of the operation is an empty string",
        change=_set_if(*_ENDED, completedAt=""),
    ),
    case(
        "status-url-relative",
        "statusUrl of the operation is relative",
        change=_set(statusUrl="Operations/x"),
    ),
    case(
        "status-url-number",
        "statusUrl of the operation is a number",
        change=_set(statusUrl=3),
        every=6,
    ),
    case(
        "related-string",
        "related of the operation is a string",
        change=_set(related="configuration"),
    ),
    case(
        "error-string",
        "error of a FAILED operation is a string",
        _FAILED_DATA,
        change=_set_if("FAILED", error="it did not work"),
    ),
    case(
        "error-status-string",
        "error.status of a FAILED operation is a string",
        _FAILED_DATA,
        change=lambda document: document["error"] and document["error"].update(status="500"),
    ),
    breaches=_BODY,
)(_ChangedOperation)
defect(
    "operation-completed-at-pending",
    "completedAt is set on a PENDING operation",
    case(
        "",
        change=lambda document: document.update(
            completedAt=document["completedAt"] or document["createdAt"]
        ),
    ),
    breaches=("OP-COMPLETED-AT",),
)(_ChangedOperation)
defect(
    "operation-error-set",
    "error is set on a {} operation",
    case(
        "completed",
        "COMPLETED",
        change=_set_if("COMPLETED", error={"title": "nothing happened", "status": 500}),
    ),
    case(
        "pending", "PENDING", change=_set_if("PENDING", error={"title": "not yet", "status": 500})
    ),
    breaches=("OP-ERROR",),
)(_ChangedOperation)
defect(
    "operation-id",
    "operationId is {}",
    case("other", "that of another operation", change=_set(operationId=OTHER_OPERATION)),
    case(
        "upper-case",
        "in upper case",
        change=lambda document: document.update(operationId=document["operationId"].upper()),
    ),
    breaches=("OP-ID",),
)(_ChangedOperation)


def _other_name(document: Document) -> None:
    sid = (document["related"] or {}).get("configurationId")
    document["related"] = {"configuration_id": sid}


defect(
    "operation-related-sid",
    "related of the operation names {}",
    case(
        "other",
        "another configuration",
        change=_set(related={"configurationId": OTHER_CONFIGURATION}),
    ),
    case("other-name", "the SID as configuration_id", change=_other_name),
    breaches=("OP-RELATED",),
)(_ChangedOperation)
defect(
    "operation-status-url-other-origin",
    "statusUrl of the operation is on another origin",
    breaches=("OP-STATUS-URL-ORIGIN",),
)(on_response(status_url_on_other_origin, route="operation", status=200))


# -- timestamps -------------------------------------------------------------------------------


@defect(
    "operation-timestamps",
    "{}",
    case(
        "swapped",
        "createdAt is after completedAt",
        times=lambda operation, now: (operation.ends_at + 1, operation.ends_at),
    ),
    case(
        "created-at-of-poll",
        "createdAt is the time of the poll",
        "time: each poll",
        times=lambda operation, now: (min(now, operation.ends_at), operation.ends_at),
    ),
    case(
        "completed-at-of-poll",
        "completedAt is the time of the poll",
        "time: each poll",
        times=lambda operation, now: (operation.created_at, now),
    ),
    breaches=_TIMESTAMPS,
)
class _Timestamps(Behaviour):
    #: createdAt and completedAt as instants
    times: Callable[[Operation, float], tuple[float, float]]

    def operation_document(self, operation: Operation, now: float) -> Document:
        document = super().operation_document(operation, now)
        created, completed = self.times(operation, now)
        document["createdAt"] = self.timestamp(created)
        if document["completedAt"] is not None:
            document["completedAt"] = self.timestamp(completed)
        return document


@defect(
    "operation-completed-at-lost",
    "completedAt is null an hour after the end",
    breaches=_TIMESTAMPS,
    shows="time: 1 h after the end",
)
class _CompletedAtLost(Behaviour):
    def operation_document(self, operation: Operation, now: float) -> Document:
        document = super().operation_document(operation, now)
        return {**document, "completedAt": None} if now > operation.ends_at + HOUR else document


# -- the status -------------------------------------------------------------------------------


class _ShownStatus(Behaviour):
    """Base of defects that show a wrong status of a delete's operation."""

    def shown(self, operation: Operation, status: str, now: float) -> str:
        """The status shown."""
        return "PENDING"

    def operation_state(self, operation: Operation, now: float) -> str:
        status = str(super().operation_state(operation, now))
        return self.shown(operation, status, now) if operation.kind == "delete" else status


@defect(
    "operation-reopens",
    "The operation is PENDING again from the second poll after its end",
    breaches=_ORDER,
)
class _Reopens(_ShownStatus):
    def shown(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if status in _ENDED and self.tick(operation.id) > 1 else status


@defect(
    "operation-flaps",
    "The operation is PENDING at each third poll after its end",
    breaches=_ORDER,
    shows="1 in 3",
)
class _Flaps(_ShownStatus):
    def shown(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if status in _ENDED and self.once_in(3, "ended") else status


@defect(
    "operation-changes",
    "{} after its end",
    case(
        "completed-to-failed",
        "A COMPLETED operation is FAILED a second",
        "time: 1 s after the end",
        change=("COMPLETED", "FAILED"),
    ),
    case(
        "failed-to-completed",
        "A FAILED operation is COMPLETED a second",
        "time: 1 s after the end",
        change=("FAILED", "COMPLETED"),
    ),
    case(
        "failed-to-completed-1-hour",
        "A FAILED operation is COMPLETED an hour",
        "time: 1 h after FAILED",
        change=("FAILED", "COMPLETED"),
        after=HOUR,
    ),
    breaches=_ORDER,
)
class _Changes(_ShownStatus):
    change: tuple[str, str]
    after = 1.0

    def shown(self, operation: Operation, status: str, now: float) -> str:
        old, new = self.change
        return new if status == old and now > operation.ends_at + self.after else status


@defect(
    "operation-running-to-pending",
    "The operation is RUNNING at the first poll and PENDING after it",
    breaches=_ORDER,
)
class _RunningToPending(_ShownStatus):
    def operation_seconds(self, request: Request) -> float:
        return max(super().operation_seconds(request), 2.5)

    def shown(self, operation: Operation, status: str, now: float) -> str:
        return "RUNNING" if status == "PENDING" and self.tick(operation.id) == 1 else status


@defect(
    "operation-pending-concurrent-polls",
    "Of concurrent polls of an ended operation all but one show PENDING",
    breaches=_ORDER,
    shows="race: polls of one operation",
)
class _PendingConcurrentPolls(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route != "operation" or request.sid is None:
            return
        polls = ("polls", request.sid)
        if self.memory.setdefault(polls, 0):
            self.memory["late", id(request)] = True
        self.memory[polls] += 1
        await asyncio.sleep(0.005)
        self.memory[polls] -= 1

    def poll(self, request: Request) -> Response:
        response = super().poll(request)
        late = self.memory.pop(("late", id(request)), False)
        if late and response.status == 200 and request.route == "operation":
            pending = {"status": "PENDING", "completedAt": None, "error": None}
            response.document = {**response.document, **pending}
        return response


defect("operation-never-ends", "The operation stays PENDING", breaches=_TERMINATES)(_ShownStatus)


@defect(
    "operation-never-ends-1-in-10",
    "One operation in ten stays PENDING",
    breaches=_TERMINATES,
    shows="1 in 10",
)
class _NeverEndsSometimes(_ShownStatus):
    def shown(self, operation: Operation, status: str, now: float) -> str:
        if self.tick(operation.id) == 1 and self.once_in(10, "operation"):
            self.memory["stuck", operation.id] = True
        return "PENDING" if ("stuck", operation.id) in self.memory else status


@defect(
    "operation-never-ends-digit",
    "The operation of a SID that ends in 7, 8 or 9 stays PENDING",
    breaches=_TERMINATES,
    shows="data: last character of the SID",
)
class _NeverEndsDigit(_ShownStatus):
    def shown(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if operation.configuration_id[-1] in "789" else status


@defect(
    "operation-fails-digit",
    "The operation of a SID that ends in 7, 8 or 9 always ends FAILED",
    breaches=("OP-COMPLETES",),
    shows="data: last character of the SID",
)
class _FailsDigit(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if configuration.id[-1] in "789":
            self.fail(operation)
            configuration.deleted_at = None


@defect(
    "failed-operation-completed",
    "The operation of a failed delete ends COMPLETED",
    breaches=("OP-FAILED-STATUS",),
)
class _FailureIgnored(Behaviour):
    def fail(self, operation: Operation) -> None:
        """Leaves the operation to end COMPLETED."""


# -- fetching and retention -------------------------------------------------------------------


def _late(seconds: float) -> Callable[[Behaviour, Operation], bool]:
    return lambda mock, operation: mock.now() >= operation.ends_at + seconds


@defect(
    "operation-404",
    "{} gets a 404",
    case("", "A poll of a delete's operation", lost=lambda mock, operation: True),
    case(
        "1-in-15",
        "One poll in 15",
        "1 in 15",
        lost=lambda mock, operation: mock.once_in(15, "poll"),
    ),
    case(
        "first-poll",
        "The first poll of an operation",
        "data: the first poll",
        lost=lambda mock, operation: mock.tick(operation.id) == 1,
    ),
    case(
        "twelfth-poll",
        "The 12th poll of an operation and each later one",
        breaches=_RETAINED,
        shows="data: many polls",
        lost=lambda mock, operation: mock.tick(operation.id) >= 12,
    ),
    case("ended", "A poll of an ended operation", breaches=(*_FETCH, *_TERMINATES), lost=_late(0)),
    *(
        case(age, f"A poll {text} after the end", breaches=_RETAINED, shows=shows, lost=_late(s))
        for age, text, shows, s in (
            ("500-ms", "0.5 s", "time: 0.5 s after the end", 0.5),
            ("1-hour", "1 h", "time: 1 h", HOUR),
            ("6-days", "6 days", "time: 6 days", 6 * DAY),
        )
    ),
    breaches=_FETCH,
)
class _OperationLost(Behaviour):
    lost: Callable[[Behaviour, Operation], bool]

    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if operation is not None and operation.kind == "delete" and self.lost(self, operation):
            return self.refuse(request, unknown_operation())
        return super().poll(request)


@defect(
    "operation-404-new-connection",
    "A poll of an ended operation on a new connection gets a 404",
    breaches=("OP-FETCH", "OP-RETAINED"),
    shows="data: a new connection",
)
class _OperationLostOnNewConnection(StaleReplica):
    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if operation is not None and self.stale and operation.state(self.now()).terminal:
            return self.refuse(request, unknown_operation())
        return super().poll(request)


defect("operation-fetch-202", "A poll gets a 202", breaches=_FETCH)(
    on_response(with_status(202), route="operation", status=200)
)


def _internal_error_once_ended(request: Request, response: Response) -> None:
    if response.document["status"] != "PENDING":
        _internal_error(request, response)


def _internal_error(request: Request, response: Response) -> None:
    response.status = 500
    response.document = {"code": 20500, "message": "oops", "more_info": "20500", "status": 500}


defect(
    "operation-fetch-500",
    "A poll gets a 500, {}",
    case("", "one in four", every=4),
    case("1-in-20", "one in twenty", every=20),
    case("ended", "each time once it has ended", change=_internal_error_once_ended),
    breaches=_FETCH,
)(on_response(_internal_error, route="operation", status=200))
