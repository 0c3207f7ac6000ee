"""What a run counts beside its checks: requests, responses to DELETE, and observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import RLock
from typing import Any

from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.contract.response_schemas import DELETE_STATUSES
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.redaction.visible import visible

_MAX_SEEN = 40


class Counts:
    """Counts of a run; safe for threads, mergeable over processes."""

    def __init__(self, catalogue: Catalogue, redactor: Redactor) -> None:
        self.catalogue = catalogue
        self._redactor = redactor
        self._lock = RLock()
        self.observations: dict[str, Counter[str]] = {}
        #: Responses to DELETE by status: seen, judged, and valid among the judged ones.
        self.statuses: dict[int, list[int]] = {}
        self.requests = 0
        #: Generated requests and histories, by kind.
        self.generated: Counter[str] = Counter()
        #: What the recorded exchange that is judged does not show: neither checked nor observed.
        self.unseen: frozenset[str] = frozenset()

    def observe(self, observation: str, what: str, count: int = 1) -> None:
        """Count an observation of something that the sources leave open."""
        if observation not in self.catalogue.observations:
            raise KeyError(f"no observation {observation} in the catalogue")
        if observation in self.unseen:
            return
        with self._lock:
            seen = self.observations.setdefault(observation, Counter())
            what = visible(self._redactor.text(what), 200)
            if what in seen or len(seen) < _MAX_SEEN:
                seen[what] += count

    def observed(self, observation: str) -> bool:
        """True if something was counted of *observation*."""
        return observation in self.observations

    def tally(self, status: int, *, valid: bool | None) -> None:
        """Count one response to a DELETE; *valid* is None if its content was not judged."""
        self._tally(status, (1, valid is not None, bool(valid)))

    def _tally(self, status: int, added: Sequence[int]) -> None:
        with self._lock:
            before = self.statuses.get(status, [0, 0, 0])
            self.statuses[status] = [sum(pair) for pair in zip(before, added, strict=True)]

    def count_request(self, _exchange: Exchange) -> None:
        """Count one request."""
        with self._lock:
            self.requests += 1

    def count_generated(self, kind: str) -> None:
        """Count one request of a *kind* that was generated, or one history."""
        with self._lock:
            self.generated[kind] += 1

    def status_counts(self) -> dict[str, dict[str, int]]:
        """Return the responses to DELETE, of documented statuses and others that were seen."""
        names = ("seen", "judged", "valid")
        return {
            str(status): dict(zip(names, self.statuses.get(status, (0, 0, 0)), strict=True))
            for status in sorted({*DELETE_STATUSES, *self.statuses})
        }

    def sightings(self) -> list[dict[str, Any]]:
        """Return each observation of the catalogue, with what was seen."""
        return [
            {
                "id": one.id,
                "title": one.title,
                "source": one.source,
                "seen": [
                    {"what": what, "count": count}
                    for what, count in sorted(self.observations.get(one.id, {}).items())
                ],
            }
            for one in self.catalogue.observations.values()
        ]

    def dump(self) -> dict[str, Any]:
        """Return the counts as plain data, for another process to merge."""
        return {
            "observations": {name: dict(seen) for name, seen in self.observations.items()},
            "statuses": {str(status): counts for status, counts in self.statuses.items()},
            "requests": self.requests,
            "generated": dict(self.generated),
        }

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process dumped."""
        with self._lock:
            for name, seen in other["observations"].items():
                for what, count in seen.items():
                    self.observe(name, what, count)
            for status, added in other["statuses"].items():
                self._tally(int(status), added)
            self.requests += other["requests"]
            self.generated.update(other["generated"])
