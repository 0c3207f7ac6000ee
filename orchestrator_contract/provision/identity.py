"""Which configuration a create has made, so that nobody else's is taken for it and deleted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from math import inf
from threading import Lock
from typing import Any

from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import is_plain
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import ResourceKey, Scope

#: Between two looks for what does not show yet, in seconds.
_PAUSE_S = 0.4
#: The longest of these pauses, which grow, in seconds.
_LONGEST_PAUSE_S = 2.0
#: What a list says that was not read.
_UNREAD: Mapping[str, Any] = {}


class Identity:
    """Tells what this process of the run has made from what was there."""

    def __init__(self, listing: Pagination) -> None:
        self._client = listing.client
        self._listing = listing
        self._lock, self._looking = Lock(), Lock()
        #: Ids that creates have named, and those that were listed before the first create.
        self._named: dict[Scope, set[str]] = {}
        self._before: dict[Scope, set[str] | None] = {}
        #: What is new and was seen, by the way in which it was.
        self.seen: dict[str, set[ResourceKey]] = {"fetch": set(), "list": set()}
        #: How a fetch showed what was created.
        self.shown: dict[ResourceKey, dict[str, Any]] = {}
        #: How many pages the list took.
        self._pages: dict[Scope, float] = {}
        #: Seconds that one took to show; whether one was only listed, or never shown.
        self._lag_s = 0.0
        self._only_listed = self._hidden = False
        #: Seconds for which what a create does not name is looked for: less once one never came.
        self._patience_s = self._client.profile.limits.poll_timeout_s

    def look_before(self, scope: Scope) -> None:
        """Remember what is there before the first create."""
        with self._looking:
            if scope not in self._before:
                try:
                    self._before[scope] = self._listing.sids(scope=scope)
                except Inconclusive:
                    self._before[scope] = None

    def was_there(self, sid: str, scope: Scope) -> bool:
        """Whether *sid* was listed in *scope* when that was looked at first."""
        return sid in (self._before.get(scope) or ())

    def look_after(self, number: int, scope: Scope) -> dict[str, Any]:
        """What the list calls each id, if a walk takes fewer requests than *number* fetches."""
        if self._pages.get(scope, 1) >= number:
            return {}
        names: dict[str, Any] = {}
        pages: set[int] = set()
        try:
            for item, page in self._listing.items(size=LARGEST_PAGE, scope=scope):
                pages.add(id(page.response))
                names[str(item.get("id"))] = item.get("displayName")
            self._pages[scope] = len(pages)
        except Inconclusive:
            self._pages[scope] = inf
        return names

    def find(self, names: AbstractSet[str], scope: Scope) -> dict[str, str]:
        """The new ids that are listed under *names*, by name, however late the list is."""
        found: dict[str, str] = {}
        started, pause = time.monotonic(), _PAUSE_S
        while names:
            found |= self.listed_under(names - found.keys(), scope)
            waited = time.monotonic() - started
            if len(found) == len(names):
                self._lag_s = max(self._lag_s, waited)
                break
            if waited > self._patience_s:
                self._patience_s = READ_LAG_S
                break
            with self._client.steps.step("waiting until the list holds what was created"):
                time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        return found

    def listed_under(self, names: AbstractSet[str], scope: Scope) -> dict[str, str]:
        """The same, by one look."""
        known = self._named.get(scope, set()) | (self._before.get(scope) or set())
        found: dict[str, str] = {}
        with contextlib.suppress(Inconclusive):
            for sid, name in self._listing.named(names, scope):
                if sid not in known:
                    found.setdefault(name, sid)
        return found

    def is_new(
        self, sid: str, name: str, scope: Scope, listed: Mapping[str, Any] = _UNREAD
    ) -> bool:
        """True if the create of *name* may have made *sid*: `is_own`, and not named before."""
        with self._lock:
            named = self._named.setdefault(scope, set())
            if sid in named:
                return False
            named.add(sid)
        return self.is_own(sid, name, scope, listed)

    def is_own(
        self, sid: str, name: str, scope: Scope, listed: Mapping[str, Any] = _UNREAD
    ) -> bool:
        """True if *sid* was not there before the first create, and is shown as the run's.

        It will be deleted, so an endpoint that names somebody else's configuration must not be
        believed: list or fetch has to show the name, within the read lag. Where names are not shown
        at all, the list before the first create has to do.
        """
        before = self._before.get(scope)
        if not is_plain(sid) or sid in (before or ()) or not self._is_apart(sid, scope):
            return False
        name_listed = _name_in(listed.get(sid))
        way, shown = ("list", name_listed) if name_listed else self._shown(sid, scope)
        if not way:
            return False
        self.seen[way].add((scope, sid))
        return _of_one_run(shown, name) if shown else before is not None

    def _is_apart(self, sid: str, scope: Scope) -> bool:
        """Whether *sid* is no other spelling of an id that was there before.

        Case may count or not: only a list that has both says that they are two.
        """
        alike = {one for one in self._before.get(scope) or () if one.casefold() == sid.casefold()}
        if not alike:
            return True
        try:
            return {sid, *alike} <= self._listing.sids(scope=scope)
        except Inconclusive:
            return False

    def _shown(self, sid: str, scope: Scope) -> tuple[str, str]:
        """Which of fetch and list shows *sid*, if one does, and its name there, if it has one."""
        started = time.monotonic()
        # Where one has never shown, a second wait would show no more.
        patience = 0.0 if self._hidden else READ_LAG_S
        while True:
            waited = time.monotonic() - started
            status = None
            with contextlib.suppress(Inconclusive):
                exchange = self._client.fetch(Configuration(sid, scope=scope))
                status = exchange.status
                if status == 200:
                    self.shown[scope, sid] = exchange.object
                if status == 200 and (name := _name_in(exchange.object.get("displayName"))):
                    self._lag_s = max(self._lag_s, waited)
                    return "fetch", name
            # A walk takes more than a fetch: for when that says nothing, or keeps saying no.
            if status != 404 or waited >= patience or self._only_listed:
                with contextlib.suppress(Inconclusive):
                    items = self._listing.items(size=LARGEST_PAGE, scope=scope)
                    if (
                        item := next((item for item, _ in items if item.get("id") == sid), None)
                    ) is not None:
                        self._only_listed = status == 404
                        return "list", _name_in(item.get("displayName"))
            if status == 200:
                return "fetch", ""
            if waited >= patience:
                self._hidden = True
                return "", ""
            with self._client.steps.step("waiting for what was created to show"):
                time.sleep(_PAUSE_S if waited else max(self._lag_s, _PAUSE_S))


def _name_in(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _of_one_run(shown: str, name: str) -> bool:
    """True if *shown* begins as the run's names do."""
    return shown.casefold().startswith("-".join(name.split("-")[:2]).casefold())


def named_by(operation: Operation) -> str | None:
    """The id that the 202 of a create names, or else its newest poll that names one."""
    for exchange in (operation.accepted, *reversed(operation.polls)):
        if isinstance(sid := exchange.related_sid, str) and is_plain(sid):
            return sid
    return None


def named_at_end(operation: Operation) -> str | None:
    """The id that an ended create names, or else its 202."""
    newest = [poll for poll in operation.polls if poll.status == 200][-1:]
    sid = next(
        (one.related_sid for one in (*newest, operation.accepted) if one.object.get("related")),
        None,
    )
    return sid if isinstance(sid, str) else None
