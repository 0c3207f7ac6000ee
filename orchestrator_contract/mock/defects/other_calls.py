"""Defects against CTRL."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import replace

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import STRAY, _KeptForAll
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    bad_page,
)
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, cut, token
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import Change, altering, header, member, without
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World


@defect(
    "fetch-shows-another",
    "Now and then a fetch shows the oldest configuration",
    breaches=("CTRL-CONFIGURATION",),
    shows="1 in 20",
)
class _ShowsAnother(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 200 and self.once_in(20, "fetch"):
            return Response.of(
                200,
                self.configuration_document(
                    next(iter(self.partition(request).configurations.values()))
                ),
            )
        return response


@defect(
    "list-hides-bridged",
    "Configurations with a bridge are not listed",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE"),
    shows="data: a bridge",
)
class _HidesBridged(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return not configuration.members.get("conversationsV1Bridge") and super().listed(
            configuration, now
        )


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


_CHANGED = ("CTRL-202",)


altering(
    "update-no-retry-after",
    "The 202 of an update has no Retry-After",
    breaches=_CHANGED,
    route="update",
)(header("retry-after", None))


altering(
    "create-location-relative",
    "Location on the 202 of a create is relative",
    breaches=_CHANGED,
    route="create",
)(
    lambda request, response: response.set(
        "location", (response.get("location") or "").removeprefix(request.origin)
    )
)


altering(
    "update-related-stranger",
    "related of an update names another configuration",
    breaches=_CHANGED,
    route="update",
)(member("related", {"configurationId": "conv_configuration_7stranger00000000000000000"}))


altering(
    "update-id-stray",
    "Operation-Id of an update is another operation's",
    breaches=_CHANGED,
    route="update",
)(header("operation-id", STRAY))


@defect("update-fails", "The operation of an update ends FAILED", breaches=("CTRL-OPERATION",))
class _UpdateFails(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        operation = super().start_operation(request, kind, sid, seconds)
        if kind == "update":
            self.fail(operation)
        return operation


@defect(
    "key-payload-blind",
    "A key that comes with another payload gets the first response",
    breaches=("CTRL-KEY-PAYLOAD",),
)
class _PayloadBlind(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return request.method, request.path


def _blind(name: str, text: str, what: Callable[[bytes], Hashable], shows: str) -> None:
    """Registers a defect where a payload is told from another by *what* of it alone."""

    class Blind(Behaviour):
        def fingerprint(self, request: Request) -> Hashable:
            return request.method, request.path, what(request.body)

    defect(name, text, breaches=("CTRL-KEY-PAYLOAD",), shows=shows)(Blind)


def _flat(body: bytes) -> Hashable:
    document = json.loads(body or b"{}")
    return tuple(
        (name, value if isinstance(value, (str, bool)) else "") for name, value in document.items()
    )


_blind(
    "key-payload-nested-blind",
    "Nested members of a payload don't count for its key",
    _flat,
    "data: a nested member",
)


_blind(
    "key-payload-head",
    "The first 128 bytes of a payload count for its key",
    lambda body: body[:128],
    "data: beyond 128 bytes",
)


_blind(
    "key-payload-length",
    "The length of a payload alone counts for its key",
    len,
    "data: payloads of one length",
)


_blind(
    "key-payload-case",
    "Case in a payload does not count for its key",
    bytes.lower,
    "data: letter case",
)


@defect(
    "patch-key-deaf",
    "PATCH has no use for the key: each is an operation of its own",
    breaches=("CTRL-KEY",),
)
class _PatchDeaf(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return request.method != "PATCH" and super().storable(request, response)


@defect(
    "create-replay-remakes",
    "The replay of a create whose configuration is gone makes another",
    breaches=("CTRL-KEY",),
    shows="data: a create's key after the delete",
)
class _Remakes(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, (response.document["related"] or {}).get("configurationId"))
        if request.route == "create" and found is not None and self.is_deleted(found, self.now()):
            request.replayed = False
            return self.create(request)
        return super().replay(request, entry, response)


class _CreateLives(Behaviour):
    """Base of defects where a key that was used for a create lives too long or too short."""

    hours = 2.0

    def key_ttl(self, entry: Entry) -> float:
        create = isinstance(entry.fingerprint, tuple) and entry.fingerprint[0] == "POST"
        return self.hours * 3600 if create else super().key_ttl(entry)


@defect(
    "create-key-lives-two-hours",
    "A create's key lives two hours",
    breaches=("CTRL-KEY",),
    shows="time: 2 h",
)
class _CreateTwoHours(_CreateLives):
    pass


@defect(
    "create-key-lives-two-days",
    "A create's key lives two days",
    breaches=("CTRL-KEY",),
    shows="time: 25 h",
)
class _CreateTwoDays(_CreateLives):
    hours = 48.0


for _route, _breaches in (
    ("operation", ("OP-STATUS-URL-ORIGIN",)),
    ("operation-create", ("CTRL-OPERATION",)),
    ("operation-update", ("CTRL-OPERATION",)),
):

    @altering(
        f"{_route}-url-foreign",
        "The operation's own statusUrl is on another origin",
        breaches=_breaches,
        route=_route,
        status=200,
    )
    def _url_foreign(request: Request, response: Response) -> None:
        path = response.document["statusUrl"].removeprefix(request.origin)
        member("statusUrl", f"https://operations.example{path}")(request, response)


@defect("key-create-not-replayed", "A create under a key is made again", breaches=("CTRL-KEY",))
class _CreateAgain(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if request.route == "create" else key


@defect("key-update-not-replayed", "An update under a key is made again", breaches=("CTRL-KEY",))
class _UpdateAgain(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if request.route == "update" else key
