"""How Hypothesis generates here: from one seed alone, on any machine and in any checkout.

Hypothesis' own generator also draws constants that it reads out of the modules that are loaded at
the moment, which differ between a checkout and an installed package, and no setting turns that
off. So this one takes its place, as a backend; Hypothesis keeps and shrinks what it generates.
"""

from __future__ import annotations

import gc
import math
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

if TYPE_CHECKING:
    from hypothesis.internal.intervalsets import IntervalSet

_BACKEND = "orchestrator-contract"
#: How often a number is one of its bounds or near zero, and the size of unbounded numbers in bits.
_AT_BOUND, _BITS = 0.1, 64
#: How often a character is one of the simplest.
_SIMPLE = 0.8
#: Mean number of characters by which a text is longer than it must be.
_MEAN_LENGTH = 8


class _Seeded(PrimitiveProvider):
    """Draws from random numbers of its own; shrinking is Hypothesis' business."""

    seed: ClassVar[int] = 0

    def __init__(self, conjecturedata: Any, /) -> None:
        super().__init__(conjecturedata)
        self._random = Random(self.seed)

    def draw_boolean(self, p: float = 0.5) -> bool:
        """True with probability *p*."""
        return self._random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """An integer, each as likely but for the bounds."""
        low = min_value if min_value is not None else min(0, max_value or 0) - 2**_BITS
        high = max_value if max_value is not None else max(0, min_value or 0) + 2**_BITS
        if weights and self._random.random() < sum(weights.values()):
            return self._random.choices([*weights], [*weights.values()])[0]
        if high - low > 2**8 and self._random.random() < _AT_BOUND:
            return self._random.choice([low, high, max(low, min(high, shrink_towards))])
        return self._random.randint(low, high)

    def draw_float(
        self,
        *,
        min_value: float = -math.inf,
        max_value: float = math.inf,
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float,
    ) -> float:
        """A float; those of many digits are as likely as whole ones."""
        if allow_nan and self._random.random() < _AT_BOUND:
            return math.nan
        low, high = max(min_value, -1e18), min(max_value, 1e18)
        found = self._random.choice([low, high, self._random.uniform(low, high)])
        whole = float(round(found))
        found = whole if self._random.random() < 0.5 and low <= whole <= high else found
        small = 0 < abs(found) < smallest_nonzero_magnitude
        return min(high, max(low, smallest_nonzero_magnitude)) if small else found

    def draw_string(
        self, intervals: IntervalSet, *, min_size: int = 0, max_size: int = 10**10
    ) -> str:
        """A text of these characters, most of them among the simplest."""
        size = self._size(min_size, max_size) if len(intervals) else 0
        return "".join(self._character(intervals) for _ in range(size))

    def draw_bytes(self, min_size: int = 0, max_size: int = 10**10) -> bytes:
        """Some bytes."""
        return self._random.randbytes(self._size(min_size, max_size))

    def _character(self, intervals: IntervalSet) -> str:
        simple = self._random.random() < _SIMPLE
        number = min(2**8, len(intervals)) if simple else len(intervals)
        return intervals.char_in_shrink_order(self._random.randrange(number))

    def _size(self, least: int, most: int) -> int:
        return min(most, least + int(self._random.expovariate(1 / _MEAN_LENGTH)))


def settings(
    *phases: Phase, seed: int, database: Path | None = None, **sizes: Any
) -> hypothesis.settings:
    """Settings of a run of *phases* and *sizes*, whose inputs follow from *seed*.

    What fails is kept in the folder *database*, from where the next run takes it first.
    """
    AVAILABLE_PROVIDERS[_BACKEND] = type("Seeded", (_Seeded,), {"seed": seed})
    return hypothesis.settings(
        phases=phases,
        backend=_BACKEND,
        deadline=None,
        database=DirectoryBasedExampleDatabase(database) if database else None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        **sizes,
    )


def _without_callbacks() -> None:
    """Run Hypothesis once, without its garbage-collection callback, which loses Ctrl-C."""

    @settings(Phase.generate, seed=0, max_examples=1)
    @given(hypothesis.strategies.none())
    def run(_: None) -> None:
        return

    run()
    module = sys.modules[PrimitiveProvider.__module__].__name__.partition(".")[0]
    gc.callbacks[:] = [
        one for one in gc.callbacks if getattr(one, "__module__", "").partition(".")[0] != module
    ]


_without_callbacks()
