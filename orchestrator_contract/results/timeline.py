"""Timelines of operations and races, as the HTML report draws them."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Events of one timeline; later ones are only counted.
MAX_EVENTS = 40


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
