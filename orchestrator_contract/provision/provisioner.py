"""Idle configurations for tests: created ahead, from the profile's pool, or from a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.provision import cleanup
from orchestrator_contract.provision.given import Given
from orchestrator_contract.provision.holds import Kept
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.single import SingleCreator
from orchestrator_contract.provision.stock import Stock
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope


class Provisioner:
    """Hands out idle configurations and removes at the end what is left of them."""

    def __init__(
        self,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        run_id: str,
        *,
        ahead: int = 0,
    ) -> None:
        """*ahead* more are made whenever one has to be made."""
        self.client = poller.client
        self.poller = poller
        self.inventory = inventory
        self.creator = SingleCreator(
            poller,
            findings,
            inventory,
            run_id,
            lambda scope: self.stock.make_room(scope, at_any_cost=True),
        )
        self.listing = self.creator.listing
        self.stock = Stock(poller, inventory, self.creator, ahead)
        self.given = Given(self.client, self.creator.identity)
        #: What several tests share.
        self.kept = Kept(partial(inventory.part, 3))
        inventory.holders.append(self.kept)
        #: How many were asked for where fewer would do, and how many there were.
        self.asked = self.got = 0

    def begin(self, to_come: float = inf) -> None:
        """Note that a new test begins, and that so many are *to_come*."""
        self.inventory.begin()
        self.stock.begin(to_come)

    # ---------------------------------------------------------------- taking

    def one(self, *, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """One idle configuration."""
        return self.take(1, scope=scope)[0]

    def newest(self) -> Configuration:
        """The newest that exists, at which only reads are aimed; a new one if that is quick."""
        if self.client.profile.provision.mode != "create":
            return self.one()
        found = self.stock.newest()
        self.inventory.use(found)
        return found

    def spare(self, *, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """One that no test needs any longer, best one that serves no other, or an idle one."""
        untouched = self.client.ownership.untouched
        idle = sorted(self.inventory.idle(scope), key=lambda one: untouched(one.resource_key))
        return next(filter(self.stock.claim, idle), None) or self.one(scope=scope)

    def take(
        self,
        number: int,
        *,
        scope: Scope = DEFAULT_SCOPE,
        payloads: Sequence[Mapping[str, Any]] = (),
        least: int | None = None,
        sparing: bool = False,
    ) -> list[Configuration]:
        """*number* idle configurations, or at least *least* if there are no more.

        *payloads* gives members of creates for some of them. A *sparing* test takes half of the
        room at most, so that others go on beside it.

        Raises:
            NothingToDelete: they can't be had, or the deletion budget is spent.
        """
        room = self._room(scope, sparing=sparing)
        most = number if least is None else max(min(number, room), least)
        try:
            found = self._take(most, scope, payloads)
        except NothingToDelete:
            if least is None or least >= most:
                raise
            room = self._room(scope, sparing=sparing)
            fewer = max(room, least) if room < most else least
            found = self._take(fewer, scope, payloads)
        if least is not None:
            self.asked, self.got = self.asked + number, self.got + len(found)
        self.inventory.use(*found)
        return found

    def sample(self, number: int) -> int:
        """How many of *number* configurations the room lets a test use up; notes name the rest."""
        found = min(number, self.inventory.part(2) or number)
        self.asked, self.got = self.asked + number, self.got + found
        return found

    def _room(self, scope: Scope, *, sparing: bool) -> int:
        """How many one test may take at most: one more is kept as the control configuration."""
        share = self.inventory.share(scope)
        if not share or self.client.profile.provision.mode != "create":
            return sys.maxsize
        return self.inventory.part(2) if sparing else max(share - 1, 1)

    def _take(
        self, number: int, scope: Scope, payloads: Sequence[Mapping[str, Any]]
    ) -> list[Configuration]:
        mode = self.client.profile.provision.mode
        if mode == "create":
            wanted = [payloads[i] if i < len(payloads) else {} for i in range(number)]
            return self.stock.take(wanted, scope)
        self.inventory.charge(number)
        try:
            if mode is None:
                raise NothingToDelete("the profile has no [provision]")
            if scope != DEFAULT_SCOPE:
                raise Inconclusive(
                    f"[provision] mode = {mode!r} gives configurations of the first account and "
                    "region only"
                )
            found = [Configuration(sid) for sid in self.given.take(number)]
        except BaseException:
            self.inventory.discharge(number)
            raise
        self.client.ownership.allow(*(configuration.sid for configuration in found))
        return found

    def give_back(self, *configurations: Configuration) -> None:
        """Return idle ones at which nothing but reads was aimed, for other tests."""
        for configuration in configurations:
            if configuration.name:
                self.stock.put(configuration)
            else:
                self.inventory.discharge(1)
                self.given.give_back(configuration.sid)

    # ---------------------------------------------------------------- the end

    def discard(self, *, keep: Callable[[Configuration], bool] = lambda _: False) -> None:
        """Delete what this process created and need not *keep*; `clean_up` waits for the end."""
        self.stock.clear()
        self.client.parallel.join()
        unneeded = [one for one in self.inventory.left.values() if not keep(one)]
        delete = partial(cleanup.delete, self.poller, unneeded, self.inventory.gone)
        self.client.parallel.beside(delete)

    def clean_up(self) -> list[Configuration]:
        """Delete what this run created; return what could not be deleted."""
        self.given.end()
        self.client.forgive()
        self.stock.clear()
        self.client.parallel.join()
        return cleanup.clean_up(self.poller, self.inventory, self.listing, self.creator.identity)
