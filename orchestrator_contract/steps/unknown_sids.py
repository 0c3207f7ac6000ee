"""Deletes of SIDs that no configuration has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.unknown_sids import near_sids, unknown_sids
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.step import Step


class UnknownSids(Step):
    """Sends deletes of unknown SIDs."""

    def sample(self, number: int) -> list[Configuration]:
        """*number* unknown SIDs, one in three confirmed by a fetch.

        The others are too random to exist.
        """
        sids = unknown_sids(self._endpoint.identifiers, self._endpoint.random, number)
        found = [Configuration(sid) for sid in sids]
        for index, configuration in enumerate(found):
            if index % 3:
                self._endpoint.ownership.allow(configuration.sid)
            else:
                self._endpoint.absent.confirm(configuration)
        return found

    def near(self, configuration: Configuration) -> list[Configuration]:
        """Unknown SIDs that a lenient reader takes for an existing one."""
        own = self._endpoint.inventory.left.values()
        others = [one.sid for one in own if one.scope == configuration.scope]
        found = [Configuration(sid) for sid in near_sids(configuration.sid, *others)]
        for one in found:
            self._endpoint.absent.confirm(one)
        return found

    def delete_in(self, scope: Scope) -> list[Exchange]:
        """Deletes of an unknown SID of *scope*, under a key and without."""
        absent = self._endpoint.absent.one(scope)
        keys = (self._endpoint.key(), None)
        return [past_500(partial(self._api.delete, absent, key=key)) for key in keys]

    def delete(self, configurations: Sequence[Configuration]) -> list[Exchange]:
        """Deletes of unknown SIDs, every third under its own key."""
        keys = [self._endpoint.key() if n % 3 == 1 else None for n in range(len(configurations))]
        pairs = list(zip(configurations, keys, strict=True))
        exchanges: list[Exchange] = self._endpoint.each(
            lambda pair: past_500(lambda: self._api.delete(pair[0], key=pair[1])), pairs
        )
        return exchanges
