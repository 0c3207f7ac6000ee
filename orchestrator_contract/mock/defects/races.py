"""What goes wrong only when several requests are under way at once."""

from __future__ import annotations

import asyncio

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


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


class _Crowd(Behaviour):
    """Base of defects that need requests at the same time; counts those under way."""

    linger = 0.01
    under_way = 0
    most = 0

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route != "delete":
            return
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.linger)
        finally:
            self.under_way -= 1

    def crowd(self) -> int:
        """How many other deletes are under way right now."""
        return self.under_way


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
    "race-crowd-502",
    "With more than five deletes under way one is a 502",
    breaches=("DEL-STATUS",),
    shows="race: six at once",
)
class _Crowd502(_Crowd):
    def delete(self, request: Request) -> Response:
        if self.crowd() > 4:
            return self.refuse(request, Problem(502, 20500, "Bad gateway"))
        return super().delete(request)


@defect(
    "race-crowd-silence",
    "With more than five deletes under way one gets no answer",
    breaches=("HTTP-COMPLETE",),
    shows="race: six at once",
)
class _CrowdSilence(_Crowd):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        response.drop = self.crowd() > 4
        return response


@defect(
    "race-crowd-html",
    "With more than five deletes under way the answer is a page of HTML",
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON"),
    shows="race: six at once",
)
class _CrowdHtml(_Crowd):
    def delete(self, request: Request) -> Response:
        if self.crowd() > 4:
            return Response(
                503, [(b"content-type", b"text/html"), (b"retry-after", b"1")], b"<h1>Busy</h1>"
            )
        return super().delete(request)


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


class _BackWhileBusy(Behaviour):
    """Base of defects where what is gone is back while another delete of its account runs."""

    def busy(self, configuration: Configuration, now: float) -> bool:
        """Whether this is gone and another delete runs; deletes that end together do not bring each other back."""
        partition = self.world.partition(configuration.account, configuration.region)
        ended = configuration.deleted_at is not None and now > configuration.deleted_at + 0.5
        return ended and any(
            o.kind == "delete" and not o.state(now).terminal for o in partition.operations.values()
        )


@defect(
    "race-gone-listed",
    "While a delete is pending the list holds what was deleted before",
    breaches=("DELETED-LIST",),
    shows="race: a list while another is pending",
)
class _GoneListedWhileBusy(_BackWhileBusy):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) or self.busy(configuration, now)


@defect(
    "race-gone-fetched",
    "While a delete is pending what was deleted before can be fetched",
    breaches=("DELETED-FETCH",),
    shows="race: a fetch while another is pending",
)
class _GoneFetchedWhileBusy(_BackWhileBusy):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) or self.busy(configuration, now)


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
