"""What refused requests are aimed at: absent SIDs, and configurations that nothing deletes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from orchestrator_contract.api.client import Client
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive, NothingToDelete
from orchestrator_contract.inputs.identifiers import Identifiers
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, MalformedSid
from orchestrator_contract.provision.holds import Holder
from orchestrator_contract.provision.payload import RICH, is_rich
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: With less room than this tests share what they do not spoil.
_LEAST_ROOM = 4


class Absent:
    """SIDs that a DELETE may name without deleting anything: a fetch has shown that."""

    def __init__(self, api: Client, identifiers: Identifiers) -> None:
        self._api = api
        self._guard = api.ownership
        self._identifiers = identifiers
        self._known: dict[Scope, Configuration] = {}

    def one(self, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """A well-formed SID that does not exist in *scope*, the same for the whole run.

        Raises:
            Inconclusive: the endpoint says that it exists.
        """
        if scope not in self._known:
            configuration = Configuration(self._identifiers.sid(), scope=scope)
            self.confirm(configuration)
            self._known[scope] = configuration
        return self._known[scope]

    def confirm(self, configuration: Configuration) -> None:
        """Allow a DELETE of *configuration* after a fetch has shown that it does not exist.

        Raises:
            Inconclusive: it may exist.
        """
        fetch = self._api.fetch(configuration)
        if fetch.succeeded:
            raise Inconclusive(
                f"a fetch of the made-up SID {configuration.sid[:60]!r} returns {fetch.status}, "
                "so it may exist"
            )
        self._guard.allow(configuration.sid, scope=configuration.scope)

    def harmless(
        self, malformed: Iterable[MalformedSid], target: Configuration
    ) -> list[MalformedSid]:
        """Those of *malformed* SIDs near *target* that a DELETE may name.

        No two ids of the documented form are near each other. Near any other id a fetch must show
        first that nothing exists, or somebody else's configuration could be deleted.
        """
        found = [
            one
            for one in malformed
            if USUAL_SID.fullmatch(target.sid) or self.is_absent(one.segment, target.scope)
        ]
        self._guard.allow(*(one.segment for one in found), scope=target.scope)
        return found

    def is_absent(self, segment: str, scope: Scope = DEFAULT_SCOPE) -> bool:
        """True if a fetch shows that no configuration has the SID *segment*."""
        try:
            self.confirm(Configuration(segment, scope=scope))
        except BudgetExhausted:
            raise
        except Inconclusive:
            return False
        return True


class Targets(Holder):
    """The control configuration, and further targets of refused requests."""

    def __init__(self, configurations: Provisioner, *, share_control: bool) -> None:
        """With *share_control* the control configuration serves as every target."""
        self._configurations = configurations
        self._inventory = configurations.inventory
        self._guard = configurations.client.ownership
        self._share_control = share_control
        self._controls: dict[Scope, Configuration] = {}
        self._former: list[Configuration] = []
        self._inventory.holders.append(self)

    @property
    def control(self) -> Configuration:
        """The control configuration of the default scope."""
        return self.control_in(DEFAULT_SCOPE)

    def control_in(self, scope: Scope) -> Configuration:
        """A configuration of *scope* that no request of the run deletes.

        Raises:
            NothingToDelete: there is none to be had.
        """
        known = self._controls.get(scope)
        if known is None or self.may_be_deleted(known):
            known = self._configurations.one(scope=scope)
            self._controls[scope] = known
            self._former.append(known)
        self._inventory.use(known)
        return known

    def one(self) -> Configuration:
        """A configuration with all optional parts, or for want of one the control configuration.

        Raises:
            NothingToDelete: not even that can be had.
        """
        if self._share_control or 0 < self._inventory.share() < _LEAST_ROOM:
            return self.control
        for one in self._inventory.idle():
            rich = is_rich(one) and self._guard.untouched(one.resource_key)
            if rich and self._configurations.stock.claim(one):
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
        """Let go of control configurations that are not in use."""
        in_use = self._inventory.in_use
        self._controls = {scope: one for scope, one in self._controls.items() if in_use(one)}

    def may_be_deleted(self, configuration: Configuration) -> bool:
        """True if this was a control configuration that a delete may have taken."""
        untouched = self._guard.untouched(configuration.resource_key)
        return configuration in self._former and not untouched

    def lost(self, configuration: Configuration) -> None:
        """Note that *configuration* was deleted by a breach."""
        self._inventory.gone(configuration)
        if self.is_control(configuration):
            del self._controls[configuration.scope]
