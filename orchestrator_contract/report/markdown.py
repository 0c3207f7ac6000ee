"""conformance.md: the result as a comment or a CI summary, breaches first.

Text that may come from the endpoint stands in code spans and fences, where Markdown knows no
mentions, links or HTML; their delimiters are longer than any run of backticks inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.report.report_model import Card, Finding, Step, count
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Overall, Result

#: Bytes; GitHub refuses comments longer than 65,536 characters.
LIMIT = 65_000
_TEXT = 300
_BODY = 700
_ALSO = 200
#: Most ids of one reason, sightings of one observation, reasons, statuses and notes.
_NAMES, _SEEN, _REASONS, _STATUSES, _NOTES = 12, 6, 30, 30, 10
_MARKS = {Overall.CONFORMANT: "✅", Overall.NONCONFORMANT: "❌", Overall.INCOMPLETE: "⚠️"}
_RUN = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")
_ROOM_FOR_NOTE = 300


def as_markdown(result: Result) -> str:
    """Return the text of conformance.md, at most `LIMIT` bytes."""
    head, tail = (
        _head(result),
        [*_unverified(result), *_statuses(result), *_observations(result), *_foot(result)],
    )
    room = LIMIT - _ROOM_FOR_NOTE - _size(head)
    breaches, left_out = _fit(
        report_model.cards(result),
        result,
        room - _size(tail) if _size(tail) < room // 2 else room // 2,
    )
    room -= _size(breaches)
    while tail and _size(tail) > room:
        tail.pop()
        left_out += 1
    note = (
        f"_{count(left_out, 'part')} shortened or left out here to fit; "
        "`conformance.html` has everything._"
    )
    return "\n\n".join([*head, *breaches, *tail, *([note] if left_out else [])]) + "\n"


def _fit(cards: Sequence[Card], result: Result, room: int) -> tuple[list[str], int]:
    """Return a block for each breach, and the number of those that are shortened."""
    if not cards:
        return [], 0
    blocks, cut = ["### Breaches"], 0
    short = [_short(card) for card in cards]
    while short and _size(short) > room:
        short.pop()
    room -= _size(short)
    for card, brief in zip(cards, short, strict=False):
        full = _full(card, result)
        if _size([full]) - _size([brief]) <= room:
            room -= _size([full]) - _size([brief])
            blocks.append(full)
        else:
            blocks.append(brief)
            cut += 1
    return blocks, cut + len(cards) - len(short)


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode()) + 2 for block in blocks)


# -------------------------------------------------------------------- escaping


def code(text: str, limit: int = _TEXT) -> str:
    """Return *text* as a code span that it can't break out of."""
    text = visible(text, limit)
    ticks = "`" * (1 + max((len(run) for run in _RUN.findall(text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text.strip() else "_(empty)_"


def fence(text: str, language: str = "") -> str:
    """Return *text* as a fenced block that it can't break out of."""
    ticks = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def plain(text: str) -> str:
    """Return the suite's own words, with what Markdown takes for markup escaped."""
    return _SPECIAL.sub(r"\\\1", visible(text))


# -------------------------------------------------------------------- parts


def _head(result: Result) -> list[str]:
    counts = result.counts()
    verdict = f"{_MARKS[result.overall]} {str(result.overall).capitalize()}"
    blocks = [
        f"## {verdict}: {code(result.profile.name, 120)}",
        f"**{plain(report_model.headline(result))}.**",
    ]
    if result.reason:
        blocks.append(f"Why: {code(result.reason, 600)}")
    verdicts = list(report_model.ORDER)
    blocks.append(
        "\n".join(
            (
                "| " + " | ".join(str(v) for v in verdicts) + " | requests |",
                "|" + " ---: |" * (len(verdicts) + 1),
                "| " + " | ".join(str(counts[v]) for v in verdicts) + f" | {result.requests} |",
            )
        )
    )
    return blocks


def _title(row: RequirementResult) -> str:
    one = row.requirement
    return (
        f"**{str(row.verdict).capitalize()} `{one.id}`** {plain(one.title)} "
        f"({one.level}, {plain(one.source)})"
    )


def _said(finding: Finding, limit: int) -> str:
    return f"- Expected: {code(finding.wanted, limit)}\n- Seen: {code(finding.seen, limit)}"


def _short(card: Card) -> str:
    found = card.findings
    said = _said(found[0], 120) if found else "- " + code(card.row.reason, 200)
    also = ", ".join(f"`{one.row.requirement.id}`" for one in card.also)
    return f"{_title(card.row)}\n\n{said}" + (f"\n- Also: {also}" if also else "")


def _full(card: Card, result: Result) -> str:
    row, found = card.row, card.findings
    said = _said(found[0], _TEXT) if found else "- " + code(row.reason)
    parts = [_title(row), "\n".join([said, *map(_also, card.also)])]
    if row.verdict is Verdict.WAIVED:
        parts.append(f"- {code(row.reason)}")
    if found and found[0].story:
        parts += ["The shortest history that shows it:", _history(found[0])]
    if found and found[0].steps:
        parts += ["<details><summary>Requests and responses</summary>"]
        for step in found[0].steps:
            parts += [fence(visible(step.curl, 1500), "sh"), fence(_response(step))]
        parts.append("</details>")
    if len(found) > 1:
        more = count(len(found) - 1, "more finding")
        parts.append(f"_{card.failed} failed; {more} in `conformance.html`._")
    parts += ["Check it again:", fence(visible(result.rerun(row.requirement.id), 600), "sh")]
    return "\n\n".join(parts)


def _also(card: Card) -> str:
    """Return the line of a requirement whose breaches rest on the same exchanges."""
    row = card.row
    said = card.findings[0].summary if card.findings else row.reason
    verdict = "" if row.verdict is Verdict.BREACHED else f", {row.verdict}"
    return f"- Also `{row.requirement.id}` ({row.requirement.level}{verdict}): {code(said, _ALSO)}"


def _history(finding: Finding) -> str:
    return "\n".join(f"{number}. {code(line, 160)}" for number, line in enumerate(finding.story, 1))


def _response(step: Step) -> str:
    head = [
        ": ".join(filter(None, (step.note, step.status))),
        *(f"{name}: {visible(value, 160)}" for name, value in step.headers),
    ]
    body = visible(step.body, _BODY, lines=True)
    return "\n".join(head) + (f"\n\n{body}" if body else "")


def _unverified(result: Result) -> list[str]:
    groups = report_model.by_reason(result.of(Verdict.UNVERIFIED))
    if not groups:
        return []
    lines = []
    for reason, rows in groups.items():
        names = ", ".join(f"`{row.requirement.id}`" for row in rows[:_NAMES])
        more = f" and {len(rows) - _NAMES} more" if len(rows) > _NAMES else ""
        lines.append(f"- {code(reason)}: {names}{more}")
    text = _bounded(lines, _REASONS, "reason")
    return _folded(f"Not verified: {sum(map(len, groups.values()))}", text)


def _statuses(result: Result) -> list[str]:
    rows = [
        f"| {one.status} {one.meaning} | {one.seen} | {one.valid} | {plain(one.how)} |"
        for one in report_model.statuses(result)
    ]
    head = "| status | seen | valid | how |\n| --- | ---: | ---: | --- |"
    left_out = len(rows) - _STATUSES
    more = f"\n\nRows left out: {left_out}" if left_out > 0 else ""
    return _folded("Statuses of DELETE", "\n".join([head, *rows[:_STATUSES]]) + more)


def _observations(result: Result) -> list[str]:
    lines = []
    for one in report_model.sightings(result):
        seen = ", ".join(f"{number} × {code(what, 120)}" for what, number in one["seen"][:_SEEN])
        left_out = one["seen"][_SEEN:]
        more = f", and {len(left_out)} more ({sum(n for _, n in left_out)} ×)" if left_out else ""
        lines.append(f"- {plain(one['title'])}: {seen}{more}")
    return _folded("Observations, none of which is judged", "\n".join(lines)) if lines else []


def _foot(result: Result) -> list[str]:
    notes = [f"- {code(note, 400)}" for note in result.notes]
    shown = [_bounded(notes, _NOTES, "note")] if notes else []
    facts = f"Effort {result.effort}, seed {result.seed}, {report_model.duration(result)}."
    return [*shown, f"{facts} The whole run again:\n\n{fence(visible(result.rerun(), 600), 'sh')}"]


def _bounded(lines: Sequence[str], most: int, noun: str) -> str:
    """Join up to *most* lines, and say how many are left out."""
    left_out = len(lines) - most
    more = [f"- and {count(left_out, f'more {noun}')}"] if left_out > 0 else []
    return "\n".join([*lines[:most], *more])


def _folded(title: str, text: str) -> list[str]:
    return [f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"]
