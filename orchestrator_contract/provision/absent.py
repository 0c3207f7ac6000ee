"""SIDs that no configuration has, shown by a fetch before a DELETE may name them."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator_contract.api.client import Client
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive
from orchestrator_contract.guard import Ownership
from orchestrator_contract.inputs.identifiers import Identifiers
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, MalformedSid
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope


class Absent:
    """Finds SIDs that a DELETE may name without deleting anything."""

    def __init__(self, api: Client, guard: Ownership, identifiers: Identifiers) -> None:
        self._api = api
        self._guard = guard
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
                f"a fetch of the made-up SID {configuration.sid[:60]!r} returns {fetch.status}, so it may exist"
            )
        self._guard.allow(configuration.sid, scope=configuration.scope)

    def harmless(
        self, malformed: Iterable[MalformedSid], target: Configuration
    ) -> list[MalformedSid]:
        """The *malformed* SIDs near *target* that a DELETE may name.

        No two ids of the documented form are near each other. Near any other id a fetch must show first that
        nothing exists, or somebody else's configuration could be deleted.
        """
        found = [
            one
            for one in malformed
            if USUAL_SID.fullmatch(target.sid) or self._is_absent(one.segment, target.scope)
        ]
        self._guard.allow(*(one.segment for one in found), scope=target.scope)
        return found

    def _is_absent(self, segment: str, scope: Scope) -> bool:
        try:
            self.confirm(Configuration(segment, scope=scope))
        except BudgetExhausted:
            raise
        except Inconclusive:
            return False
        return True
