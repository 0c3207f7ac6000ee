"""Reading the list of configurations page by page, with an end in sight."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

from orchestrator_contract.api.client import Client
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.exceptions import ListUnreadable
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

MAX_PAGES = 150


class Pagination:
    """The list of one target."""

    def __init__(self, client: Client, findings: Findings) -> None:
        self._findings = findings
        self.client = client
        #: Lists that proved to have no end, by account and region: they are not walked again.
        self._endless: set[Scope] = set()

    def pages(
        self,
        *,
        size: int | None = None,
        scope: Scope = DEFAULT_SCOPE,
        store: str | None = None,
        new_connection: bool = False,
    ) -> Iterator[Exchange]:
        """Every page in order, with *new_connection* each on its own connection.

        Behind a balancer a new connection may lead to another copy of the endpoint.

        Raises:
            ListUnreadable: a page is not readable, or there are more than `MAX_PAGES`.
        """
        if scope in self._endless:
            raise ListUnreadable("the list has no end")
        token: str | None = None
        seen: set[str] = set()
        empty = 0
        for _ in range(MAX_PAGES):
            query = {"pageSize": size, "pageToken": token, "memoryStoreId": store}
            text = urlencode({name: value for name, value in query.items() if value is not None})
            page = past_500(
                partial(
                    self.client.page,
                    text,
                    scope=scope,
                    new_connection=new_connection,
                )
            )
            if page.status != 200 or not isinstance(page.object.get("configurations"), list):
                raise ListUnreadable(f"the list can't be read: {page.outcome()}", page)
            yield page
            token = token_of(page)
            if not token:
                return
            again = token in seen
            empty = 0 if page.object["configurations"] else empty + 1
            if not control_plane.token_leads_on(
                self._findings, page, token, seen_before=again, empty_pages=empty
            ):
                self._endless.add(scope)
                raise ListUnreadable("the list has no end")
            seen.add(token)
        self._endless.add(scope)
        reason = f"the list has more than {MAX_PAGES} pages"
        self._findings.unverified(["CTRL-PAGINATION"], reason)
        raise ListUnreadable(reason)

    def items(self, **options: Any) -> Iterator[tuple[dict[str, Any], Exchange]]:
        """Every configuration with the page that holds it."""
        for page in self.pages(**options):
            for item in page.object["configurations"]:
                if isinstance(item, dict):
                    yield item, page

    def sids(self, *, scope: Scope = DEFAULT_SCOPE, store: str | None = None) -> set[str]:
        """Every id in the list, or in that of one memory store.

        Raises:
            ListUnreadable: it can't be read to its end.
        """
        return {
            str(item.get("id"))
            for item, _ in self.items(size=LARGEST_PAGE, store=store, scope=scope)
        }

    def named(self, names: Collection[str], scope: Scope) -> Iterator[tuple[str, str]]:
        """The ids and names in *scope* that are listed under one of *names*.

        Raises:
            ListUnreadable: it can't be read to its end.
        """
        for item, _ in self.items(size=LARGEST_PAGE, scope=scope):
            sid, name = item.get("id"), item.get("displayName")
            if isinstance(sid, str) and isinstance(name, str) and name in names:
                yield sid, name


def token_of(page: Exchange, name: str = "nextToken") -> str:
    """The token that *page* gives under this name; empty if it gives none."""
    meta = page.object.get("meta")
    token = meta.get(name) if isinstance(meta, dict) else None
    return token if isinstance(token, str) else ""


def ids_of(page: Exchange) -> list[str]:
    """The ids of the configurations that *page* of the list holds; none if it is not readable."""
    items = page.object.get("configurations")
    if not isinstance(items, list):
        return []
    return [str(item.get("id")) for item in items if isinstance(item, dict)]


def small_size(sids: Collection[str]) -> int:
    """A page size that spreads a list of *sids* over a handful of pages."""
    return min(max(3, -(-len(sids) // 8)), LARGEST_PAGE)
