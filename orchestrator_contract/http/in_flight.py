"""How many requests are under way at once: few at first, more while the endpoint answers as fast, fewer after a 429."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

#: Requests at once at the start, and at most in all processes of a run: a real account refuses some from 20 on.
_FIRST, MOST = 4, 16
#: What a 429 leaves of the limit, and how many other answers it takes until the limit grows again.
_SHRINK, _CALM = 0.5, 50
#: How much longer than the quickest answers may take, and how many seconds in any case, while the limit grows.
_SLOWER, _FORGIVEN_S = 2.0, 0.05
#: How much of an answer's time goes into the average.
_WEIGHT = 0.2


class InFlight:
    """Lets requests through as far as the endpoint takes them; safe for threads."""

    def __init__(self, processes: int = 1, *, bounded: bool = True) -> None:
        """One of *processes* that share alike; without being *bounded* all requests are let through."""
        self._changed = Condition()
        self._bounded = bounded
        self._most = max(MOST // processes, 1)
        self._first = float(min(_FIRST, self._most))
        self._limit = self._first
        self._under_way = 0
        #: Whether several that must go together wait for others to end; new ones wait for them.
        self._crowd = False
        #: Monotonic seconds of the last 429, and how many answers since then are yet to come before the limit grows.
        self._refused_at = 0.0
        self._calm = 0
        #: Seconds that answers to a kind of call take: at least, and of late.
        self._least: dict[str, float] = {}
        self._usual: dict[str, float] = {}

    @property
    def limit(self) -> int:
        """How many requests may be under way at once now."""
        return int(self._limit)

    @contextmanager
    def turn(self, number: int = 1) -> Iterator[None]:
        """Wait until *number* more requests may be under way together, or alone if they are more than may be."""
        with self._changed:
            if number > 1:
                self._changed.wait_for(lambda: not self._crowd)
                self._crowd = True
            try:
                self._changed.wait_for(lambda: self._fits(number))
            finally:
                self._crowd = self._crowd and number == 1
            self._under_way += number
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= number
                self._changed.notify_all()

    def _fits(self, number: int) -> bool:
        if not self._bounded:
            return True
        if number == 1 and self._crowd:
            return False
        return not self._under_way or self._under_way + number <= self.limit

    def answered(self, kind: str, seconds: float, *, refused: bool) -> None:
        """Learn from the answer to a *kind* of call, *refused* with 429 or not, that has just come."""
        with self._changed:
            if refused:
                self._shrink(seconds)
                return
            self._calm = max(self._calm - 1, 0)
            least = self._least[kind] = min(seconds, self._least.get(kind, seconds))
            usual = self._usual.get(kind, seconds)
            usual = self._usual[kind] = usual + _WEIGHT * (seconds - usual)
            if usual > _SLOWER * least + _FORGIVEN_S:
                self._limit = max(self._limit - 1 / self._limit, min(self._limit, self._first))
            elif not self._calm and self._under_way >= self.limit:
                self._limit = min(self._limit + 1 / self._limit, float(self._most))

    def _shrink(self, seconds: float) -> None:
        """Allow fewer, once for all refusals of requests that were under way together."""
        now = time.monotonic()
        if now - seconds > self._refused_at:
            self._limit = max(self._limit * _SHRINK, 1.0)
            self._refused_at = now
        self._calm = _CALM
