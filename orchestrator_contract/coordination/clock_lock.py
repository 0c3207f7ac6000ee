"""A lock on the endpoint's clock: many tests may rely on it at once, one alone may move it."""

from __future__ import annotations

import time
from collections import Counter
from threading import Condition

#: Longest wait for other tests to leave the clock alone, in seconds.
PATIENCE_S = 240.0
#: Longest wait of one call, in seconds: a worker that is stopped meanwhile is waited for no longer.
_TURN_S = 1.0


class ClockLock:
    """A lock with many readers or one writer, held by processes; safe for threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._readers: Counter[str] = Counter()
        self._writer: str | None = None
        self._writers_waiting = 0
        self._ended_last = 0
        self._crashed = False

    def enter(self, holder: str, *, alone: bool, after_last: int = 0, seconds: float) -> bool:
        """Wait up to *seconds* to rely on the clock, or to move it *alone*.

        Whoever moves it also waits for *after_last* tests marked `run_last` to end.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            if not alone:
                free = self._changed.wait_for(
                    lambda: self._writer is None and not self._writers_waiting, seconds
                )
                self._readers[holder] += free
                return free
            if not self._changed.wait_for(
                lambda: self._ended_last >= after_last or self._crashed, seconds
            ):
                return False
            self._writers_waiting += 1
            try:
                free = self._changed.wait_for(
                    lambda: self._writer is None and not self._readers.total(),
                    deadline - time.monotonic(),
                )
                self._writer = holder if free else self._writer
            finally:
                self._writers_waiting -= 1
                self._changed.notify_all()
            return free

    def stay(self, holder: str) -> None:
        """Rely on the clock once more: what a test has left to be judged later."""
        with self._changed:
            self._readers[holder] += 1

    def leave(self, holder: str, *, alone: bool) -> None:
        """Undo `enter` or `stay`."""
        with self._changed:
            if alone:
                self._writer = None
            else:
                self._readers[holder] -= 1
            self._changed.notify_all()

    def release(self, holder: str, *, crashed: bool = False) -> None:
        """Release what a dead process held.

        One that *crashed* may have taken a `run_last` test along: none is waited for any more.
        """
        with self._changed:
            del self._readers[holder]
            if self._writer == holder:
                self._writer = None
            self._crashed |= crashed
            self._changed.notify_all()

    def last_ended(self) -> None:
        """Count a test marked `run_last` that has ended, or could not be run."""
        with self._changed:
            self._ended_last += 1
            self._changed.notify_all()


def enter(clock: ClockLock, holder: str, *, alone: bool, after_last: int = 0) -> bool:
    """Wait in short turns for *clock*; False when others keep it too long.

    Tests marked `run_last` that don't end are waited for as long, and then no more.
    """
    deadline = time.monotonic() + PATIENCE_S
    while (left := deadline - time.monotonic()) > 0:
        turn = min(left, _TURN_S)
        if clock.enter(holder, alone=alone, after_last=after_last, seconds=turn):
            return True
    return after_last > 0 and clock.enter(holder, alone=alone, after_last=0, seconds=0.0)
