"""Room for configurations: how many of the run's may exist at once in each account and region."""

from __future__ import annotations

from collections import Counter
from threading import Lock

#: From so many on one is left to the owner of an account that has shown how many it takes.
_SHARED = 3


class Rooms:
    """Counts configurations from before their create until after their delete; safe for threads."""

    def __init__(self, bound: int = 0) -> None:
        """*bound* holds in each account and region; 0: none is known."""
        self._lock = Lock()
        self._bound = bound
        self._learned: dict[str, int] = {}
        self._held: Counter[str] = Counter()
        #: What each process of the run holds.
        self._shares: Counter[tuple[str, str]] = Counter()

    def take(self, holder: str, scope: str, number: int, processes: int = 1) -> int:
        """Up to *number* more for *holder*, one of *processes* that share alike; 0 without room."""
        with self._lock:
            bound, granted = self._of(scope), number
            if bound:
                share = max(bound // processes, 1) - self._shares[holder, scope]
                granted = max(min(number, bound - self._held[scope], share), 0)
            self._held[scope] += granted
            self._shares[holder, scope] += granted
            return granted

    def give_back(self, holder: str, scope: str, number: int) -> None:
        """Return what was refused, or is deleted."""
        with self._lock:
            self._held[scope] -= number
            self._shares[holder, scope] -= number

    def bound(self, scope: str) -> int:
        """How many may exist at once in *scope*; 0 while no bound is known."""
        with self._lock:
            return self._of(scope)

    def _of(self, scope: str) -> int:
        return self._learned.get(scope, self._bound)

    def full(self, scope: str) -> int:
        """Learn from a refusal that *scope* takes no more than there are now; the bound.

        One is left to the owner.
        """
        with self._lock:
            held = self._held[scope]
            found = max(held - 1 if held >= _SHARED else held, 1)
            self._learned[scope] = min(found, self._of(scope) or found)
            return self._learned[scope]
