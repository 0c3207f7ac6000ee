"""Walks over the list: small pages, backwards, by store, new connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from orchestrator_contract.api.pagination import ids_of, small_size, token_of
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import (
    Inconclusive,
    ListUnreadable,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: Times that a walk is repeated while it does not show everything once.
_WALKS = 4
#: Most pages of a walk that ends with a full one.
_FEW_PAGES = 8
#: Seconds in which a list may change its length where creates and deletes run beside the tests.
_MOVES_S = 2.0
#: Pages that are followed backwards.
_BACK = 3


@dataclass(frozen=True, slots=True)
class Walk:
    """Configurations that one walk over small pages shows."""

    size: int
    missing: set[str]
    repeated: set[str]
    pages: list[Exchange]


class ListedConfigurations(Step):
    """Listed configurations: the oldest, a middle one and the newest."""

    _deletes = Uses(Deletes)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._configurations = endpoint.configurations
        self._remaining: list[Configuration] = []
        self._deleted: list[Operation] = []

    @property
    def remaining(self) -> list[Configuration]:
        """Configurations that are not deleted; new ones once those had to make room.

        Raises:
            NothingToDelete: there are none to be had.
        """
        kept = self._configurations.kept
        taken = self._remaining or self._deleted
        if not taken or not all(map(kept.holds, self._remaining)):
            self._remaining, self._deleted = self._take(), []
            kept.keep(*self._remaining)
        self._endpoint.inventory.use(*self._remaining)
        return self._remaining

    def let_go(self) -> None:
        """Keep none of them any longer."""
        self._configurations.kept.let_go(*self._remaining)

    def delete_some(self) -> list[Operation]:
        """The COMPLETED deletes of some of them, so that both ends of the list lose one.

        Raises:
            NothingToDelete: there are none to be had.
        """
        remaining = self.remaining if not self._deleted else []
        if remaining:
            ends = {0, len(remaining) // 2, len(remaining) - 1}
            chosen = [one for index, one in enumerate(remaining) if index in ends]
            self._configurations.kept.let_go(*chosen)
            self._remaining = [one for one in remaining if one not in chosen]
            accepted = self._endpoint.each(self._accept, chosen)
            self._deleted = self._deletes.complete(accepted)
        return self._deleted

    @property
    def store(self) -> str:
        """The memory store of those that remain.

        Raises:
            Inconclusive: it is not known.
        """
        first = next(iter(self.remaining), None) or self._configurations.one()
        store = first.payload.get("memoryStoreId")
        if not isinstance(store, str):
            raise Inconclusive("the memory store of the profile's configurations is not known")
        return store

    def _take(self) -> list[Configuration]:
        if self._endpoint.effort.few:
            return self._configurations.take(2, least=1)
        return self._configurations.take(10, payloads=[RICH], least=1, sparing=True)

    def _accept(self, configuration: Configuration) -> Operation:
        return self._deletes.accept(configuration, key=self._endpoint.key())


class ListWalks(Step):
    """Reads the list in every way that the contract has."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._list = endpoint.configurations.listing

    # ---------------------------------------------------------------- pages

    def page(self, size: int) -> Exchange:
        """The first page of *size*."""
        return past_500(partial(self._api.page, f"pageSize={size}"))

    def small_pages(
        self, configurations: Sequence[Configuration], size: int = 0, before: set[str] | None = None
    ) -> Walk:
        """A walk over pages of *size*, by default small ones, that shows *configurations*.

        It is repeated while it does not show each of them once; *before* it the list held these.

        Raises:
            Inconclusive: others changed the list during every walk.
            Inconclusive: the list can't be read to its end.
        """
        for attempt in range(_WALKS):
            try:
                before = self._list.sids() if before is None or attempt else before
                walk = self._walk(size or small_size(before), configurations)
            except Inconclusive:
                if attempt == _WALKS - 1:
                    raise
                continue
            if not walk.missing and not walk.repeated:
                return walk
            now = self._list.sids()
            # What was deleted beside the walk is no longer missing.
            walk = replace(walk, missing=walk.missing & now)
            moved = (before ^ now) - self._endpoint.inventory.sids(DEFAULT_SCOPE)
            self._wait_for(configurations)
        if moved:
            raise Inconclusive("others changed the list during every walk over it")
        return walk

    def _walk(self, size: int, configurations: Sequence[Configuration]) -> Walk:
        sids = {one.sid for one in configurations}
        pages = [page for page in self._list.pages(size=size) if ids_of(page)]
        seen = [sid for page in pages for sid in ids_of(page)]
        repeated = {sid for sid in sids if seen.count(sid) > 1}
        return Walk(size, sids - set(seen), repeated, pages)

    def check_pages(self, walk: Walk) -> bool:
        """Small pages hold each configuration once, and not more than asked for."""
        return control_plane.pages_hold_each_once(
            self._findings, walk.missing, walk.repeated, walk.pages, walk.size
        )

    def check_size(
        self, size: int, configurations: Sequence[Configuration], listed: set[str]
    ) -> Walk:
        """Check that pages of *size* hold *configurations* and what else of the run is *listed*."""
        untouched = self._endpoint.ownership.untouched
        known = [*configurations, *self._endpoint.inventory.left.values()]
        exist = [one for one in known if one.sid in listed and untouched(one.resource_key)]
        walk = self.small_pages(exist, size, listed)
        self.check_pages(walk)
        return walk

    def full_last_page(self, configurations: Sequence[Configuration]) -> None:
        """Walk over pages of which the last is full; they hold *configurations*, and all others.

        Raises:
            Inconclusive: the list's length has no fitting divisor, or changed in each walk.
        """
        for _ in range(_WALKS):
            listed = self._list.sids()
            size = _full_size(len(listed))
            if not size and self._endpoint.poller.is_slow:
                self._endpoint.wait(_MOVES_S)  # creates and deletes beside the tests go on
            elif not size and self._endpoint.profile.provision.mode == "create":
                self._endpoint.configurations.take(1, payloads=[RICH])  # never from stock
            if not size:
                continue
            walk = self.check_size(size, configurations, listed)
            lengths = [len(page.object["configurations"]) for page in walk.pages]
            # Pages may hold less than is asked for, and then none is full.
            if walk.missing or lengths[-1] == size or size not in lengths:
                return
        raise Inconclusive("no walk over the list ended with a full page")

    # ---------------------------------------------------------------- what the list shows

    def check_listed(
        self, configurations: Sequence[Configuration], store: str | None = None
    ) -> list[Exchange]:
        """Check that the list, or a memory *store*'s, shows *configurations*; returns its pages.

        What was just created may show late.

        Raises:
            Inconclusive: the list has several pages, and others may have moved it.
        """
        wanted = {
            one.sid
            for one in configurations
            if store is None or one.payload.get("memoryStoreId") == store
        }
        pages: list[Exchange] = []

        def lacking() -> set[str]:
            return wanted - {sid for page in pages for sid in ids_of(page)}

        def shows_all() -> bool:
            pages[:] = self._list.pages(size=LARGEST_PAGE, store=store)
            return not lacking()

        self._endpoint.until(shows_all, READ_LAG_S, 0.2)
        if lacking() and sum(bool(ids_of(page)) for page in pages) > 1:
            raise Inconclusive("the list does not fit on one page, so others may have moved it")
        control_plane.listed(self._findings, lacking(), pages)
        return pages

    def fetch_each_time(self, configurations: Sequence[Configuration]) -> bool:
        """Check that each of many fetches shows them, once read lag is over."""
        number = max(1, self._endpoint.effort.refusals // 4)
        fetches = self._fetches(configurations, number)
        if any(one.status == 404 for one in fetches) and any(
            one.read_lag_s for one in configurations
        ):
            self._wait_for(configurations)
            fetches = self._fetches(configurations, number)
        results = [control_plane.shown(self._findings, one) for one in fetches]
        return all(results)

    def _fetches(self, configurations: Sequence[Configuration], number: int) -> list[Exchange]:
        chosen = [configurations[index % len(configurations)] for index in range(number)]
        fetches = [self._api.fetch(one) for one in chosen]
        return [one for one in fetches if one.status in (200, 404)]

    # ---------------------------------------------------------------- tokens

    def tokens_on_new_connections(self) -> None:
        """Check that each nextToken works on new connections.

        Other work may spoil a walk or two.
        """
        given: list[Exchange] = []
        refused: list[Exchange] = []
        for _ in range(_WALKS):
            given.clear()
            try:
                given += self._list.pages(size=self._third(), new_connection=True)
            except ListUnreadable as error:
                page = error.page
                if given and page is not None and page.status in range(400, 500):
                    refused.append(page)
            else:
                return
        if len(refused) == _WALKS:
            control_plane.token_accepted(self._findings, given, refused[-1])

    def backwards(self) -> list[Exchange]:
        """Pages by previousToken from the last page; none without tokens."""
        size = self._third()
        pages = [[*self._list.pages(size=size)][-1]]
        while len(pages) <= _BACK and (token := token_of(pages[-1], "previousToken")):
            query: dict[str, Any] = {"pageSize": size, "pageToken": token}
            pages.append(past_500(partial(self._api.page, urlencode(query))))
        return pages[1:]

    def _third(self) -> int:
        return min(max(2, -(-len(self._list.sids()) // 3)), LARGEST_PAGE)

    def _wait_for(self, configurations: Iterable[Configuration]) -> None:
        self._endpoint.wait(max((one.read_lag_s for one in configurations), default=0.0))


def _full_size(number: int) -> int:
    """The largest page size that divides a list of *number* into a few pages; 0 if none does."""
    sizes = range(min(number // 2, LARGEST_PAGE), max(number // _FEW_PAGES, 1), -1)
    return next((size for size in sizes if number % size == 0), 0)
