"""When recorded requests started, in which order, and for how long they went on."""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from orchestrator_contract.har.recorded import Recorded

#: The last second of a time that names seconds, where it is a leap second.
_LEAP_SECOND = re.compile(r"(?<=:[0-5]\d):60(?!\d)")
#: The phases of an exchange; `ssl` is a part of `connect`.
_PHASES = ("blocked", "dns", "connect", "send", "wait", "receive")
#: No client in use waits longer for a response, in seconds.
LONGEST_S = 600.0
#: Seconds by which clocks are set when the time zone changes.
_QUARTER_S = 900
#: Calls that are read ahead: HAR entries may stand in the order in which they ended.
_AHEAD = 256
#: A year, in milliseconds: a longer exchange is a mistake of the recorder.
_MOST_MS = 366 * 86_400_000.0


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a request in seconds; without a zone on an unknown offset."""

    seconds: float
    zoned: bool


def parse_start(text: Any) -> Start | None:
    """Read a date and time of ISO 8601; None for anything else."""
    if not isinstance(text, str):
        return None
    text = text.strip().upper().replace("\N{MINUS SIGN}", "-")
    try:
        moment = datetime.fromisoformat(_LEAP_SECOND.sub(":59", text))
    except ValueError:
        return None
    if not 1 < moment.year < 9999:  # of these every instant can be shown in every zone
        return None
    zoned = moment.tzinfo is not None
    return Start((moment if zoned else moment.replace(tzinfo=UTC)).timestamp(), zoned)


def duration_of(entry: dict[str, Any]) -> float | None:
    """Seconds by `time` or `timings`, the longer one; None without both.

    Nothing takes no time at all: programs write 0 where they have not measured.
    """
    timings = entry.get("timings")
    phases = timings if isinstance(timings, dict) else {}
    summed = sum(_positive(phases.get(name)) for name in _PHASES)
    spent = max(_positive(entry.get("time")), summed)
    return spent / 1000 if 0 < spent < _MOST_MS else None


def _positive(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and value > 0 else 0.0


class Timeline:
    """Places entries in time: by start, or without a time zone by order."""

    def __init__(self) -> None:
        self._latest = float("-inf")
        self._zoned = False
        #: By how much the local clock was set back so far.
        self._set_back = 0.0

    def place(self, start: Start) -> float:
        """The start of the file's next entry, on the recording's one clock."""
        self._zoned |= start.zoned
        seconds = start.seconds if start.zoned else self._local(start.seconds)
        self._latest = max(self._latest, seconds)
        return seconds

    def _local(self, seconds: float) -> float:
        """Place a start on a local clock: not before the entry ahead of it."""
        if self._zoned and self._latest > float("-inf"):
            return self._latest  # how far this clock is from the other can't be told
        behind = self._latest - seconds - self._set_back
        if behind > LONGEST_S:  # entries may also stand in the order in which they ended
            self._set_back += math.ceil(behind / _QUARTER_S) * _QUARTER_S
        return max(seconds + self._set_back, self._latest)


def ordered(calls: Iterable[Recorded]) -> Iterator[Recorded]:
    """Sort *calls* by their start, stably."""
    waiting: list[tuple[float, int, Recorded]] = []
    number = count()
    for seen in calls:
        heapq.heappush(waiting, (seen.start, next(number), seen))
        if len(waiting) > _AHEAD:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
