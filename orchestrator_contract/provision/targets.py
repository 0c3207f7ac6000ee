"""Configurations at which refused requests are aimed: nothing in the run may delete them."""

from __future__ import annotations

import contextlib

from orchestrator_contract.exceptions import NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.provision.holds import Holder, Holds
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope


class Targets(Holder):
    """The control configuration, and further targets of refused requests."""

    def __init__(
        self,
        configurations: Provisioner,
        inventory: Inventory,
        guard: Ownership,
        holds: Holds,
        *,
        share_control: bool,
    ) -> None:
        """With *share_control* the control configuration serves as every target."""
        self._configurations = configurations
        self._inventory = inventory
        self._guard = guard
        self._share_control = share_control
        self._controls: dict[Scope, Configuration] = {}
        self._former: list[Configuration] = []
        holds.register(self)

    @property
    def control(self) -> Configuration:
        """A configuration that no request of the run deletes.

        Raises:
            NothingToDelete: there is none to be had.
        """
        return self.control_in(DEFAULT_SCOPE)

    def control_in(self, scope: Scope) -> Configuration:
        """A configuration of *scope* that no request of the run deletes.

        Raises:
            NothingToDelete: there is none to be had.
        """
        known = self._controls.get(scope)
        if known is None or self.may_be_deleted(known):
            known = self._controls[scope] = self._configurations.one(scope=scope)
            self._former.append(known)
        self._configurations.use(known)
        return known

    def one(self) -> Configuration:
        """A configuration with all its optional parts, or the control configuration for want of one.

        Raises:
            NothingToDelete: not even that can be had.
        """
        if self._share_control or self._configurations.is_tight:
            return self.control
        for one in self._configurations.idle():
            if one.payload.keys() >= RICH.keys() and self._guard.untouched(one.resource_key):
                self._configurations.use(one)
                return one
        with contextlib.suppress(NothingToDelete):
            return self._configurations.take(1, payloads=[RICH])[0]
        return self.control

    def is_control(self, configuration: Configuration) -> bool:
        """True if this is the control configuration of its scope."""
        return configuration is self._controls.get(configuration.scope)

    def holds(self, configuration: Configuration) -> bool:
        """True if *configuration* must be kept."""
        return self.is_control(configuration)

    def surrender(self) -> None:
        """Let go of control configurations that the present test does not use."""
        in_use = self._configurations.in_use
        self._controls = {scope: one for scope, one in self._controls.items() if in_use(one)}

    def may_be_deleted(self, configuration: Configuration) -> bool:
        """True if this control configuration may have been deleted by an accepted delete."""
        untouched = self._guard.untouched(configuration.resource_key)
        return configuration in self._former and not untouched

    def lost(self, configuration: Configuration) -> None:
        """Note that *configuration* was deleted by a breach."""
        self._inventory.gone(configuration)
        if self.is_control(configuration):
            del self._controls[configuration.scope]
