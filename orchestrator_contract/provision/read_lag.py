"""Waits until what was created shows: reads may come from a copy that lags behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.scope import ResourceKey

_PAUSE_S = 0.2
#: How many have to show at once before no more are looked at.
_ENOUGH = 3


@dataclass
class _Reads:
    """The known read lag of one way to read: by fetch, or by list."""

    name: str
    #: The ids of those that show, out of some that exist.
    shown: Callable[[Sequence[Configuration]], set[str]]
    #: How many have shown at once so far.
    prompt: int = 0
    #: Whether one has shown late.
    late: bool = False
    #: True if one never showed: tests judge that, and further ones are not waited for.
    given_up: bool = False

    @property
    def trusted(self) -> bool:
        return self.given_up or (self.prompt >= _ENOUGH and not self.late)


class ReadLag:
    """Makes sure that new configurations are shown before tests say anything of what is shown."""

    def __init__(
        self,
        listing: Pagination,
        findings: Findings,
        seen: Mapping[str, AbstractSet[ResourceKey]],
    ) -> None:
        """Look by fetch and by list for what is not among those *seen* in that way already."""
        self._client = listing.client
        self._findings = findings
        self._listing = listing
        self._seen = seen
        self._ways = (_Reads("fetch", self._fetched), _Reads("list", self._listed))

    def wait(self, configurations: Sequence[Configuration]) -> None:
        """Wait until fetch and list show these, which were created just now in one scope.

        Once enough have shown at once, nothing more is sent.
        """
        for way in self._ways:
            if configurations and not way.trusted:
                self._wait(way, configurations)

    def _wait(self, way: _Reads, configurations: Sequence[Configuration]) -> None:
        started = time.monotonic()
        missing = [one for one in configurations if one.resource_key not in self._seen[way.name]]
        while True:
            try:
                shown = way.shown(missing) if missing else set()
            except Inconclusive:
                return
            missing = [one for one in missing if one.sid not in shown]
            waited = time.monotonic() - started
            if not missing:
                break
            if waited > READ_LAG_S:
                way.given_up = True
                return
            way.late = True
            with self._client.steps.step(f"waiting for what was created to show by {way.name}"):
                time.sleep(_PAUSE_S)
        if waited > _PAUSE_S and way.late:
            self._findings.observe("OBS-READ-LAG", f"by {way.name}: within {READ_LAG_S:g} s")
        else:
            way.prompt += len(configurations)
            self._findings.observe("OBS-READ-LAG", f"by {way.name}: at once", len(configurations))

    def _fetched(self, configurations: Sequence[Configuration]) -> set[str]:
        responses = self._client.parallel(
            lambda one: self._client.fetch(one),
            configurations,
        )
        # Only a 404 says that it does not show.
        return {
            one.sid
            for one, response in zip(configurations, responses, strict=True)
            if response.status != 404
        }

    def _listed(self, configurations: Sequence[Configuration]) -> set[str]:
        first = configurations[0]
        return self._listing.sids(scope=first.scope)
