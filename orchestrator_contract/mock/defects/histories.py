"""Faults that depend on what a configuration or an operation has been through: updates, a delete that failed, many polls."""

from __future__ import annotations

import asyncio
import html
from collections import Counter
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import unknown_configuration, unknown_operation
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World


def _failed(configuration: Configuration, now: float) -> bool:
    """Whether the last delete of *configuration* has ended FAILED."""
    return configuration.deletion is not None and configuration.deletion.state(now) is State.FAILED


class _Anybodys(Behaviour):
    """Base of defects where configurations with a certain history are everybody's to delete."""

    def exposed(self, configuration: Configuration) -> bool:
        """Whether the history of *configuration* is such a one."""
        return configuration.version > 1

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is None and sid and request.route == "delete":
            found = self.world.find(sid, request.region)
            return found if found is not None and self.exposed(found) else None
        return found


@defect(
    "auth-account-deletes-updated",
    "Another account's configuration is deleted like one's own once it was updated",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, after an update",
)
class _AnybodysUpdated(_Anybodys):
    pass


@defect(
    "auth-account-deletes-failed",
    "Another account's configuration is deleted like one's own once a delete of it FAILED",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, after FAILED",
)
class _AnybodysFailed(_Anybodys):
    def exposed(self, configuration: Configuration) -> bool:
        return _failed(configuration, self.now())


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
        before = _failed(configuration, self.now())
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


@defect(
    "failed-429-deletes",
    "A delete answered 429 takes a configuration away whose delete FAILED before",
    breaches=("ERR-429-NO-EFFECT",),
    shows="data: a 429 after FAILED",
)
class _ThrottledAfterFailed(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None and _failed(found, self.now()):
            vanish(self, found)
        return super().fault_response(request, fault)


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


class _UpdateAfterFailed(Behaviour):
    """Base of defects where an update of what was not deleted deletes it."""

    methods: tuple[str, ...] = ("PUT", "PATCH")

    def update(self, request: Request) -> Response:
        response = super().update(request)
        found = self.locate(request, request.sid)
        if (
            response.status == 202
            and request.method in self.methods
            and found is not None
            and _failed(found, self.now())
        ):
            vanish(self, found, self.settings.create_seconds)
        return response


@defect(
    "failed-patch-deletes",
    "After a delete FAILED a PATCH ends with the configuration gone",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="data: a PATCH after FAILED",
)
class _PatchAfterFailed(_UpdateAfterFailed):
    methods = ("PATCH",)


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
