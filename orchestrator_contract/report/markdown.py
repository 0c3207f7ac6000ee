"""conformance.md: the result as a comment or a CI summary, breaches first.

Text that may come from the endpoint stands in code spans and fences, where Markdown knows no
mentions, links or HTML; their delimiters are longer than any run of backticks inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.report.report_model import Card, count
from orchestrator_contract.results.verdict import Overall, Result

#: Bytes; GitHub refuses comments longer than 65,536 characters.
LIMIT = 65_000
_TEXT = 300
_MARKS = {Overall.CONFORMANT: "✅", Overall.NONCONFORMANT: "❌", Overall.INCOMPLETE: "⚠️"}
_RUN = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")
_ROOM_FOR_NOTE = 300
#: The parts below the breaches, and the order in which they go where there is no room.
_TAIL = ("unverified", "statuses", "observations", "notes", "foot")
_DISPENSABLE = ("observations", "statuses", "notes", "foot", "unverified")


def as_markdown(result: Result) -> str:
    """Return the text of conformance.md, at most `LIMIT` bytes."""
    sightings = report_model.sightings(result)
    shared = {"model": report_model, "mark": _MARKS[result.overall], "sightings": sightings}
    draw = _drawing(result, shared)
    head = [draw("head")]
    tail = {name: text for name in _TAIL if (text := draw(name))}
    room = LIMIT - _ROOM_FOR_NOTE - _size(head)
    below = _size(tail.values())
    of_breaches = room - below if below < room // 2 else room // 2
    breaches, shortened = _fit(report_model.cards(result), draw, of_breaches)
    room -= _size(breaches)
    left_out = []
    for name in _DISPENSABLE:
        if name in tail and _size(tail.values()) > room:
            del tail[name]
            left_out.append(name)
    cut = shortened + len(left_out)
    note = f"_{count(cut, 'part')} shortened or left out here to fit"
    if "observations" in left_out:
        note += f", {count(len(sightings), 'observation')} among them"
    notes = [f"{note}; `conformance.html` has everything._"] if cut else []
    return "\n\n".join([*head, *breaches, *tail.values(), *notes]) + "\n"


def _drawing(result: Result, shared: dict[str, Any]) -> Callable[..., str]:
    """Return a function that draws a part of the template by its name."""
    filters = {"code": code, "fence": fence, "plain": plain, "visible": visible}
    template = report_model.templates(autoescape=False, **filters).get_template("comment.md")
    parts = template.make_module({"result": result, **shared})

    def draw(name: str, *arguments: object) -> str:
        return str(getattr(parts, name)(*arguments)).strip()

    return draw


def _fit(cards: Sequence[Card], draw: Callable[..., str], room: int) -> tuple[list[str], int]:
    """Return a block for each breach, and the number of those that are shortened."""
    if not cards:
        return [], 0
    blocks, cut = ["### Breaches"], 0
    short = [draw("short", card) for card in cards]
    while short and _size(short) > room:
        short.pop()
    room -= _size(short)
    for card, brief in zip(cards, short, strict=False):
        full = draw("full", card)
        more = _size([full]) - _size([brief])
        fits = more <= room
        blocks.append(full if fits else brief)
        room -= more if fits else 0
        cut += not fits
    return blocks, cut + len(cards) - len(short)


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode()) + 2 for block in blocks)


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
