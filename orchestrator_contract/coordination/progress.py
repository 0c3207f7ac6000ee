"""Steps of a run that can take long, for a display of what it waits for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

#: Seconds after which a step counts as long.
LONG_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step under way."""

    text: str
    #: Monotonic seconds.
    since: float


class Steps:
    """The steps under way in this process; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: list[Step] = []

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Name what happens within."""
        step = Step(text, time.monotonic())
        with self._lock:
            self._open.append(step)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(step)

    def long(self, now: float) -> Step | None:
        """The newest step that takes long already."""
        with self._lock:
            return next((step for step in reversed(self._open) if now - step.since >= LONG_S), None)
