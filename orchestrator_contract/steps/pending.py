"""Accepted deletes that no test waits for: they are followed to their end beside the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation


@dataclass(frozen=True, slots=True, eq=False)
class PendingDelete:
    """A delete that was accepted."""

    operation: Operation
    #: The test that its findings belong to.
    test: str
    #: Whether it is for the pool of COMPLETED deletes.
    pooled: bool = False


class Pending:
    """Deletes that are left to be followed, and those that are; safe for threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._left: list[PendingDelete] = []
        self._followed: list[PendingDelete] = []

    def add(self, *deletes: PendingDelete) -> None:
        """Leave these to be followed."""
        with self._changed:
            self._left += deletes

    def take(self) -> list[PendingDelete]:
        """All that are left; `end` is to be called with them."""
        with self._changed:
            taken, self._left = self._left, []
            self._followed += taken
        return taken

    def end(self, deletes: Sequence[PendingDelete]) -> None:
        """Note that these were followed."""
        with self._changed:
            self._followed = [one for one in self._followed if one not in deletes]
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether all come to be followed within *seconds*."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._all, seconds)

    def wait_for_one(self, seconds: float) -> None:
        """Wait until some more were followed, or for *seconds*."""
        with self._changed:
            self._changed.wait(seconds)

    def pooled(self) -> int:
        """How many are for the pool."""
        with self._changed:
            return sum(one.pooled for one in self._all)

    def holds(self, configuration: Configuration) -> bool:
        """Whether the delete of *configuration* is among them."""
        with self._changed:
            return any(one.operation.configuration is configuration for one in self._all)

    @property
    def _all(self) -> list[PendingDelete]:
        return self._left + self._followed
