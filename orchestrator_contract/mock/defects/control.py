"""Wrong answers of the sister calls: create, update, fetch and list."""

from __future__ import annotations

from dataclasses import replace

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, cut, token
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import Change, altering, member, without
from orchestrator_contract.mock.state import Configuration

_ACCEPTED = ("CTRL-ACCEPTED",)
altering("update-200", "An update answers 200", breaches=_ACCEPTED, route="update")(
    lambda request, response: setattr(response, "status", 200)
)
altering(
    "update-related-list", "related of an update is a list", breaches=_ACCEPTED, route="update"
)(member("related", []))
altering(
    "update-url-number", "statusUrl of an update is a number", breaches=_ACCEPTED, route="update"
)(member("statusUrl", 1))
altering(
    "create-related-number",
    "related of a create has a number beside the SID",
    breaches=_ACCEPTED,
    route="create",
)(
    lambda request, response: member("related", {**response.document["related"], "version": 1})(
        request, response
    )
)

_CONFIGURATION: tuple[tuple[str, str, Change], ...] = (
    ("no-id", "A fetched configuration has no id", without("id")),
    ("no-name", "A fetched configuration has no displayName", without("displayName")),
    ("version-text", "version is a string", member("version", "1")),
    ("created-spaced", "createdAt is no RFC 3339", member("createdAt", "2026-11-23 10:00")),
    (
        "grouping-unknown",
        "conversationGroupingType is none of the three",
        member("conversationGroupingType", "GROUP"),
    ),
    ("store-null", "memoryStoreId is null", member("memoryStoreId", None)),
)
for _name, _text, _change in _CONFIGURATION:
    altering(
        f"configuration-{_name}", _text, breaches=("CTRL-CONFIGURATION",), route="fetch", status=200
    )(_change)
altering(
    "configuration-no-name-sometimes",
    "A fetched configuration has no displayName now and then",
    route="fetch",
    status=200,
    every=6,
    breaches=("CTRL-CONFIGURATION",),
)(without("displayName"))

_PAGE: tuple[tuple[str, str, Change], ...] = (
    ("no-meta", "A page has no meta", without("meta")),
    ("meta-list", "meta of a page is a list", member("meta", [])),
    ("null", "configurations of a page is null", member("configurations", None)),
)
for _name, _text, _change in _PAGE:
    altering(f"page-{_name}", _text, breaches=("CTRL-PAGE",), route="list", status=200)(_change)


@altering(
    "page-size-text", "meta.pageSize is a string", breaches=("CTRL-PAGE",), route="list", status=200
)
def _size_text(request: Request, response: Response) -> None:
    meta = response.document["meta"]
    member("meta", {**meta, "pageSize": str(meta["pageSize"])})(request, response)


@altering(
    "page-key-missing", "meta.key is missing", breaches=("CTRL-PAGE",), route="list", status=200
)
def _key_missing(request: Request, response: Response) -> None:
    meta = response.document["meta"]
    member("meta", {name: value for name, value in meta.items() if name != "key"})(
        request, response
    )


@altering(
    "page-token-number",
    "meta.nextToken is a number",
    breaches=("CTRL-PAGE",),
    route="list",
    status=200,
)
def _token_number(request: Request, response: Response) -> None:
    member("meta", {**response.document["meta"], "nextToken": 7})(request, response)


@altering(
    "page-item-no-id",
    "The first item of a page has no id",
    breaches=("CTRL-PAGE",),
    route="list",
    status=200,
)
def _item_no_id(request: Request, response: Response) -> None:
    items = response.document["configurations"]
    if items:
        items[0] = {name: value for name, value in items[0].items() if name != "id"}
        member("configurations", items)(request, response)


@defect(
    "page-token-loops",
    "nextToken leads to the same page again",
    breaches=("CTRL-PAGINATION",),
    shows="data: beyond the first page",
)
class _Loops(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = cut(items, query)
        if page.next_token is None or not page.items:
            return page
        return Page(
            page.items, page.size, page.previous_token, token("a", page.items[0].number - 1)
        )


@defect(
    "page-token-endless",
    "Past the last page come empty ones without end",
    breaches=("CTRL-PAGINATION",),
    shows="data: beyond the last page",
)
class _Endless(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = cut(items, query)
        last = page.items[-1].number if page.items else query.after + 1
        return Page(page.items, page.size, page.previous_token, token("a", last))


@defect(
    "page-largest-refused",
    "pageSize=1000 is refused with 400",
    breaches=("CTRL-PAGE",),
    shows="data: pageSize=1000",
)
class _LargestRefused(Behaviour):
    def list_page(self, request: Request) -> Response:
        if b"pageSize=1000" in request.query.split(b"&"):
            return self.refuse(request, Problem(400, 20001, "pageSize is too large"))
        return super().list_page(request)


@defect(
    "page-skips",
    "The first item of each later page is left out",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE"),
    shows="data: beyond the first page",
)
class _Skips(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        following = [one.number for one in items if one.number > query.after]
        if query.after and len(following) > 1:
            query = replace(query, after=following[0])
        return cut(items, query)


@defect(
    "page-doubles",
    "The last item of a page is the first one of the next",
    breaches=("CTRL-PAGINATION",),
    shows="data: beyond the first page",
)
class _Doubles(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = cut(items, query)
        if page.next_token is None or len(page.items) < 2:
            return page
        return Page(page.items, page.size, page.previous_token, token("a", page.items[-2].number))


@defect(
    "page-ends-early",
    "The list ends after two pages",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE"),
    shows="data: beyond the second page",
)
class _EndsEarly(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = cut(items, query)
        return Page(page.items, page.size, page.previous_token, None) if query.after else page


@defect(
    "hidden-from-list",
    "Each fourth configuration is missing from the list",
    breaches=("CTRL-READ-AFTER-CREATE",),
    shows="1 in 4",
)
class _HiddenFromList(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) and (configuration.number % 4 != 0)


@defect(
    "hidden-from-fetch-sometimes",
    "Each eighth fetch does not find a living configuration",
    breaches=("CTRL-READ-AFTER-CREATE",),
    shows="1 in 8",
)
class _HiddenFromFetch(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) and not self.once_in(8, "fetch")


@defect(
    "hidden-after-update",
    "An updated configuration cannot be fetched",
    breaches=("CTRL-READ-AFTER-CREATE", "EFFECT-ONLY-BY-DELETE"),
    shows="data: an updated configuration",
)
class _HiddenAfterUpdate(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) and configuration.version == 1


@defect(
    "list-store-misses",
    "The list of one memory store lacks each third of its configurations",
    breaches=("CTRL-READ-AFTER-CREATE",),
    shows="data: memoryStoreId, 1 in 3",
)
class _StoreMisses(Behaviour):
    by_store = False

    def list_page(self, request: Request) -> Response:
        self.by_store = b"memoryStoreId" in request.query
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return not (self.by_store and configuration.number % 3 == 0) and super().listed(
            configuration, now
        )


@defect(
    "create-namesake-hidden",
    "A new configuration of a deleted one's name is listed, and can't be fetched",
    breaches=("CTRL-READ-AFTER-CREATE",),
    shows="data: a deleted one of the name",
)
class _NamesakeHidden(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        partition = self.world.partitions[
            configuration.account, configuration.region
        ].configurations.values()
        name = configuration.members["displayName"]
        hidden = any(
            one.deleted_at is not None
            and one.deleted_at < configuration.created_at
            and one.members["displayName"] == name
            for one in partition
        )
        return not hidden and super().fetchable(configuration, now)
