"""The verdict on the terminal: a table by section, each breach with what to do about it, what stayed open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Overall, Result

_COLOURS = {
    Verdict.BREACHED: "red",
    Verdict.WARNED: "yellow",
    Verdict.WAIVED: "blue",
    Verdict.UNVERIFIED: "yellow",
    Verdict.PASSED: "green",
    Overall.NONCONFORMANT: "red",
    Overall.INCOMPLETE: "yellow",
    Overall.CONFORMANT: "green",
}
_SEEN = 4
_TEXT = 300
_CURL = 1500


def write_terminal(result: Result, terminal: Any, folder: Path) -> None:
    """Write the summary with pytest's terminal reporter; with -q only breaches and the verdict."""
    quiet = terminal.verbosity < 0
    terminal.section("contract", sep="=")
    if not quiet:
        _table(result, terminal)
    for row in report_model.ordered(result.of(Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED)):
        _breach(row, result, terminal)
    if not quiet:
        for line in (*_unverified(result), *_observations(result)):
            terminal.write_line(line)
        for note in result.notes:
            terminal.write_line(f"note: {visible(note, _TEXT)}")
        terminal.write_line(f"report: {visible(str(folder / 'conformance.html'))}")
    counts = result.counts()
    said = (
        ", ".join(
            f"{counts[verdict]} {verdict}" for verdict in report_model.ORDER if counts[verdict]
        )
        or "nothing judged"
    )
    terminal.write(str(result.overall), bold=True, **{_COLOURS[result.overall]: True})
    terminal.write_line(f": {said} ({result.requests} requests, seed {result.seed})")
    if result.reason:
        terminal.write_line(f"  {visible(result.reason, 2 * _TEXT)}")


def _table(result: Result, terminal: Any) -> None:
    table = report_model.by_section(result.rows)
    shown = [
        verdict
        for verdict in reversed(report_model.ORDER)
        if any(counts[verdict] for counts in table.values())
    ]
    width = max(map(len, (*table, "section")))
    terminal.write_line(f"{'section':{width}}  " + "  ".join(f"{verdict:>10}" for verdict in shown))
    for title, counts in table.items():
        terminal.write(f"{title:{width}}  ")
        for verdict in shown:
            colour = (
                {_COLOURS[verdict]: True}
                if counts[verdict] and verdict is not Verdict.PASSED
                else {}
            )
            terminal.write(f"{counts[verdict] or '-':>10}  ", **colour)
        terminal.write_line("")
    terminal.write_line("")


def _breach(row: RequirementResult, result: Result, terminal: Any) -> None:
    one = row.requirement
    terminal.write(row.verdict.upper(), bold=True, **{_COLOURS[row.verdict]: True})
    terminal.write_line(f" {one.id} ({one.level}, {one.source})")
    terminal.write_line(f"  {one.title}")
    found = report_model.findings(row)
    if row.verdict is Verdict.WAIVED or not found:
        terminal.write_line(f"  {visible(row.reason, _TEXT)}")
    if found:
        for line in _finding(found[0]):
            terminal.write_line(f"  {line}")
        if len(found) > 1:
            terminal.write_line(f"  and {len(found) - 1} more finding(s), see the report")
    terminal.write_line(f"  check:    {visible(result.rerun(one.id), _CURL)}")
    terminal.write_line("")


def _finding(finding: report_model.Finding) -> Iterator[str]:
    where = f"{visible(finding.where, 80)}: " if finding.where else ""
    yield f"expected: {where}{visible(finding.expected, _TEXT)}"
    yield f"seen:     {visible(finding.seen, _TEXT)}"
    if finding.story:
        yield "shortest history that shows it:"
        yield from (
            f"  {number}. {visible(line, _TEXT)}" for number, line in enumerate(finding.story, 1)
        )
    if finding.steps:
        if len(finding.steps) > 1:
            yield f"after {len(finding.steps) - 1} earlier step(s), which the report lists:"
        yield f"repeat:   {visible(finding.steps[-1].curl, _CURL)}"


def _unverified(result: Result) -> Iterator[str]:
    for reason, rows in report_model.by_reason(result.of(Verdict.UNVERIFIED)).items():
        yield f"unverified: {visible(reason, _TEXT)}"
        yield f"  {', '.join(row.requirement.id for row in rows)}"


def _observations(result: Result) -> Iterator[str]:
    for one in report_model.sightings(result):
        seen = ", ".join(f"{count} x {visible(what, 60)}" for what, count in one["seen"][:_SEEN])
        more = f", and {len(one['seen']) - _SEEN} more" if len(one["seen"]) > _SEEN else ""
        yield f"observed: {one['title']}: {seen}{more}"
