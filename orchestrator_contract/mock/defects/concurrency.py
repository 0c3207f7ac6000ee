"""Defects of the CONC section: concurrent deletes, and calls while a delete or update runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import delete_silently
from orchestrator_contract.mock.errors import Problem, Refused, conflict
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, Operation

_OWN_RESPONSE = ("CONC-OWN-RESPONSE",)
_ONE_SID = ("CONC-ONE-SID",)
_LINEARIZABLE = ("CONC-LINEARIZABLE",)


# -- concurrent deletes of several configurations ---------------------------------------------


@defect(
    "concurrent-responses-swapped",
    "Concurrent {} get each other's response",
    case("deletes"),
    case(
        "create-and-delete",
        "creates and deletes",
        breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED"),
        routes=("create", "delete"),
    ),
    breaches=_OWN_RESPONSE,
    shows="race: within 10 ms",
)
class _Swapped(Behaviour):
    routes: tuple[str, ...] = ("delete",)
    #: The route and response of the call that waits for another one.
    waiting: tuple[str, Response, asyncio.Event] | None = None

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route not in self.routes or response.status != 202 or request.replayed:
            return response
        if self.waiting is not None and (self.waiting[0] != request.route or len(self.routes) == 1):
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
    "concurrent-create-response",
    "A delete within 30 ms of a create gets the create's response{}",
    case("", " with its SID", breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED")),
    case("related-null", " with related null", null_related=True),
    breaches=_OWN_RESPONSE,
    shows="race: within 30 ms of a create",
)
class _CreateResponse(Behaviour):
    newest: Response | None = None
    created_at = 0.0
    null_related = False

    def create(self, request: Request) -> Response:
        response = super().create(request)
        self.newest, self.created_at = response, self.now()
        return response

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status != 202 or self.newest is None or self.now() - self.created_at >= 0.03:
            return response
        return self.newest.copy()

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        accepted = request.route in ("create", "delete") and response.status == 202
        if accepted and self.null_related:
            response.document = {**response.document, "related": None}
        return response


@defect(
    "concurrent-deletes-one-operation",
    "Deletes of several SIDs within 5 ms get the operation of the first one",
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
    "concurrent-deletes-lost",
    "One in five of more than four concurrent deletes deletes nothing",
    breaches=_OWN_RESPONSE,
    shows="race: four others pending, 1 in 5",
)
class _Lost(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        operations, now = self.partition(request).operations.values(), self.now()
        pending = sum(now < one.ends_at and one.kind == "delete" for one in operations)
        if pending > 4 and self.once_in(5, "lost"):
            configuration.deleted_at = None


# -- concurrent deletes of one configuration --------------------------------------------------


@defect(
    "concurrent-deletes-of-sid",
    "{}",
    case(
        "423",
        "All but the first of concurrent deletes of one SID get a 423",
        breaches=("CONC-ONE-SID", "DEL-STATUS"),
        to=lambda mock, request, found: mock.refuse(
            request, Problem(423, 530008, "The configuration is locked")
        ),
    ),
    case(
        "kept",
        "Concurrent deletes of one SID delete nothing",
        to=lambda mock, request, found: setattr(found, "deleted_at", None),
    ),
    case(
        "completed",
        "Concurrent deletes of one SID are all COMPLETED",
        breaches=("CONC-ONE-COMPLETED",),
        to=lambda mock, request, found: mock.accepted(request, mock.begin_delete(request, found)),
    ),
    breaches=_ONE_SID,
    shows="race: one SID within 50 ms",
)
class _OneSid(Behaviour):
    #: None answers as usual.
    to: Callable[[Behaviour, Request, Configuration], Response | None]

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        concurrent = self.now() - running.created_at < 0.05
        response = self.to(self, request, configuration) if concurrent else None
        return response or super().second_delete(request, configuration, running)


@defect(
    "concurrent-429-cancels",
    "A 429 to a second delete makes the first one delete nothing",
    breaches=("CONC-ONE-SID", "DELETED-FETCH"),
    shows="race: a 429 while pending",
)
class _Cancelled(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None and self.pending_deletion(found) is not None:
            found.deleted_at = None
        return super().fault_response(request, fault)


# -- updates and reads while a delete runs ----------------------------------------------------


@defect(
    "update-while-deleting-keeps",
    "An update {} makes the delete delete nothing",
    case("", "while a delete runs", "race: an update while pending"),
    case(
        "5-ms",
        "while a delete runs, 5 ms after its 202,",
        "race: an update while pending, 5 ms after the 202",
        after=0.005,
    ),
    breaches=("CONC-LINEARIZABLE", "DELETED-FETCH"),
)
class _UpdateKeeps(Behaviour):
    after = float("-inf")

    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        running = self.pending_deletion(found) if found is not None else None
        if found is None or running is None or self.now() - running.created_at <= self.after:
            return super().update(request)
        found.deletion = None
        response = super().update(request)
        if response.status == 202:
            found.deleted_at = None
        else:
            found.deletion = running
        return response


@defect(
    "list-while-deleting-duplicates",
    "The list holds a configuration twice while a delete runs",
    breaches=("CONC-LINEARIZABLE", "CTRL-PAGINATION"),
    shows="race: a list while pending",
)
class _Duplicates(Behaviour):
    def list_page(self, request: Request) -> Response:
        response = super().list_page(request)
        operations, now = self.partition(request).operations.values(), self.now()
        if any(now < one.ends_at and one.kind == "delete" for one in operations):
            document = response.document
            document["configurations"] += document["configurations"][-1:]
            response.document = document
        return response


class _Neighbours(Behaviour):
    """Base of defects where a running delete hides the configuration created before or after."""

    def neighbour_is_deleted(self, configuration: Configuration, distance: int) -> bool:
        """True if the configuration created *distance* later is being deleted."""
        partition = self.world.partition(configuration.account, configuration.region)
        return any(
            one.number == configuration.number + distance and self.pending_deletion(one) is not None
            for one in partition.configurations.values()
        )


@defect(
    "list-while-deleting-misses",
    "The list lacks the configuration created before one that is being deleted",
    breaches=_LINEARIZABLE,
    shows="race: a list while pending",
)
class _ListMisses(_Neighbours):
    def listed(self, configuration: Configuration, now: float) -> bool:
        hidden = self.neighbour_is_deleted(configuration, 1)
        return super().listed(configuration, now) and not hidden


@defect(
    "fetch-while-deleting-misses",
    "A fetch misses the configuration created after one that is being deleted",
    breaches=("CONC-LINEARIZABLE", "CTRL-READ-AFTER-CREATE"),
    shows="race: a read while another is pending",
)
class _FetchMisses(_Neighbours):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        hidden = self.neighbour_is_deleted(configuration, -1)
        return super().fetchable(configuration, now) and not hidden


# -- a delete while an update runs ------------------------------------------------------------


class _DeleteWhileUpdating(Behaviour):
    """Base of defects of a delete while an update of its configuration runs."""

    def updating(self, configuration: Configuration) -> Operation | None:
        """The running update of *configuration*, or None."""
        operations = self.world.partition(configuration.account, configuration.region).operations
        for one in reversed(operations.values()):
            updates = one.kind == "update" and one.configuration_id == configuration.id
            if updates and not one.state(self.now()).terminal:
                return one
        return None


@defect(
    "delete-while-updating-kept",
    "A COMPLETED delete deletes nothing if an update was running",
    breaches=_LINEARIZABLE,
    shows="race: a delete while an update is pending",
)
class _Kept(_DeleteWhileUpdating):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if self.updating(configuration) is not None:
            configuration.deleted_at = None


@defect(
    "delete-while-updating-409",
    "A delete while an update runs gets a 409 and {}",
    case(
        "deletes", "deletes after 0.3 s", to=lambda mock, found: delete_silently(mock, found, 0.3)
    ),
    case(
        "strips",
        "removes the statusCallbacks",
        to=lambda mock, found: found.members.pop("statusCallbacks", None),
    ),
    breaches=_LINEARIZABLE,
    shows="race: a delete while an update is pending",
)
class _Conflict(_DeleteWhileUpdating):
    to: Callable[[Behaviour, Configuration], object]

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        updating = self.updating(configuration)
        if updating is None:
            return super().begin_delete(request, configuration, fails=fails)
        configuration.members = dict(configuration.members)
        self.to(self, configuration)
        raise Refused(conflict(updating.id))
