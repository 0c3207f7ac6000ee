"""Room for configurations: how many of the run's may exist at once in each account and region."""

from __future__ import annotations

from collections import Counter
from threading import Lock

#: From so many on one is left to the owner of an account that has shown how many it takes.
_SHARED = 3


class Rooms:
    """Counts the run's configurations from before their create until after their delete; safe for threads."""

    def __init__(self, bound: int = 0) -> None:
        """*bound* holds in each account and region; 0: none is known."""
        self._lock = Lock()
        self._bound = bound
        self._learned: dict[str, int] = {}
        self._held: Counter[str] = Counter()
        #: What each process of the run holds.
        self._shares: Counter[tuple[str, str]] = Counter()

    def take(self, holder: str, scope: str, number: int, processes: int = 1) -> int:
        """Up to *number* more for *holder*, one of *processes* that share alike; 0 when there is no room."""
        with self._lock:
            granted = max(min(number, self._left(holder, scope, processes)), 0)
            self._held[scope] += granted
            self._shares[holder, scope] += granted
            return granted

    def _left(self, holder: str, scope: str, processes: int) -> int:
        bound = self._of(scope)
        if not bound:
            return 10**9
        share = max(bound // processes, 1)
        return min(bound - self._held[scope], share - self._shares[holder, scope])

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
        """Learn from a refusal that *scope* takes no more than there are now, and leave one to the owner; the bound."""
        with self._lock:
            held = self._held[scope]
            found = max(held - 1 if held >= _SHARED else held, 1)
            known = self._of(scope)
            self._learned[scope] = min(found, known) if known else found
            return self._learned[scope]
