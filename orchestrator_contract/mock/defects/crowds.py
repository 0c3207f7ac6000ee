"""What goes wrong when different requests are under way at once, or when a client has left before its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


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


@defect(
    "race-joined-by-key",
    "Requests under way with one key get one answer, whatever their SIDs",
    breaches=("KEY-REUSE-OTHER-SID", "KEY-CONCURRENT"),
    shows="race: one key on two SIDs within 10 ms",
)
class _JoinedByKey(_Joined):
    pass


@defect(
    "race-joined-over-accounts",
    "Requests under way with one key and one SID get one answer, whatever their accounts",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="race: two accounts within 10 ms",
)
class _JoinedOverAccounts(_Joined):
    def alike(self, request: Request) -> Hashable:
        return request.region, request.path, request.key


@defect(
    "race-joined-without-credentials",
    "A request without credentials gets the answer of one that is under way",
    breaches=("AUTH-MISSING",),
    shows="race: within 10 ms",
)
class _JoinedUnseen(_Joined):
    def alike(self, request: Request) -> Hashable:
        return request.path, request.key

    async def respond(self, request: Request) -> Response:
        if request.method == "DELETE" and request.header(b"authorization") is None:
            request.key = self.read_key(request)
            first = self.running.get(self.alike(request))
            if first is not None:
                return (await first).copy()
        return await super().respond(request)


@defect(
    "key-lost-with-client",
    "A delete whose client has left is carried out, and its key is not stored",
    breaches=("KEY-REPLAY",),
    shows="data: a client that leaves before its answer",
)
class _LostWithClient(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.01)

    def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
        super().delivered(request, response, reached=reached)
        if not reached and request.key is not None:
            self.entries.pop(self.key_scope(request, request.key), None)
