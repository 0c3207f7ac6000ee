"""Keeps count of what the run has announced, created and deleted, and writes its journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import entry_of
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.provision.holds import Holder
from orchestrator_contract.provision.usage import Usage
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Separates a displayName from the number of one more of that name.
TWIN = "+"
#: Seconds after the end of a delete in which its room may not be free yet.
_FREED_LATE_S = 5.0


class Inventory(Usage):
    """The configurations of one process of the run."""

    def __init__(
        self,
        coordinator: Coordinator,
        ownership: Ownership,
        *,
        processes: int = 1,
    ) -> None:
        """The *processes* of the run share the room that there is."""
        super().__init__()
        self._coordinator = coordinator
        self._ownership = ownership
        self._processes = processes
        #: Where each announced create takes room, by name, until nothing can exist under it.
        #: No lock guards it, which an interrupt could leave taken: each access is one step.
        self._room: dict[str, Scope] = {}
        #: Created and not yet known to be gone, by name.
        self.left: dict[str, Configuration] = {}
        #: Announced creates whose configuration is not known: where each was sent, by name.
        self.unresolved: dict[str, Scope] = {}
        #: The operations of accepted creates, by name.
        self.accepted: dict[str, Operation] = {}
        #: Those whose word it is which configurations must be kept; each adds itself.
        self.holders: list[Holder] = []
        #: Called when configurations of this process are known to be gone.
        self.observers: list[Callable[[], None]] = []
        #: Those known to be gone, given ones included.
        self._gone: set[ResourceKey] = set()
        #: When the newest of each scope was known to be gone, in monotonic seconds.
        self._lost_at: dict[Scope, float] = {}
        #: Those that the run deletes on purpose, to make room.
        self._leaving: set[ResourceKey] = set()
        #: By which account each id was created, and its name; None where several count alike.
        self._owners: dict[str, tuple[int, str] | None] = {}
        #: The displayName of each that is one more of it, by what the run calls it.
        self._twins: dict[str, str] = {}
        #: Every displayName that a create was announced with, by where it was sent.
        self.announced: dict[Scope, set[str]] = {}
        #: Announced creates whose answer may hide one that was, or will be, carried out.
        self.unclear: set[str] = set()

    def charge(self, number: int) -> None:
        """Count *number* deletions of configurations that are made or given.

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
        return self._coordinator.rooms.bound(scope)

    def take_room(self, number: int, scope: Scope = DEFAULT_SCOPE) -> int:
        """Room for up to *number* creates in *scope*, which `announce` uses up."""
        if share := self.share(scope):
            number = max(min(number, share - self.holding(scope)), 0)
        return self._coordinator.rooms.take(scope, number)

    def room_is_full(self, scope: Scope) -> None:
        """Note that the endpoint takes no more in *scope* than there are."""
        self._coordinator.rooms.full(scope)

    def holding(self, scope: Scope = DEFAULT_SCOPE) -> int:
        """How many of this process may exist in *scope*, those under way included."""
        return [*self._room.values()].count(scope)

    def in_order(self, scope: Scope) -> list[Configuration]:
        """Configurations of *scope* in the order of their creates."""
        names = [name for name, where in [*self._room.items()] if where == scope]
        return [one for name in names if (one := self.left.get(name)) is not None]

    def has_some(self, scope: Scope) -> bool:
        """True if something that this process created in *scope* is known to exist."""
        return any(one.scope == scope for one in self.left.values())

    def lost_one_lately(self, scope: Scope) -> bool:
        """True if one of *scope* was deleted so lately that its room may not be free yet."""
        return time.monotonic() - self._lost_at.get(scope, -inf) < _FREED_LATE_S

    def may_get_more(self, scope: Scope = DEFAULT_SCOPE) -> bool:
        """True if this process holds less than its share of the room."""
        return self.holding(scope) < self.share(scope)

    def share(self, scope: Scope = DEFAULT_SCOPE) -> int:
        """How many of this process may exist in *scope* at once; 0 while no bound is known."""
        bound = self.bound(scope)
        return max(bound // self._processes, 1) if bound else 0

    def part(self, of: int) -> int:
        """One part *of* so many of the share, but not none; 0 while no bound is known."""
        share = self.share()
        return max(share // of, 1) if share else 0

    def uncertain(self, scope: Scope) -> set[str]:
        """Names that room is held for although nothing is known to exist under them."""
        held = {name for name, where in [*self._room.items()] if where == scope}
        return held & self.unresolved.keys()

    def vacate(self, *names: str) -> None:
        """Note that nothing exists under *names* any more: their room is free."""
        for name in names:
            scope = self._room.pop(name, None)
            if scope is not None:
                self._coordinator.rooms.give_back(scope, 1)

    def idle(self, scope: Scope = DEFAULT_SCOPE) -> list[Configuration]:
        """What was created in *scope*, a test had, and none needs any longer."""
        idle = self.idle_keys()
        left = [*self.left.values()]
        found = [one for one in left if one.scope == scope and one.resource_key in idle]
        return [one for one in found if not any(holder.holds(one) for holder in self.holders)]

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
        """Note creates before they are sent; without *room* they make nothing."""
        names = list(names)
        self._room.update(dict.fromkeys(names, scope) if room else {})
        self.announced.setdefault(scope, set()).update(map(self.shown_name, names))
        try:
            self._note([entry_of(name, "creating", scope) for name in names])
        except Inconclusive:
            self.vacate(*names)
            raise

    def announce_twin(self, name: str, scope: Scope = DEFAULT_SCOPE, *, room: bool = True) -> str:
        """Note the create of one more of the displayName *name*; return what the run calls it."""
        with self._lock:
            twin = f"{name}{TWIN}{len(self._twins) + 1:x}"
            self._twins[twin] = self.shown_name(name)
        self.announce([twin], scope, room=room)
        return twin

    def shown_name(self, name: str) -> str:
        """The displayName of what the run calls *name*."""
        return self._twins.get(name, name)

    def not_made(self, name: str) -> None:
        """Note that the create of *name* has certainly made nothing."""
        self.unresolved.pop(name, None)
        self.vacate(name)

    def withdraw(self, name: str) -> None:
        """Note in the journal, too, that the announced create of *name* made nothing."""
        self._note([entry_of(name, "deleted")])
        self.not_made(name)

    def add(self, configuration: Configuration) -> None:
        """Take this for one that the run has created, and may delete.

        An interrupt may come between any two steps: what is not left is unresolved still.
        """
        self._ownership.allow(configuration.sid, scope=configuration.scope)
        made = configuration.scope.account, self.shown_name(configuration.name)
        self._owners[configuration.sid] = (
            made if self._owners.get(configuration.sid, made) == made else None
        )
        self.left[configuration.name] = configuration
        self.unresolved.pop(configuration.name, None)

    def created(self, configurations: Iterable[Configuration]) -> None:
        """Put the ids of these, which were added, into the journal."""
        entries = [entry_of(one.name, "created", one.scope, one.sid) for one in configurations]
        if entries:
            self._note(entries)

    def gone(self, *configurations: Configuration) -> None:
        """Note that these are known to be deleted."""
        self._gone.update(c.resource_key for c in configurations)
        self._lost_at |= dict.fromkeys((c.scope for c in configurations), time.monotonic())
        known = [c for c in configurations if self.left.pop(c.name, None) is not None]
        if known:
            self._note([entry_of(one.name, "deleted", one.scope, one.sid) for one in known])
        self.vacate(*(one.name for one in known))
        for observer in self.observers:
            observer()

    def leave(self, *configurations: Configuration) -> None:
        """Note that the run deletes these on purpose, to make room."""
        self._leaving |= {one.resource_key for one in configurations}

    def is_leaving(self, configuration: Configuration) -> bool:
        """True if the run deleted it on purpose, or is about to."""
        return configuration.resource_key in self._leaving

    def is_gone(self, configuration: Configuration) -> bool:
        """Whether it is known to be deleted."""
        return configuration.resource_key in self._gone

    def owner(self, sid: str, shown: Any = None) -> int | None:
        """The account that has created this; None if unknown, or if it is *shown* as another."""
        account, name = self._owners.get(sid) or (None, "")
        return None if isinstance(shown, str) and shown.casefold() != name.casefold() else account

    def sids(self, scope: Scope) -> set[str]:
        """Every id that is known to be the run's in *scope*, or to have been."""
        return {
            sid
            for where, sid in (*self._gone, *(one.resource_key for one in self.left.values()))
            if where == scope
        }
