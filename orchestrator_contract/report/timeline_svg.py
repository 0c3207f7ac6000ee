"""Timelines as inline SVG.

Positions are in per cent, so that a drawing fits any width without shrinking its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator_contract.results.timelines import Event, Timeline

#: Status words that have a colour of their own; others share one.
_KNOWN = frozenset({"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"})
_LEFT, _RIGHT = 1.5, 97.0
#: Requests long after an operation's end stand behind a gap, so that the rest stays readable.
_GAP = (88.0, 92.0)
_LONG_AFTER = 2.5


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in one state, or one request until its response; in per cent."""

    x: float
    width: float
    state: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One request."""

    x: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A word below the timeline."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A timeline with its positions."""

    line: Timeline
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]
    summary: str


def span(seconds: float) -> str:
    """Format a duration."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Positions of times: up to *horizon* seconds before the gap, later ones behind it."""

    horizon: float
    total: float

    @property
    def broken(self) -> bool:
        return self.total > self.horizon

    def position(self, at: float) -> float:
        if not self.broken:
            part, left, right = at / self.total, _LEFT, _RIGHT
        elif at <= self.horizon:
            part, left, right = at / self.horizon, _LEFT, _GAP[0]
        else:
            part, left, right = (at - self.horizon) / (self.total - self.horizon), _GAP[1], _RIGHT
        return round(left + (right - left) * min(max(part, 0.0), 1.0), 2)

    def bar(self, since: float, until: float, state: str) -> Bar:
        x = self.position(since)
        return Bar(x, max(round(self.position(until) - x, 2), 0.5), state)


def draw(line: Timeline) -> Drawing:
    """Compute the positions of a timeline."""
    total = line.length or 1.0
    events = sorted(line.events, key=lambda event: event.at)
    if line.kind == "race":
        scale = _Scale(total, total)
        bars = tuple(scale.bar(e.at, e.at + e.took, f"s{e.response[:1]}") for e in events)
        return Drawing(line, bars, (), (), _race_summary(events))
    words = [(event.at, event.state) for event in events if event.state]
    changes = [
        pair for number, pair in enumerate(words) if not number or pair[1] != words[number - 1][1]
    ]
    life = changes[-1][0] if changes else 0.0
    scale = _Scale(1.4 * life if life and total > _LONG_AFTER * life else total, total)
    bars = tuple(_bars([(0.0, "accepted"), *changes], scale))
    marks = tuple(_mark(event, scale) for event in events)
    return Drawing(line, bars, marks, tuple(_labels(changes)), _operation_summary(changes))


def _bars(changes: Sequence[tuple[float, str]], scale: _Scale) -> Iterator[Bar]:
    for number, (at, word) in enumerate(changes):
        state = word.lower() if word in _KNOWN or word == "accepted" else "other"
        last = number + 1 == len(changes)
        yield scale.bar(at, scale.horizon if last else changes[number + 1][0], state)
        if last and scale.broken:
            yield Bar(_GAP[1], _RIGHT - _GAP[1], state)


def _labels(changes: Sequence[tuple[float, str]]) -> Iterator[Label]:
    """Yield the first status word at the left, the last one at the right."""
    if len(changes) > 1:
        yield Label(_LEFT, f"{changes[0][1]} {span(changes[0][0])}", "start")
    if changes:
        yield Label(_RIGHT, f"{changes[-1][1]} {span(changes[-1][0])}", "end")


def _mark(event: Event, scale: _Scale) -> Mark:
    kind = event.what if event.what in ("poll", "fetch") else "change"
    title = f"{event.what} after {span(event.at)}: {event.response} {event.state}".strip()
    return Mark(scale.position(event.at), kind, title)


def _operation_summary(changes: Sequence[tuple[float, str]]) -> str:
    if not changes:
        return "accepted; no status was read"
    at, word = changes[-1]
    return f"{word}, first seen {span(at)} after the request"


def _race_summary(events: list[Event]) -> str:
    responses = sorted(Counter(event.response for event in events).items())
    counted = ", ".join(f"{count} × {response}" for response, count in responses)
    return f"{len(events)} requests at once: {counted}"
