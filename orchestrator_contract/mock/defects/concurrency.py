"""Defects against CONC."""

from __future__ import annotations

import asyncio

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import vanish
from orchestrator_contract.mock.errors import Problem, Refused, conflict
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


@defect(
    "race-list-thinned",
    "While a delete runs the list leaves out the one created before",
    breaches=("CONC-LINEARIZABLE",),
    shows="race: a list beside a delete",
)
class _ListThinned(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        partition = self.world.partitions[
            configuration.account, configuration.region
        ].configurations.values()
        beside = any(
            o.number == configuration.number + 1 and self.pending_deletion(o) for o in partition
        )
        return not beside and super().listed(configuration, now)


@defect(
    "race-create-answers-delete",
    "A delete within 30 ms of a create gets the create's 202",
    breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED"),
    shows="race: within 30 ms of a create",
)
class _CreateAnswers(Behaviour):
    newest: Response | None = None
    at = 0.0

    def create(self, request: Request) -> Response:
        response = super().create(request)
        self.newest, self.at = response, self.now()
        return response

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        crossed = response.status == 202 and self.newest is not None and self.now() - self.at < 0.03
        return self.newest.copy() if crossed and self.newest is not None else response


@defect(
    "race-create-related-null",
    "A delete within 30 ms of a create gets the create's 202, which does not say of what it is",
    breaches=("CONC-OWN-RESPONSE",),
    shows="race: within 30 ms of a create",
)
class _CreateAnswersNamelessly(_CreateAnswers):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route in ("create", "delete") and response.status == 202:
            response.document = {**response.document, "related": None}
        return response


class Crossing(Behaviour):
    """Accepted calls at the same time get each other's answer; where several kinds are named, two of different kinds do."""

    kinds: tuple[str, ...] = ("delete",)
    waiting: tuple[str, Response, asyncio.Event] | None = None

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route not in self.kinds or response.status != 202 or request.replayed:
            return response
        if self.waiting is not None and (self.waiting[0] != request.route or len(self.kinds) == 1):
            _, other, met = self.waiting
            self.waiting = None
            swapped = other.copy()
            other.headers, other.body = response.headers, response.body
            met.set()
            return swapped
        met = asyncio.Event()
        self.waiting = (request.route, response, met)
        try:
            await asyncio.wait_for(met.wait(), 0.01)
        except TimeoutError:
            if self.waiting is not None and self.waiting[1] is response:
                self.waiting = None
        return response


@defect(
    "race-create-crossed",
    "A create and a delete at the same time get each other's answer",
    breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED"),
    shows="race: within 10 ms",
)
class _Crossed(Crossing):
    kinds = ("create", "delete")


defect(
    "race-answers-crossed",
    "Deletes at the same time get each other's answer",
    breaches=("CONC-OWN-RESPONSE",),
    shows="race: within 10 ms",
)(Crossing)


@defect(
    "race-one-operation",
    "Deletes of several SIDs within 5 ms share the first one's operation",
    breaches=("CONC-OWN-RESPONSE", "DEL-202-OWN-OPERATION"),
    shows="race: within 5 ms",
)
class _OneOperation(Behaviour):
    last: Operation | None = None

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        found = self.locate(request, request.sid)
        if response.status != 202 or found is None or found.deletion is None:
            return response
        if self.last is not None and self.now() - self.last.created_at < 0.005:
            return self.accepted(request, self.last)
        self.last = found.deletion
        return response


@defect(
    "race-deletion-lost",
    "Of many deletes at once each fifth does not happen",
    breaches=("CONC-OWN-RESPONSE",),
    shows="race: four others pending, 1 in 5",
)
class _Lost(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        partition, now = self.partition(request), self.now()
        pending = sum(
            now < one.ends_at and one.kind == "delete" for one in partition.operations.values()
        )
        if pending > 4 and self.once_in(5, "crowd"):
            configuration.deleted_at = None
        return operation


@defect(
    "race-one-sid-423",
    "Deletes of one SID at once: the losers get 423",
    breaches=("CONC-ONE-SID", "DEL-STATUS"),
    shows="race: one SID within 50 ms",
)
class _Locked(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if self.now() - running.created_at < 0.05:
            return self.refuse(request, Problem(423, 530008, "The configuration is locked"))
        return super().second_delete(request, configuration, running)


@defect(
    "race-one-sid-survives",
    "Deletes of one SID at once undo each other",
    breaches=("CONC-ONE-SID",),
    shows="race: one SID within 50 ms",
)
class _Survives(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if self.now() - running.created_at < 0.05:
            configuration.deleted_at = None
        return super().second_delete(request, configuration, running)


@defect(
    "race-one-sid-twice",
    "Deletes of one SID at once are all accepted and all complete",
    breaches=("CONC-ONE-COMPLETED",),
    shows="race: one SID within 50 ms",
)
class _Twice(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if self.now() - running.created_at < 0.05:
            return self.accepted(request, self.begin_delete(request, configuration))
        return super().second_delete(request, configuration, running)


@defect(
    "race-update-rescues",
    "An update while the delete is pending keeps the configuration, yet COMPLETED",
    breaches=("CONC-LINEARIZABLE", "DELETED-FETCH"),
    shows="race: an update while pending",
)
class _Rescues(Behaviour):
    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        running = self.pending_deletion(found) if found is not None else None
        if found is None or running is None:
            return super().update(request)
        found.deletion = None
        response = super().update(request)
        if response.status == 202:
            found.deleted_at = None
        else:
            found.deletion = running
        return response


@defect(
    "race-late-update-rescues",
    "An update from 5 ms after the 202 on keeps the configuration, yet COMPLETED",
    breaches=("CONC-LINEARIZABLE", "DELETED-FETCH"),
    shows="race: an update while pending, 5 ms after the 202",
)
class _RescuesLate(_Rescues):
    delay = 0.005

    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        running = self.pending_deletion(found) if found is not None else None
        late = running is not None and self.now() - running.created_at > self.delay
        return super().update(request) if late else Behaviour.update(self, request)


@defect(
    "race-list-doubles",
    "A list while a delete is pending holds a configuration twice",
    breaches=("CONC-LINEARIZABLE", "CTRL-PAGINATION"),
    shows="race: a list while pending",
)
class _ListDoubles(Behaviour):
    def list_page(self, request: Request) -> Response:
        response = super().list_page(request)
        now = self.now()
        if any(
            now < one.ends_at and one.kind == "delete"
            for one in self.partition(request).operations.values()
        ):
            document = response.document
            document["configurations"] += document["configurations"][-1:]
            response.document = document
        return response


@defect(
    "race-neighbour-hidden",
    "While a delete is pending the next configuration cannot be fetched",
    breaches=("CONC-LINEARIZABLE", "CTRL-READ-AFTER-CREATE"),
    shows="race: a read while another is pending",
)
class _NeighbourHidden(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        partition = self.world.partition(configuration.account, configuration.region)
        hidden = any(
            one.number == configuration.number - 1 and self.pending_deletion(one) is not None
            for one in partition.configurations.values()
        )
        return super().fetchable(configuration, now) and not hidden


@defect(
    "race-429-cancels",
    "A 429 to a second delete keeps the configuration, yet the first COMPLETED",
    breaches=("CONC-ONE-SID", "DELETED-FETCH"),
    shows="race: a 429 while pending",
)
class _ThrottledCancels(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None and self.pending_deletion(found) is not None:
            found.deleted_at = None
        return super().fault_response(request, fault)


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
