"""What the run has announced, what is there of it, and what is gone: in the journal, so that it can be cleaned up after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Stands in what the run calls one more configuration of the same displayName, between that name, which can't hold it, and a number.
TWIN = "+"


class Inventory:
    """The configurations of one process of the run."""

    def __init__(self, coordinator: Coordinator, ownership: Ownership) -> None:
        self._coordinator = coordinator
        self._ownership = ownership
        self._lock = Lock()
        #: Created and not yet known to be gone, by name.
        self.left: dict[str, Configuration] = {}
        #: Announced creates whose configuration is not known: where each was sent, by name.
        self.unresolved: dict[str, Scope] = {}
        #: The operations of accepted creates, by name.
        self.accepted: dict[str, Operation] = {}
        #: Those known to be gone, given ones included.
        self._gone: set[ResourceKey] = set()
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

    def _note(self, entries: list[dict[str, Any]]) -> None:
        """Put *entries* into the journal.

        Raises:
            Inconclusive: what they announce may not be created.
        """
        why = self._coordinator.journal(entries)
        if why:
            raise Inconclusive(why)

    def announce(self, names: Iterable[str], scope: Scope = DEFAULT_SCOPE) -> None:
        """Note, before they are sent, creates of configurations with these names."""
        names = list(names)
        self.announced.setdefault(scope, set()).update(name.partition(TWIN)[0] for name in names)
        self._note(
            [
                {
                    "name": name,
                    "state": "creating",
                    "account": scope.account,
                    "region": scope.region,
                }
                for name in names
            ]
        )

    def announce_twin(self, name: str, scope: Scope = DEFAULT_SCOPE) -> str:
        """Note the create, in *scope*, of one more configuration with the displayName *name*; what the run calls it."""
        with self._lock:
            self._twins += 1
            twin = f"{name}{TWIN}{self._twins:x}"
        self.announce([twin], scope)
        return twin

    def resolve(self, name: str) -> None:
        """Note that what the create of *name* led to is known."""
        self.unresolved.pop(name, None)

    def withdraw(self, name: str) -> None:
        """Note that the announced create of *name* made nothing."""
        self._note([{"name": name, "state": "deleted", "account": 0, "region": 0}])

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
        self.resolve(configuration.name)

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

    def is_gone(self, configuration: Configuration) -> bool:
        """Whether it is known to be deleted."""
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


def _entry(configuration: Configuration, state: str) -> dict[str, Any]:
    return {
        "name": configuration.name,
        "sid": configuration.sid,
        "state": state,
        "account": configuration.scope.account,
        "region": configuration.scope.region,
    }
