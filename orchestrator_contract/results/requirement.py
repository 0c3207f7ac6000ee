"""A requirement: what was found of it, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.profile import Profile
from orchestrator_contract.results.evidence import Breach

#: Breaches of one requirement whose exchanges are remembered, to group it with others.
MAX_TRAILS = 300


@dataclass(slots=True)
class RequirementFindings:
    """The findings on one requirement."""

    checks: int = 0
    breaches: int = 0
    #: The first breaches, with their evidence.
    shown: list[Breach] = field(default_factory=list)
    #: The first problems that breaches had, each text once.
    problems: list[str] = field(default_factory=list)
    #: Reasons why it could not be checked, or not wholly, each once.
    unverified: list[str] = field(default_factory=list)
    #: Functions of tests that checked it to the end, and of those that could not, with the reason.
    concluded: list[str] = field(default_factory=list)
    inconclusive: dict[str, str] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)
    #: The reason why tests of it were not run to their end, or their findings are lost.
    cut_short: str = ""
    #: The exchanges that each of the first breaches rests on, in order, by their fingerprints;
    #: without the breaches that no exchange shows.
    trails: list[tuple[str, ...]] = field(default_factory=list)

    def add_test(self, test: str) -> None:
        """Name *test* among those that looked at the requirement."""
        if test and test not in self.tests:
            self.tests.append(test)

    def add_trail(self, trail: tuple[str, ...]) -> None:
        """Remember the exchanges that a breach rests on, while there is room."""
        if trail and len(self.trails) < MAX_TRAILS:
            self.trails.append(trail)

    def merge(self, dumped: dict[str, Any], has_room: Callable[[Breach], bool]) -> None:
        """Add what another process has as plain data; breaches while *has_room* says so."""
        self.checks += dumped["checks"]
        self.breaches += dumped["breaches"]
        self.inconclusive = {**dumped["inconclusive"], **self.inconclusive}
        self.cut_short = self.cut_short or dumped["cut_short"]
        for breach in map(Breach.load, dumped["shown"]):
            if has_room(breach):
                self.shown.append(breach)
        for trail in dumped["trails"]:
            self.add_trail(tuple(trail))
        for name in ("problems", "unverified", "concluded", "tests"):
            mine = getattr(self, name)
            mine.extend(one for one in dumped[name] if one not in mine)


class Verdict(StrEnum):
    """The verdict on a requirement."""

    PASSED = "passed"
    BREACHED = "breached"
    WARNED = "warned"
    WAIVED = "waived"
    UNVERIFIED = "unverified"


#: Verdicts of a breach, the most severe first; levels, --strict and waivers decide which.
BREACHES = (Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED)


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


def judge_requirement(
    requirement: Requirement,
    record: RequirementFindings,
    profile: Profile,
    *,
    strict: bool = False,
) -> RequirementResult:
    """Return the verdict: breached, else passed if it was checked, else unverified.

    A check does not make up for an essential test that was inconclusive, nor for a test that did
    not end.
    """
    missing = [
        record.inconclusive[look]
        for look in requirement.essential
        if look in record.inconclusive and look not in record.concluded
    ]
    if record.breaches:
        gates = requirement.level.gates or strict
        verdict, reason = Verdict.BREACHED if gates else Verdict.WARNED, _breached(record)
    elif record.checks and not missing and not record.cut_short:
        verdict, reason = Verdict.PASSED, _checked(record)
    else:
        reasons = missing or ([record.cut_short] if record.cut_short else record.unverified)
        reason = _why_unverified(reasons, profile.lacks(requirement.needs))
        verdict = Verdict.UNVERIFIED
    return RequirementResult(requirement, verdict, reason, record)


def _breached(record: RequirementFindings) -> str:
    """Say what was wrong, and how often where not always."""
    always = record.breaches == record.checks
    often = "" if always else f" ({record.breaches} of {record.checks} checks)"
    return "; ".join(record.problems[:3]) + often


def _checked(record: RequirementFindings) -> str:
    """Say how often it was checked, and why a further check could not be made."""
    times = f"checked {record.checks} time{'s' if record.checks > 1 else ''}"
    return f"{times}; not in every way: {record.unverified[0]}" if record.unverified else times


def _why_unverified(reasons: Sequence[str], lacking: Sequence[str]) -> str:
    """Name the capabilities that the target lacks, or else the reasons that tests gave."""
    if lacking:
        also = [why for why in reasons if not why.startswith("needs ")][:2]
        missing = f"needs {', '.join(lacking)}, which the target profile does not give"
        return "; ".join([missing, *also])
    return "; ".join(reasons[:3]) or "nothing in this run was subject to this requirement"
