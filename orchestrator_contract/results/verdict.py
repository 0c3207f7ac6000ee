"""The result of a run, which every report is drawn from: a verdict for each requirement."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator_contract import __version__
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.profile import Profile
from orchestrator_contract.results.baseline import Baseline, Comparison
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement import (
    RequirementFindings,
    RequirementResult,
    Verdict,
    judge_requirement,
)
from orchestrator_contract.results.timelines import Timeline
from orchestrator_contract.results.waivers import Waivers

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
    #: The command that started the run, to repeat it: pytest in a checkout.
    command: str = "pytest"
    #: The value of --target, to repeat the run; empty for the embedded mock.
    target: str = ""
    #: The file that --traffic named; empty for a run.
    recording: str = ""
    #: The notes that point out a wrong waiver; --strict fails on them.
    waiver_notes: list[str] = field(default_factory=list)
    #: The notes on what is left on the endpoint; they fail the run, and are said last.
    leftovers: list[str] = field(default_factory=list)
    #: The comparison with an earlier run, when one was given.
    comparison: Comparison | None = None

    def of(self, *verdicts: Verdict) -> list[RequirementResult]:
        """Return the rows with one of these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    @property
    def judged(self) -> bool:
        """True if at least one requirement was checked."""
        return len(self.of(Verdict.UNVERIFIED)) < len(self.rows)

    def counts(self) -> dict[str, int]:
        """Return the number of requests, and of rows with each verdict."""
        verdicts = {str(verdict): len(self.of(verdict)) for verdict in Verdict}
        return {"requests": self.requests} | verdicts

    def rerun(self, requirement: str = "") -> str:
        """Return a shell line that repeats the run, for one requirement or all of them."""
        if self.recording:
            parts = [self.command, "--traffic", self.recording]
            return shlex.join([*parts, *(["--requirement", requirement] if requirement else [])])
        return rerun_line(self.command, self.target, self.effort, self.seed, requirement)

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


def rerun_line(command: str, target: str, effort: str, seed: int, requirement: str = "") -> str:
    """Return a shell line that repeats a run; *target* is empty for the embedded mock."""
    parts = [command, *(["--target", target] if target else [])]
    parts += ["--requirement", requirement] if requirement else []
    return shlex.join([*parts, "--effort", effort, "--seed", str(seed)])


@dataclass(frozen=True, slots=True)
class Policy:
    """Options that say which verdicts fail the gate."""

    strict: bool = False
    require_verified: bool = False
    #: Breaches that the baseline has don't fail the gate.
    only_new: bool = False


def conclude(  # noqa: PLR0913  # one keyword a part of the result
    findings: Findings,
    profile: Profile,
    selected: Collection[str],
    *,
    policy: Policy,
    seed: int,
    effort: str,
    started: datetime,
    finished: datetime,
    unusable: EndpointUnusable | None = None,
    leftovers: Sequence[str] = (),
    notes: Iterable[str] = (),
    waivers: Waivers | None = None,
    baseline: Baseline | None = None,
    timelines: Sequence[Timeline] = (),
    command: str = "pytest",
    target: str = "",
    recording: str = "",
) -> Result:
    """Draw the result of a run from what was found."""
    waivers = waivers or Waivers()
    rows = [
        waivers.apply(
            judge_requirement(
                requirement, _trusted(name, findings, unusable), profile, strict=policy.strict
            )
        )
        for name, requirement in findings.catalogue.requirements.items()
        if name in selected
    ]
    waiver_notes = waivers.notes(rows)
    comparison = baseline.compare(rows) if baseline else None
    overall = _overall(rows, unusable)
    said = [
        *leftovers,
        *notes,
        _generated(findings),
        _hint(rows) if "accounts" in profile.capabilities else "",
        *waiver_notes,
        *waivers.reminders(),
        *(comparison.notes() if comparison else ()),
    ]
    incomplete = _why_incomplete(rows) if overall is Overall.INCOMPLETE else ""
    return Result(
        profile=profile,
        seed=seed,
        effort=effort,
        started=started,
        finished=finished,
        rows=rows,
        overall=overall,
        reason=str(unusable or incomplete),
        unusable=unusable is not None,
        requests=findings.requests,
        statuses=findings.status_counts(),
        observations=findings.sightings(),
        notes=list(filter(None, said)),
        comparison=comparison,
        waiver_notes=waiver_notes,
        leftovers=list(leftovers),
        timelines=list(timelines),
        command=command,
        target=target,
        recording=recording,
    )


def _generated(findings: Findings) -> str:
    """Say how many requests of each kind were generated."""
    kinds = ", ".join(f"{kind} {number}" for kind, number in findings.generated.most_common())
    return f"generated: {kinds}" if kinds else ""


def _overall(rows: Sequence[RequirementResult], unusable: EndpointUnusable | None) -> Overall:
    if any(row.verdict is Verdict.BREACHED for row in rows):
        return Overall.NONCONFORMANT
    # A run that judged nothing says nothing of the endpoint, whatever it was asked for.
    unverified = [row for row in rows if row.verdict is Verdict.UNVERIFIED]
    gates = any(row.requirement.level.gates for row in unverified)
    open_ = unusable or gates or len(unverified) == len(rows)
    return Overall.INCOMPLETE if open_ else Overall.CONFORMANT


def _hint(rows: Iterable[RequirementResult]) -> str:
    """Say which breaches may have a cause that lies elsewhere than in the endpoint."""
    ids = (row.requirement.id for row in rows if row.record.breaches)
    found = ", ".join(one for one in ids if one in _OF_TWO_ACCOUNTS)
    question = "do both [[accounts]] belong to one account?"
    needs = "Such a finding needs the credentials of two different accounts"
    return f"{found}: {question} {needs}" if found else ""


def _why_incomplete(rows: Sequence[RequirementResult]) -> str:
    """Say how many requirements are unverified, as `counts` does, and why."""
    if not rows:
        return "no requirement was selected"
    unverified = [row for row in rows if row.verdict is Verdict.UNVERIFIED]
    unverified.sort(key=lambda row: not row.requirement.level.gates)
    reasons = list(dict.fromkeys(row.reason for row in unverified))
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    what = f"{len(unverified)} requirement{'s' * (len(unverified) != 1)}"
    return f"{what} could not be verified: {'; '.join(reasons[:3])}{more}"


def _trusted(
    name: str, findings: Findings, unusable: EndpointUnusable | None
) -> RequirementFindings:
    """Return the findings on a requirement that stand, also if the endpoint is unusable."""
    found = findings.records.get(name, RequirementFindings())
    if unusable is None or (name in unusable.stands and found.breaches):
        return found
    return RequirementFindings(unverified=[str(unusable)])
