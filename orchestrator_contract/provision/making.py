"""Making configurations within the room that there is: from the stock, by new creates, or in place of unneeded ones."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
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
from orchestrator_contract.provision.stock import PLAIN, Content, Stock, content_of
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Longest wait for room that other processes of the run have, and for creates that are under way, in seconds.
_PATIENCE_S = 60.0
_LOOK_S = 0.5


class Making:
    """Gives tests what they ask for."""

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
        self.stock = Stock()
        self.ahead = ahead
        #: Those that the present test has taken.
        self.taken: set[ResourceKey] = set()
        #: Creates that are under way beside the tests.
        self.under_way = 0

    # ---------------------------------------------------------------- taking

    def take(
        self, wanted: Sequence[Mapping[str, Any]], scope: Scope, *, new: bool = False
    ) -> list[Configuration]:
        """Idle configurations with *wanted* optional members, or created now if they are to be *new*.

        Where there is no room for more, others serve as well.

        Raises:
            NothingToDelete: they can't be had.
        """
        contents = [content_of(one) for one in wanted]
        found = {} if new else self._from_stock(scope, contents)
        spent = time.monotonic() + _PATIENCE_S
        while missing := [index for index in range(len(wanted)) if index not in found]:
            try:
                made = self._create([wanted[index] for index in missing], scope, new=new)
            except TooFew as error:
                made = [*error.made]
                made += [] if new else self._others(scope, len(missing) - len(made), error)
                found |= zip(missing, made, strict=False)
                lacking = len(found) < len(wanted)
                if lacking and not self._find_room(error, scope, spent, new=new):
                    self._put_back(found.values())
                    raise
                continue
            found |= zip(missing, made, strict=True)
        return [found[index] for index in sorted(found)]

    def _from_stock(self, scope: Scope, contents: Sequence[Content]) -> dict[int, Configuration]:
        found = self.stock.take(scope, contents)
        if self._inventory.bound(scope):
            # Where room is short any serves for a plain one.
            plain = [n for n, one in enumerate(contents) if one == PLAIN and n not in found]
            found |= zip(plain, self.stock.take_any(scope, len(plain)), strict=False)
        return found

    def _others(self, scope: Scope, number: int, error: TooFew) -> list[Configuration]:
        """Up to *number* with other members: plain ones are better than none."""
        found = self.stock.take_any(scope, number)
        if error.full:
            unspoiled = [one for one in self.idle(scope) if self.is_unspoiled(one)]
            found += unspoiled[: number - len(found)]
        return found

    def is_unspoiled(self, configuration: Configuration) -> bool:
        """Whether an idle one can serve again: no delete of it was accepted, or left without a clear answer."""
        return self._ownership.untouched(configuration.resource_key)

    def _put_back(self, configurations: Iterable[Configuration]) -> None:
        for one in configurations:
            self.stock.put(one)

    def _create(
        self, wanted: Sequence[Mapping[str, Any]], scope: Scope, *, new: bool
    ) -> list[Configuration]:
        """New ones; what is made ahead with them goes to the stock, and counts as deletions like they do."""
        number = len(wanted)
        self._inventory.charge(number)
        # Other accounts and regions are needed by few tests.
        plain = scope == DEFAULT_SCOPE and not new and not any(wanted)
        spare = self._client.coordinator.take_deletes(self.ahead) if plain else 0
        made: Sequence[Configuration] = ()
        try:
            made = self._creator.create(
                number + spare, scope, [dict(one) for one in wanted], spare=spare
            )
        except TooFew as error:
            made = error.made
            if error.full:
                self.ahead = 0
            raise
        finally:
            self._client.coordinator.give_back_deletes(number + spare - len(made))
        self._put_back(made[number:])
        return [*made[:number]]

    # ---------------------------------------------------------------- room

    def _find_room(self, error: TooFew, scope: Scope, spent: float, *, new: bool) -> bool:
        """Whether it is worth to try again after *error*, before it is *spent* seconds on the clock."""
        if not error.full:
            return False
        if not self.under_way and self.make_room(scope, new=new):
            return True
        if time.monotonic() > spent or not (self.under_way or self._inventory.may_get_more(scope)):
            return False
        with self._client.steps.step("waiting for room in the account"):
            self._inventory.wait(_LOOK_S)
        return True

    def make_room(self, scope: Scope, *, new: bool = True) -> bool:
        """Delete what is needed least in *scope*, or, unless for *new* ones, find what can serve again; whether it helps."""
        for let_go in (
            None,
            self._holds.release,
            partial(self.stock.take_any, scope, 1),
            self._holds.surrender,
        ):
            if let_go is not None:
                let_go()
            idle = self.idle(scope)
            if any(map(self.is_unspoiled, idle)) and not new:
                return True
            if self.delete(idle):
                return True
        return not self.under_way and self._creator.recover(scope)

    def delete(self, configurations: Sequence[Configuration]) -> bool:
        """Delete these and wait for the end; whether any is gone. What is busy makes no room now."""
        with contextlib.suppress(Inconclusive):
            begun = cleanup.begin(self._client, self._poller, configurations, self._inventory.gone)
            cleanup.conclude(self._poller, begun, self._inventory.gone)
        return any(self._inventory.is_gone(one) for one in configurations)

    def idle(self, scope: Scope = DEFAULT_SCOPE) -> list[Configuration]:
        """What was created in *scope* and no test needs any longer."""
        used = self.stock.keys() | self.taken | self._inventory.fresh | self._inventory.arriving
        left = [one for one in [*self._inventory.left.values()] if one.scope == scope]
        return [one for one in left if one.resource_key not in used and one not in self._holds]
