"""The content of every report: findings, sections, statuses, observations.

Each text that may come from the endpoint passes through `visible` here; a writer only escapes for
its own format.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.client import responses
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator_contract.contract.response_schemas import DELETE_STATUSES
from orchestrator_contract.profile import examples
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.causes import grouped
from orchestrator_contract.results.evidence import Breach, Evidence
from orchestrator_contract.results.requirement import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Result

#: Characters of a body, a header value, a message and a request that a report shows.
MAX_BODY = 4000
MAX_VALUE = 400
MAX_TEXT = 1200
MAX_CURL = 8000

#: Sections of the contract, by the prefix of their requirements' ids.
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

#: Verdicts in the order of the attention that they need.
ORDER = (Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED, Verdict.UNVERIFIED, Verdict.PASSED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach, with the requests that show it."""

    where: str
    expected: str
    #: The response's status and the beginning of its body, then what is wrong.
    seen: str
    #: Empty if no single request shows it.
    steps: list[Evidence]
    #: The shortest history that shows it, where one was looked for.
    story: list[str]
    #: Expected and seen in one line.
    summary: str

    @property
    def wanted(self) -> str:
        """The expectation, with its place."""
        return f"{self.where}: {self.expected}" if self.where else self.expected

    @property
    def paste(self) -> str:
        """All requests of the finding as one text for a shell."""
        return "\n".join(step.request for step in self.steps)


@dataclass(frozen=True, slots=True)
class Card:
    """A breached requirement, and those whose breaches rest on the same exchanges."""

    row: RequirementResult
    findings: list[Finding]
    also: tuple[Card, ...] = ()

    @property
    def failed(self) -> str:
        """Number of checks that failed, of all."""
        record = self.row.record
        return f"{record.breaches} of {count(record.checks, 'check')}"

    @property
    def said(self) -> str:
        """The first breach in one line."""
        return self.findings[0].summary if self.findings else self.row.reason


@dataclass(slots=True)
class StatusRow:
    """Coverage of one HTTP status of DELETE."""

    status: str
    meaning: str
    seen: int
    #: Responses whose content was judged and conforms.
    valid: int
    #: How it came about, or why it was never seen.
    how: str
    #: "ok", "wrong", "unseen" or "undocumented".
    state: str


def _step(shown: Evidence) -> Evidence:
    return replace(
        shown,
        request=visible(shown.request, MAX_CURL),
        headers={visible(n, 80): visible(v, MAX_VALUE) for n, v in shown.headers.items()},
        body=visible(shown.body, MAX_BODY, lines=True),
        note=visible(shown.note, 80),
    )


def finding(breach: Breach) -> Finding:
    """Return a breach as reports show it."""
    note = breach.steps[-1].note if breach.steps else ""
    return Finding(
        where=visible(": ".join(filter(None, (note, breach.where))), MAX_VALUE),
        expected=visible(breach.expected, MAX_TEXT),
        seen=visible(breach.observed, MAX_TEXT),
        steps=list(map(_step, breach.steps)),
        story=[visible(line, MAX_VALUE) for line in breach.story],
        summary=visible(": ".join(filter(None, (note, breach.summary))), MAX_TEXT),
    )


def findings(row: RequirementResult) -> list[Finding]:
    """Return the breaches of a requirement that are kept with their evidence."""
    # A history that was shrunk says most.
    return list(map(finding, sorted(row.record.shown, key=lambda one: not one.story)))


def cards(result: Result) -> list[Card]:
    """Return the breached requirements, the most severe and most direct first."""
    new = result.comparison.new if result.comparison else ()
    return [
        Card(lead, findings(lead), tuple(Card(row, findings(row)) for row in also))
        for lead, *also in grouped(result.rows, new)
    ]


def count(number: int, noun: str) -> str:
    """Return the number with its noun in singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def section(requirement: str) -> str:
    """Return the title of the section that a requirement's id names."""
    prefix = requirement.partition("-")[0]
    return SECTIONS.get(prefix, prefix)


