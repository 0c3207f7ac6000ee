"""`--cleanup JOURNAL`: deletes configurations that a run left behind.

Deleted ones are appended to the journal, so that a second call starts from there. Only ids and
names that the journal holds are touched, so any run's journal is safe.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.coordination import journal
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import (
    Journal,
    JournalError,
    Leftover,
    Past,
    account_labels,
    entry_of,
)
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import is_plain
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.cleanup import remove
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
            base = past.bases[left.region]
            region = profile.bases.index(base)
        except (IndexError, ValueError):
            raise CleanupError(
                f"{path}: was written on {', '.join(past.bases)}, which --target does not name"
            ) from None
        wrote = past.accounts[left.account] if 0 <= left.account < len(past.accounts) else None
        if wrote is not None and (left.account >= len(labels) or labels[left.account] != wrote):
            raise CleanupError(
                f"{path}: was written with other credentials for account {left.account + 1};"
                " with the present ones everything would look deleted, so use the original ones"
                f" (left: {left.sid or left.name})"
            )
        places.append(Leftover(left.name, left.sid, left.account, region))
    return Past(past.run, past.bases, tuple(places), past.accounts)


def clean(path: Path, profile: Profile, say: Callable[[str], None]) -> int:
    """Delete what the journal at *path* lists; return the number left.

    Raises:
        CleanupError: the journal or the target can't be used, or the journal can't be written.
    """
    past = read(path, profile)
    say(
        f"journal of run {past.run}: {len(past.leftovers)} configuration(s) not known to be deleted"
    )
    if not past.leftovers:
        return 0
    limits = profile.limits
    coordinator = Coordinator(limits.requests, limits.requests_per_second, limits.deletes, None)
    endpoint = _endpoint(profile, coordinator)
    try:
        _reach(endpoint, {(left.account, left.region) for left in past.leftovers})
        mend(path)
        return _Cleaning(endpoint, Journal(path, {}), say).all(past.leftovers)
    finally:
        endpoint.client.settle()


def sweep(path: Path, profile: Profile, coordinator: Coordinator) -> tuple[int, int]:
    """Delete what lost workers have left, at the end of their run.

    Returns:
        The number of configurations that were left, and that still are.

    Raises:
        CleanupError: the journal can't be used.
    """
    past = read(path, profile)
    if not past.leftovers:
        return 0, 0
    endpoint = _endpoint(profile, coordinator)
    try:
        cleaning = _Cleaning(endpoint, Journal(path, {}), lambda _: None, patient=False)
        return len(past.leftovers), cleaning.all(past.leftovers)
    finally:
        endpoint.client.settle()


def _endpoint(profile: Profile, coordinator: Coordinator) -> Endpoint:
    endpoint = Endpoint(Settings(profile, EFFORTS["quick"], 0, "cleanup"), coordinator)
    endpoint.client.forgive()  # all of a small budget is for cleaning up
    return endpoint


def _reach(endpoint: Endpoint, places: Iterable[tuple[int, int]]) -> None:
    for account, region in sorted(places):
        out = endpoint.client.request(
            Call("list"), "GET", "/Configurations?pageSize=1", scope=Scope(account, region)
        )
        try:
            exchange = endpoint.client.send(out, allow_no_response=True)
        except Inconclusive as error:
            raise CleanupError(f"{endpoint.profile.bases[region]}: {error}") from None
        if exchange.status is None or exchange.status in (401, 403):
            said = (
                f"refuses the credentials of account {account + 1}"
                if exchange.status
                else "can't be reached"
            )
            raise CleanupError(f"{endpoint.profile.bases[region]} {said}: {exchange.outcome()}")


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
    """One call of `clean` or, without *patient*, of `sweep`."""

    def __init__(
        self, endpoint: Endpoint, log: Journal, say: Callable[[str], None], *, patient: bool = True
    ) -> None:
        self._patient = patient
        self._endpoint = endpoint
        self._log = log
        self._say = say
        self._left: dict[ResourceKey, Configuration] = {}

    def all(self, leftovers: Iterable[Leftover]) -> int:
        """Delete these; the number that is left."""
        known = [one for one in leftovers if one.sid]
        unknown = [one for one in leftovers if not one.sid]
        for one in known:
            self._mark(Configuration(str(one.sid), one.name, Scope(one.account, one.region)))
        self._delete()
        unseen = self._look_up(unknown)
        self._delete()
        for configuration in self._left.values():
            self._say(f"LEFT     {configuration.sid}  {configuration.name}")
        remaining = len(self._left) + unseen
        self._say(f"{remaining} left" if remaining else "nothing is left")
        return remaining

    def _mark(self, configuration: Configuration) -> None:
        self._left[configuration.resource_key] = configuration
        self._endpoint.ownership.allow(configuration.sid, scope=configuration.scope)

    def _look_up(self, unknown: list[Leftover]) -> int:
        """Find configurations without an id by name; return how many may be left."""
        if not unknown:
            return 0
        blind = 0
        for scope in sorted({(one.account, one.region) for one in unknown}):
            names = {
                one.name.partition(TWIN)[0] for one in unknown if (one.account, one.region) == scope
            }
            found: dict[str, str] = {}
            doubtful: dict[str, str] = {}
            try:
                for pause in (_SETTLE_S, 0):
                    doubtful = {
                        sid: name
                        for sid, name in self._listed(names, *scope).items()
                        if sid not in found
                    }
                    shown = {
                        sid for sid, name in doubtful.items() if self._is_shown(sid, name, *scope)
                    }
                    found |= {sid: doubtful.pop(sid) for sid in shown}
                    time.sleep(pause if len(found) < len(names) else 0)
            except Inconclusive as error:
                blind += len(names) - len(set(found.values()))
                doubtful = {}
                missing = ", ".join(sorted(names - set(found.values())))
                self._say(f"LEFT     the list can't be read: {error}; not looked for: {missing}")
            for sid, name in found.items():
                self._mark(Configuration(sid, name, Scope(*scope)))
            for sid, name in doubtful.items():
                self._say(
                    f"LEFT     {visible(sid, 80)}  {name}: it is listed, but no fetch shows it"
                    " under that name, so it may belong to someone else"
                )
            blind += len(doubtful)
            for name in sorted(names - {*found.values(), *doubtful.values()}) if not blind else ():
                self._say(f"absent   {name}: announced, and never created")
        return blind

    def _listed(self, names: set[str], account: int, region: int) -> dict[str, str]:
        """The listed configurations with one of *names*: their names by SID."""
        items = self._endpoint.configurations.listing.items(
            size=LARGEST_PAGE, scope=Scope(account, region)
        )
        return {
            item["id"]: item["displayName"]
            for item, _ in items
            if isinstance(item.get("id"), str)
            and isinstance(name := item.get("displayName"), str)
            and name in names
        }

    def _is_shown(self, sid: str, name: str, account: int, region: int) -> bool:
        """True if a fetch shows *sid* under *name*, whatever the list shows.

        An id that is no plain path segment could lead elsewhere, so it is not fetched.
        """
        if not is_plain(sid):
            return False
        exchange = self._endpoint.client.fetch(Configuration(sid, scope=Scope(account, region)))
        return (
            exchange.status == 200
            and exchange.object.get("displayName") == name
            and exchange.object.get("id", sid) == sid
        )

    def _delete(self) -> None:
        for attempt in range(_ROUNDS):
            if not self._left:
                return
            time.sleep(attempt * 0.5)
            if self._patient:
                self._endpoint.client.forgive()
            try:
                remove(
                    self._endpoint.poller,
                    list(self._left.values()),
                    self._gone,
                )
            except Inconclusive as error:
                self._say(f"problem  {error}")

    def _gone(self, *configurations: Configuration) -> None:
        entries: list[dict[str, Any]] = []
        for one in configurations:
            if self._left.pop(one.resource_key, None) is None:
                continue
            self._say(f"deleted  {one.sid}  {one.name}")
            if not any(other.name == one.name for other in self._left.values()):
                entries.append(entry_of(one.name, "deleted", one.scope, one.sid))
        if entries:
            with _written(self._log.path):
                self._log.write(entries)
