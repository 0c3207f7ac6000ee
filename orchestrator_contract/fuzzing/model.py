"""A small model of the contract: after any history, which answers conform."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator_contract.contract.limits import KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation


class State(StrEnum):
    """The known state of a configuration."""

    PRESENT = "present"
    #: A delete was accepted and has not been seen to end.
    DELETING = "deleting"
    GONE = "gone"
    #: An answer like 500 left open what happened.
    UNKNOWN = "unknown"


#: Statuses that conform, by state of the configuration (S1, S2, S5; docs/requirements.md,
#: "Observations", where they are silent).
DELETE = {
    State.PRESENT: frozenset({202, 409}),  # an update that still runs may be a conflict
    State.DELETING: frozenset({202, 404, 409}),
    State.GONE: frozenset({404}),
}
FETCH = {
    State.PRESENT: frozenset({200}),
    State.DELETING: frozenset({200, 404}),
    State.GONE: frozenset({404}),
}
#: Statuses that say of an update that it was carried out at once.
UPDATED = frozenset({200, 201, 204})


@dataclass(eq=False)
class Known:
    """A configuration as the model sees it."""

    configuration: Configuration
    state: State = State.PRESENT
    operations: list[Operation] = field(default_factory=list)
    #: The delete that was seen to end COMPLETED.
    deleted: Operation | None = None
    updates: int = 0

    def accepted(self, operation: Operation) -> None:
        """A delete of it was accepted."""
        self.operations.append(operation)
        if self.state is State.PRESENT:
            self.state = State.DELETING

    def left_open(self) -> None:
        """A delete of it may or may not have been carried out; what is gone stays so."""
        if self.state is not State.GONE:
            self.state = State.UNKNOWN

    def ended(self) -> None:
        """All its operations were followed to their end."""
        words = {operation.status for operation in self.operations}
        if "COMPLETED" in words:
            self.state = State.GONE
            ended = (one for one in self.operations if one.status == "COMPLETED")
            self.deleted = self.deleted or next(ended)
        elif self.state is State.DELETING:
            self.state = State.PRESENT if words == {"FAILED"} else State.UNKNOWN
        self.operations = [operation for operation in self.operations if not operation.done]


@dataclass(eq=False)
class Used:
    """A key with the response that it stands for."""

    key: str
    known: Known
    original: Exchange
    #: The operation that it started; None where it was refused.
    operation: Operation | None
    #: Seconds by which the endpoint's clock had been moved at its first use.
    at: int


class Model:
    """The states that the history so far allows."""

    def __init__(self) -> None:
        self.known: list[Known] = []
        #: Keys of accepted deletes, and of those that were refused.
        self.used: list[Used] = []
        self.refused: list[Used] = []
        self.clock = 0

    def replay(self, used: Used) -> bool | None:
        """True if *used* must replay, False if it must not, None if it may do either."""
        age = self.clock - used.at
        if age <= KEY_LIVES_S:
            return True
        return False if age >= KEY_EXPIRES_S else None
