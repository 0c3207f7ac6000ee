"""The verdict on the terminal: sections, breaches, unverified requirements."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator_contract.profile import examples
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.report.report_model import Card, Finding
from orchestrator_contract.results.requirement import Verdict
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
_ALSO = 200
_CURL = 1500


def write_terminal(result: Result, terminal: Any, folder: Path) -> None:
    """Write the summary; with -q without the table and the observations."""
    quiet = terminal.verbosity < 0
    terminal.section("contract", sep="=")
    if not quiet:
        _table(result, terminal)
    for card in report_model.cards(result):
        _breach(card, result, terminal)
    for line in _unverified(result, quiet=quiet):
        terminal.write_line(line)
    for line in () if quiet else _observations(result):
        terminal.write_line(line)
    for note in result.notes[len(result.leftovers) :]:  # leftovers are said last
        terminal.write_line(f"note: {visible(note, _TEXT)}")
    terminal.write_line(f"report: {visible(str(folder / 'conformance.html'))}")
    _verdict(result, terminal)


def _verdict(result: Result, terminal: Any) -> None:
    counts = result.counts()
    shown = [f"{counts[one]} {one}" for one in report_model.ORDER if counts[one]]
    terminal.write(str(result.overall), bold=True, **{_COLOURS[result.overall]: True})
    terminal.write_line(
        f": {', '.join(shown) or 'nothing judged'} "
        f"({report_model.count(result.requests, 'request')}, seed {result.seed})"
    )
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
            marked = counts[verdict] and verdict is not Verdict.PASSED
            colour = {_COLOURS[verdict]: True} if marked else {}
            terminal.write(f"{counts[verdict] or '-':>10}  ", **colour)
        terminal.write_line("")
    terminal.write_line("")


def _breach(card: Card, result: Result, terminal: Any) -> None:
    one = card.row.requirement
    terminal.write(card.row.verdict.upper(), bold=True, **{_COLOURS[card.row.verdict]: True})
    terminal.write_line(f" {one.id} ({one.level}, {one.source})")
    for line in _lines(card, result):
        terminal.write_line(f"  {line}")
    terminal.write_line("")


def _lines(card: Card, result: Result) -> Iterator[str]:
    one = card.row.requirement
    yield one.title
    if card.row.verdict is Verdict.WAIVED or not card.findings:
        yield visible(card.row.reason, _TEXT)
    if card.findings:
        yield from _finding(card.findings[0])
    yield f"breached: {card.failed}"
    for also in card.also:
        yield f"also:     {visible(_brief(also), _ALSO)}"
    yield f"check:    {visible(result.rerun(one.id), _CURL)}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"expected: {visible(finding.wanted, _TEXT)}"
    yield f"seen:     {visible(finding.seen, _TEXT)}"
    if finding.story:
        yield "shortest history that shows it:"
        for number, line in enumerate(finding.story, 1):
            yield f"  {number}. {visible(line, _TEXT)}"
    if finding.steps:
        earlier = len(finding.steps) - 1
        if earlier:
            yield f"after {report_model.count(earlier, 'earlier step')}, in the report:"
        yield f"repeat:   {visible(finding.steps[-1].request, _CURL)}"


def _brief(card: Card) -> str:
    """Describe a breach that rests on the same exchanges, in one line."""
    row, level = card.row, card.row.requirement.level
    head = f"{level}" if row.verdict is Verdict.BREACHED else f"{row.verdict}, {level}"
    return f"{row.requirement.id} ({head}): {card.said}"


def _unverified(result: Result, *, quiet: bool) -> Iterator[str]:
    for reason, rows in report_model.by_reason(result.of(Verdict.UNVERIFIED)).items():
        yield f"unverified: {visible(reason, _TEXT)}"
        yield f"  {', '.join(row.requirement.id for row in rows)}"
        remedies = {} if quiet else report_model.remedies(result, rows)
        for heading, lines in remedies.items():
            yield f"  lines of a profile that give it ({examples.page()}#{heading}):"
            yield from (f"    {line}" for line in lines.splitlines())


def _observations(result: Result) -> Iterator[str]:
    for one in report_model.sightings(result):
        seen = ", ".join(f"{count} x {visible(what, 60)}" for what, count in one["seen"][:_SEEN])
        more = f", and {len(one['seen']) - _SEEN} more" if len(one["seen"]) > _SEEN else ""
        yield f"observed: {one['title']}: {seen}{more}"


def closing_lines(result: Result) -> Iterator[str]:
    """Yield the last lines of a run: how to verify more, and what is left on the endpoint."""
    bare = result.target and not result.profile.source and not result.unusable
    if bare and any(report_model.remedies(result, [row]) for row in result.of(Verdict.UNVERIFIED)):
        yield "a profile makes more of it verifiable; this writes one to begin with:"
        yield f"  {shlex.join(['orchestrator-contract', 'init', result.target])}"
    yield from map(visible, result.leftovers)
