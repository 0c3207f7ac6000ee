"""The run's announced, existing and deleted configurations, as in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.addresses import are_loopback
from orchestrator_contract.profile import Profile
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Stands in what the run calls one more configuration of the same displayName, between that name, which can't hold it, and a number.
TWIN = "+"
#: Of the ten that a real account takes, some are its owner's.
_BOUND = 8


def initial_bound(profile: Profile) -> int:
    """How many configurations of the run's may exist at once before anything was learned; 0: no bound is known."""
    if profile.limits.configurations is not None:
        return profile.limits.configurations
    return 0 if are_loopback(profile.bases) else _BOUND


class Inventory:
    """The configurations of one process of the run."""

    def __init__(
        self,
        coordinator: Coordinator,
        ownership: Ownership,
        *,
        holder: str = "",
        processes: int = 1,
    ) -> None:
        """*holder* names this one of the run's *processes*, which share the room that there is."""
        self._coordinator = coordinator
        self._ownership = ownership
        self._holder = holder
        self._processes = processes
        self._lock = Lock()
        #: Where each announced create takes room, by name, until nothing can exist under it any more.
        #: No lock guards it, which an interrupt could leave taken: each access is one step.
        self._room: dict[str, Scope] = {}
        #: Created and not yet known to be gone, by name.
        self.left: dict[str, Configuration] = {}
        #: Announced creates whose configuration is not known: where each was sent, by name.
        self.unresolved: dict[str, Scope] = {}
        #: The operations of accepted creates, by name.
        self.accepted: dict[str, Operation] = {}
        #: Those known to be gone, given ones included.
        self._gone: set[ResourceKey] = set()
        #: Those that the run deletes on purpose, to make room.
        self._leaving: set[ResourceKey] = set()
        #: Those that the present test has made.
        self.fresh: set[ResourceKey] = set()
        #: By which account each id was created and under which name; None where several accounts count alike.
        self._owners: dict[str, tuple[int, str] | None] = {}
        self._twins = 0
        #: Every displayName that a create was announced with, by where it was sent.
        self.announced: dict[Scope, set[str]] = {}
        #: Announced creates that were refused in a way that may hide one that was carried out.
        self.refused: set[str] = set()

    def charge(self, number: int) -> None:
        """Count *number* deletions, when configurations are made or given: whatever was made is deleted in the end.

        Raises:
            NothingToDelete: the deletion budget is spent.
        """
        if self._coordinator.take_deletes(number) != number:
            raise NothingToDelete("the deletion budget ([limits] deletes) is spent")

    def discharge(self, number: int) -> None:
        """Count *number* deletions less: nothing was made."""
        self._coordinator.give_back_deletes(number)

    # ---------------------------------------------------------------- room

    def bound(self, scope: Scope = DEFAULT_SCOPE) -> int:
        """How many of the run's may exist in *scope* at once; 0 while no bound is known."""
        return self._coordinator.rooms.bound(_key(scope))

    def take_room(self, number: int, scope: Scope = DEFAULT_SCOPE) -> int:
        """Room for up to *number* creates in *scope*, which `announce` uses up."""
        return self._coordinator.rooms.take(self._holder, _key(scope), number, self._processes)

    def room_is_full(self, scope: Scope) -> None:
        """Note that the endpoint takes no more in *scope* than there are."""
        self._coordinator.rooms.full(_key(scope))

    def holding(self, scope: Scope = DEFAULT_SCOPE) -> int:
        """How many of this process may exist in *scope*: created, being created or being deleted."""
        return [*self._room.values()].count(scope)

    def has_some(self, scope: Scope) -> bool:
        """True if something that this process created in *scope* is known to exist."""
        return any(one.scope == scope for one in self.left.values())

    def may_get_more(self, scope: Scope = DEFAULT_SCOPE) -> bool:
        """True if this process holds less than its share of the room."""
        return self.holding(scope) < self.share(scope)

    def share(self, scope: Scope = DEFAULT_SCOPE) -> int:
        """How many of this process may exist in *scope* at once; 0 while no bound is known."""
        bound = self.bound(scope)
        return max(bound // self._processes, 1) if bound else 0

    def uncertain(self, scope: Scope) -> set[str]:
        """Names that room is held for although nothing is known to exist under them."""
        held = {name for name, where in [*self._room.items()] if where == scope}
        return held & self.unresolved.keys()

    def vacate(self, *names: str) -> None:
        """Note that nothing exists under *names* any more: their room is free."""
        for name in names:
            scope = self._room.pop(name, None)
            if scope is not None:
                self._coordinator.rooms.give_back(self._holder, _key(scope), 1)

    # ---------------------------------------------------------------- announced, created, gone

    def _note(self, entries: list[dict[str, Any]]) -> None:
        """Put *entries* into the journal.

        Raises:
            Inconclusive: what they announce may not be created.
        """
        why = self._coordinator.journal(entries)
        if why:
            raise Inconclusive(why)

    def announce(
        self, names: Iterable[str], scope: Scope = DEFAULT_SCOPE, *, room: bool = True
    ) -> None:
        """Note, before they are sent, creates of configurations with these names; *room* was taken unless they make nothing."""
        names = list(names)
        self._room.update(dict.fromkeys(names, scope) if room else {})
        self.announced.setdefault(scope, set()).update(name.partition(TWIN)[0] for name in names)
        where = {"account": scope.account, "region": scope.region}
        try:
            self._note([{"name": name, "state": "creating", **where} for name in names])
        except Inconclusive:
            self.vacate(*names)
            raise

    def announce_twin(self, name: str, scope: Scope = DEFAULT_SCOPE, *, room: bool = True) -> str:
        """Note the create, in *scope*, of one more configuration with the displayName *name*; what the run calls it."""
        with self._lock:
            self._twins += 1
            twin = f"{name}{TWIN}{self._twins:x}"
        self.announce([twin], scope, room=room)
        return twin

    def not_made(self, name: str) -> None:
        """Note that the create of *name* has certainly made nothing."""
        self.unresolved.pop(name, None)
        self.vacate(name)

    def withdraw(self, name: str) -> None:
        """Note in the journal, too, that the announced create of *name* made nothing."""
        self._note([{"name": name, "state": "deleted", "account": 0, "region": 0}])
        self.vacate(name)

    def add(self, configuration: Configuration) -> None:
        """Take this for one that the run has created, and may delete.

        An interrupt may come between any two steps: what is left may be deleted, and what is not among it is unresolved still.
        """
        self._ownership.allow(configuration.sid, scope=configuration.scope)
        made = configuration.scope.account, configuration.name.partition(TWIN)[0]
        self._owners[configuration.sid] = (
            made if self._owners.get(configuration.sid, made) == made else None
        )
        self.fresh.add(configuration.resource_key)
        self.left[configuration.name] = configuration
        self.unresolved.pop(configuration.name, None)

    def created(self, configurations: Iterable[Configuration]) -> None:
        """Put the ids of these, which were added, into the journal."""
        entries = [_entry(one, "created") for one in configurations]
        if entries:
            self._note(entries)

    def gone(self, *configurations: Configuration) -> None:
        """Note that these are known to be deleted."""
        self._gone.update(c.resource_key for c in configurations)
        known = [c for c in configurations if self.left.pop(c.name, None) is not None]
        if known:
            self._note([_entry(one, "deleted") for one in known])
        self.vacate(*(one.name for one in known))

    def leave(self, *configurations: Configuration) -> None:
        """Note that the run deletes these on purpose, to make room."""
        self._leaving |= {one.resource_key for one in configurations}

    def is_leaving(self, configuration: Configuration) -> bool:
        """True if the run deleted it on purpose, or is about to."""
        return configuration.resource_key in self._leaving

    def is_gone(self, configuration: Configuration) -> bool:
        """True if it is known to be deleted."""
        return configuration.resource_key in self._gone

    def owner(self, sid: str, shown: Any = None) -> int | None:
        """The account that has created this, *shown* under a name; None where that is not known, or what is shown is another one."""
        account, name = self._owners.get(sid) or (None, "")
        return None if isinstance(shown, str) and shown.casefold() != name.casefold() else account

    def sids(self, scope: Scope) -> set[str]:
        """Every id that is known to be the run's in *scope*, or to have been."""
        return {
            sid
            for where, sid in (*self._gone, *(one.resource_key for one in self.left.values()))
            if where == scope
        }


def _key(scope: Scope) -> str:
    return f"{scope.account}/{scope.region}"


def _entry(configuration: Configuration, state: str) -> dict[str, Any]:
    return {
        "name": configuration.name,
        "sid": configuration.sid,
        "state": state,
        "account": configuration.scope.account,
        "region": configuration.scope.region,
    }
