"""What an operation may become: one table, and every unlisted pair is an error."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Status words of an operation as the wire shows them (S2 enum and S2 prose)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """True when the status never changes again."""
        return not TRANSITIONS[self]


class Event(StrEnum):
    """What can happen to an operation."""

    START = "START"
    FINISH = "FINISH"
    FAIL = "FAIL"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.PENDING: {
        Event.START: State.RUNNING,
        Event.FINISH: State.COMPLETED,
        Event.FAIL: State.FAILED,
    },
    State.RUNNING: {Event.FINISH: State.COMPLETED, Event.FAIL: State.FAILED},
    State.COMPLETED: {},
    State.FAILED: {},
}


class IllegalTransition(RuntimeError):
    """An event met a state that has no row for it: the mock itself is wrong."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"operation in state {state} met event {event}")
        self.state = state
        self.event = event


def step(state: State, event: Event) -> State:
    """The state after *event*.

    Raises:
        IllegalTransition: the table has no such pair.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(state, event) from None
