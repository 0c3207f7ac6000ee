"""Defects of the OP section: a FAILED operation has an effect."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, delete_silently, failed, failing
from orchestrator_contract.mock.errors import unknown_configuration
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, Operation, State

_FAILED_DATA = "data: failed operations"
_NO_EFFECT = ("OP-FAILED-NO-EFFECT",)


@defect(
    "failed-delete-deletes",
    "A failed delete deletes the configuration {}",
    case("", "at the end of its operation"),
    case("700-ms", "0.7 s later", "time: 0.7 s after the end", after=0.7),
    case("20-hours", "20 hours later", "time: 20 h after FAILED", after=20 * HOUR),
    case("60-hours", "60 hours later", "time: 60 h after FAILED", after=60 * HOUR),
    case(
        "second-failure",
        "at its second failure",
        "data: a second delete that FAILS",
        applies=lambda request, failed_before: failed_before,
    ),
    case(
        "without-key",
        "if it has no key",
        "data: a delete without a key that FAILS",
        applies=lambda request, failed_before: request.key is None,
    ),
    breaches=_NO_EFFECT,
)
class _FailedDeletes(Behaviour):
    after = 0.0
    applies: Callable[[Request, bool], bool] = staticmethod(lambda request, failed_before: True)

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        before = failed(configuration, self.now())
        operation = super().begin_delete(request, configuration, fails=fails)
        if fails and configuration.reserved_for is None and self.applies(request, before):
            configuration.deleted_at = operation.ends_at + self.after
        return operation


@defect(
    "failed-delete-second-deletes",
    "A second delete that gets a {} deletes the configuration although the first one fails",
    case("409", status=409),
    case("404", status=404),
    breaches=_NO_EFFECT,
    shows="data: a second delete while one runs that ends FAILED",
)
class _SecondDeletes(Behaviour):
    status: int

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if running.outcome is State.FAILED:
            delete_silently(self, configuration, running.ends_at - self.now())
        response = super().second_delete(request, configuration, running)
        return response if self.status == 409 else self.refuse(request, unknown_configuration())


@defect(
    "failed-delete-changes",
    "A failed delete {}",
    case(
        "bridge",
        "removes conversationsV1Bridge",
        "data: a bridge",
        change=lambda members: members.pop("conversationsV1Bridge", None),
    ),
    case(
        "channels",
        "removes channelSettings",
        "data: channelSettings",
        change=lambda members: members.pop("channelSettings", None),
    ),
    case(
        "description",
        "empties the description",
        _FAILED_DATA,
        change=lambda members: members.update(description=""),
    ),
    case(
        "description-entities",
        "resolves character references in the description",
        "data: a description with markup",
        change=lambda members: members.update(
            description=html.unescape(str(members["description"]))
        ),
    ),
    breaches=_NO_EFFECT,
)
class _FailedChanges(Behaviour):
    change: Callable[[dict[str, Any]], object]

    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if failing(configuration):
            configuration.members = dict(configuration.members)
            self.change(configuration.members)


@defect(
    "failed-delete-404",
    "A delete after a failed one gets a 404",
    breaches=_NO_EFFECT,
    shows="data: a second delete after FAILED",
)
class _FailedThen404(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        lost = found is not None and found.reserved_for is None and failing(found)
        return None if lost else found


@defect(
    "failed-delete-unlisted",
    "The list lacks a configuration whose delete failed",
    breaches=_NO_EFFECT,
    shows="data: after FAILED",
)
class _FailedUnlisted(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return not failed(configuration, now) and super().listed(configuration, now)
