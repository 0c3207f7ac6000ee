"""Conformant habits of services in real use: what fails half way, what others do meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.conversations import DELETE as CONVERSATION
from orchestrator_contract.mock.errors import Problem, Refused, conflict, internal_error
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, cut, token
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, Configuration, Operation, Partition, World, new_id
from orchestrator_contract.mock.variants.choices import _SecondFails


@variant(
    "error-yet-deleted",
    "Every 12th accepted delete is answered 500 and carried out; a second one gets an operation"
    " that FAILS",
)
class _ErrorYetDeleted(_SecondFails):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status == 202 and self.once_in(12, "error-yet-deleted"):
            return self.refuse(request, internal_error())
        return response


class _FailsSometimes(Behaviour):
    """Base of variants in which one delete of some ends FAILED."""

    every: int

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        found = self.locate(request, request.sid)
        if (
            response.status == 202
            and found is not None
            and found.deletion is not None
            and self.sid_is_new(found.id)
            and self.once_in(self.every, "fails-sometimes")
        ):
            self.fail(found.deletion)
            found.deleted_at = None
        return response

    def sid_is_new(self, sid: str) -> bool:
        """True the first time that it is called with *sid*."""
        return self.tick(("deleted", sid)) == 1


def _fails(name: str, every: int) -> None:
    """Registers a variant in which one delete in *every* ends FAILED, but never a repeated one."""
    text = f"Every {every}th delete ends FAILED, and COMPLETES when it is sent again"
    variant(name, text)(type("Fails", (_FailsSometimes,), {"every": every}))


_fails("fails-sometimes", 12)
_fails("fails-often", 4)


@variant(
    "ends-when-polled",
    "An operation ends when it is asked about for the third time, and never by itself",
)
class _EndsWhenPolled(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        return super().start_operation(
            request, kind, sid, seconds if kind == CONVERSATION else DAY * 365
        )

    def poll(self, request: Request) -> Response:
        operation, now = self.partition(request).operations.get(request.sid or ""), self.now()
        if (
            operation is not None
            and operation.ends_at > now
            and self.tick(("poll", operation.id)) >= 3
        ):
            found = self.partition(request).configurations.get(operation.configuration_id)
            if found is not None and operation.kind == "create":
                found.visible_from = now
            elif found is not None and found.deleted_at == operation.ends_at:
                found.deleted_at = now
            operation.ends_at = now
        return super().poll(request)


@variant(
    "error-begins", "A provoked 500 or 503 has begun a delete: another one is a conflict with it"
)
class _ErrorBegins(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.locate(request, request.sid)
        if fault in ("500", "503") and found is not None and found.reserved_for is None:
            running = self.pending_deletion(found)
            if running is not None:
                raise Refused(conflict(running.id))
            self.begin_delete(request, found)
        return super().fault_response(request, fault)


@variant(
    "error-sometimes",
    "Every 12th delete, create and update is a 500 without effect, and is fine the next time",
)
class _ErrorSometimes(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route in ("delete", "create", "update") and self.once_in(12, "error-sometimes"):
            raise Refused(internal_error())


@variant(
    "one-delete-at-a-time",
    "A delete that comes within 20 ms of another one of its configuration is a 409, whatever"
    " becomes of that",
)
class _OneDeleteAtATime(Behaviour):
    _busy: frozenset[str] = frozenset()

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        sid = request.sid
        if request.route != "delete" or sid is None or self.target_of_delete(request) is None:
            return
        if sid in self._busy:
            raise Refused(conflict(None))
        self._busy |= {sid}
        asyncio.get_running_loop().call_later(0.02, self._free, sid)
        await asyncio.sleep(0.005)

    def _free(self, sid: str) -> None:
        self._busy -= {sid}


@variant(
    "one-operation-at-a-time",
    "While an account's delete runs, deletes of its other configurations are a 409 that names"
    " the operation",
)
class _OneOperationAtATime(Behaviour):
    def rivals(self, request: Request) -> Iterable[Configuration]:
        return self.partition(request).configurations.values()

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        for other in self.rivals(request):
            running = self.pending_deletion(other)
            if running is not None:
                raise Refused(conflict(running.id))
        return super().begin_delete(request, configuration, fails=fails)


@variant(
    "one-operation-anywhere",
    "While a delete runs, deletes of all other configurations, of whatever account and region,"
    " are a 409",
)
class _OneOperationAnywhere(_OneOperationAtATime):
    def rivals(self, request: Request) -> Iterable[Configuration]:
        return [
            one
            for partition in self.world.partitions.values()
            for one in partition.configurations.values()
        ]


@variant(
    "one-operation-first",
    "While an operation of the account runs each delete is a 409, whether there is something to"
    " delete or not",
)
class _OneOperationFirst(Behaviour):
    def delete(self, request: Request) -> Response:
        now = self.now()
        running = next(
            (
                one
                for one in reversed(self.partition(request).operations.values())
                if not one.state(now).terminal
            ),
            None,
        )
        if (
            running is None
            or self.requested_fault(request, self.target_of_delete(request)) is not None
        ):
            return super().delete(request)
        return self.refuse(request, conflict(running.id))


@variant(
    "throttles-each-sid", "A SID takes five deletes in a second; what comes beyond that is a 429"
)
class _ThrottlesEachSid(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._recent: dict[str, deque[float]] = {}

    def throttles(self, request: Request) -> bool:
        if super().throttles(request):
            return True
        if request.route != "delete" or request.sid is None:
            return False
        now = time.monotonic()
        recent = self._recent.setdefault(request.sid, deque(maxlen=5))
        full = len(recent) == recent.maxlen and now - recent[0] < 1.0
        if not full:
            recent.append(now)
        return full


@variant("grouping-refused", "Creates with one of the three grouping types are refused with 400")
class _GroupingRefused(Behaviour):
    def create(self, request: Request) -> Response:
        if b'"GROUP_BY_PARTICIPANT_ADDRESSES"' in request.body:
            return self.refuse(request, Problem(400, 530010, "Not for this account"))
        return super().create(request)


@variant(
    "mismatch-takes-over",
    "A key used with another request starts an operation, and is that request's key from then on",
)
class _MismatchTakesOver(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        return None


@variant("last-page-empty", "A page that holds something always leads on; the last one is empty")
class _LastPageEmpty(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = cut(items, query)
        following = token("a", page.items[-1].number) if page.items else None
        return Page(page.items, page.size, page.previous_token, following)


@variant(
    "pages-of-the-table",
    "Pages of ten are cut before what is deleted is left out: many in a row may hold nothing and"
    " lead on",
)
class _PagesOfTheTable(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        end = query.after + min(query.size, 10)
        shown = [one for one in items if query.after < one.number <= end]
        last = max(
            (
                one.number
                for partition in self.world.partitions.values()
                for one in partition.configurations.values()
            ),
            default=0,
        )
        return Page(shown, query.size, None, token("a", end) if end < last else None)


@variant(
    "listed-late",
    "A new configuration is listed two seconds after its create has COMPLETED, by a fetch it is"
    " shown at once",
)
class _ListedLate(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) and now > configuration.visible_from + 2.0


@variant(
    "shown-late",
    "Reads come from a copy that lags: a new configuration shows up to two seconds after its"
    " create has COMPLETED",
)
class _ShownLate(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(
            configuration, now
        ) and now > configuration.visible_from + self._lag(configuration)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) and now > configuration.visible_from + self._lag(
            configuration
        )

    @staticmethod
    def _lag(configuration: Configuration) -> float:
        return configuration.number % 5 * 0.5


@variant(
    "list-moves",
    "Pages are cut by offset, the newest first, and somebody else's configurations come and go"
    " while it is walked over",
)
class _ListMoves(Behaviour):
    _lists = 0

    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        self._lists += 1
        # Somebody else's come first, now none and then up to three of them.
        strangers = (
            [replace(items[0], id=new_id("conv_configuration")) for _ in range(self._lists % 4)]
            if items
            else []
        )
        shown = [*strangers, *reversed(items)]
        end = query.after + query.size
        following = token("a", end) if end < len(shown) else None
        return Page(shown[query.after : end], query.size, None, following)


@variant(
    "replicas-flicker",
    "Two copies answer reads in turn, and one shows a new configuration 1.5 seconds after its"
    " create has COMPLETED",
)
class _ReplicasFlicker(Behaviour):
    _reads = 0

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        self._reads += request.route in ("fetch", "list")

    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) and self._arrived(configuration, now)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) and self._arrived(configuration, now)

    def _arrived(self, configuration: Configuration, now: float) -> bool:
        return self._reads % 2 == 0 or now > configuration.visible_from + 1.5


@variant(
    "regions-share",
    "All regions have the same configurations and operations, and keys of their own",
)
class _RegionsShare(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.shared: dict[int | None, Partition] = {}

    def partition(self, request: Request) -> Partition:
        own = super().partition(request)
        first = self.shared.setdefault(request.account, own)
        own.configurations, own.operations = first.configurations, first.operations
        return own
