"""The result of a run, which every report is drawn from: a verdict for each requirement."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator_contract import __version__
from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.profile import Profile
from orchestrator_contract.results.baseline import Baseline, Comparison
from orchestrator_contract.results.causes import Cause, grouped
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement_findings import RequirementFindings
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.timeline import Timeline
from orchestrator_contract.results.waivers import Waivers
from orchestrator_contract.rules.responses import DELETE_STATUSES

SCHEMA_ID = "https://orchestrator-contract.example/schemas/conformance-report.json"

#: Requirements that two credentials of one account breach, though the endpoint is right.
_OF_TWO_ACCOUNTS = frozenset({"AUTH-OTHER-ACCOUNT", "AUTH-READ-OTHER-ACCOUNT", "KEY-SCOPE-ACCOUNT"})


class Overall(StrEnum):
    """The verdict on the endpoint."""

    CONFORMANT = "conformant"
    NONCONFORMANT = "nonconformant"
    INCOMPLETE = "incomplete"


@dataclass(slots=True)
class Result:
    """The content of every report."""

    profile: Profile
    seed: int
    effort: str
    started: datetime
    finished: datetime
    rows: list[RequirementResult]
    overall: Overall
    #: Why the verdict is incomplete; empty otherwise.
    reason: str
    #: True if the endpoint could not be tested at all.
    unusable: bool
    requests: int
    #: Responses to DELETE by status: seen, judged, and valid among the judged ones.
    statuses: Mapping[str, Mapping[str, int]]
    observations: list[dict[str, Any]]
    #: Remarks on the run itself: waivers, leftovers, budgets.
    notes: list[str] = field(default_factory=list)
    #: A sample of operations and races, for the HTML report.
    timelines: list[Timeline] = field(default_factory=list)
    #: The value of --target, to repeat the run; empty for the embedded mock.
    target: str = ""
    #: The file that --traffic named; empty for a run.
    recording: str = ""
    #: The notes that point out a wrong waiver; --strict fails on them.
    waiver_notes: list[str] = field(default_factory=list)
    #: The comparison with an earlier run, when one was given.
    comparison: Comparison | None = None

    @property
    def causes(self) -> list[Cause]:
        """Breached rows, grouped by the exchanges that they rest on."""
        return grouped(self.rows, self.comparison.new if self.comparison else ())

    def of(self, *verdicts: Verdict) -> list[RequirementResult]:
        """Return the rows with one of these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    def counts(self) -> dict[str, int]:
        """Return the number of requests, and of rows with each verdict."""
        return {"requests": self.requests} | {
            str(verdict): len(self.of(verdict)) for verdict in Verdict
        }

    def rerun(self, requirement: str = "") -> str:
        """Return a shell line that repeats the run, for one requirement or all of them."""
        return rerun_line(
            self.target, self.effort, self.seed, requirement, recording=self.recording
        )

    def as_json(self) -> dict[str, Any]:
        """Return the content of conformance.json (schemas/conformance-report.json)."""
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
            "statuses": {
                status: {name: counts[name] for name in ("seen", "valid")}
                for status, counts in self.statuses.items()
            },
            "requirements": [row.as_json(self.rerun(row.requirement.id)) for row in self.rows],
            "observations": [
                {name: one[name] for name in ("id", "title", "seen")} for one in self.observations
            ],
            "notes": self.notes,
        } | ({"comparison": self.comparison.as_json()} if self.comparison else {})


