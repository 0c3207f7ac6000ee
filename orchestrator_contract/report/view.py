"""What every report shows of a result, prepared once: findings with their steps, sections, coverage of statuses.

Every text that may come from the endpoint has passed through `visible` here; a writer escapes for its
own format only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from orchestrator_contract.judge import DELETE_STATUSES
from orchestrator_contract.result import Result, Row, Verdict
from orchestrator_contract.visible import visible

#: Longest body, header value and message that a report shows, in characters.
MAX_BODY = 4000
MAX_VALUE = 400
MAX_TEXT = 1200
MAX_CURL = 8000

_STEP = re.compile(r"step (\d{1,2}) of (\d{1,2})(?:: )?")
_DOCUMENTED = frozenset(map(str, DELETE_STATUSES))

#: Sections of the contract by the prefix of their requirements' ids.
SECTIONS: Mapping[str, str] = {
    "HTTP": "Transport",
    "DEL": "Submitting a delete",
    "OP": "The operation",
    "GONE": "The outcome",
    "ERR": "Errors",
    "SID": "Unknown and odd SIDs",
    "AUTH": "Credentials",
    "KEY": "Idempotency keys",
    "RACE": "Races",
    "CTRL": "Sister calls",
    "CONV": "Deleting a conversation",
}

#: Verdicts from what a reader must see first to what needs no attention.
ORDER = (Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED, Verdict.UNVERIFIED, Verdict.PASSED)


@dataclass(slots=True)
class Step:
    """One exchange that belongs to a finding."""

    curl: str
    status: str
    headers: list[tuple[str, str]]
    body: str


@dataclass(slots=True)
class Finding:
    """One breach: what was expected, what was seen instead, and the requests that show it."""

    where: str
    expected: str
    seen: str
    #: The whole message where it does not part into expected and seen.
    problem: str
    steps: list[Step] = field(default_factory=list)

    @property
    def paste(self) -> str:
        """All requests of the finding as one text for a shell."""
        return "\n".join(step.curl for step in self.steps if step.curl)


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


def _part(problem: str) -> Finding:
    head, cut, rest = problem.partition("expected ")
    expected, cut_again, seen = rest.partition("; saw ")
    if cut and cut_again and (not head or head.endswith(": ")):
        return Finding(head.removesuffix(": "), visible(expected, MAX_TEXT), visible(seen, MAX_TEXT), "")
    return Finding("", "", "", visible(problem, MAX_TEXT))


def _step(piece: Mapping[str, Any]) -> Step:
    status = piece.get("status")
    headers = piece.get("headers") or {}
    return Step(
        curl=visible(str(piece.get("request") or ""), MAX_CURL),
        status="no answer" if status is None else str(status),
        headers=[(visible(str(name), 80), visible(str(value), MAX_VALUE)) for name, value in headers.items()],
        body=visible(str(piece.get("body") or ""), MAX_BODY, lines=True),
    )


def findings(row: Row) -> list[Finding]:
    """The evidence of a requirement, its steps put together again."""
    found: list[Finding] = []
    steps: list[Step] = []
    for piece in row.record.evidence:
        text = str(piece.get("problem") or "")
        mark = _STEP.match(text)
        if mark and mark[1] == "1":
            steps = []
        if piece.get("request") or piece.get("status") is not None:
            steps.append(_step(piece))
        if mark and int(mark[1]) < int(mark[2]):
            continue
        one = _part(text[mark.end():] if mark else text)
        one.steps, steps = steps, []
        found.append(one)
    return found


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Rows by verdict, worst first, else in the contract's order."""
    return sorted(rows, key=lambda row: ORDER.index(row.verdict))


def section(requirement: str) -> str:
    """The title of the section that a requirement's id names."""
    prefix = requirement.partition("-")[0]
    return SECTIONS.get(prefix, prefix)


def by_section(rows: Sequence[Row]) -> dict[str, dict[Verdict, int]]:
    """How often each verdict was given, by section, in the contract's order."""
    table: dict[str, dict[Verdict, int]] = {}
    for row in rows:
        counts = table.setdefault(section(row.requirement.id), dict.fromkeys(Verdict, 0))
        counts[row.verdict] += 1
    return table


def by_reason(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by why they have their verdict, the most frequent reason first."""
    groups: dict[str, list[Row]] = {}
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
            how = "never seen in this run" if provokable else f"never seen: the target profile has no [faults.{status}]"
            state = "unseen"
        else:
            how = "provoked as the target profile says" if status in faults else "met in the course of the tests"
            state = "ok" if valid == seen else "wrong"
            how += f"; {seen - valid} {'does' if seen - valid == 1 else 'do'} not conform" if valid != seen else ""
        rows.append(StatusRow(status, phrase(status), seen, valid, how, state))
    return rows


def sightings(result: Result) -> list[dict[str, Any]]:
    """The observations that were made, most frequent sighting first."""
    made = []
    for one in result.observations:
        seen = sorted(
            ((visible(str(s["what"]), 200), int(s["count"])) for s in one["seen"] if s["count"] > 0), key=lambda s: -s[1]
        )
        if seen:
            made.append({"id": one["id"], "title": one["title"], "source": one.get("source", ""), "seen": seen})
    return made


def headline(result: Result) -> str:
    """The verdict in one sentence."""
    counts = result.counts()
    broken, open_ = counts["breached"], counts["unverified"]
    if result.overall == "nonconformant":
        return f"{broken} of {len(result.rows)} requirements {'are' if broken > 1 else 'is'} breached"
    if result.unusable:
        return "The endpoint could not be tested"
    if result.overall == "incomplete":
        return f"No breach was found; {open_} of {len(result.rows)} requirements could not be verified"
    if not result.rows:
        return "Nothing was judged: no test was selected"
    if open_:
        return f"No breach was found; {open_} advisory requirement{'s' if open_ > 1 else ''} could not be verified"
    return f"All {len(result.rows)} requirements that were judged are met" if not counts["waived"] + counts["warned"] else (
        "No breach that fails the run was found; warnings and waived breaches are listed"
    )


def duration(result: Result) -> str:
    """How long the run took, to read."""
    seconds = max((result.finished - result.started).total_seconds(), 0.0)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
