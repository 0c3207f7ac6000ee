"""Estimates whether a run ends in time, from the duration of its requests."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.profile import Profile

#: Requests that are in progress together, on average; far fewer where each waits for the last.
_TOGETHER = 2.0
#: Share of the longest time that is planned with: the last tests may take longer than the others.
_PLANNED = 0.85
#: Requests before which the pace says little.
_ENOUGH = 30
#: Seconds that a create and a delete take together where nothing is known.
LIFE_S = 7.0


def expected_s(
    effort: Effort, profile: Profile, share: float, request_s: float, life_s: float, room: int
) -> float:
    """Seconds that a *share* of a whole run takes, where a request takes *request_s*.

    A create and a delete of one configuration take *life_s*; 0 for *room* is no bound of those
    that exist at once.
    """
    requests = min(effort.typical_requests, profile.limits.requests)
    made = min(effort.typical_configurations, profile.supply)
    pace_s = 1 / (profile.limits.requests_per_second or 100)
    at_once = 1 if room == 1 else 2 if room else 6
    return share * (requests * max(pace_s, request_s / _TOGETHER) + made * life_s / at_once)


@dataclass
class Schedule:
    """The pace of one process, and what it leads to; an observer of the sender."""

    effort: Effort
    #: The part of a whole run's tests that this process has.
    share: float = 1.0
    _sent: int = 0
    _spent_s: float = 0.0
    _started: float | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        if self._started is None:
            self._started = exchange.sent
        self._sent += 1
        self._spent_s += exchange.elapsed

    @property
    def request_s(self) -> float:
        """Seconds that a request takes, on average."""
        return self._spent_s / max(self._sent, 1)

    def late_s(self) -> float:
        """Seconds that the run would take at this pace, if they are too many; else 0."""
        if self._started is None or self._sent < _ENOUGH or self.effort.few:
            return 0.0
        elapsed = time.monotonic() - self._started
        left = max(self.effort.typical_requests * self.share - self._sent, 0.0)
        whole = elapsed + left * elapsed / self._sent
        return whole if whole > self.effort.longest_s * _PLANNED else 0.0

    def lessened(self) -> Effort:
        """The effort for the tests that are left: the sizes of a quick run, in the same time."""
        quick = EFFORTS["quick"]
        kept = {name: getattr(self.effort, name) for name in ("name", "longest_s", "gentle")}
        self.effort = replace(quick, **kept, remarks=self.effort.remarks)
        return self.effort
