"""Recorded calls in the order in which they started."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count

from orchestrator_contract.har.recorded import Recorded

#: Calls that are read ahead: HAR entries may stand in the order in which they ended.
_AHEAD = 256


def ordered(calls: Iterable[Recorded]) -> Iterator[Recorded]:
    """Give *calls* by their start; those of one start stay as they are."""
    waiting: list[tuple[float, int, Recorded]] = []
    number = count()
    for seen in calls:
        heapq.heappush(waiting, (seen.start, next(number), seen))
        if len(waiting) > _AHEAD:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
