"""The measurements, as a Markdown table and as a plot of ratios over their goals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

from orchestrator_contract.docs import table

COLUMNS = ("what", "here", "compared with", "ratio", "goal", "met")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"

_LABELS, _WIDTH, _LINE, _TOP = 390, 860, 22, 56
#: The plot's edges: this often below and above the goal.
_LOW, _HIGH = 0.25, 32.0


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One comparison; a larger ratio always speaks for this project."""

    what: str
    here: str
    other: str
    #: None where nothing was measured, or where the two can't be set against each other.
    ratio: float | None = None
    #: What the ratio should reach; None where there is no such goal.
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """True if the goal was reached; None without a goal or a ratio."""
        return None if self.ratio is None or self.goal is None else self.ratio >= self.goal

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (
            self.what,
            self.here,
            self.other,
            ratio,
            "" if self.goal is None else f"≥ {self.goal:g}",
            met,
        )


class Unmeasured(Exception):
    """Something that a comparison needs is not there; the text says what."""


def within(what: str, seconds: Sequence[float], allowed: float) -> RequirementResult:
    """A wall time beside the one allowed, in seconds; the ratio is how often it fits."""
    if not seconds:
        return RequirementResult(
            what, "not measured: no time left", f"{allowed:g} s allowed", goal=1.0
        )
    middle = median(seconds)
    return RequirementResult(
        what, f"{middle:.1f} s (of {len(seconds)})", f"{allowed:g} s allowed", allowed / middle, 1.0
    )


def page(text: str, rows: Sequence[RequirementResult], caption: str) -> str:
    """*text* with the table in place of what stood between the markers.

    Raises:
        ValueError: the markers are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END}")
    lines = table(COLUMNS, [row.cells() for row in rows])
    return "\n".join([before + BEGIN, caption, "", *lines, END + after])


def write(folder: Path, rows: Sequence[RequirementResult], caption: str) -> None:
    """Put table and plot into *folder*, whose `benchmarks.md` has the markers."""
    file = folder / "benchmarks.md"
    file.write_text(page(file.read_text("utf-8"), rows, caption), "utf-8")
    (folder / "benchmarks.svg").write_text(plot(rows, caption), "utf-8")


def plot(rows: Sequence[RequirementResult], caption: str) -> str:
    """The rows with a goal as bars on a logarithmic scale; the line is the goal."""
    shown = [(row, row.ratio / row.goal) for row in rows if row.ratio is not None and row.goal]
    return "\n".join(_drawing(shown, caption)) + "\n"


def _x(times: float) -> float:
    held = min(max(times, _LOW), _HIGH)
    return _LABELS + (_WIDTH - _LABELS - 70) * math.log(held / _LOW) / math.log(_HIGH / _LOW)


def _drawing(shown: Sequence[tuple[RequirementResult, float]], caption: str) -> Iterator[str]:
    height = _TOP + _LINE * len(shown) + 12
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="12">'
    )
    yield '<title id="title">How often each goal was reached</title>'
    yield f'<desc id="desc">{escape(caption)}</desc>'
    yield (
        "<style>.page{fill:#fff}text{fill:#222}.grid{stroke:#ccc}.goal{stroke:#222;stroke-width:2}.met{fill:#2f7d4f}"
        ".short{fill:#c2410c}@media(prefers-color-scheme:dark){.page{fill:#16181d}text{fill:#e6e6e6}"
        ".grid{stroke:#444}.goal{stroke:#e6e6e6}.met{fill:#5fbf88}.short{fill:#fb923c}}</style>"
    )
    yield f'<rect class="page" width="{_WIDTH}" height="{height}"/>'
    for times in (0.25, 0.5, 1, 2, 4, 8, 16, 32):
        x, kind = _x(times), "goal" if times == 1 else "grid"
        label = "goal" if times == 1 else f"{times:g}×"
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 12}" y2="{height - 8}"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 20}" text-anchor="middle">{label}</text>'
    for number, (row, times) in enumerate(shown):
        y, ends = _TOP + _LINE * number, sorted((_x(1), _x(times)))
        yield f'<text x="{_LABELS - 10}" y="{y + 12}" text-anchor="end">{escape(row.what)}</text>'
        kind = "met" if row.met else "short"
        yield f'<rect class="{kind}" x="{ends[0]:.1f}" y="{y}" width="{max(ends[1] - ends[0], 1):.1f}" height="15"/>'
        yield f'<text x="{max(ends) + 5:.1f}" y="{y + 12}">{times:.2f}×</text>'
    yield "</svg>"
