"""A delete that comes while an update of its configuration runs."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import Refused, conflict
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


class _WhileUpdating(Behaviour):
    """Base of defects where a delete comes while an update of its configuration runs."""

    def updating(self, configuration: Configuration) -> Operation | None:
        """The running update of *configuration*, or None."""
        partition, now = (
            self.world.partition(configuration.account, configuration.region),
            self.now(),
        )
        running = (
            one
            for one in reversed(partition.operations.values())
            if one.kind == "update" and not one.state(now).terminal
        )
        return next((one for one in running if one.configuration_id == configuration.id), None)


@defect(
    "race-delete-in-update-idle",
    "A delete while an update is pending COMPLETES and deletes nothing",
    breaches=("CONC-LINEARIZABLE",),
    shows="race: a delete while an update is pending",
)
class _IdleWhileUpdating(_WhileUpdating):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        updating = self.updating(configuration)
        operation = super().begin_delete(request, configuration, fails=fails)
        if updating is not None:
            configuration.deleted_at = None
        return operation


@defect(
    "race-delete-in-update-409-deletes-later",
    "A delete while an update is pending answers 409, and is carried out 0.3 s later",
    breaches=("CONC-LINEARIZABLE",),
    shows="race: a delete while an update is pending",
)
class _QueuedWhileUpdating(_WhileUpdating):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        updating = self.updating(configuration)
        if updating is not None:
            vanish(self, configuration, 0.3)
            raise Refused(conflict(updating.id))
        return super().begin_delete(request, configuration, fails=fails)


@defect(
    "race-delete-in-update-409-strips",
    "A delete while an update is pending answers 409 and takes the callbacks away",
    breaches=("CONC-LINEARIZABLE",),
    shows="race: a delete while an update is pending",
)
class _StrippedWhileUpdating(_WhileUpdating):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        updating = self.updating(configuration)
        if updating is not None:
            configuration.members = {
                name: value
                for name, value in configuration.members.items()
                if name != "statusCallbacks"
            }
            raise Refused(conflict(updating.id))
        return super().begin_delete(request, configuration, fails=fails)
