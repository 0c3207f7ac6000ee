"""The measurements, as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from scripts.generate_docs import table

COLUMNS = ("what", "here", "compared with", "ratio", "goal", "met")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


@dataclass(frozen=True, slots=True)
class Row:
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


def within(what: str, seconds: Sequence[float], allowed: float) -> Row:
    """A wall time beside the one allowed, in seconds; the ratio is how often it fits."""
    if not seconds:
        return Row(what, "not measured: no time left", f"{allowed:g} s allowed", goal=1.0)
    middle = median(seconds)
    return Row(
        what, f"{middle:.1f} s (of {len(seconds)})", f"{allowed:g} s allowed", allowed / middle, 1.0
    )


def page(text: str, rows: Sequence[Row], caption: str) -> str:
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


def write(file: Path, rows: Sequence[Row], caption: str) -> None:
    """Put the table into *file*, a page that has the markers."""
    file.write_text(page(file.read_text("utf-8"), rows, caption), "utf-8")
