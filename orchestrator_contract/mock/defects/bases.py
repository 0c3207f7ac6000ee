"""Base classes and helpers that defects of several sections share."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, World

STRAY = "conv_operation_7strayoperation00000000000"


class _AfterRefusal(Behaviour):
    """Base of defects that show on what was refused with 429 before."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.refused: set[str] = set()

    def fault_response(self, request: Request, fault: str) -> Response:
        if fault == "429":
            self.refused.add(request.key or "")
        return super().fault_response(request, fault)


class _Elsewhere(Behaviour):
    """Base of defects of one account or region: what they spoil is right at home."""

    account = 2
    region = 0

    def away(self, one: Configuration | Request) -> bool:
        """Whether this is where the defect shows."""
        return one.account == self.account if self.account else one.region == self.region


def _failed(configuration: Configuration | None) -> bool:
    return (
        configuration is not None
        and configuration.deletion is not None
        and configuration.deletion.outcome is State.FAILED
    )


HOUR = 3600.0


class _Lagging(Behaviour):
    """Base of defects where the first request of a connection meets a copy that is *lag* seconds behind."""

    lag = 0.25

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._met: set[int] = set()
        self._behind = False

    async def respond(self, request: Request) -> Response:
        self._behind = request.connection not in self._met
        self._met.add(request.connection)
        return await super().respond(request)

    def still_there(self, found: Configuration | None) -> bool:
        """Whether the copy that answers this request has not heard yet of the end of *found*."""
        deleted_at = found.deleted_at if found is not None else None
        return (
            self._behind
            and deleted_at is not None
            and deleted_at <= self.now() < deleted_at + self.lag
        )


class _KeptForAll(Behaviour):
    """Base of defects where what one was answered is given to whoever asks for the same address next, for 0.3 seconds."""

    routes: tuple[str, ...] = ()

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._kept: dict[tuple[int, bytes, bytes], tuple[float, Response]] = {}

    def takes(self, request: Request, response: Response) -> bool:
        """Whether this answer is kept."""
        return response.status == 200

    def gives(self, request: Request) -> bool:
        """Whether this request is given what was kept."""
        return self.account_of(request) is None

    async def handle(self, request: Request) -> Response:
        address = request.region, request.path, request.query
        kept = self._kept.get(address)
        if (
            request.method == "GET"
            and kept is not None
            and self.now() < kept[0] + 0.3
            and self.gives(request)
        ):
            return kept[1].copy()
        response = await super().handle(request)
        if request.route in self.routes and self.takes(request, response):
            self._kept[address] = self.now(), response.copy()
        return response


CORNER = (2, 1)


def cornered(one: Configuration | Request) -> bool:
    """Whether this is of the second account in the second region."""
    return (one.account, one.region) == CORNER


class _Joined(Behaviour):
    """Base of defects where a request joins another that is under way, and gets its answer."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.running: dict[Hashable, asyncio.Future[Response]] = {}

    def alike(self, request: Request) -> Hashable:
        """What is taken for the same request."""
        return request.account, request.region, request.key

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.01)

    async def once(self, request: Request, perform: Perform) -> Response:
        request.key = self.read_key(request)
        if request.key is None or request.route != "delete":
            return await super().once(request, perform)
        first = self.running.get(self.alike(request))
        if first is not None:
            return (await first).copy()
        mine = self.running[self.alike(request)] = asyncio.get_running_loop().create_future()
        try:
            response = await super().once(request, perform)
            mine.set_result(response.copy())
            return response
        finally:
            mine.cancel()
            del self.running[self.alike(request)]


def _html(request: Request, response: Response) -> None:
    response.set("content-type", "text/html")
    response.body = b"<!doctype html><title>Error</title><h1>Something went wrong</h1>"


def _ended_failed(configuration: Configuration, now: float) -> bool:
    """Whether the last delete of *configuration* has ended FAILED."""
    return configuration.deletion is not None and configuration.deletion.state(now) is State.FAILED


class _Remembers(Behaviour):
    """Base of defects that go by what a key met before."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.met: dict[str, int] = {}


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


def vanish(behaviour: Behaviour, configuration: Configuration | None, seconds: float = 0.0) -> None:
    """Lets *configuration* be gone in *seconds*, with no operation; reserved ones stay."""
    if (
        configuration is not None
        and configuration.reserved_for is None
        and configuration.deleted_at is None
    ):
        configuration.deleted_at = behaviour.now() + seconds
