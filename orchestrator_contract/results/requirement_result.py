"""One requirement with its verdict: a line of a result, which waivers change and later runs are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.results.findings import RequirementFindings


class Verdict(StrEnum):
    """What is known of a requirement."""

    PASSED = "passed"
    BREACHED = "breached"
    WARNED = "warned"
    WAIVED = "waived"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One requirement with its verdict."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    record: RequirementFindings

    def as_json(self, rerun: str) -> dict[str, Any]:
        """As conformance.json lists it: nowhere else are breaches taken apart. *rerun* stands where no single request shows one."""
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
