"""A small model of the contract: after any history, which answers conform."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator_contract.exchange import Exchange
from orchestrator_contract.follow.operation import Operation
from orchestrator_contract.provision.configuration import Configuration

HOUR = 3600
#: A key replays surely up to here, and surely not from there on, in seconds after its first use (S1).
SURE_REPLAY_S, SURE_NEW_S = 23 * HOUR + 55 * 60, 25 * HOUR


class State(StrEnum):
    """What is known of a configuration."""

    PRESENT = "present"
    #: A delete was accepted and has not been seen to end.
    DELETING = "deleting"
    GONE = "gone"
    #: An answer like 500 left open what happened.
    UNKNOWN = "unknown"


#: Statuses that conform, by state of the configuration (contract.md, Responses, Silent).
DELETE = {
    State.PRESENT: frozenset({202}),
    State.DELETING: frozenset({202, 404, 409}),
    State.GONE: frozenset({404}),
}
FETCH = {
    State.PRESENT: frozenset({200}),
    State.DELETING: frozenset({200, 404}),
    State.GONE: frozenset({404}),
}
UPDATE = {
    State.PRESENT: frozenset({202, 409}),
    State.DELETING: frozenset({202, 404, 409}),
    State.GONE: frozenset({404, 409}),
}


@dataclass(eq=False)
class Known:
    """A configuration as the model sees it."""

    configuration: Configuration
    state: State = State.PRESENT
    operations: list[Operation] = field(default_factory=list)


@dataclass(eq=False)
class Used:
    """A key with the response that it stands for."""

    key: str
    known: Known
    original: Exchange
    #: Seconds by which the endpoint's clock had been moved at its first use.
    at: int


class Model:
    """What the history so far allows."""

    def __init__(self) -> None:
        self.known: list[Known] = []
        self.used: list[Used] = []
        self.clock = 0

    def replay(self, used: Used) -> bool | None:
        """Whether *used* must replay (True), must not (False), or may do either (None)."""
        age = self.clock - used.at
        if age <= SURE_REPLAY_S:
            return True
        return False if age >= SURE_NEW_S else None

    def ended(self, known: Known) -> None:
        """All operations of *known* were followed to their end."""
        words = {operation.status for operation in known.operations}
        if "COMPLETED" in words:
            known.state = State.GONE
        elif known.state is State.DELETING:
            known.state = State.PRESENT if words == {"FAILED"} else State.UNKNOWN
        known.operations = [operation for operation in known.operations if not operation.done]
