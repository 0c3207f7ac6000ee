"""Requests counted by the second, and the rate limit that they show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rates:
    """Counts of one process or, merged, of all, by seconds of the wall clock."""

    #: Second -> responses that were no 429.
    served: Counter[int] = field(default_factory=Counter)
    #: Second -> 429s.
    throttled: Counter[int] = field(default_factory=Counter)

    def count(self, at: float, status: int | None) -> None:
        """Count one request at *at* seconds since the epoch."""
        (self.throttled if status == 429 else self.served)[int(at)] += 1

    def dump(self) -> dict[str, dict[str, int]]:
        """The counts as plain data; keys are text because messages make them so."""
        return {
            name: {str(second): number for second, number in counts.items()}
            for name, counts in (("served", self.served), ("throttled", self.throttled))
        }

    def merge(self, other: dict[str, dict[str, int]]) -> None:
        """Add the counts that another process dumped."""
        for mine, theirs in ((self.served, other["served"]), (self.throttled, other["throttled"])):
            mine.update({int(second): number for second, number in theirs.items()})

    def notes(self) -> list[str]:
        """The notes of the report on speed and limit."""
        total = self.served + self.throttled
        if not total:
            return []
        span = max(total) - min(total) + 1
        rate = total.total() / span
        said = (
            f"load: {total.total()} judged requests in {span} s, {rate:.0f} a second,"
            f" {max(total.values())} in the busiest"
        )
        if not self.throttled:
            return [
                said,
                "load: no 429 was seen, so the rate limit, if there is one, lies above that",
            ]
        first = min(self.throttled)
        # The second itself is cut short by the 429, the one before it may be served in full.
        burst = max(total[first], self.served[first - 1])
        calm = [number for second, number in self.served.items() if second < first]
        most = f"; {max(calm)} a second had been served before" if calm else ""
        return [
            said,
            f"load: the first 429 came at {burst} requests a second, {first - min(total)} s after"
            f" the start{most}; {self.throttled.total()} in all",
        ]
