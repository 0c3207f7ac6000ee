"""Defects against OP."""

from __future__ import annotations

import asyncio
import html
from collections import Counter
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, _ended_failed, _failed, _Lagging, vanish
from orchestrator_contract.mock.errors import (
    unknown_configuration,
    unknown_operation,
)
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import Class, defect
from orchestrator_contract.mock.response_changes import altering, member, without
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World


@defect(
    "failed-unlisted",
    "What an operation FAILED to delete is not listed any more",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: after FAILED",
)
class _FailedUnlisted(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        running = configuration.deletion
        failed = running is not None and running.outcome is State.FAILED and now >= running.ends_at
        return not failed and super().listed(configuration, now)


@defect(
    "failed-then-404",
    "After a delete FAILED the next one is 404",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a second delete after FAILED",
)
class _FailedThenMissing(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        return (
            None if _failed(found) and found is not None and found.reserved_for is None else found
        )


@defect(
    "operation-lost-to-new-connections",
    "An ended operation is 404 on new connections",
    breaches=("OP-FETCH", "OP-RETAINED"),
    shows="data: a new connection",
)
class _PollAnew(_Lagging):
    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if operation is not None and self._behind and operation.state(self.now()).terminal:
            return self.refuse(request, unknown_operation())
        return super().poll(request)


@defect(
    "operation-failed-empties",
    "After FAILED the configuration has no description any more",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: failed operations",
)
class _Empties(Behaviour):
    def fail(self, operation: Operation) -> None:
        super().fail(operation)
        for partition in self.world.partitions.values():
            found = partition.configurations.get(operation.configuration_id)
            if found is not None:
                found.members = {**found.members, "description": ""}


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


class _SecondDeletes(Behaviour):
    """Base of defects where a delete that is refused while another one runs takes effect with that, though it ends FAILED."""

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if running.outcome is State.FAILED:
            vanish(self, configuration, running.ends_at - self.now())
        return super().second_delete(request, configuration, running)


@defect(
    "failed-second-409-deletes",
    "A delete answered 409 while one runs that ends FAILED is carried out with its end",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a second delete while one runs that ends FAILED",
)
class _SecondConflictDeletes(_SecondDeletes):
    pass


@defect(
    "failed-second-404-deletes",
    "A delete answered 404 while one runs that ends FAILED is carried out with its end",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a second delete while one runs that ends FAILED",
)
class _SecondMissingDeletes(_SecondDeletes):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        super().second_delete(request, configuration, running)
        return self.refuse(request, unknown_configuration())


@defect(
    "failed-again-deletes",
    "The second delete of a configuration that FAILS takes it away",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a second delete that FAILS",
)
class _FailsAgainDeletes(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        before = _ended_failed(configuration, self.now())
        operation = super().begin_delete(request, configuration, fails=fails)
        if fails and before:
            vanish(self, configuration, self.settings.operation_seconds)
        return operation


@defect(
    "failed-without-key-deletes",
    "A delete without a key that FAILS takes the configuration away",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a delete without a key that FAILS",
)
class _FailsWithoutKeyDeletes(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if fails and request.key is None:
            vanish(self, configuration, self.settings.operation_seconds)
        return operation


class _StripsFailed(Behaviour):
    """Base of defects where a delete that FAILED has changed what it did not delete."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        """What becomes of its members."""
        return {name: value for name, value in members.items() if name != "channelSettings"}

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        if fails:
            configuration.members = self.changed(configuration.members)
        return super().begin_delete(request, configuration, fails=fails)


@defect(
    "failed-strips-channels",
    "A delete that FAILED takes the channels' settings away",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: channel settings",
)
class _FailedStripsChannels(_StripsFailed):
    pass


@defect(
    "failed-unescapes",
    "A delete that FAILED leaves a description with its entities resolved",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a description with markup",
)
class _FailedUnescapes(_StripsFailed):
    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "description": html.unescape(str(members["description"]))}


@defect(
    "operation-lost-after-many-polls",
    "An operation is 404 from its 12th poll on",
    breaches=("OP-RETAINED",),
    shows="data: many polls",
)
class _WornOut(Behaviour):
    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if (
            operation is not None
            and operation.kind == "delete"
            and self.tick(("poll", operation.id)) >= 12
        ):
            return self.refuse(request, unknown_operation())
        return super().poll(request)


@defect(
    "operation-pending-at-once",
    "Of polls that come while another of the operation is answered each is PENDING",
    breaches=("OP-STATUS-ORDER",),
    shows="race: polls of one operation",
)
class _Overlapping(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.answering: Counter[str] = Counter()
        self.late: set[int] = set()

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route != "operation" or request.sid is None:
            return
        if self.answering[request.sid]:
            self.late.add(id(request))
        self.answering[request.sid] += 1
        await asyncio.sleep(0.005)
        self.answering[request.sid] -= 1

    def poll(self, request: Request) -> Response:
        response = super().poll(request)
        if id(request) in self.late:
            self.late.discard(id(request))
            if response.status == 200 and request.route == "operation":
                response.document = {
                    **response.document,
                    "status": "PENDING",
                    "completedAt": None,
                    "error": None,
                }
        return response


ENDED = ("COMPLETED", "FAILED")


def _document_defect(
    name: str, text: str, breaches: tuple[str, ...], change: Any, shows: str = "always"
) -> Class:
    """Registers a defect that rewrites the operation's document: ``change(document, operation, now)``."""

    class Rewritten(Behaviour):
        def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
            document = super().operation_document(operation, now)
            if operation.kind == "delete":
                change(document, operation, now)
            return document

    return defect(name, text, breaches=breaches, shows=shows)(Rewritten)


def _if_ended(**members: Any) -> Any:
    return lambda document, operation, now: document["status"] in ENDED and document.update(members)


def _if_pending(**members: Any) -> Any:
    return lambda document, operation, now: (
        document["status"] == "PENDING" and document.update(members)
    )


def _always(**members: Any) -> Any:
    return lambda document, operation, now: document.update(members)


_BODY = ("OP-BODY",)


for _member in ("operationId", "status", "createdAt", "statusUrl"):
    _document_defect(
        f"operation-no-{_member.lower()}",
        f"{_member} is missing",
        _BODY,
        lambda document, operation, now, name=_member: document.pop(name),
    )


for _name, _text, _change in (
    ("operation-status-null", "status is null", _always(status=None)),
    ("operation-word-done", "The end is called DONE", _if_ended(status="DONE")),
    (
        "operation-word-in-progress",
        "Pending is called IN_PROGRESS",
        _if_pending(status="IN_PROGRESS"),
    ),
    ("operation-created-epoch", "createdAt is a number", _always(createdAt=1_795_468_800)),
    (
        "operation-created-spaced",
        "createdAt is no RFC 3339",
        _always(createdAt="2026-11-23 10:00:00"),
    ),
    (
        "operation-created-naive",
        "createdAt has no offset",
        _always(createdAt="2026-11-23T10:00:00"),
    ),
    (
        "operation-created-no-day",
        "createdAt is a day that does not exist",
        _always(createdAt="2026-02-30T10:00:00Z"),
    ),
    ("operation-completed-empty", "completedAt is an empty string", _if_ended(completedAt="")),
    (
        "operation-url-relative",
        "The operation's own statusUrl is relative",
        _always(statusUrl="Operations/x"),
    ),
    ("operation-related-text", "related is a string", _always(related="configuration")),
):
    _document_defect(_name, _text, _BODY, _change)


_document_defect(
    "operation-word-lower",
    "Status words are in lower case",
    _BODY,
    lambda document, operation, now: document.update(status=document["status"].lower()),
)


_document_defect(
    "operation-error-text",
    "error of a FAILED operation is a string",
    _BODY,
    lambda document, operation, now: document["error"] and document.update(error="it did not work"),
    "data: failed operations",
)


_document_defect(
    "operation-error-status-text",
    "error.status is a string",
    _BODY,
    lambda document, operation, now: document["error"] and document["error"].update(status="500"),
    "data: failed operations",
)


_document_defect(
    "operation-completed-early",
    "completedAt is set while pending",
    ("OP-COMPLETED-AT",),
    lambda document, operation, now: document.update(
        completedAt=document["completedAt"] or document["createdAt"]
    ),
)


_document_defect(
    "operation-error-on-success",
    "error is set on COMPLETED",
    ("OP-ERROR",),
    lambda document, operation, now: (
        document["status"] == "COMPLETED"
        and document.update(error={"title": "nothing happened", "status": 500})
    ),
)


_document_defect(
    "operation-error-while-pending",
    "error is set while pending",
    ("OP-ERROR",),
    _if_pending(error={"title": "not yet", "status": 500}),
)


_document_defect(
    "operation-id-stray",
    "operationId is another one",
    ("OP-ID",),
    _always(operationId="conv_operation_7strayoperation00000000000"),
)


_document_defect(
    "operation-id-folded",
    "operationId is in capitals",
    ("OP-ID",),
    lambda document, operation, now: document.update(operationId=document["operationId"].upper()),
)


_document_defect(
    "operation-related-stranger",
    "related names another configuration",
    ("OP-RELATED",),
    _always(related={"configurationId": "conv_configuration_7stranger00000000000000000"}),
)


class _Times(Behaviour):
    """Base of defects that write other instants."""

    def times(self, operation: Operation, now: float) -> tuple[float, float]:
        """createdAt and completedAt as instants."""
        return operation.created_at, operation.ends_at

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        document = super().operation_document(operation, now)
        created, completed = self.times(operation, now)
        document["createdAt"] = self.timestamp(created)
        if document["completedAt"] is not None:
            document["completedAt"] = self.timestamp(completed)
        return document


@defect("operation-times-swapped", "createdAt is after completedAt", breaches=("OP-TIMESTAMPS",))
class _Swapped(_Times):
    def times(self, operation: Operation, now: float) -> tuple[float, float]:
        return operation.ends_at + 1, operation.ends_at


@defect(
    "operation-created-moves",
    "createdAt is the time of the poll",
    breaches=("OP-TIMESTAMPS",),
    shows="time: each poll",
)
class _CreatedMoves(_Times):
    def times(self, operation: Operation, now: float) -> tuple[float, float]:
        return min(now, operation.ends_at), operation.ends_at


@defect(
    "operation-completed-moves",
    "completedAt is the time of the poll",
    breaches=("OP-TIMESTAMPS",),
    shows="time: each poll",
)
class _CompletedMoves(_Times):
    def times(self, operation: Operation, now: float) -> tuple[float, float]:
        return operation.created_at, now


class _Words(Behaviour):
    """Base of defects that show another status than the true one."""

    def word(self, operation: Operation, status: str, now: float) -> str:
        """The status shown."""
        return status

    def operation_state(self, operation: Operation, now: float) -> str:
        status = str(super().operation_state(operation, now))
        return self.word(operation, status, now) if operation.kind == "delete" else status


@defect(
    "operation-reopens",
    "PENDING again from the second poll after the end",
    breaches=("OP-STATUS-ORDER",),
)
class _Reopens(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if status in ENDED and self.tick(operation.id) > 1 else status


@defect(
    "operation-flaps",
    "Each third poll after the end is PENDING",
    breaches=("OP-STATUS-ORDER",),
    shows="1 in 3",
)
class _Flaps(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if status in ENDED and self.once_in(3, "ended") else status


@defect(
    "operation-completed-then-failed",
    "A second after COMPLETED it is FAILED",
    breaches=("OP-STATUS-ORDER",),
    shows="time: 1 s after the end",
)
class _Regrets(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "FAILED" if status == "COMPLETED" and now > operation.ends_at + 1 else status


@defect(
    "operation-failed-then-completed",
    "A second after FAILED it is COMPLETED",
    breaches=("OP-STATUS-ORDER",),
    shows="time: 1 s after the end",
)
class _Recovers(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "COMPLETED" if status == "FAILED" and now > operation.ends_at + 1 else status


@defect(
    "operation-runs-then-pends", "RUNNING at first, PENDING after it", breaches=("OP-STATUS-ORDER",)
)
class _Stalls(_Words):
    def operation_seconds(self, request: Request) -> float:
        return max(super().operation_seconds(request), 2.5)

    def word(self, operation: Operation, status: str, now: float) -> str:
        return "RUNNING" if status == "PENDING" and self.tick(operation.id) == 1 else status


@defect("operation-never-ends", "PENDING for ever", breaches=("OP-TERMINATES",))
class _Never(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING"


@defect(
    "operation-never-ends-sometimes",
    "PENDING for ever now and then",
    breaches=("OP-TERMINATES",),
    shows="1 in 10",
)
class _NeverSometimes(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        first = self.tick(operation.id) == 1
        if first and self.once_in(10, "operation"):
            self.tick(("stuck", operation.id))
        return "PENDING" if self._ticks[("stuck", operation.id)] else status


@defect(
    "operation-never-ends-digit",
    "Deletes of SIDs that end in 7, 8 or 9 pend for ever",
    breaches=("OP-TERMINATES",),
    shows="data: last letter of the SID",
)
class _NeverDigit(_Words):
    def word(self, operation: Operation, status: str, now: float) -> str:
        return "PENDING" if operation.configuration_id[-1] in "789" else status


@defect(
    "operation-fails-digit",
    "Deletes of SIDs that end in 7, 8 or 9 end FAILED, however often they are sent",
    breaches=("OP-COMPLETES",),
    shows="data: last letter of the SID",
)
class _FailsDigit(Behaviour):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        found = self.locate(request, request.sid)
        if (
            response.status == 202
            and found is not None
            and found.deletion is not None
            and found.id[-1] in "789"
        ):
            self.fail(found.deletion)
            found.deleted_at = None
        return response


@defect(
    "operation-failure-denied", "A delete that fails says COMPLETED", breaches=("OP-FAILED-STATUS",)
)
class _FailureDenied(Behaviour):
    def fail(self, operation: Operation) -> None:
        """Leave the configuration, and the operation to end like any other."""


class _FailedDeletes(Behaviour):
    """Base of defects where FAILED deletes all the same."""

    later = 0.0

    def fail(self, operation: Operation) -> None:
        super().fail(operation)
        found = self.world.partition(operation.account, operation.region).configurations[
            operation.configuration_id
        ]
        if found.reserved_for is None:
            found.deleted_at = operation.ends_at + self.later


@defect(
    "operation-failed-deletes",
    "FAILED, yet the configuration is gone",
    breaches=("OP-FAILED-NO-EFFECT",),
)
class _FailedDeletesNow(_FailedDeletes):
    pass


@defect(
    "operation-failed-deletes-later",
    "Gone 0.7 s after FAILED",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="time: 0.7 s after the end",
)
class _FailedDeletesLater(_FailedDeletes):
    later = 0.7


class _PollFails(Behaviour):
    """Base of defects where a poll does not find its operation."""

    def lost(self, operation: Operation) -> bool:
        """Whether this poll fails."""
        return True

    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if operation is not None and operation.kind == "delete" and self.lost(operation):
            return self.refuse(request, unknown_operation())
        return super().poll(request)


@defect("operation-lost", "The operation of a delete is never found", breaches=("OP-FETCH",))
class _Lost(_PollFails):
    pass


@defect(
    "operation-lost-sometimes",
    "A poll is 404 now and then",
    breaches=("OP-FETCH",),
    shows="1 in 15",
)
class _LostSometimes(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.once_in(15, "poll")


@defect(
    "operation-lost-at-first",
    "The first poll of an operation is 404, however late it comes",
    breaches=("OP-FETCH",),
    shows="data: the first poll",
)
class _LostAtFirst(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.tick(operation.id) == 1


@defect(
    "operation-lost-at-end",
    "Polls are 404 once the operation has ended",
    breaches=("OP-FETCH", "OP-TERMINATES"),
)
class _LostAtEnd(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.now() >= operation.ends_at


@defect(
    "operation-lost-after-end",
    "Polls are 404 from 0.5 s after the end",
    breaches=("OP-RETAINED",),
    shows="time: 0.5 s after the end",
)
class _LostAfterEnd(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.now() >= operation.ends_at + 0.5


@defect(
    "operation-kept-an-hour",
    "Operations are forgotten after an hour",
    breaches=("OP-RETAINED",),
    shows="time: 1 h",
)
class _KeptAnHour(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.now() >= operation.ends_at + 3600


@defect(
    "operation-kept-six-days",
    "Operations are forgotten after six days",
    breaches=("OP-RETAINED",),
    shows="time: 6 days",
)
class _KeptSixDays(_PollFails):
    def lost(self, operation: Operation) -> bool:
        return self.now() >= operation.ends_at + 6 * 86_400


@altering(
    "operation-poll-202", "Polls answer 202", breaches=("OP-FETCH",), route="operation", status=200
)
def _poll_202(request: Request, response: Response) -> None:
    response.status = 202


@altering(
    "operation-poll-500",
    "Every fourth poll is a 500",
    breaches=("OP-FETCH",),
    route="operation",
    status=200,
    every=4,
)
def _poll_500(request: Request, response: Response) -> None:
    response.status = 500
    response.document = {"code": 20500, "message": "oops", "more_info": "20500", "status": 500}


altering(
    "operation-status-url-number",
    "statusUrl of the operation is a number now and then",
    breaches=_BODY,
    every=6,
    route="operation",
    status=200,
)(member("statusUrl", 3))


altering(
    "operation-no-created-sometimes",
    "createdAt is missing now and then",
    breaches=_BODY,
    every=7,
    route="operation",
    status=200,
)(without("createdAt"))


@altering(
    "operation-related-other-name",
    "related of the operation names the configuration as configuration_id",
    breaches=("OP-RELATED",),
    route="operation",
    status=200,
)
def _related_otherwise(request: Request, response: Response) -> None:
    sid = (response.document["related"] or {}).get("configurationId")
    member("related", {"configuration_id": sid})(request, response)


@defect(
    "failed-strips-bridge",
    "A delete that FAILED takes the bridge away",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a bridge",
)
class _FailedStrips(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        if fails:
            configuration.members = {
                name: value
                for name, value in configuration.members.items()
                if name != "conversationsV1Bridge"
            }
        return super().begin_delete(request, configuration, fails=fails)
