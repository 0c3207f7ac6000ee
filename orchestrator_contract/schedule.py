"""Estimates whether a run ends in time, from the duration of its requests."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf

from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.profile import Profile

#: Requests that are in progress together, on average; far fewer where each waits for the last.
_TOGETHER = 2.0
#: Share of DELETEs among the requests.
_DELETES = 0.4
#: Share of the longest time that is planned with: the last tests may take longer than the others.
_PLANNED = 0.85
#: Requests before which the pace says little.
_ENOUGH = 30
#: Seconds that a create and a delete take together where nothing is known.
LIFE_S = 7.0


@dataclass(frozen=True)
class Pace:
    """Seconds that a DELETE takes, any other request, and a create and a delete together."""

    delete_s: float = 0.0
    other_s: float = 0.0
    life_s: float = LIFE_S


def expected_s(effort: Effort, profile: Profile, share: float, pace: Pace, room: int) -> float:
    """Seconds that a *share* of a whole run takes.

    0 for *room* is no bound of the configurations that exist at once.
    """
    limits = profile.limits
    requests = min(effort.typical_requests, limits.requests)
    deletes = min(requests * _DELETES, limits.delete_requests or inf)
    least_s = 1 / (limits.requests_per_second or 100)
    made = min(effort.typical_configurations, profile.supply)
    at_once = 1 if room == 1 else 2 if room else 6
    return share * (
        deletes * max(least_s, pace.delete_s / _TOGETHER)
        + (requests - deletes) * max(least_s, pace.other_s / _TOGETHER)
        + made * pace.life_s / at_once
    )


@dataclass
class Schedule:
    """The pace of one process, and what it leads to; an observer of the sender."""

    effort: Effort
    #: The part of a whole run's tests that this process has.
    share: float = 1.0
    #: Requests sent and the seconds they took, for DELETEs and for others.
    _sent: Counter[bool] = field(default_factory=Counter)
    _spent_s: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    _started: float | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        if self._started is None:
            self._started = exchange.sent
        is_delete = exchange.method == "DELETE"
        self._sent[is_delete] += 1
        self._spent_s[is_delete] += exchange.elapsed

    def request_s(self, *, delete: bool) -> float:
        """Seconds that a DELETE, or any other request, takes on average."""
        return self._spent_s[delete] / max(self._sent[delete], 1)

    def late(self) -> str:
        """Sample less in the tests that are left if they would not end in time; say so."""
        sent = self._sent.total()
        if self._started is None or sent < _ENOUGH or self.effort.few:
            return ""
        elapsed = time.monotonic() - self._started
        part_left = max(1 - sent / (self.effort.typical_requests * self.share), 0.0)

        def whole_s(effort: Effort) -> float:
            left = effort.typical_requests * self.share * part_left
            return elapsed + left * elapsed / sent

        most_s, late_s = self.effort.longest_s * _PLANNED, whole_s(self.effort)
        if late_s <= most_s:
            return ""
        in_time = (one for one in self.effort.lesser() if whole_s(one) <= most_s)
        found = next(in_time, EFFORTS["quick"])
        kept = {name: getattr(self.effort, name) for name in ("name", "longest_s", "gentle")}
        self.effort = replace(found, **kept, remarks=self.effort.remarks)
        return (
            f"sampled as in {found.name}: at {sum(self._spent_s.values()) / sent:.2g} s a request "
            f"the run would have taken {late_s / 60:.0f} minutes, and may take "
            f"{self.effort.longest_s / 60:.0f}"
        )
