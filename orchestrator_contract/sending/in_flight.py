"""Bounds the requests in flight, so that a run does not provoke the limits of an account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

#: Requests in flight at most; those of a batch that is larger are alone.
_MOST = 12


class InFlight:
    """Room for requests, given in the order in which it is asked for."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._changed = Condition()
        self._number = 0

    @contextmanager
    def __call__(self, number: int = 1) -> Iterator[None]:
        """Wait until *number* more may be in flight."""
        number = min(number, _MOST)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._number + number <= _MOST)
            self._number += number
        try:
            yield
        finally:
            with self._changed:
                self._number -= number
                self._changed.notify()
