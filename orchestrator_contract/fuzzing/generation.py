"""How Hypothesis generates here: from the run's seed alone."""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.internal.conjecture import junkdrawer
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

# Hypothesis also draws constants that it reads out of the modules that are loaded at the moment: one seed would
# send other requests from another checkout, and reading them takes longer than sending them.
HypothesisProvider._local_constants = Constants()  # type: ignore[assignment]  # noqa: SLF001  # there is no setting for it

# It times the garbage collection, too, by a callback in which a Ctrl-C would be lost, and fail the suite; nothing is timed here.
junkdrawer._gc_initialized = True  # noqa: SLF001  # there is no setting for it


def settings(*phases: Phase, **sizes: Any) -> hypothesis.settings:
    """Settings of a run of *phases* and *sizes*: nothing is stored or timed, and nothing but answers counts as a failure."""
    return hypothesis.settings(
        phases=phases,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        **sizes,
    )
