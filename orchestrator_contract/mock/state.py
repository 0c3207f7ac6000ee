"""The mock's memory: regions, accounts, configurations and operations, all told by instants.

Nothing here runs in the background: what a configuration or operation *is* follows from
the instants written into it and the present that the caller passes in.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.mock.clock import Clock
from orchestrator_contract.mock.operation_states import Event, State, step

_LETTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
#: Maps any byte to a letter of an id; a bias of one part in seven is no harm to a double.
_TO_LETTER = bytes(_LETTERS[value % 36] for value in range(256))
_TO_OCTAL = bytes(_LETTERS[value % 8] for value in range(256))
DAY = 86_400.0
#: S6: operations can be asked for during seven days after they ended.
OPERATION_RETENTION = 7 * DAY
#: So many deleted configurations are remembered, so that long load runs do not grow without end.
REMEMBERED_DELETED = 10_000


def new_id(prefix: str) -> str:
    """A fresh ``<prefix>_[0-7][0-9a-z]{25}``."""
    noise = secrets.token_bytes(26)
    return f"{prefix}_{(noise[:1].translate(_TO_OCTAL) + noise[1:].translate(_TO_LETTER)).decode()}"


@dataclass(slots=True)
class Operation:
    """One asynchronous job. It ends at *ends_at*, as *outcome* says."""

    id: str
    account: int
    region: int
    kind: str
    configuration_id: str
    status_url: str
    created_at: float
    ends_at: float
    outcome: State = State.COMPLETED
    #: RFC 9457 members, only for FAILED.
    error: dict[str, Any] | None = None
    #: When PENDING turns into RUNNING; None when that word is never used.
    running_from: float | None = None
    #: The state seen last; the table judges each step from here.
    seen: State = State.PENDING

    def state(self, now: float) -> State:
        """The state at *now*, reached through the table of legal steps."""
        if (
            self.seen is State.PENDING
            and self.running_from is not None
            and now >= self.running_from
        ):
            self.seen = step(self.seen, Event.START)
        if now >= self.ends_at and not self.seen.terminal:
            event = Event.FINISH if self.outcome is State.COMPLETED else Event.FAIL
            self.seen = step(self.seen, event)
        return self.seen


@dataclass(slots=True)
class Configuration:
    """One configuration: payload members, and the instants of its life."""

    id: str
    account: int
    region: int
    #: Position in creation order; pages are cut along it.
    number: int
    members: dict[str, Any]
    created_at: float
    updated_at: float
    #: When the create operation completes.
    visible_from: float
    version: int = 1
    #: The operation that deletes it, once one was accepted.
    deletion: Operation | None = None
    #: From this instant it does not exist any more.
    gone_at: float | None = None
    #: The fault this configuration is reserved for; it is never deleted.
    reserved_for: str | None = None


@dataclass(slots=True)
class Conversation:
    """One conversation. *deletion* is its newest delete, *gone_at* when that ends it."""

    id: str
    account: int
    created_at: float
    deletion: Operation | None = None
    gone_at: float | None = None


@dataclass(slots=True)
class Shelf:
    """What one account owns in one region; accounts and regions see nothing of each other."""

    account: int
    region: int
    configurations: dict[str, Configuration] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    departing: deque[Configuration] = field(default_factory=deque)
    conversations: dict[str, Conversation] = field(default_factory=dict)

    def forget_old(self, now: float) -> None:
        """Drops what is deleted or ended for so long that nobody can ask for it."""
        while len(self.departing) > REMEMBERED_DELETED:
            oldest = self.departing[0]
            if oldest.gone_at is not None and now < oldest.gone_at + 60:
                break
            self.departing.popleft()
            if oldest.gone_at is not None:
                self.configurations.pop(oldest.id, None)
        while self.operations:
            first = next(iter(self.operations.values()))
            if now < first.ends_at + OPERATION_RETENTION:
                break
            del self.operations[first.id]


class World:
    """Everything that exists in one mock process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.shelves: dict[tuple[int, int], Shelf] = {}
        self._numbers = 0

    def shelf(self, account: int, region: int) -> Shelf:
        """The shelf of *account* in *region*, made when first asked for."""
        shelf = self.shelves.get((account, region))
        if shelf is None:
            shelf = self.shelves[account, region] = Shelf(account, region)
        return shelf

    def next_number(self) -> int:
        """Positions count up through the whole world."""
        self._numbers += 1
        return self._numbers

    def add_configuration(
        self,
        shelf: Shelf,
        sid: str,
        members: dict[str, Any],
        *,
        visible_from: float,
        reserved_for: str | None = None,
    ) -> Configuration:
        """Puts a new configuration on *shelf*, to be seen from *visible_from* on."""
        now = self.clock.now()
        configuration = Configuration(
            id=sid,
            account=shelf.account,
            region=shelf.region,
            number=self.next_number(),
            members=members,
            created_at=now,
            updated_at=now,
            visible_from=visible_from,
            reserved_for=reserved_for,
        )
        shelf.configurations[sid] = configuration
        return configuration

    def every_configuration(self) -> list[Configuration]:
        """All configurations of all accounts and regions; only defects look across shelves."""
        return [one for shelf in self.shelves.values() for one in shelf.configurations.values()]
