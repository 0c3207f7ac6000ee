"""Base of every part of the mock: state, settings, clock and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


class Context:
    """State, settings, clock and counters; defects and variants keep their own state here."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        #: Free memory of defects and variants.
        self.memory: dict[Hashable, Any] = {}
        self._ticks: Counter[Hashable] = Counter()

    def now(self) -> float:
        """The present instant of the movable clock."""
        return self.world.clock.now()

    def provides(self) -> frozenset[str]:
        """Capabilities that a target profile may name; variants add and remove some."""
        return frozenset({"basic", "clock", "conversations", "faults"})

    def tick(self, name: Hashable) -> int:
        """Counts *name* and returns how often it was counted, this time included."""
        self._ticks[name] += 1
        return self._ticks[name]

    def once_in(self, n: int, name: Hashable) -> bool:
        """True each *n*-th time that it is called with *name*."""
        return self.tick(name) % n == 0
