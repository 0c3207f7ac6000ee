"""The endpoint's clock, shared by the tests of a run: many may rely on it at once, one alone may move it."""

from __future__ import annotations

import time
from collections import Counter
from threading import Condition
from typing import Protocol

#: Longest wait for other tests to leave the clock alone, in seconds.
PATIENCE_S = 240.0
#: Longest wait of one call, in seconds: a worker that is stopped meanwhile is waited for no longer.
_TURN_S = 1.0


class ClockLock:
    """A lock with many readers or one writer; every method is safe for threads.

    Each holder is a process of the run, by its name: what one held that is gone can be taken back.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._readers: Counter[str] = Counter()
        self._writer: str | None = None
        self._writers_waiting = 0
        self._closed = 0
        self._crashed = False

    def enter(self, holder: str, *, alone: bool, closing: int, seconds: float) -> bool:
        """Wait up to *seconds* to rely on the clock, or to move it *alone* once *closing* tests of the run have ended."""
        deadline = time.monotonic() + seconds
        with self._changed:
            if not alone:
                free = self._changed.wait_for(
                    lambda: self._writer is None and not self._writers_waiting, seconds
                )
                self._readers[holder] += free
                return free
            if not self._changed.wait_for(
                lambda: self._closed >= closing or self._crashed, seconds
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

    def leave(self, holder: str, *, alone: bool) -> None:
        """Undo `enter`."""
        with self._changed:
            if alone:
                self._writer = None
            else:
                self._readers[holder] -= 1
            self._changed.notify_all()

    def forsake(self, holder: str, *, crashed: bool = False) -> None:
        """Take back what a process held that is gone; after one has *crashed* no closing test is waited for any more.

        One of them may have died with it, and others of its tests come after those that would wait for them.
        """
        with self._changed:
            del self._readers[holder]
            if self._writer == holder:
                self._writer = None
            self._crashed |= crashed
            self._changed.notify_all()

    def closed(self) -> None:
        """A closing test has ended, or could not be run."""
        with self._changed:
            self._closed += 1
            self._changed.notify_all()


class _Shared(Protocol):
    def enter_clock(self, holder: str, *, alone: bool, closing: int, seconds: float) -> bool: ...


def enter(shared: _Shared, holder: str, *, alone: bool, closing: int = 0) -> bool:
    """Wait in short turns until *holder* may rely on the clock of *shared*, or move it *alone*; False when others keep it too long.

    Closing tests that don't come to an end are waited for as long, and then no more.
    """
    deadline = time.monotonic() + PATIENCE_S
    while (left := deadline - time.monotonic()) > 0:
        if shared.enter_clock(holder, alone=alone, closing=closing, seconds=min(left, _TURN_S)):
            return True
    return closing > 0 and shared.enter_clock(holder, alone=alone, closing=0, seconds=0.0)
