"""Defects of the CTRL section: fetch and list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import CachedReads, beyond_first_page, page_token
from orchestrator_contract.mock.errors import Problem, Refused, bad_page, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import DEFAULT_SIZE, Page, PageQuery, cut, token
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import Change, member, on_response, without
from orchestrator_contract.mock.state import Configuration

_202 = ("CTRL-202",)
_PAGINATION = ("CTRL-PAGINATION",)
_READ = ("CTRL-READ-AFTER-CREATE",)
_READ_BOTH = ("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE")
_LATER_PAGE = "data: beyond the first page"


# -- fetch ------------------------------------------------------------------------------------

defect(
    "fetched-configuration",
    "A fetched configuration has {}",
    case("no-id", "no id", change=without("id")),
    case("no-name", "no displayName", change=without("displayName")),
    case("no-name-1-in-6", "no displayName", change=without("displayName"), every=6),
    case("version-string", "a string as version", change=member("version", "1")),
    case(
        "created-at-spaced",
        "a createdAt that is not RFC 3339",
        change=member("createdAt", "2026-11-23 10:00"),
    ),
    case(
        "grouping-unknown",
        "an unknown conversationGroupingType",
        change=member("conversationGroupingType", "GROUP"),
    ),
    case("memory-store-null", "null as memoryStoreId", change=member("memoryStoreId", None)),
    breaches=("CTRL-CONFIGURATION",),
)(on_response(route="fetch", status=200))


@defect(
    "fetched-oldest",
    "A fetch shows the oldest configuration",
    breaches=("CTRL-CONFIGURATION",),
    shows="1 in 20",
)
class _FetchedOldest(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 200 and self.once_in(20, "fetch"):
            oldest = next(iter(self.partition(request).configurations.values()))
            return Response.of(200, self.configuration_document(oldest))
        return response


def _is_namesake_of_deleted(mock: Behaviour, found: Configuration) -> bool:
    configurations = mock.world.partition(found.account, found.region).configurations
    return any(
        one.deleted_at is not None
        and one.deleted_at < found.created_at
        and one.members["displayName"] == found.members["displayName"]
        for one in configurations.values()
    )


@defect(
    "fetch-misses",
    "A fetch misses {}",
    case(
        "1-in-8",
        "an existing configuration",
        "1 in 8",
        misses=lambda mock, found: mock.once_in(8, "fetch"),
    ),
    case(
        "updated",
        "an updated configuration",
        breaches=("CTRL-READ-AFTER-CREATE", "EFFECT-ONLY-BY-DELETE"),
        shows="data: an updated configuration",
        misses=lambda mock, found: found.version > 1,
    ),
    case(
        "namesake",
        "a configuration with the displayName of a deleted one",
        "data: the displayName of a deleted one",
        misses=_is_namesake_of_deleted,
    ),
    case(
        "second-page",
        "a configuration beyond the first page of the list",
        "data: more than 50 configurations",
        misses=beyond_first_page,
    ),
    breaches=_READ,
)
class _FetchMisses(Behaviour):
    misses: Callable[[Behaviour, Configuration], bool]

    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) and not self.misses(self, configuration)


@defect(
    "fetch-404-cached",
    "For 0.3 s the owner of a configuration gets the 404 of another account",
    breaches=("CTRL-READ-AFTER-CREATE", "EFFECT-NO-OTHER", "AUTH-OTHER-ACCOUNT"),
    shows="time: within 0.3 s of another account's fetch",
)
class _Cached404(CachedReads):
    def cacheable(self, request: Request, response: Response) -> bool:
        return response.status == 404 and self.world.find(request.sid) is not None

    def served(self, request: Request) -> bool:
        return True


# -- list -------------------------------------------------------------------------------------


def _set_meta(**members: object) -> Change:
    return member("meta", lambda meta: {**meta, **members})


def _without_id(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in one.items() if index or name != "id"}
        for index, one in enumerate(items)
    ]


def _without_key(meta: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in meta.items() if name != "key"}


defect(
    "page",
    "A page has {}",
    case("no-meta", "no meta", change=without("meta")),
    case("meta-list", "a list as meta", change=member("meta", [])),
    case("null", "null as configurations", change=member("configurations", None)),
    case("no-key", "no meta.key", change=member("meta", _without_key)),
    case(
        "size-string",
        "a string as meta.pageSize",
        change=member("meta", lambda meta: {**meta, "pageSize": str(meta["pageSize"])}),
    ),
    case("token-number", "a number as meta.nextToken", change=_set_meta(nextToken=7)),
    case("item-no-id", "a first item without id", change=member("configurations", _without_id)),
    breaches=("CTRL-PAGE",),
)(on_response(route="list", status=200))


@defect(
    "page-size-1000-400",
    "A list with pageSize=1000 gets a 400",
    breaches=("CTRL-PAGE",),
    shows="data: pageSize=1000",
)
class _LargestPage400(Behaviour):
    def list_page(self, request: Request) -> Response:
        if b"pageSize=1000" in request.query.split(b"&"):
            return self.refuse(request, Problem(400, 20001, "pageSize is too large"))
        return super().list_page(request)


@defect(
    "page-token-500",
    "A page token of 13 to 15 characters gets a 500",
    breaches=("CTRL-PAGE",),
    shows="data: the length of a page token",
)
class _PageToken500(Behaviour):
    def list_page(self, request: Request) -> Response:
        if 13 <= len(page_token(request)) <= 15:
            return self.refuse(request, internal_error())
        return super().list_page(request)


def _with_token(page: Page, number: int | None) -> Page:
    following = None if number is None else token("a", number)
    return Page(page.items, page.size, page.previous_token, following)


def _loops(page: Page, query: PageQuery) -> Page:
    again = page.next_token is not None and page.items
    return _with_token(page, page.items[0].number - 1) if again else page


def _endless(page: Page, query: PageQuery) -> Page:
    return _with_token(page, page.items[-1].number if page.items else query.after + 1)


def _duplicates(page: Page, query: PageQuery) -> Page:
    again = page.next_token is not None and len(page.items) > 1
    return _with_token(page, page.items[-2].number) if again else page


def _ends(page: Page, query: PageQuery) -> Page:
    return _with_token(page, None) if query.after else page


def _fifty(page: Page, query: PageQuery) -> Page:
    if len(page.items) <= DEFAULT_SIZE:
        return page
    return _with_token(replace(page, items=page.items[:DEFAULT_SIZE]), None)


def _full_last(page: Page, query: PageQuery) -> Page:
    full = query.after and page.next_token is None and len(page.items) == query.size
    return replace(page, items=page.items[:-1]) if full else page


@defect(
    "pagination",
    "{}",
    case("loops", "nextToken leads to its own page", _LATER_PAGE, change=_loops),
    case(
        "endless",
        "nextToken of the last page leads to an empty page and so on",
        "data: beyond the last page",
        change=_endless,
    ),
    case(
        "duplicates",
        "The last item of a page is the first one of the next",
        _LATER_PAGE,
        change=_duplicates,
    ),
    case(
        "ends-early",
        "The list ends after two pages",
        breaches=_READ_BOTH,
        shows="data: beyond the second page",
        change=_ends,
    ),
    case(
        "full-last-page",
        "A last page that is full lacks its last item",
        "data: a list whose length is a multiple of pageSize",
        change=_full_last,
    ),
    case(
        "50-items",
        "A page of more than 50 ends at the 50th and has no nextToken",
        "data: more than 50 configurations, a larger page",
        breaches=_READ_BOTH,
        change=_fifty,
    ),
    breaches=_PAGINATION,
)
class _Pagination(Behaviour):
    change: Callable[[Page, PageQuery], Page]

    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        return self.change(super().cut_page(items, query), query)


@defect(
    "pagination-skips",
    "Each page but the first lacks its first item",
    breaches=_READ_BOTH,
    shows=_LATER_PAGE,
)
class _Skips(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        following = [one.number for one in items if one.number > query.after]
        if query.after and len(following) > 1:
            query = replace(query, after=following[0])
        return cut(items, query)


@defect(
    "pagination-skips-eleven",
    "An item is missing between two pages whose size is a multiple of 11",
    breaches=_PAGINATION,
    shows="data: pageSize",
)
class _SkipsEleven(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = super().cut_page(items, query)
        if query.size % 11 or page.next_token is None:
            return page
        following = next(one for one in items if one.number > page.items[-1].number)
        return _with_token(page, following.number)


@defect(
    "pagination-token-per-connection",
    "A page token is valid only on the connection that it was sent to",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE", "DELETED-LIST"),
    shows="data: another connection",
)
class _TokenPerConnection(Behaviour):
    def list_page(self, request: Request) -> Response:
        asked = request.query.decode("latin-1").partition("pageToken=")[2].partition("&")[0]
        if asked and (request.connection, asked) not in self.memory:
            raise Refused(bad_page())
        response = super().list_page(request)
        meta = response.document["meta"]
        for name in ("nextToken", "previousToken"):
            self.memory[request.connection, meta.get(name)] = True
        return response


@defect(
    "list-misses",
    "The list {}",
    case(
        "1-in-4",
        "misses every fourth configuration",
        breaches=_READ,
        shows="1 in 4",
        misses=lambda found, query: found.number % 4 == 0,
    ),
    case(
        "bridge",
        "misses configurations with a conversationsV1Bridge",
        breaches=_READ_BOTH,
        shows="data: a bridge",
        misses=lambda found, query: bool(found.members.get("conversationsV1Bridge")),
    ),
    case(
        "memory-store",
        "of a memory store misses every third configuration",
        breaches=_READ,
        shows="data: memoryStoreId, 1 in 3",
        misses=lambda found, query: b"memoryStoreId" in query and found.number % 3 == 0,
    ),
)
class _ListMisses(Behaviour):
    misses: Callable[[Configuration, bytes], bool]
    query = b""

    def list_page(self, request: Request) -> Response:
        self.query = request.query
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) and not self.misses(configuration, self.query)
