"""The result of a run, which every report is drawn from: a verdict for each requirement."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from orchestrator_contract import __version__
from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.contract.response_schemas import DELETE_STATUSES
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.profile import Profile
from orchestrator_contract.results.baseline import Baseline, Comparison
from orchestrator_contract.results.findings import Findings, RequirementFindings
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.waivers import Waivers

if TYPE_CHECKING:
    from orchestrator_contract.report.timelines import Timeline

SCHEMA_ID = "https://orchestrator-contract.example/schemas/conformance-report.json"

#: What two credentials of one account breach without any fault of the endpoint's.
_OF_TWO_ACCOUNTS = frozenset({"AUTH-OTHER-ACCOUNT", "AUTH-READ-OTHER-ACCOUNT", "KEY-SCOPE-ACCOUNT"})


class Overall(StrEnum):
    """The verdict on the endpoint."""

    CONFORMANT = "conformant"
    NONCONFORMANT = "nonconformant"
    INCOMPLETE = "incomplete"


@dataclass(slots=True)
class Result:
    """Everything that the reports say."""

    profile: Profile
    seed: int
    effort: str
    started: datetime
    finished: datetime
    rows: list[RequirementResult]
    overall: Overall
    #: Why nothing, or not all, could be tested; empty otherwise.
    reason: str
    #: The endpoint could not be tested at all.
    unusable: bool
    requests: int
    statuses: Mapping[str, Mapping[str, int]]
    observations: list[dict[str, Any]]
    #: Remarks on the run itself: waivers, leftovers, budgets.
    notes: list[str] = field(default_factory=list)
    #: A sample of operations and races, for the HTML report.
    timelines: list[Timeline] = field(default_factory=list)
    #: The command that started the run, to repeat it: pytest in a checkout.
    command: str = "pytest"
    #: The value of --target, to repeat the run; empty for the embedded mock.
    target: str = ""
    #: The file that --traffic named; empty for a run.
    recording: str = ""
    #: The notes that point out a wrong waiver; --strict fails on them.
    waiver_notes: list[str] = field(default_factory=list)
    #: The comparison with an earlier run, when one was given.
    comparison: Comparison | None = None

    def of(self, *verdicts: Verdict) -> list[RequirementResult]:
        """The rows with one of these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    @property
    def judged(self) -> bool:
        """True if at least one requirement was seen to hold, or not to."""
        return len(self.of(Verdict.UNVERIFIED)) < len(self.rows)

    def counts(self) -> dict[str, int]:
        """The number of requests, and of rows with each verdict."""
        return {"requests": self.requests} | {
            str(verdict): len(self.of(verdict)) for verdict in Verdict
        }

    def rerun(self, requirement: str = "") -> str:
        """A shell line that repeats the run, for one requirement or all of them."""
        parts = [self.command]
        parts += ["--traffic", self.recording] if self.recording else []
        parts += ["--target", self.target] if self.target else []
        parts += ["--requirement", requirement] if requirement else []
        parts += [] if self.recording else ["--effort", self.effort, "--seed", str(self.seed)]
        return shlex.join(parts)

    def as_json(self) -> dict[str, Any]:
        """The content of conformance.json (schemas/conformance-report.json)."""
        return {
            "schema": SCHEMA_ID,
            "suite_version": __version__,
            "started_at": self.started.isoformat(timespec="milliseconds"),
            "finished_at": self.finished.isoformat(timespec="milliseconds"),
            "seed": self.seed,
            "effort": self.effort,
            "target": {
                "name": self.profile.name or self.profile.base_url,
                "base_url": self.profile.base_url,
                "capabilities": list(self.profile.capabilities),
            },
            "verdict": str(self.overall),
            "reason": self.reason,
            "counts": self.counts(),
            "statuses": {status: dict(counts) for status, counts in self.statuses.items()},
            "requirements": [row.as_json(self.rerun(row.requirement.id)) for row in self.rows],
            "observations": [
                {name: one[name] for name in ("id", "title", "seen")} for one in self.observations
            ],
            "notes": self.notes,
        } | ({"comparison": self.comparison.as_json()} if self.comparison else {})


@dataclass(frozen=True, slots=True)
class Policy:
    """Options that say which verdicts fail the gate."""

    strict: bool = False
    require_verified: bool = False
    #: Breaches that the baseline has don't fail the gate.
    only_new: bool = False


def judge_requirement(
    requirement: Requirement,
    record: RequirementFindings,
    profile: Profile,
    policy: Policy,
) -> RequirementResult:
    """The verdict on one requirement: breached, else passed if it was checked, else unverified.

    A check does not make up for an essential test that could not look.
    """
    missing = [
        look
        for look in requirement.essential
        if look in record.inconclusive and look not in record.concluded
    ]
    if record.breaches:
        gates = requirement.level.gates or policy.strict
        often = (
            ""
            if record.breaches == record.checks
            else f" ({record.breaches} of {record.checks} checks)"
        )
        return RequirementResult(
            requirement,
            Verdict.BREACHED if gates else Verdict.WARNED,
            "; ".join(record.problems[:3]) + often,
            record,
        )
    if record.checks and not missing:
        return RequirementResult(requirement, Verdict.PASSED, _checked(record), record)
    reasons = [record.inconclusive[look] for look in missing] or record.unverified
    lacking = profile.lacks(requirement.needs)
    return RequirementResult(
        requirement, Verdict.UNVERIFIED, _why_unverified(reasons, lacking), record
    )


