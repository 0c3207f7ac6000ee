"""The states of an operation: one table of transitions; an unlisted pair is an error."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Status values of an operation (S2 enum and S2 prose)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """True if the status never changes again."""
        return not TRANSITIONS[self]


class Event(StrEnum):
    """Events of an operation."""

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
    """An event that the table does not list for the state: an error of the mock."""

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
