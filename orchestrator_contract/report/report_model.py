"""What every report shows of a result, prepared once: findings with their steps, sections, coverage of statuses.

Every text that may come from the endpoint has passed through `visible` here; a writer escapes for its
own format only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from orchestrator_contract.contract.response_schemas import DELETE_STATUSES
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.evidence import Breach, Evidence
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Result

#: Longest body, header value and message that a report shows, in characters.
MAX_BODY = 4000
MAX_VALUE = 400
MAX_TEXT = 1200
MAX_CURL = 8000

_DOCUMENTED = frozenset(map(str, DELETE_STATUSES))

#: Sections of the contract by the prefix of their requirements' ids.
SECTIONS: Mapping[str, str] = {
    "HTTP": "Transport",
    "DEL": "Submitting a delete",
    "OP": "Operation polling",
    "DELETED": "The deleted configuration",
    "EFFECT": "Side effects",
    "ERR": "Error responses",
    "SID": "Unknown and malformed SIDs",
    "AUTH": "Authentication and authorization",
    "KEY": "Idempotency keys",
    "CONC": "Concurrency",
    "CTRL": "Other asynchronous calls",
    "CONV": "Deleting a conversation",
}

#: Verdicts from what a reader must see first to what needs no attention.
ORDER = (Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED, Verdict.UNVERIFIED, Verdict.PASSED)


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange that belongs to a finding."""

    curl: str
    status: str
    headers: list[tuple[str, str]]
    body: str
    #: Where else it is to be found; empty for what the run itself has sent.
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: what was expected, what was seen instead, and the requests that show it."""

    where: str
    expected: str
    seen: str
    #: None where no single request shows it.
    steps: list[Step]
    #: The shortest history that shows it, where one was looked for.
    story: list[str]

    @property
    def paste(self) -> str:
        """All requests of the finding as one text for a shell."""
        return "\n".join(step.curl for step in self.steps)


@dataclass(slots=True)
class StatusRow:
    """How far one HTTP status of DELETE was covered."""

    status: str
    meaning: str
    seen: int
    valid: int
    #: How it came about, or why it was never seen.
    how: str
    #: "ok", "wrong", "unseen" or "undocumented".
    state: str


def _step(shown: Evidence) -> Step:
    return Step(
        curl=visible(shown.request, MAX_CURL),
        status="no answer" if shown.status is None else str(shown.status),
        headers=[
            (visible(name, 80), visible(value, MAX_VALUE)) for name, value in shown.headers.items()
        ],
        body=visible(shown.body, MAX_BODY, lines=True),
        note=visible(shown.note, 80),
    )


def _finding(breach: Breach) -> Finding:
    note = breach.steps[-1].note if breach.steps else ""
    return Finding(
        where=visible(": ".join(filter(None, (note, breach.where))), MAX_VALUE),
        expected=visible(breach.expected, MAX_TEXT),
        seen=visible(breach.seen, MAX_TEXT),
        steps=list(map(_step, breach.steps)),
        story=[visible(line, MAX_VALUE) for line in breach.story],
    )


def findings(row: RequirementResult) -> list[Finding]:
    """The breaches of a requirement that are kept with their evidence."""
    return list(map(_finding, row.record.shown))


def ordered(rows: Iterable[RequirementResult]) -> list[RequirementResult]:
    """Rows by verdict, worst first, else in the contract's order."""
    return sorted(rows, key=lambda row: ORDER.index(row.verdict))


def section(requirement: str) -> str:
    """The title of the section that a requirement's id names."""
    prefix = requirement.partition("-")[0]
    return SECTIONS.get(prefix, prefix)


def by_section(rows: Sequence[RequirementResult]) -> dict[str, dict[Verdict, int]]:
    """How often each verdict was given, by section, in the contract's order."""
    table: dict[str, dict[Verdict, int]] = {}
    for row in rows:
        counts = table.setdefault(section(row.requirement.id), dict.fromkeys(Verdict, 0))
        counts[row.verdict] += 1
    return table


def by_reason(rows: Iterable[RequirementResult]) -> dict[str, list[RequirementResult]]:
    """Rows by why they have their verdict, the most frequent reason first."""
    groups: dict[str, list[RequirementResult]] = {}
    for row in rows:
        groups.setdefault(visible(row.reason, MAX_TEXT), []).append(row)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def phrase(code: str) -> str:
    """The standard's words for a status; empty when it has none."""
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return ""


def statuses(result: Result) -> list[StatusRow]:
    """Coverage of the statuses of DELETE: the documented ones, then whatever else was seen."""
    rows = []
    faults = {str(status) for status in result.profile.faults}
    for status in sorted({*_DOCUMENTED, *result.statuses}):
        counts = result.statuses.get(status, {})
        seen, valid = counts.get("seen", 0), counts.get("valid", 0)
        if status not in _DOCUMENTED:
            how, state = "not a documented status", "undocumented"
        elif not seen:
            provokable = status in faults or status in ("202", "404")
            how = (
                "never seen in this run"
                if provokable
                else f"never seen: the target profile has no [faults.{status}]"
            )
            state = "unseen"
        else:
            how = (
                "provoked as the target profile says"
                if status in faults
                else "met in the course of the tests"
            )
            state = "ok" if valid == seen else "wrong"
            how += (
                f"; {seen - valid} {'does' if seen - valid == 1 else 'do'} not conform"
                if valid != seen
                else ""
            )
        rows.append(StatusRow(status, phrase(status), seen, valid, how, state))
    return rows


def sightings(result: Result) -> list[dict[str, Any]]:
    """The observations that were made, most frequent sighting first."""
    made = []
    for one in result.observations:
        seen = sorted(
            (
                (visible(str(s["what"]), 200), int(s["count"]))
                for s in one["seen"]
                if s["count"] > 0
            ),
            key=lambda s: -s[1],
        )
        if seen:
            made.append(
                {
                    "id": one["id"],
                    "title": one["title"],
                    "source": one.get("source", ""),
                    "seen": seen,
                }
            )
    return made


def headline(result: Result) -> str:
    """The verdict in one sentence."""
    counts = result.counts()
    broken, open_ = counts["breached"], counts["unverified"]
    if result.overall == "nonconformant":
        return (
            f"{broken} of {len(result.rows)} requirements {'are' if broken > 1 else 'is'} breached"
        )
    if result.unusable:
        return "The endpoint could not be tested"
    if result.overall == "incomplete":
        return (
            f"No breach was found; {open_} of {len(result.rows)} requirements could not be verified"
        )
    if not result.rows:
        return "Nothing was judged: no test was selected"
    if open_:
        return f"No breach was found; {open_} advisory requirement{'s' if open_ > 1 else ''} could not be verified"
    return (
        f"All {len(result.rows)} requirements that were judged are met"
        if not counts["waived"] + counts["warned"]
        else ("No breach that fails the run was found; warnings and waived breaches are listed")
    )


def duration(result: Result) -> str:
    """How long the run took, to read."""
    seconds = max((result.finished - result.started).total_seconds(), 0.0)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
