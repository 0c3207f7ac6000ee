"""`--cleanup JOURNAL`: deletes configurations that a run left behind.

Deleted ones are appended to the journal, so that a second call starts from there. Only ids and
names that the journal holds are touched, so any run's journal is safe.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator_contract.coordination import journal
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import (
    Journal,
    JournalError,
    Past,
    account_labels,
    entry_of,
)
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.cleanup import is_fetched, remove, still_shown
from orchestrator_contract.provision.inventory import TWIN
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import ResourceKey, Scope

_ROUNDS = 3
#: A create that was on its way when its run was killed may show in the list only a moment later, in
#: seconds.
_SETTLE_S = 1.5


class CleanupError(Exception):
    """The journal or the target can't be used, or they don't belong together."""


def read(path: Path, profile: Profile) -> Past:
    """The journal, with its region numbers translated to those of *profile*.

    Raises:
        CleanupError: the file is no journal, or one of another target or account. With other
            credentials every SID would get a 404 and look deleted.
    """
    try:
        past = journal.read(path)
    except JournalError as error:
        raise CleanupError(str(error)) from None
    labels = account_labels(profile)
    places = []
    for left in past.leftovers:
        try:
            base = past.bases[left.scope.region]
            region = profile.bases.index(base)
        except (IndexError, ValueError):
            raise CleanupError(
                f"{path}: was written on {', '.join(past.bases)}, which --target does not name"
            ) from None
        account = left.scope.account
        wrote = past.accounts[account] if account < len(past.accounts) else None
        if wrote is not None and (account >= len(labels) or labels[account] != wrote):
            raise CleanupError(
                f"{path}: was written with other credentials for account {account + 1};"
                " with the present ones everything would look deleted, so use the original ones"
                f" (left: {left.sid or left.name})"
            )
        places.append(replace(left, scope=Scope(account, region)))
    return Past(past.run, past.bases, tuple(places), past.accounts)


def clean(
    path: Path, profile: Profile, say: Callable[[str], None], coordinator: Coordinator | None = None
) -> tuple[int, int]:
    """Delete what the journal at *path* lists, with what a *coordinator* grants for it.

    Returns:
        The number of configurations that were left, and that still are.

    Raises:
        CleanupError: the journal or the target can't be used, or the journal can't be written.
    """
    past = read(path, profile)
    say(
        f"journal of run {past.run}: {len(past.leftovers)} configuration(s) not known to be deleted"
    )
    if not past.leftovers:
        return 0, 0
    settings = Settings(profile, EFFORTS["quick"], 0, "cleanup")
    endpoint = Endpoint(settings, coordinator or Coordinator.of(profile, None))
    endpoint.client.forgive()  # all of a small budget is for cleaning up
    try:
        _reach(endpoint, {left.scope for left in past.leftovers})
        mend(path)
        cleaning = _Cleaning(endpoint, Journal(path, {}), say)
        return len(past.leftovers), cleaning.all(past.leftovers)
    finally:
        endpoint.client.settle()


def _reach(endpoint: Endpoint, scopes: Iterable[Scope]) -> None:
    for scope in sorted(scopes):
        base = endpoint.profile.bases[scope.region]
        out = endpoint.client.page_request("pageSize=1", scope=scope)
        try:
            exchange = endpoint.client.send(out, allow_no_response=True)
        except Inconclusive as error:
            raise CleanupError(f"{base}: {error}") from None
        if exchange.status is None or exchange.status in (401, 403):
            said = (
                f"refuses the credentials of account {scope.account + 1}"
                if exchange.status
                else "can't be reached"
            )
            raise CleanupError(f"{base} {said}: {exchange.outcome()}")


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CleanupError(f"{path}: can't be written: {error.strerror or error}") from None


def mend(path: Path) -> None:
    """Make the journal end with a whole line; drop one that a crash cut.

    It is opened for writing in any case, so that the first delete happens only where that works.

    Raises:
        CleanupError: it can't be written.
    """
    with _written(path), path.open("r+b") as file:
        data = file.read()
        kept, _, tail = data.rpartition(b"\n")
        if not tail:
            return
        try:
            json.loads(tail)
            ending = data + b"\n"
        except ValueError:
            ending = kept + b"\n"
        file.seek(len(kept) + 1 if kept else 0)
        file.write(ending[len(kept) + 1 if kept else 0 :])
        file.truncate()


class _Cleaning:
    """One call of `clean`."""

    def __init__(self, endpoint: Endpoint, log: Journal, say: Callable[[str], None]) -> None:
        self._endpoint = endpoint
        self._log = log
        self._say = say
        self._left: dict[ResourceKey, Configuration] = {}
        #: Those that exist although their deletes COMPLETED.
        self._kept: list[Configuration] = []

    def all(self, leftovers: Iterable[Configuration]) -> int:
        """Delete these; the number that is left."""
        unknown = [one for one in leftovers if not one.sid]
        for one in leftovers:
            if one.sid:
                self._mark(one)
        self._delete()
        unseen = self._look_up(unknown)
        self._delete()
        left = [*self._left.values(), *self._kept]
        for configuration in left:
            self._say(f"LEFT     {configuration.sid}  {configuration.name}")
        remaining = len(left) + unseen
        self._say(f"{remaining} left" if remaining else "nothing is left")
        return remaining

    def _mark(self, configuration: Configuration) -> None:
        self._left[configuration.resource_key] = configuration
        self._endpoint.ownership.allow(configuration.sid, scope=configuration.scope)

    def _look_up(self, unknown: list[Configuration]) -> int:
        """Find configurations without an id by name; return how many may be left."""
        return sum(
            self._look_in(scope, [one.name for one in unknown if one.scope == scope])
            for scope in sorted({one.scope for one in unknown})
        )

    def _look_in(self, scope: Scope, announced: list[str]) -> int:
        """Find those *announced* in one scope."""
        # A name that was generated may hold the mark of a twin.
        names = {*announced, *(name.partition(TWIN)[0] for name in announced)}
        found: dict[str, str] = {}
        doubtful: dict[str, str] = {}
        problem = ""
        try:
            for pause in (_SETTLE_S, 0):
                listed = self._endpoint.configurations.listing.named(names, scope)
                doubtful = {sid: name for sid, name in listed if sid not in found}
                shown = {sid for sid, name in doubtful.items() if self._is_shown(sid, name, scope)}
                found |= {sid: doubtful.pop(sid) for sid in shown}
                time.sleep(pause if len(found) < len(announced) else 0)
        except Inconclusive as error:
            doubtful, problem = {}, str(error)
        for sid, name in found.items():
            if (scope, sid) not in self._left:
                self._mark(Configuration(sid, _taken(announced, name), scope))
        for sid, name in doubtful.items():
            self._say(
                f"LEFT     {visible(sid, 80)}  {name}: it is listed, but no fetch shows it"
                " under that name, so it may belong to someone else"
            )
        missing = sorted(announced)
        if problem:
            self._say(
                f"LEFT     the list can't be read: {problem}; not looked for: {', '.join(missing)}"
            )
            return len(missing)
        for name in missing if not doubtful else ():
            self._say(f"absent   {name}: announced, and never created")
        return len(doubtful)

    def _is_shown(self, sid: str, name: str, scope: Scope) -> bool:
        return is_fetched(self._endpoint.client, Configuration(sid, name, scope))

    def _delete(self) -> None:
        for attempt in range(_ROUNDS):
            if not self._left:
                return
            time.sleep(attempt * 0.5)
            self._endpoint.client.forgive()
            try:
                remove(self._endpoint.poller, list(self._left.values()), self._gone)
            except Inconclusive as error:
                self._say(f"problem  {error}")

    def _gone(self, *configurations: Configuration) -> None:
        deleted: dict[Scope, tuple[set[str], set[str]]] = {}
        for one in configurations:
            sids, names = deleted.setdefault(one.scope, (set(), set()))
            sids.add(one.sid)
            names |= {one.name, one.name.partition(TWIN)[0]}
        shown = still_shown(self._endpoint.configurations.listing, deleted)
        kept = {one.resource_key for one in shown}
        done = [one for one in configurations if self._left.pop(one.resource_key, None)]
        self._kept += [one for one in done if one.resource_key in kept]
        open_ = {one.name for one in (*self._left.values(), *self._kept)}
        entries: list[dict[str, Any]] = []
        for one in done:
            if one.resource_key in kept:
                continue
            self._say(f"deleted  {one.sid}  {one.name}")
            if one.name not in open_:
                entries.append(entry_of(one.name, "deleted", one.scope, one.sid))
        if entries:
            with _written(self._log.path):
                self._log.write(entries)


def _taken(announced: list[str], shown: str) -> str:
    """Take the journal's name for what is *shown* under a name; of twins one after the other."""
    of_it = [one for one in announced if shown in (one, one.partition(TWIN)[0])]
    name = min(of_it, default=shown)
    if of_it:
        announced.remove(name)
    return name
