"""What the coming tests will take, as far as their fixtures say it: made while earlier tests run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator_contract.provision.stock import Content, content_of

#: How many tests ahead are looked at.
_HORIZON = 40
#: How many tests before it is taken something must be on its way.
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Needs:
    """What one test takes."""

    #: Optional members of each configuration that it takes idle.
    idle: Sequence[Mapping[str, Any]] = ()
    #: How many deletes it takes that have COMPLETED.
    completed: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What to make next."""

    idle: Sequence[Content] = ()
    completed: int = 0
    #: Whether one of the next tests takes something of it.
    urgent: bool = False

    def __len__(self) -> int:
        return len(self.idle) + self.completed


class Forecast:
    """The needs of a session's tests in their order, and how far they have come."""

    def __init__(self, tests: Sequence[Needs] = ()) -> None:
        self._tests = [([content_of(one) for one in test.idle], test.completed) for test in tests]
        self._next = 0

    def begin(self, to_come: float) -> None:
        """Note that a test begins, and that *to_come* are left after it."""
        self._next = max(len(self._tests) - int(min(to_come, len(self._tests))), 0)

    def order(self, have: Counter[Content], completed: int, most: int) -> Order:
        """Up to *most* that the coming tests lack, the next tests first, where they *have* these."""
        have = have.copy()
        idle: list[Content] = []
        lacking, urgent = 0, False
        for distance, (contents, draws) in self._coming():
            short = [one for one in contents if not _took(have, one)]
            completed -= draws
            lacking = max(lacking, -completed)
            idle += short
            urgent |= distance < _NEAR and bool(short or lacking)
            if len(idle) + lacking >= most:
                break
        lacking = min(lacking, most)
        return Order(idle[: most - lacking], lacking, urgent)

    def _coming(self) -> Iterator[tuple[int, tuple[list[Content], int]]]:
        yield from enumerate(self._tests[self._next : self._next + _HORIZON])


def _took(have: Counter[Content], content: Content) -> bool:
    """Whether there was one with this *content*, which is then no more."""
    if have[content] <= 0:
        return False
    have[content] -= 1
    return True
