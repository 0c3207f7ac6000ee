"""A requirement with its verdict: one row of a result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.results.requirement_findings import RequirementFindings


class Verdict(StrEnum):
    """The verdict on a requirement."""

    PASSED = "passed"
    BREACHED = "breached"
    WARNED = "warned"
    WAIVED = "waived"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement with its verdict and its findings."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    record: RequirementFindings

    def as_json(self, rerun: str) -> dict[str, Any]:
        """Return the entry of conformance.json; *rerun* stands in for a request."""
        one = self.requirement
        return {
            "id": one.id,
            "level": str(one.level),
            "title": one.title,
            "source": one.source,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "tests": sorted(self.record.tests),
            "evidence": [piece for breach in self.record.shown for piece in breach.as_json(rerun)],
        }
