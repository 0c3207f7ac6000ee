"""Breaches that do not fail a test: waived ones, and those that the baseline knows."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.results.baseline import Baseline
from orchestrator_contract.results.waivers import Waivers


@dataclass(frozen=True, slots=True)
class Excuses:
    """The reasons why a breach is expected in a run."""

    waivers: Waivers
    #: The baseline of --fail-on new; None without that option.
    baseline: Baseline | None = None

    def why(self, requirement: str, problem: str) -> str:
        """Return ``waived`` or ``known``, or an empty text if the breach fails its test."""
        if self.waivers.excuses(requirement, problem):
            return "waived"
        return "known" if self.baseline and self.baseline.knows(requirement) else ""
