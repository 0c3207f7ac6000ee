"""Idle configurations for tests: created ahead, from the profile's pool, or from a command."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from math import inf
from typing import Any

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import (
    CheckInconclusive,
    Inconclusive,
    NothingToDelete,
    SupplyExhausted,
)
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision import cleanup
from orchestrator_contract.provision.create import Creator, TooFew
from orchestrator_contract.provision.holds import Holds
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.pool import Source, Supply
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Between two looks for what a command has made, in seconds.
_LOOK_S = 0.5


class Provisioner:
    """Hands out idle configurations and removes at the end what is left of them."""

    def __init__(
        self,
        client: Client,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        holds: Holds,
        run_id: str,
        *,
        ahead: int = 0,
    ) -> None:
        """*ahead* more are made whenever one has to be made."""
        self.client = client
        self.poller = poller
        self.inventory = inventory
        self._holds = holds
        self.listing = Pagination(client, findings)
        self.creator = Creator(client, poller, findings, inventory, self.listing, run_id)
        provision = client.profile.provision
        # A profile may hold the pool or command of another mode; what it names is not to be touched then.
        source = Source(
            "provision",
            provision.pool if provision.mode == "pool" else (),
            provision.command if provision.mode == "command" else (),
        )
        self._given = Supply(source, client.coordinator, client.steps)
        self._stock: dict[Scope, list[Configuration]] = {}
        self._leaving: list[Future[None]] = []
        self._discarded: set[ResourceKey] = set()
        #: Of what the profile gives, what neither the list nor a fetch shows: nothing is asked of it.
        self.stale: list[str] = []
        self._living_sids: set[str] = set()
        self.ahead = ahead
        #: Those that the present test has taken.
        self._taken: set[ResourceKey] = set()

    def one(self, *, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """One idle configuration."""
        return self.take(1, scope=scope)[0]

    def spare(self, *, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """One that no test needs any longer, whatever was aimed at it; an idle one where there is none."""
        idle = self.idle(scope)
        return idle[0] if idle else self.one(scope=scope)

    def take(
        self,
        number: int,
        *,
        scope: Scope = DEFAULT_SCOPE,
        payloads: Sequence[dict[str, Any]] = (),
        least: int | None = None,
    ) -> list[Configuration]:
        """*number* idle configurations, their creation finished; not fewer than *least* where there are no more.

        *payloads* gives members of the create request for some of them, where this target creates.

        Raises:
            NothingToDelete: they can't be had, or the deletion budget is spent.
        """
        try:
            found = self._take(number, scope, payloads)
        except (SupplyExhausted, TooFew):
            if least is None or least >= number:
                raise
            found = self._take(least, scope, payloads[:least])
        self._taken.update(one.resource_key for one in found)
        return found

    def _take(
        self, number: int, scope: Scope, payloads: Sequence[dict[str, Any]]
    ) -> list[Configuration]:
        mode = self.client.profile.provision.mode
        if mode == "create":
            return (
                self._of_stock(number, scope)
                if not payloads
                else self._new(number, scope, payloads)
            )
        self.inventory.charge(number)
        try:
            if mode is None:
                raise NothingToDelete("the profile has no [provision]")
            if scope != DEFAULT_SCOPE:
                raise CheckInconclusive(
                    f"[provision] mode = {mode!r} gives configurations of the first account and region only"
                )
            found = [Configuration(sid) for sid in self._living(number)]
        except BaseException:
            self.client.coordinator.give_back_deletes(number)
            raise
        self.client.ownership.allow(*(configuration.sid for configuration in found))
        return found

    def _living(self, number: int) -> list[str]:
        """SIDs that the profile gives and that name something: a pool may be older than what has become of it.

        Raises:
            NothingToDelete: there are not as many.
        """
        living: list[str] = []
        try:
            while len(living) < number:
                for sid in self._given.take(number - len(living)):
                    (living if self._names_something(sid) else self.stale).append(sid)
        except NothingToDelete as error:
            for sid in living:
                self._given.give_back(sid)
            if not self.stale:
                raise
            raise type(error)(
                f"{error}; {len(self.stale)} of what it gave is not there, such as {self.stale[0]:.80}"
            ) from None
        return living

    def _names_something(self, sid: str) -> bool:
        """Whether the list or a fetch shows *sid*, or neither says anything of it."""
        self.creator.identity.look_before(DEFAULT_SCOPE)
        # What a command has just made may take a moment; once one has not come, the others are not waited for.
        patient = self.client.profile.provision.mode == "command" and not self.stale
        deadline = time.monotonic() + (READ_LAG_S if patient else 0.0)
        if sid not in self._living_sids and not self.creator.identity.was_there(sid, DEFAULT_SCOPE):
            with contextlib.suppress(Inconclusive):
                while past_500(partial(self.client.fetch, Configuration(sid))).status == 404:
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(_LOOK_S)
        self._living_sids.add(sid)
        return True

    def elsewhere(self, scope: Scope, instead: list[Configuration]) -> list[Configuration]:
        """As many configurations of another *scope* as are given; those themselves where the target has none to give."""
        if not self.client.profile.has(scope):
            return instead
        try:
            found = self.take(len(instead), scope=scope)
        except NothingToDelete:
            return instead
        self.give_back(*instead)
        return found

    def _of_stock(self, number: int, scope: Scope) -> list[Configuration]:
        """Plain configurations made ahead: creating takes its time, so several are made at once."""
        stock = self._stock.setdefault(scope, [])
        missing = number - len(stock)
        if missing > 0:
            # Other accounts and regions are needed by few tests.
            stock += self._new(
                missing, scope, (), ahead=0 if scope != DEFAULT_SCOPE else self.ahead
            )
        taken, stock[:] = stock[:number], stock[number:]
        return taken

    def _new(
        self, number: int, scope: Scope, payloads: Sequence[dict[str, Any]], *, ahead: int = 0
    ) -> list[Configuration]:
        """*number* new ones and up to *ahead* more; what is made of too few goes to the stock.

        Where the endpoint takes no more, what the run does not need any longer makes room.
        """
        self.inventory.charge(number)
        charged = number + (spare := self.client.coordinator.take_deletes(ahead))
        stock = self._stock.setdefault(scope, [])
        made: list[Configuration] = []
        while True:
            missing = number - len(made)
            try:
                made += self.creator.create(
                    missing + spare, scope, payloads[len(made) :], spare=spare
                )
                break
            except TooFew as error:
                made += error.made
                if error.full and self._make_room(scope):
                    self.ahead = spare = 0
                    continue
                self.client.coordinator.give_back_deletes(charged - len(made))
                charged = len(made)
                # Plain ones are better than none.
                while payloads and stock and len(made) < number:
                    made.append(stock.pop())
                if len(made) < number:
                    stock += made
                    raise
                return made
            except BaseException:
                stock += made
                self.client.coordinator.give_back_deletes(charged - len(made))
                raise
        self.client.coordinator.give_back_deletes(charged - len(made))
        return made

    def _make_room(self, scope: Scope) -> bool:
        """Delete what was created in this place and nothing needs any longer; whether anything went."""
        idle = self.idle(scope)
        if not idle:
            self._holds.release()
            idle = self.idle(scope)
        with contextlib.suppress(Inconclusive):
            # What is busy makes no room now.
            cleanup.conclude(
                self.poller,
                cleanup.begin(self.client, self.poller, idle, self.inventory.gone),
                self.inventory.gone,
            )
        return any(self.inventory.is_gone(one) for one in idle)

    def idle(self, scope: Scope = DEFAULT_SCOPE) -> list[Configuration]:
        """What was created in *scope* and no test needs any longer."""
        used = (
            {one.resource_key for stock in self._stock.values() for one in stock}
            | self._taken
            | self.inventory.fresh
        )
        left = [one for one in self.inventory.left.values() if one.scope == scope]
        return [one for one in left if one.resource_key not in used and one not in self._holds]

    def begin(self, to_come: float = inf) -> None:
        """Note that a new test begins: what earlier ones took or made is theirs no more. Nothing is made ahead for more tests than are *to_come*."""
        self._taken.clear()
        self.inventory.fresh.clear()
        self.ahead = int(min(self.ahead, to_come))

    def give_back(self, *configurations: Configuration) -> None:
        """Return idle ones at which nothing but reads was aimed, for other tests."""
        for configuration in configurations:
            if configuration.name:
                self._stock.setdefault(configuration.scope, []).append(configuration)
            else:
                self.client.coordinator.give_back_deletes(1)
                self._given.give_back(configuration.sid)

    def discard(self, *, keep: Callable[[Configuration], bool] = lambda _: False) -> None:
        """Delete what this process created, but not what is to *keep*; `clean_up` waits for the end of it."""
        unneeded = [
            one
            for one in self.inventory.left.values()
            if one.resource_key not in self._discarded and not keep(one)
        ]
        self._stock.clear()
        self._discarded.update(one.resource_key for one in unneeded)
        begun = cleanup.begin(self.client, self.poller, unneeded, self.inventory.gone)
        # Followed at once: when the endpoint's clock has been moved, an operation of today may be too old to be there.
        self._leaving.append(
            self.client.parallel.beside(
                lambda: cleanup.conclude(self.poller, begun, self.inventory.gone)
            )
        )

    def clean_up(self) -> list[Configuration]:
        """Delete what this run created and what is left of it; what could not be deleted is returned."""
        self._given.end()
        self.client.forgive()
        self.discard()
        wait(self._leaving)
        return cleanup.clean_up(
            self.client,
            self.poller,
            self.inventory,
            self.listing,
            self.creator.identity,
            self._discarded,
        )
