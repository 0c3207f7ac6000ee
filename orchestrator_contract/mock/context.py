"""What every seam can reach: the world, the settings, the clock, and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


class Context:
    """Base of all seams; defects and variants keep their own state through :meth:`tick`."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self._ticks: Counter[Hashable] = Counter()

    def now(self) -> float:
        """The present instant of the movable clock."""
        return self.world.clock.now()

    def tick(self, name: Hashable) -> int:
        """Counts *name* and says how often it was counted, this time included."""
        self._ticks[name] += 1
        return self._ticks[name]

    def once_in(self, count: int, name: Hashable) -> bool:
        """True each *count*-th time that *name* is asked for."""
        return self.tick(name) % count == 0