def _checked(record: RequirementFindings) -> str:
    """How often it was checked, and what stood in the way of a further look."""
    times = f"checked {record.checks} time{'s' if record.checks > 1 else ''}"
    return f"{times}; not in every way: {record.unverified[0]}" if record.unverified else times


def _why_unverified(reasons: Sequence[str], lacking: Sequence[str]) -> str:
    """Why nothing can be said of a requirement: what the target lacks, or what stood in the way."""
    if lacking:
        also = [why for why in reasons if not why.startswith("needs ")][:2]
        missing = f"needs {', '.join(lacking)}, which the target profile does not give"
        return "; ".join([missing, *also])
    return "; ".join(reasons[:3]) or "nothing in this run was subject to this requirement"


def conclude(  # noqa: PLR0913  # one keyword a part of the result
    findings: Findings,
    profile: Profile,
    selected: Iterable[str],
    *,
    policy: Policy,
    seed: int,
    effort: str,
    started: datetime,
    finished: datetime,
    unusable: EndpointUnusable | None = None,
    notes: Iterable[str] = (),
    waivers: Waivers | None = None,
    baseline: Baseline | None = None,
    timelines: Sequence[Timeline] = (),
    command: str = "pytest",
    target: str = "",
) -> Result:
    """Draw the result of a run from what was found."""
    chosen = frozenset(selected)
    rows = [
        judge_requirement(
            requirement,
            _trusted(name, findings, unusable),
            profile,
            policy,
        )
        for name, requirement in findings.catalogue.requirements.items()
        if name in chosen
    ]
    rows = [waivers.apply(row) for row in rows] if waivers else rows
    waiver_notes = waivers.notes(rows) if waivers else []
    comparison = baseline.compare(rows) if baseline else None
    overall = _overall(rows, unusable)
    reason = str(unusable or "")
    if overall is Overall.INCOMPLETE:
        reason = reason or _why_incomplete(rows)
    seen_by_id = findings.observations
    return Result(
        profile=profile,
        seed=seed,
        effort=effort,
        started=started,
        finished=finished,
        rows=rows,
        overall=overall,
        reason=reason,
        unusable=unusable is not None,
        requests=findings.requests,
        statuses={
            str(status): {
                "seen": findings.statuses.get(status, [0, 0])[0],
                "valid": findings.statuses.get(status, [0, 0])[1],
            }
            for status in sorted({*DELETE_STATUSES, *findings.statuses})
        },
        observations=[
            {
                "id": one.id,
                "title": one.title,
                "source": one.source,
                "seen": [
                    {"what": what, "count": count}
                    for what, count in sorted(seen_by_id.get(one.id, {}).items())
                ],
            }
            for one in findings.catalogue.observations.values()
        ],
        notes=[*notes, *_hints(rows), *waiver_notes, *([comparison.note()] if comparison else [])],
        comparison=comparison,
        waiver_notes=waiver_notes,
        timelines=list(timelines),
        command=command,
        target=target,
    )


def _overall(rows: Sequence[RequirementResult], unusable: EndpointUnusable | None) -> Overall:
    verdicts = {row.verdict for row in rows}
    if Verdict.BREACHED in verdicts:
        return Overall.NONCONFORMANT
    # A run that judged nothing says nothing of the endpoint, whatever it was asked for.
    if unusable or verdicts <= {Verdict.UNVERIFIED} or _gating_unverified(rows):
        return Overall.INCOMPLETE
    return Overall.CONFORMANT


def _gating_unverified(rows: Iterable[RequirementResult]) -> list[RequirementResult]:
    return [
        row for row in rows if row.verdict is Verdict.UNVERIFIED and row.requirement.level.gates
    ]


def _hints(rows: list[RequirementResult]) -> list[str]:
    """Causes of breaches that may lie elsewhere than in the endpoint."""
    found = [
        row.requirement.id
        for row in rows
        if row.requirement.id in _OF_TWO_ACCOUNTS and row.record.breaches
    ]
    if not found:
        return []
    return [
        f"{', '.join(found)}: do both [[accounts]] belong to one account? Such a finding takes the credentials of two different ones"
    ]


def _why_incomplete(rows: Sequence[RequirementResult]) -> str:
    if not rows:
        return "no requirement was selected"
    unverified = _gating_unverified(rows) or [
        row for row in rows if row.verdict is Verdict.UNVERIFIED
    ]
    reasons = list(dict.fromkeys(row.reason for row in unverified))
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""  # as many as one reads
    shown = "; ".join(reasons[:3])
    return f"{len(unverified)} requirement(s) could not be verified: {shown}{more}"


def _trusted(
    name: str, findings: Findings, unusable: EndpointUnusable | None
) -> RequirementFindings:
    """The findings on a requirement; of an unusable endpoint only those that stand all the same."""
    if unusable is None or (
        name in unusable.stands and findings.records.get(name, RequirementFindings()).breaches
    ):
        return findings.records.get(name, RequirementFindings())
    return RequirementFindings(unverified=[str(unusable)])
