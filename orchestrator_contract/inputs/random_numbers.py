"""The run's random numbers, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import local


class RandomNumbers(Random):
    """One sequence for the tests, and one for each thing that runs beside them."""

    def __init__(self, seed: str) -> None:
        self._thread = local()
        super().__init__(seed)

    @contextmanager
    def apart(self, seed: int) -> Iterator[None]:
        """Give this thread a sequence of its own from *seed*."""
        self._thread.own = Random(seed)  # repeatable on purpose
        try:
            yield
        finally:
            self._thread.own = None

    def random(self) -> float:
        """A number from 0 up to 1."""
        own = getattr(self._thread, "own", None)
        return own.random() if own is not None else super().random()

    def getrandbits(self, k: int, /) -> int:
        """A number of *k* bits."""
        own = getattr(self._thread, "own", None)
        return own.getrandbits(k) if own is not None else super().getrandbits(k)