def by_section(rows: Sequence[RequirementResult]) -> dict[str, Counter[Verdict]]:
    """Count the verdicts of each section, in the contract's order."""
    table: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for row in rows:
        table[section(row.requirement.id)][row.verdict] += 1
    return table


def by_reason(rows: Iterable[RequirementResult]) -> dict[str, list[RequirementResult]]:
    """Group rows by the reason of their verdict, the most frequent first."""
    groups: dict[str, list[RequirementResult]] = defaultdict(list)
    for row in rows:
        groups[visible(row.reason, MAX_TEXT)].append(row)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def remedies(result: Result, rows: Sequence[RequirementResult]) -> dict[str, str]:
    """Return the lines of a profile that give the capabilities that unverified *rows* need.

    Each stands by the heading of docs/profile.md that describes it.
    """
    lacking = result.profile.lacks(rows[0].requirement.needs)
    return {examples.anchor(one): examples.example(one) for one in lacking}


def statuses(result: Result) -> list[StatusRow]:
    """Return the coverage of DELETE's documented statuses, and of others seen."""
    faults = {str(status) for status in result.profile.faults}
    return [
        _status_row(status, result.statuses.get(status, {}), provoked=status in faults)
        for status in sorted({*map(str, DELETE_STATUSES), *result.statuses})
    ]


def _status_row(status: str, counts: Mapping[str, int], *, provoked: bool) -> StatusRow:
    seen, judged, valid = (counts.get(name, 0) for name in ("seen", "judged", "valid"))
    if int(status) not in DELETE_STATUSES:
        how, state = "not a documented status", "undocumented"
    elif seen:
        how = (
            "provoked as the target profile says" if provoked else "seen in the course of the tests"
        )
        state = "ok" if valid == judged else "wrong"
    elif provoked or status in ("202", "404"):
        how, state = "never seen in this run", "unseen"
    else:
        how, state = f"never seen: the target profile has no [faults.{status}]", "unseen"
    wrong, open_ = judged - valid, seen - judged
    if wrong:
        how += f"; {wrong} {'does' if wrong == 1 else 'do'} not conform"
    if open_:
        how += f"; {open_} not judged"
    return StatusRow(status, responses.get(int(status), ""), seen, valid, how, state)


def sightings(result: Result) -> list[dict[str, Any]]:
    """Return the observations that were made, the most frequent sighting first."""
    made = []
    for one in result.observations:
        seen = [(visible(str(s["what"]), 200), int(s["count"])) for s in one["seen"]]
        if seen:
            made.append({**one, "seen": sorted(seen, key=lambda pair: -pair[1])})
    return made


def headline(result: Result) -> str:
    """Return the verdict in one sentence."""
    counts, judged = result.counts(), count(len(result.rows), "requirement")
    broken, open_ = counts["breached"], counts["unverified"]
    if result.overall == "nonconformant":
        return f"{broken} of {judged} {'is' if broken == 1 else 'are'} breached"
    if result.unusable:
        return "The endpoint could not be tested"
    if open_ == len(result.rows):
        why = f"{open_} of {judged} could not be verified" if open_ else "no test was selected"
        return f"Nothing was judged: {why}"
    if open_:
        level = "" if result.overall == "incomplete" else ", all of them advisory"
        return f"No breach was found; {open_} of {judged} could not be verified{level}"
    if counts["waived"] + counts["warned"]:
        return "No breach that fails the run was found; warnings and waived breaches are listed"
    return f"All {judged} that were judged are met"


def duration(result: Result) -> str:
    """Return how long the run took."""
    seconds = max((result.finished - result.started).total_seconds(), 0.0)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def templates(*, autoescape: bool, **filters: Any) -> Environment:
    """Return the environment that a report's templates are rendered in."""
    made = Environment(
        loader=PackageLoader("orchestrator_contract.report"),
        autoescape=autoescape,  # noqa: S701  # Markdown has code spans instead
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= filters
    return made
