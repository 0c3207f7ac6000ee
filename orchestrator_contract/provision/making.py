"""Making configurations within the room that there is: new ones, or in place of unneeded ones."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import Ownership
from orchestrator_contract.provision import cleanup
from orchestrator_contract.provision.create import Creator
from orchestrator_contract.provision.holds import Holds
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.refusals import TooFew
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Longest wait for room that other processes of the run have, and between two looks, in seconds.
_PATIENCE_S, _LOOK_S = 60.0, 0.5


class Making:
    """Gives tests what they ask for, from what was made ahead or by new creates."""

    def __init__(
        self,
        client: Client,
        poller: Poller,
        inventory: Inventory,
        ownership: Ownership,
        holds: Holds,
        creator: Creator,
        ahead: int,
    ) -> None:
        """*ahead* more are made whenever one has to be made."""
        self._client = client
        self._poller = poller
        self._inventory = inventory
        self._ownership = ownership
        self._holds = holds
        self._creator = creator
        self._stock: dict[Scope, list[Configuration]] = {}
        self.ahead = ahead
        #: Those that the present test has taken.
        self.taken: set[ResourceKey] = set()

    # ---------------------------------------------------------------- taking

    def take(
        self, wanted: Sequence[Mapping[str, Any]], scope: Scope, *, new: bool = False
    ) -> list[Configuration]:
        """Idle configurations with *wanted* optional members, created now if they are to be *new*.

        For want of room plain ones serve for all.

        Raises:
            NothingToDelete: they can't be had.
        """
        plain = 0 if new else sum(not one for one in wanted)
        found = self._reuse(scope, plain)
        left = sorted(wanted, key=bool)[len(found) :] if found else [*wanted]
        spent = time.monotonic() + _PATIENCE_S
        while left:
            try:
                found += self._create(left, scope, new=new)
                break
            except TooFew as error:
                found += error.made
                left = left[len(error.made) :]
                swapped = sum(new or bool(one) for one in left)
                if error.full and (self.make_room(scope) or self._swap(scope, swapped)):
                    continue
                instead = [] if new else self._reuse(scope, len(left), full=error.full)
                found += instead
                left = left[len(instead) :]
                if left and not (error.full and self._wait_for_room(scope, spent)):
                    self.put(*found)
                    raise
        return found

    def _reuse(self, scope: Scope, number: int, *, full: bool = False) -> list[Configuration]:
        """Up to *number* that were made before: of earlier tests, or ahead.

        A bridged service may keep one from being deleted, so those serve in *full* accounts only.
        """
        tight = full or bool(self._inventory.bound(scope))
        unspoiled = [one for one in self.idle(scope) if self.is_unspoiled(one)]
        found = [one for one in unspoiled if tight or not one.is_bridged][:number]
        stock = self._stock.setdefault(scope, [])
        found += stock[: number - len(found)]
        stock[:] = [one for one in stock if one not in found]
        self.taken |= self._keys([found])
        return found

    def _swap(self, scope: Scope, number: int) -> bool:
        """Delete up to *number* that were made ahead, for others in their place; true if it helps."""
        stock = self._stock.setdefault(scope, [])
        let_go, stock[:] = stock[:number], stock[number:]
        return self._delete(let_go)

    def is_unspoiled(self, configuration: Configuration) -> bool:
        """True if it can serve again: no delete of it was accepted, or left without a clear answer."""
        return self._ownership.untouched(configuration.resource_key)

    def put(self, *configurations: Configuration) -> None:
        """Keep these for other tests."""
        for one in configurations:
            self._stock.setdefault(one.scope, []).append(one)

    def clear(self) -> None:
        """Keep nothing for other tests."""
        self._stock.clear()

    def _create(
        self, wanted: Sequence[Mapping[str, Any]], scope: Scope, *, new: bool
    ) -> list[Configuration]:
        """New ones; what is made ahead with them is kept, and counts as deletions like they do."""
        number = len(wanted)
        self._inventory.charge(number)
        # Other accounts and regions are needed by few tests.
        ahead = self.ahead if scope == DEFAULT_SCOPE and not new and not any(wanted) else 0
        spare = self._client.coordinator.take_deletes(ahead)
        made: Sequence[Configuration] = ()
        try:
            members = [dict(one) for one in wanted]
            made = self._creator.create(number + spare, scope, members, spare=spare)
        except TooFew as error:
            made = error.made
            raise
        finally:
            self._inventory.discharge(number + spare - len(made))
        self.put(*made[number:])
        return [*made[:number]]

    # ---------------------------------------------------------------- room

    def _wait_for_room(self, scope: Scope, spent: float) -> bool:
        """True if it is worth to try again, before it is *spent* seconds on the clock."""
        if self.make_room(scope, at_any_cost=True):
            return True
        if time.monotonic() > spent or not self._inventory.may_get_more(scope):
            return False
        with self._client.steps.step("waiting for room in the account"):
            time.sleep(_LOOK_S)
        return True

    def make_room(self, scope: Scope, *, at_any_cost: bool = False) -> bool:
        """Delete what can't serve again, or *at_any_cost* what is needed least; true if it helps."""
        steps: list[Callable[[], object]] = [lambda: None, self._holds.release]
        if at_any_cost:
            steps += [lambda: self._stock.pop(scope, None), self._holds.surrender]
        for let_go in steps:
            let_go()
            idle = self.idle(scope)
            if not at_any_cost:
                idle = [one for one in idle if not self.is_unspoiled(one)]
            if self._delete(idle):
                return True
        return self._creator.recover(scope)

    def _delete(self, configurations: Sequence[Configuration]) -> bool:
        """Delete these and wait for the end; true if any is gone. A busy one makes no room now."""
        self._inventory.leave(*configurations)
        with contextlib.suppress(Inconclusive):
            begun = cleanup.begin(self._client, self._poller, configurations, self._inventory.gone)
            cleanup.conclude(self._poller, begun, self._inventory.gone)
        return any(self._inventory.is_gone(one) for one in configurations)

    def idle(self, scope: Scope = DEFAULT_SCOPE) -> list[Configuration]:
        """The configurations created in *scope* that no test needs any longer."""
        used = self._keys(self._stock.values()) | self.taken | self._inventory.fresh
        left = [one for one in self._inventory.left.values() if one.scope == scope]
        return [one for one in left if one.resource_key not in used and one not in self._holds]

    @staticmethod
    def _keys(groups: Iterable[Sequence[Configuration]]) -> set[ResourceKey]:
        return {one.resource_key for group in groups for one in group}
