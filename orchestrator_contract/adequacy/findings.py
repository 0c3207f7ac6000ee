"""The suite's faults: missed defects, accused variants, endpoints that break it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator_contract.adequacy.cases import Case, Kind
from orchestrator_contract.adequacy.forked import KILLED
from orchestrator_contract.adequacy.trial import NOT_STARTED, Trial
from orchestrator_contract.contract.catalogue import Catalogue

Pair = tuple[Case, Trial]


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which the suite falls short."""

    #: In a few words, to group by.
    what: str
    about: str
    text: str
    command: str = ""


def broken(trial: Trial) -> str:
    """How the suite itself broke in *trial*; empty when it did not."""
    if trial.exit == NOT_STARTED:
        return "the endpoint did not start"
    if trial.exit == KILLED:
        return "it did not end in time"
    if trial.exit not in (0, 1, 4):
        return f"exit code {trial.exit}"
    if trial.output:
        return "a traceback" if trial.reported else "no report"
    return ""


def proves(case: Case, trial: Trial, known: Catalogue) -> set[str]:
    """The requirements that a defect breaches and the run names, with its exit code."""
    blamed = set(case.requirements) & trial.found
    gating = {one for one in blamed if known[one].level.gates}
    return blamed if trial.exit == 1 or not gating else set()


def of_case(case: Case, trial: Trial, known: Catalogue) -> Iterable[Finding]:
    """The faults of the suite that one trial shows."""
    name, command = case.name or "the mock as it is", trial.command
    harm = broken(trial)
    if harm:
        yield Finding("the suite breaks", name, f"{harm}: {trial.output[:1500]}", command)
        return
    if case.kind is Kind.HOSTILE:
        if trial.exit not in case.expect:
            expected = " or ".join(map(str, sorted(case.expect)))
            yield Finding(
                "wrong exit code for a hostile endpoint",
                name,
                f"{trial.exit}, not {expected}",
                command,
            )
    elif case.kind is Kind.DEFECT:
        if proves(case, trial, known):
            return
        breaches = ", ".join(case.requirements)
        others = sorted(trial.found - set(case.requirements))
        if others:
            yield Finding(
                "defect found by other requirements only",
                name,
                f"{case.text} ({case.shows}): breaches {breaches}, found by {', '.join(others)}",
                command,
            )
        else:
            why = "; ".join(
                f"{one} unverified: {trial.unverified[one]}"
                for one in case.requirements
                if one in trial.unverified
            )
            yield Finding(
                "defect not found",
                name,
                f"{case.text} ({case.shows}): breaches {breaches}; exit code"
                f" {trial.exit}{'; ' if why else ''}{why}",
                command,
            )
    else:
        for one in [*trial.breached, *(w for w in trial.warned if w not in case.requirements)]:
            shown = trial.problems[one]
            yield Finding(
                "variant accused",
                name,
                f"{case.text}: {one}:"
                f" {shown['problem']}\n{shown['request']}\n{shown['answer']}\n({shown['test']})",
                command,
            )
        if not trial.found and trial.exit != 0:
            reasons = "; ".join(f"{one}: {why}" for one, why in trial.unverified.items())
            yield Finding(
                "variant not passed",
                name,
                f"{case.text}: exit code {trial.exit}; {reasons}",
                command,
            )


def unproved(pairs: Iterable[Pair], known: Catalogue) -> list[str]:
    """Requirements that no defect proves; advisory ones included."""
    proved = {
        one
        for case, trial in pairs
        if case.kind is Kind.DEFECT
        for one in proves(case, trial, known)
    }
    return [one for one in known.requirements if one not in proved]


def all_findings(
    cases: Mapping[tuple[str, str], Case], trials: Iterable[Trial], known: Catalogue
) -> list[Finding]:
    """The faults of the suite in all trials, the worst kind first."""
    order = (
        "variant accused",
        "the suite breaks",
        "variant not passed",
        "defect not found",
        "defect found by other requirements only",
        "wrong exit code for a hostile endpoint",
    )
    found = [
        finding
        for trial in trials
        for finding in of_case(cases[trial.kind, trial.name], trial, known)
    ]
    return sorted(found, key=lambda finding: order.index(finding.what))
