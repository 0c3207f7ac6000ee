"""Caches and copies in front of the service: they answer whoever asks next, or lag for whoever comes anew."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, bad_page, unknown_operation
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import read_query
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, World

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


@defect(
    "gone-fetched-on-new-connections",
    "For a moment a deleted configuration is shown to new connections",
    breaches=("DELETED-FETCH",),
    shows="data: a new connection",
)
class _FetchedAnew(_Lagging):
    def fetch(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        return (
            Response.of(200, self.configuration_document(found))
            if found and self.still_there(found)
            else super().fetch(request)
        )


@defect(
    "gone-delete-202-on-new-connections",
    "For a moment new connections may delete what is gone",
    breaches=("DELETED-DELETE",),
    shows="data: a new connection",
)
class _DeletedAnew(_Lagging):
    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found and self.still_there(found):
            return self.accepted(
                request,
                self.start_operation(request, "delete", found.id, self.settings.operation_seconds),
            )
        return super().not_found(request)


@defect(
    "page-token-of-a-connection",
    "A page token leads on only for the connection that it was given to",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE", "DELETED-LIST"),
    shows="data: another connection",
)
class _TokenOfConnection(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._given: set[tuple[int, str]] = set()

    def list_page(self, request: Request) -> Response:
        asked = request.query.decode("latin-1").partition("pageToken=")[2].partition("&")[0]
        if asked and (request.connection, asked) not in self._given:
            raise Refused(bad_page())
        response = super().list_page(request)
        meta = json.loads(response.body)["meta"]
        self._given.update(
            (request.connection, token)
            for token in (meta.get("nextToken"), meta.get("previousToken"))
            if token
        )
        return response


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


@defect(
    "auth-fetch-cached",
    "What a fetch was answered is given to those without credentials, too, for a moment",
    breaches=("AUTH-READ",),
    shows="time: within 0.3 s of a fetch",
)
class _FetchKept(_KeptForAll):
    routes = ("fetch",)


@defect(
    "auth-list-cached",
    "What a list was answered is given to those without credentials, too, for a moment",
    breaches=("AUTH-READ",),
    shows="time: within 0.3 s of a list",
)
class _ListKept(_KeptForAll):
    routes = ("list",)


@defect(
    "fetch-404-cached",
    "That another account was told 404 is told the owner, too, for a moment",
    breaches=("CTRL-READ-AFTER-CREATE", "EFFECT-NO-OTHER", "AUTH-OTHER-ACCOUNT"),
    shows="time: within 0.3 s of a stranger's fetch",
)
class _NotFoundKept(_KeptForAll):
    routes = ("fetch",)

    def takes(self, request: Request, response: Response) -> bool:
        return response.status == 404 and any(
            (request.sid or "") in partition.configurations
            for partition in self.world.partitions.values()
        )

    def gives(self, request: Request) -> bool:
        return True


@defect(
    "auth-page-token-public",
    "A page token opens the list to those without credentials",
    breaches=("AUTH-READ",),
    shows="data: a page token",
)
class _TokenOpens(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        return (
            1
            if account is None and request.method == "GET" and b"pageToken=" in request.query
            else account
        )


@defect(
    "gone-fetched-at-once",
    "Of fetches that overlap all but the first show what is gone",
    breaches=("DELETED-FETCH",),
    shows="race: fetches of one SID",
)
class _FetchedAtOnce(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._under_way: Counter[str] = Counter()

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        found = (
            self.locate(request, request.sid)
            if request.route == "fetch" and response.status == 404
            else None
        )
        if found is None:
            return response
        self._under_way[found.id] += 1
        alone = self._under_way[found.id] == 1
        await asyncio.sleep(0.02)
        self._under_way[found.id] -= 1
        return response if alone else Response.of(200, self.configuration_document(found))


@defect(
    "gone-listed-backwards",
    "Pages that previousToken leads to hold what is gone",
    breaches=("DELETED-LIST",),
    shows="data: previousToken",
)
class _ListedBackwards(Behaviour):
    def list_page(self, request: Request) -> Response:
        query = read_query(request.query)
        self._backwards = query.before is not None
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) or (
            self._backwards and now >= configuration.visible_from
        )


@defect(
    "fetch-404-remembered",
    "A delete is 404 for a moment where a fetch was 404 while the create ran",
    breaches=("DEL-ACCEPTED",),
    shows="time: within 2 s of a fetch during a create",
)
class _AbsenceRemembered(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._missed: dict[str, float] = {}

    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 404 and request.sid:
            self._missed[request.sid] = self.now()
        return response

    def target_of_delete(self, request: Request) -> Configuration | None:
        missed = self._missed.get(request.sid or "", 0.0)
        return None if self.now() < missed + 2 else super().target_of_delete(request)


@defect(
    "key-lost-to-new-connections",
    "A key that is an hour old is unknown on new connections",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, on a new connection",
)
class _ColdKeys(_Lagging):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None and self._behind and self.now() - found.first_used > HOUR
            else found
        )


@defect(
    "auth-account-deletes-on-new-connections",
    "Another account's delete on a new connection is accepted",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account on a new connection",
)
class _AnybodysAnew(_Lagging):
    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        return (
            self.world.find(sid, request.region)
            if found is None and sid and self._behind and request.route == "delete"
            else found
        )


@defect(
    "operation-lost-to-new-connections",
    "An ended operation is 404 on new connections",
    breaches=("OP-FETCH", "OP-RETAINED"),
    shows="data: a new connection",
)
class _PollAnew(_Lagging):
    def poll(self, request: Request) -> Response:
        operation = self.partition(request).operations.get(request.sid or "")
        if operation is not None and self._behind and operation.state(self.now()).terminal:
            return self.refuse(request, unknown_operation())
        return super().poll(request)
