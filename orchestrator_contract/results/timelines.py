"""Timelines of operations and races: a bounded sample is recorded for the HTML report.

Times are seconds since the first request of a timeline, on the client's monotonic clock, so that
timelines of several worker processes can be shown side by side.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from string import ascii_uppercase
from threading import Lock
from typing import Any

from orchestrator_contract.http.addresses import brief_name, last_segment
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.redaction.visible import visible

#: Events of one timeline; later ones are only counted.
MAX_EVENTS = 40
#: Operations and races that a report draws.
MAX_OPERATIONS = 12
MAX_RACES = 6
#: Operations and races that are kept during a run, to pick from.
_MAX_TRACKED = 120
_MAX_TEXT = 80
_CHANGES = frozenset({"DELETE", "PUT", "PATCH"})
#: Final status words that a reader looks for first.
_FAILED = ("FAILED", "CANCELLED")


@dataclass(slots=True)
class Event:
    """One request of a timeline, with its response."""

    #: Seconds from the timeline's first request to this one's sending.
    at: float
    #: Seconds until the response was there.
    took: float
    #: The request: "DELETE", "DELETE with key B", "poll", "fetch".
    what: str
    #: The status, or "no response".
    response: str
    #: The operation's status word, if the response gave one.
    state: str = ""


@dataclass(slots=True)
class Timeline:
    """The requests around one accepted delete, or of one race for a configuration."""

    #: "operation" or "race".
    kind: str
    #: The id of the operation, or of the configuration that was raced for.
    title: str
    #: The configuration.
    subject: str
    events: list[Event] = field(default_factory=list)
    #: Number of events that were not kept.
    left_out: int = 0

    @property
    def end(self) -> str:
        """The last status word that was seen."""
        return next((event.state for event in reversed(self.events) if event.state), "")

    @property
    def length(self) -> float:
        """Seconds from the first request to the last response."""
        return max((event.at + event.took for event in self.events), default=0.0)

    def add(self, event: Event) -> None:
        """Keep *event* while there is room; there is more room for a new status word."""
        if len(self.events) < MAX_EVENTS or (
            event.state and event.state != self.end and len(self.events) < 2 * MAX_EVENTS
        ):
            self.events.append(event)
        else:
            self.left_out += 1


@dataclass(slots=True)
class _Line:
    """A timeline that is being recorded."""

    #: The first request's sending, from which times count.
    since: float
    #: The end of the last request.
    until: float
    line: Timeline
    #: Idempotency keys in order of appearance, which letters stand for.
    keys: list[str] = field(default_factory=list)

    def key_name(self, key: str | None) -> str:
        """Return the name of *key* in a race."""
        if key is None:
            return "without a key"
        if key not in self.keys:
            self.keys.append(key)
        number = self.keys.index(key)
        letter = ascii_uppercase[number] if number < len(ascii_uppercase) else number + 1
        return f"with key {letter}"


class Recorder:
    """Groups exchanges into timelines; safe for threads, bounded in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._operations: OrderedDict[str, _Line] = OrderedDict()
        self._by_sid: dict[str, str] = {}
        self._recent: OrderedDict[str, _Line] = OrderedDict()
        self._races: list[Timeline] = []

    def __call__(self, exchange: Exchange) -> None:
        """Record one exchange."""
        with self._lock:
            if exchange.call.operation == "operation":
                self._add(exchange.call.subject, exchange, "poll", _state(exchange))
            elif exchange.call.operation in ("delete", "update", "patch") and exchange.call.subject:
                self._race(exchange)
                self._change(exchange)
            elif exchange.call.operation == "fetch":
                self._add(self._by_sid.get(exchange.call.subject, ""), exchange, "fetch", "")

    def _change(self, exchange: Exchange) -> None:
        sid, name = exchange.call.subject, _operation_id(exchange)
        accepted = exchange.call.operation == "delete" and exchange.status == 202
        if (
            accepted
            and name
            and name not in self._operations
            and len(self._operations) < _MAX_TRACKED
        ):
            self._operations[name] = _Line(
                exchange.sent, exchange.sent, Timeline("operation", _short(name), _short(sid))
            )
            self._by_sid[sid] = name
        owner = name if accepted and name in self._operations else self._by_sid.get(sid, "")
        self._add(owner, exchange, exchange.method, "")

    def _add(self, name: str, exchange: Exchange, what: str, state: str) -> None:
        known = self._operations.get(name)
        if known is not None:
            known.line.add(_event(exchange, known.since, what, state))

    def _race(self, exchange: Exchange) -> None:
        """Add a change of a configuration to the race of those that overlap it in time."""
        if exchange.method not in _CHANGES:
            return
        sid, until = exchange.call.subject, exchange.sent + exchange.elapsed
        group = self._recent.get(sid)
        if group is None or exchange.sent >= group.until:
            group = self._recent[sid] = _Line(
                exchange.sent, until, Timeline("race", _short(sid), _short(sid))
            )
            self._recent.move_to_end(sid)
            if len(self._recent) > _MAX_TRACKED:
                self._recent.popitem(last=False)
        group.until = max(group.until, until)
        group.line.add(
            _event(exchange, group.since, f"{exchange.method} {group.key_name(exchange.key)}", "")
        )
        if len(group.line.events) == 2 and len(self._races) < _MAX_TRACKED:  # two make a race
            self._races.append(group.line)

    def dump(self) -> list[dict[str, Any]]:
        """Return the timelines worth drawing, as plain data."""
        with self._lock:
            lines = [known.line for known in self._operations.values()]
            return list(map(asdict, pick([*lines, *self._races])))


def load(lines: Iterable[dict[str, Any]]) -> list[Timeline]:
    """Return the timelines that one or several recorders dumped."""
    return pick(
        Timeline(**{**line, "events": [Event(**event) for event in line["events"]]})
        for line in lines
    )


def pick(lines: Iterable[Timeline]) -> list[Timeline]:
    """Pick the timelines worth drawing, in order of recording.

    Up to half of the operations are ones that failed or never ended; the others have most events.
    """
    ordered = list(lines)
    operations = [line for line in ordered if line.kind == "operation" and len(line.events) > 1]
    operations.sort(key=lambda line: (line.end not in _FAILED, -len(line.events)))
    notable = [line for line in operations if _notable(line)][: MAX_OPERATIONS // 2]
    others = [line for line in operations if not _notable(line)][: MAX_OPERATIONS - len(notable)]
    races = [line for line in ordered if line.kind == "race"]
    races.sort(key=lambda line: (-len({e.response for e in line.events}), -len(line.events)))
    keep = {id(line) for line in (*notable, *others, *races[:MAX_RACES])}
    return [line for line in ordered if id(line) in keep]


def _notable(line: Timeline) -> bool:
    return line.end != "COMPLETED" and any(event.what == "poll" for event in line.events)


def _event(exchange: Exchange, since: float, what: str, state: str) -> Event:
    response = str(exchange.status) if exchange.response else "no response"
    at, took = (round(max(one, 0.0), 4) for one in (exchange.sent - since, exchange.elapsed))
    return Event(at, took, what, response, state)


def _state(exchange: Exchange) -> str:
    word = exchange.object.get("status")
    return visible(word, 24) if isinstance(word, str) else ""


def _operation_id(exchange: Exchange) -> str:
    """Return the id under which the operation of this response is polled."""
    header = exchange.headers.get("operation-id")
    if header:
        return brief_name(header)
    for link in (exchange.object.get("statusUrl"), exchange.headers.get("location")):
        if isinstance(link, str) and (name := last_segment(link)):
            return name
    return ""


def _short(text: str) -> str:
    return visible(text, _MAX_TEXT)