def rerun_line(
    target: str, effort: str, seed: int, requirement: str = "", *, recording: str = ""
) -> str:
    """Return a shell line that repeats a run; *target* is empty for the embedded mock."""
    parts = ["pytest"]
    parts += ["--traffic", recording] if recording else []
    parts += ["--target", target] if target else []
    parts += ["--requirement", requirement] if requirement else []
    parts += [] if recording else ["--effort", effort, "--seed", str(seed)]
    return shlex.join(parts)


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
    *,
    settled: bool = False,
) -> RequirementResult:
    """Return the verdict on one requirement: breached before unverified before passed."""
    lacking = () if settled else profile.lacks(requirement.needs)
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
    if lacking:
        also = [why for why in record.unverified if not why.startswith("needs ")]
        reason = "; ".join(
            [f"needs {', '.join(lacking)}, which the target profile does not give", *also[:2]]
        )
    elif record.unverified and not settled:
        reason = "; ".join(record.unverified[:3])
    elif not record.checks:
        reason = (
            "; ".join(record.ways_less[:3]) or "nothing in this run was subject to this requirement"
        )
    else:
        return RequirementResult(
            requirement,
            Verdict.PASSED,
            f"checked {record.checks} time{'s' if record.checks > 1 else ''}",
            record,
        )
    return RequirementResult(requirement, Verdict.UNVERIFIED, reason, record)


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
) -> Result:
    """Draw the result of a run from what was found."""
    chosen = frozenset(selected)
    rows = [
        judge_requirement(
            requirement,
            _trusted(name, findings, unusable),
            profile,
            policy,
            settled=name in findings.settled and unusable is None,
        )
        for name, requirement in findings.catalogue.requirements.items()
        if name in chosen
    ]
    rows = [waivers.apply(row) for row in rows] if waivers else rows
    waiver_notes = waivers.notes(rows) if waivers else []
    reminders = waivers.reminders() if waivers else []
    comparison = baseline.compare(rows) if baseline else None
    open_ = [r for r in rows if r.verdict is Verdict.UNVERIFIED and r.requirement.level.gates]
    if any(row.verdict is Verdict.BREACHED for row in rows):
        overall = Overall.NONCONFORMANT
    elif unusable or open_:
        overall = Overall.INCOMPLETE
    else:
        overall = Overall.CONFORMANT
    seen_by_id = findings.observations
    return Result(
        profile=profile,
        seed=seed,
        effort=effort,
        started=started,
        finished=finished,
        rows=rows,
        overall=overall,
        reason=str(unusable or "") or (_why_open(rows) if overall is Overall.INCOMPLETE else ""),
        unusable=unusable is not None,
        requests=findings.requests,
        statuses={
            str(status): dict(
                zip(
                    ("seen", "judged", "valid"),
                    findings.statuses.get(status, (0, 0, 0)),
                    strict=True,
                )
            )
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
        notes=[
            *notes,
            *_hints(rows),
            *waiver_notes,
            *reminders,
            *([comparison.note()] if comparison else []),
        ],
        comparison=comparison,
        waiver_notes=waiver_notes,
    )


def _hints(rows: list[RequirementResult]) -> list[str]:
    """Return remarks on causes of breaches that may lie elsewhere than in the endpoint."""
    found = [
        row.requirement.id
        for row in rows
        if row.requirement.id in _OF_TWO_ACCOUNTS and row.record.breaches
    ]
    if not found:
        return []
    return [
        f"{', '.join(found)}: do both [[accounts]] belong to one account? "
        "Such a finding needs the credentials of two different accounts"
    ]


def _why_open(rows: list[RequirementResult]) -> str:
    """Say how many requirements are unverified, as `counts` does, and why."""
    unverified = [row for row in rows if row.verdict is Verdict.UNVERIFIED]
    unverified.sort(key=lambda row: not row.requirement.level.gates)
    reasons = list(dict.fromkeys(row.reason for row in unverified))
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    what = "requirement" if len(unverified) == 1 else "requirements"
    return f"{len(unverified)} {what} could not be verified: {'; '.join(reasons[:3])}{more}"


def _trusted(
    name: str, findings: Findings, unusable: EndpointUnusable | None
) -> RequirementFindings:
    """Return the findings on a requirement that stand, also if the endpoint is unusable."""
    if unusable is None or (
        name in unusable.stands and findings.records.get(name, RequirementFindings()).breaches
    ):
        return findings.records.get(name, RequirementFindings())
    return RequirementFindings(unverified=[str(unusable)])


def exit_code(result: Result, policy: Policy) -> int:
    """0, 1 or 4 (README.md, "Reading a verdict"); 2 and 3 are the runner's to give."""
    if result.overall is Overall.NONCONFORMANT and not (
        policy.only_new and result.comparison and not result.comparison.gating
    ):
        return 1
    if result.unusable:
        return 4
    if policy.strict and result.waiver_notes:
        return 1
    unverified = any(
        r.verdict is Verdict.UNVERIFIED and r.requirement.level.gates for r in result.rows
    )
    return 1 if policy.require_verified and unverified else 0
