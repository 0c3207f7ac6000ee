"""Counts the configurations of a run in each account and region, and grants room for more."""

from __future__ import annotations

from collections import Counter
from threading import Lock

from orchestrator_contract.scope import Scope

#: From so many on one is left to the owner of an account that has shown how many it takes.
_SHARED = 3


class Rooms:
    """Counts configurations from before their create until after their delete; safe for threads."""

    def __init__(self, bound: int = 0) -> None:
        """*bound* holds in each account and region; 0: none is known."""
        self._lock = Lock()
        self._bound = bound
        self._learned: dict[Scope, int] = {}
        self._held: Counter[Scope] = Counter()

    def take(self, scope: Scope, number: int) -> int:
        """Up to *number* more; 0 without room."""
        with self._lock:
            if bound := self._of(scope):
                number = max(min(number, bound - self._held[scope]), 0)
            self._held[scope] += number
            return number

    def give_back(self, scope: Scope, number: int) -> None:
        """Return what was refused, or is deleted."""
        with self._lock:
            self._held[scope] -= number

    def bound(self, scope: Scope) -> int:
        """How many may exist at once in *scope*; 0 while no bound is known."""
        with self._lock:
            return self._of(scope)

    def _of(self, scope: Scope) -> int:
        return self._learned.get(scope, self._bound)

    def full(self, scope: Scope) -> int:
        """Learn from a refusal that *scope* takes no more than there are now; the bound.

        One is left to the owner.
        """
        with self._lock:
            held = self._held[scope]
            found = max(held - 1 if held >= _SHARED else held, 1)
            self._learned[scope] = min(found, self._of(scope) or found)
            return self._learned[scope]
