"""Defects that show after a certain history only: the steps must be generated."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


@defect(
    "history-failed-updated-key-forgotten",
    "The key of a delete that FAILED is not recognised once the configuration was updated",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: a delete that FAILED, an update, the first key",
)
class _KeyForgotten(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.locate(request, request.sid) if request.route == "delete" else None
        failed = found is not None and self._failed_before_update(found)
        return None if failed else super().look_up(request, scope)

    def _failed_before_update(self, configuration: Configuration) -> bool:
        last = configuration.deletion
        ended = last is not None and last.state(self.now()) is State.FAILED
        return last is not None and ended and configuration.updated_at > last.created_at


@defect(
    "history-patched-then-put-kept",
    "The delete of a configuration whose last two updates were a PATCH and a PUT deletes nothing",
    breaches=("DELETED-FETCH", "DELETED-LIST", "DELETED-DELETE"),
    shows="data: a PATCH, then a PUT, then a delete",
)
class _PatchedThenPut(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 202:
            self.memory.setdefault(("updates", request.sid), []).append(request.method)
        return response

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.memory.get(("updates", configuration.id), [])[-2:] == ["PATCH", "PUT"]:
            configuration.deleted_at = None
        return operation


@defect(
    "history-conflict-key-accepted-later",
    "A key whose delete was a conflict is accepted when it comes again after the end",
    breaches=("DELETED-DELETE",),
    shows="data: a key that met a conflict, again after the end",
)
class _ConflictKey(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key is not None:
            self.memory["conflict", request.account, request.key, configuration.id] = running
        return super().second_delete(request, configuration, running)

    def not_found(self, request: Request) -> Response:
        at = "conflict", request.account, request.key, request.sid
        if request.route != "delete" or at not in self.memory:
            return super().not_found(request)
        return self.accepted(request, self.start_operation(request, "delete", request.sid or "", 0))


@defect(
    "history-changed-by-another-listed",
    "A configuration that another account tried to update is listed after its own account's delete",
    breaches=("DELETED-LIST",),
    shows="data: another account's update before the own delete",
)
class _ChangedByAnother(Behaviour):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid, request.region)
        if request.route == "update" and found is not None and found.account != request.account:
            self.memory["changed", found.id] = True
        return super().not_found(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        kept = ("changed", configuration.id) in self.memory and now >= configuration.visible_from
        return kept or super().listed(configuration, now)
