"""Idle configurations for tests: created ahead, from the profile's pool, or from a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator_contract.client.calls import Client
from orchestrator_contract.follow.follower import Follower
from orchestrator_contract.given import Given, NothingToDelete, Source
from orchestrator_contract.listing import Listing
from orchestrator_contract.provision import removal
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.provision.creating import Creator, TooFew
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.verdict import OneWayLess


class Provisioner:
    """Hands out idle configurations and removes at the end what is left of them."""

    def __init__(self, client: Client, follower: Follower, inventory: Inventory, run_id: str) -> None:
        self.client = client
        self.follower = follower
        self.inventory = inventory
        self.listing = Listing(client)
        self.creator = Creator(client, follower, inventory, self.listing, run_id)
        provision = client.profile.provision
        # A profile may hold the pool or command of another mode; what it names is not to be touched then.
        source = Source(
            "provision",
            provision.pool if provision.mode == "pool" else (),
            provision.command if provision.mode == "command" else (),
        )
        self._given = Given(source, client.coordinator, client.steps)
        self._stock: dict[tuple[int, int], list[Configuration]] = {}
        #: How many are made ahead whenever one has to be made.
        self.ahead = 0

    def one(self, *, account: int = 0, region: int = 0) -> Configuration:
        """One idle configuration."""
        return self.take(1, account=account, region=region)[0]

    def take(
        self, number: int, *, account: int = 0, region: int = 0, payloads: Sequence[dict[str, Any]] = ()
    ) -> list[Configuration]:
        """*number* idle configurations, their creation finished.

        *payloads* gives members of the create request for some of them, where this target creates.

        Raises:
            NothingToDelete: they can't be had, or the deletion budget is spent.
        """
        mode = self.client.profile.provision.mode
        if mode == "create" and not payloads:
            return self._from_stock(number, account, region)
        self.inventory.charge(number)
        try:
            if mode == "create":
                return self.creator.create(number, account, region, payloads)
            if mode is None:
                raise NothingToDelete("the profile has no [provision]")
            if account or region:
                raise OneWayLess(
                    f"[provision] mode = {mode!r} gives configurations of the first account and region only"
                )
            found = [Configuration(sid) for sid in self._given.take(number)]
        except BaseException as error:
            made = len(error.made) if isinstance(error, TooFew) else 0
            self.client.coordinator.give_back_deletes(number - made)
            raise
        self.client.ownership.allow(*(configuration.sid for configuration in found))
        return found

    def elsewhere(self, account: int, region: int, instead: list[Configuration]) -> list[Configuration]:
        """As many configurations of another account or region as are given; those themselves where the target has none to give."""
        if account >= len(self.client.profile.accounts) or region >= len(self.client.profile.bases):
            return instead
        try:
            found = self.take(len(instead), account=account, region=region)
        except NothingToDelete:
            return instead
        self.give_back(*instead)
        return found

    def _from_stock(self, number: int, account: int, region: int) -> list[Configuration]:
        """Plain configurations made ahead: creating takes its time, so several are made at once."""
        stock = self._stock.setdefault((account, region), [])
        missing = number - len(stock)
        if missing > 0:
            self.inventory.charge(missing)
            # Other accounts and regions are needed by few tests.
            ahead = 0 if account or region else self.client.coordinator.take_deletes(self.ahead)
            made: Sequence[Configuration] = ()
            try:
                made = self.creator.create(missing + ahead, account, region, (), spare=ahead)
            except TooFew as error:
                made = error.made
                raise
            finally:
                stock += made
                self.client.coordinator.give_back_deletes(missing + ahead - len(made))
        taken, stock[:] = stock[:number], stock[number:]
        return taken

    def give_back(self, *configurations: Configuration) -> None:
        """Return idle ones at which nothing but reads was aimed, for other tests."""
        for configuration in configurations:
            if configuration.name:
                self._stock.setdefault((configuration.account, configuration.region), []).append(
                    configuration
                )
            else:
                self.client.coordinator.give_back_deletes(1)
                self._given.give_back(configuration.sid)

    def clean_up(self) -> list[Configuration]:
        """Delete what this run created and what is left of it; what could not be deleted is returned."""
        return removal.clean_up(self.client, self.follower, self.inventory, self.listing)
