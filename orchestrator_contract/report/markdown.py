"""conformance.md: the result as a comment on a change and as a CI summary, breaches first.

Whatever may come from the endpoint stands in code spans and fences, where Markdown knows no mentions, links
or HTML; their delimiters are longer than any run of backticks inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Overall, Result

#: Bytes; GitHub refuses comments longer than 65,536 characters.
LIMIT = 65_000
_TEXT = 300
_BODY = 700
_NAMES = 12
_SEEN = 6
_MARKS = {Overall.CONFORMANT: "✅", Overall.NONCONFORMANT: "❌", Overall.INCOMPLETE: "⚠️"}
_RUN = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")
_ROOM_FOR_NOTE = 300


def as_markdown(result: Result) -> str:
    """The text of conformance.md, at most `LIMIT` bytes."""
    head, tail = (
        _head(result),
        [*_unverified(result), *_statuses(result), *_observations(result), *_foot(result)],
    )
    rows = report_model.ordered(result.of(Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED))
    room = LIMIT - _ROOM_FOR_NOTE - _size(head)
    breaches, left_out = _fit(
        rows, result, room - _size(tail) if _size(tail) < room // 2 else room // 2
    )
    room -= _size(breaches)
    while tail and _size(tail) > room:
        tail.pop()
        left_out += 1
    note = (
        [
            f"_{left_out} part(s) are shortened or left out here to fit; `conformance.html` has everything._"
        ]
        if left_out
        else []
    )
    return "\n\n".join([*head, *breaches, *tail, *note]) + "\n"


def _fit(rows: Sequence[RequirementResult], result: Result, room: int) -> tuple[list[str], int]:
    """One block a breach: in full while there is room for the others' short forms, and how many are not in full."""
    if not rows:
        return [], 0
    blocks, cut = ["### Breaches"], 0
    short = [_short(row) for row in rows]
    while short and _size(short) > room:
        short.pop()
    room -= _size(short)
    for row, brief in zip(rows, short, strict=False):
        full = _full(row, result)
        if _size([full]) - _size([brief]) <= room:
            room -= _size([full]) - _size([brief])
            blocks.append(full)
        else:
            blocks.append(brief)
            cut += 1
    return blocks, cut + len(rows) - len(short)


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode()) + 2 for block in blocks)


# -------------------------------------------------------------------- escaping


def code(text: str, limit: int = _TEXT) -> str:
    """*text* as a code span that it can't break out of."""
    text = visible(text, limit)
    ticks = "`" * (1 + max((len(run) for run in _RUN.findall(text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text.strip() else "_(empty)_"


def fence(text: str, language: str = "") -> str:
    """*text* as a fenced block that it can't break out of."""
    ticks = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def plain(text: str) -> str:
    """The suite's own words, with what Markdown would take for markup escaped."""
    return _SPECIAL.sub(r"\\\1", visible(text))


# -------------------------------------------------------------------- parts


def _head(result: Result) -> list[str]:
    counts = result.counts()
    blocks = [
        f"## {_MARKS[result.overall]} {str(result.overall).capitalize()}: {code(result.profile.name, 120)}",
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
    return f"**{str(row.verdict).capitalize()} `{one.id}`** {plain(one.title)} ({one.level}, {plain(one.source)})"


def _said(finding: report_model.Finding, limit: int) -> str:
    where = f"\n- Where: {code(finding.where, 120)}" if finding.where else ""
    return (
        f"- Expected: {code(finding.expected, limit)}\n- Seen: {code(finding.seen, limit)}{where}"
    )


def _short(row: RequirementResult) -> str:
    found = report_model.findings(row)
    return f"{_title(row)}\n\n{_said(found[0], 120) if found else '- ' + code(row.reason, 200)}"


def _full(row: RequirementResult, result: Result) -> str:
    found = report_model.findings(row)
    parts = [_title(row), _said(found[0], _TEXT) if found else "- " + code(row.reason)]
    if row.verdict is Verdict.WAIVED:
        parts.append(f"- {code(row.reason)}")
    if found and found[0].story:
        parts += ["The shortest history that shows it:", _history(found[0])]
    if found and found[0].steps:
        parts += ["<details><summary>Requests and answers</summary>"]
        for step in found[0].steps:
            parts += [fence(visible(step.curl, 1500), "sh"), fence(_answer(step))]
        parts.append("</details>")
    if len(found) > 1:
        parts.append(
            f"_{len(found) - 1} more finding(s) of this requirement are in `conformance.html`._"
        )
    parts += ["Check it again:", fence(visible(result.rerun(row.requirement.id), 600), "sh")]
    return "\n\n".join(parts)


def _history(finding: report_model.Finding) -> str:
    return "\n".join(f"{number}. {code(line, 160)}" for number, line in enumerate(finding.story, 1))


def _answer(step: report_model.Step) -> str:
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
    return _folded(f"Not verified: {sum(map(len, groups.values()))}", "\n".join(lines[:30]))


def _statuses(result: Result) -> list[str]:
    lines = ["| status | seen | valid | how |", "| --- | ---: | ---: | --- |"]
    lines += [
        f"| {one.status} {one.meaning} | {one.seen} | {one.valid} | {plain(one.how)} |"
        for one in report_model.statuses(result)[:30]
    ]
    return _folded("Statuses of DELETE", "\n".join(lines))


def _observations(result: Result) -> list[str]:
    lines = []
    for one in report_model.sightings(result):
        seen = ", ".join(f"{count} × {code(what, 120)}" for what, count in one["seen"][:_SEEN])
        lines.append(f"- {plain(one['title'])}: {seen}")
    return _folded("Observations, none of which is judged", "\n".join(lines)) if lines else []


def _foot(result: Result) -> list[str]:
    notes = "\n".join(f"- {code(note, 400)}" for note in result.notes[:10])
    facts = f"Effort {result.effort}, seed {result.seed}, {report_model.duration(result)}. The whole run again:"
    return [*([notes] if notes else []), facts + "\n\n" + fence(visible(result.rerun(), 600), "sh")]


def _folded(title: str, text: str) -> list[str]:
    return [f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"]
