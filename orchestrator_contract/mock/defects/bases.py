"""Base classes and helpers that defects of several sections share."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any
from urllib.parse import parse_qs

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.idempotency import Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import DEFAULT_SIZE
from orchestrator_contract.mock.state import Configuration, State

HOUR = 3600.0
#: Ids of a well-formed pattern that name nothing.
OTHER_OPERATION = "conv_operation_7unrelatedoperation0000000"
OTHER_CONFIGURATION = "conv_configuration_7unrelated0000000000000000"
#: Attributes of a case that is limited to an account or a region.
SECOND_ACCOUNT: dict[str, Any] = {"account": 2, "shows": "data: another account"}
SECOND_REGION: dict[str, Any] = {"region": 1, "shows": "data: another region"}
SECOND_ACCOUNT_AND_REGION: dict[str, Any] = {
    "account": 2,
    "region": 1,
    "shows": "data: another account in another region",
}


def delete_silently(
    mock: Behaviour, configuration: Configuration | None, seconds: float = 0.0
) -> None:
    """Deletes *configuration* in *seconds* without an operation; reserved ones are kept."""
    if (
        configuration is not None
        and configuration.reserved_for is None
        and configuration.deleted_at is None
    ):
        configuration.deleted_at = mock.now() + seconds


def deleted() -> Problem:
    """A 410: the configuration existed."""
    return Problem(410, 530007, "The configuration is deleted")


def failing(configuration: Configuration | None) -> bool:
    """True if the last delete of *configuration* ends FAILED, now or later."""
    deletion = configuration.deletion if configuration is not None else None
    return deletion is not None and deletion.outcome is State.FAILED


def failed(configuration: Configuration | None, now: float) -> bool:
    """True if the last delete of *configuration* has ended FAILED."""
    deletion = configuration.deletion if configuration is not None else None
    return deletion is not None and deletion.state(now) is State.FAILED


def scope_and_name(configuration: Configuration) -> tuple[object, ...]:
    """Equal for configurations of one displayName in one account and region."""
    return configuration.account, configuration.region, configuration.members["displayName"]


def beyond_first_page(mock: Behaviour, configuration: Configuration | None) -> bool:
    """True if the list shows *configuration* beyond its first default page."""
    if configuration is None:
        return False
    partition = mock.world.partition(configuration.account, configuration.region)
    before = sum(
        one.number < configuration.number and mock.listed(one, mock.now())
        for one in partition.configurations.values()
    )
    return before >= DEFAULT_SIZE


def page_token(request: Request) -> str:
    """The page token of a list request; empty if it has none."""
    query = parse_qs(request.query.decode("latin-1"), encoding="latin-1")
    return query.get("pageToken", [""])[-1]


class Scoped(Behaviour):
    """Base of defects that are limited to an account, a region or both."""

    account: int | None = None
    region: int | None = None

    def in_scope(self, one: Configuration | Request) -> bool:
        """True if *one* belongs to the account and region."""
        return self.account in (None, one.account) and self.region in (None, one.region)


class StaleReplica(Behaviour):
    """Base of defects where a connection's first request reads a replica that is *lag* s behind."""

    lag = 0.25
    stale = False

    async def respond(self, request: Request) -> Response:
        self.stale = ("connection", request.connection) not in self.memory
        self.memory["connection", request.connection] = True
        return await super().respond(request)

    def still_exists(self, configuration: Configuration | None) -> bool:
        """True if the replica has not seen the deletion of *configuration* yet."""
        deleted_at = configuration.deleted_at if configuration is not None else None
        lagging = deleted_at is not None and deleted_at <= self.now() < deleted_at + self.lag
        return self.stale and lagging


class CachedReads(Behaviour):
    """Base of defects where a read's response is cached by URL for 0.3 s."""

    cached = "fetch"

    def cacheable(self, request: Request, response: Response) -> bool:
        """True if the response is cached."""
        return response.status == 200

    def served(self, request: Request) -> bool:
        """True if the request gets the cached response."""
        return self.account_of(request) is None

    async def handle(self, request: Request) -> Response:
        url = ("cached", request.region, request.path, request.query)
        stored_at, stored = self.memory.get(url, (0.0, None))
        fresh = request.method == "GET" and self.now() < stored_at + 0.3
        if stored is not None and fresh and self.served(request):
            copy: Response = stored.copy()
            return copy
        response = await super().handle(request)
        if request.route == self.cached and self.cacheable(request, response):
            self.memory[url] = self.now(), response.copy()
        return response


class ManyDeletes(Behaviour):
    """Base of defects of concurrent deletes; each delete waits 10 ms before its handler."""

    others = 0

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route != "delete":
            return
        self.others += 1
        try:
            await asyncio.sleep(0.01)
        finally:
            self.others -= 1


class SharedResponse(Behaviour):
    """Base of defects where concurrent deletes of one *group* share a response."""

    def group(self, request: Request) -> Hashable:
        """Equal for requests that share a response."""
        return request.account, request.region, request.key

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.01)

    async def shared(self, request: Request) -> Response | None:
        """The response to the first of the group that is in progress, or None."""
        first = self.memory.get(("in progress", self.group(request)))
        return (await first).copy() if first is not None else None

    async def once(self, request: Request, perform: Perform) -> Response:
        request.key = self.read_key(request)
        if request.key is None or request.route != "delete":
            return await super().once(request, perform)
        shared = await self.shared(request)
        if shared is not None:
            return shared
        name = ("in progress", self.group(request))
        mine = self.memory[name] = asyncio.get_running_loop().create_future()
        try:
            response = await super().once(request, perform)
            mine.set_result(response.copy())
            return response
        finally:
            mine.cancel()
            del self.memory[name]


def with_members(response: Response, **members: Any) -> Response:
    """*response* with *members* in its body."""
    response.document = {**response.document, **members}
    return response


def status_url_on_other_origin(request: Request, response: Response) -> None:
    """Moves the statusUrl of an operation to another origin."""
    path = response.document["statusUrl"].removeprefix(request.origin)
    response.document = {**response.document, "statusUrl": f"https://operations.example{path}"}
