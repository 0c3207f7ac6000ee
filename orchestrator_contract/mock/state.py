"""State of the mock: configurations, conversations and operations by account and region.

Nothing runs in the background: the status of a configuration or operation follows from
the instants stored in it and the present that the caller passes in.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator_contract.mock.clock import Clock

_LETTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
#: Maps any byte to a letter of an id; a bias of one part in seven is no harm to a double.
_TO_LETTER = bytes(_LETTERS[value % 36] for value in range(256))
_TO_OCTAL = bytes(_LETTERS[value % 8] for value in range(256))
DAY = 86_400.0
#: S6: operations can be asked for during seven days after they ended.
OPERATION_RETENTION = 7 * DAY
#: Most deleted configurations that are remembered, so that load runs do not grow without end.
REMEMBERED_DELETED = 10_000


def new_id(prefix: str) -> str:
    """A random ``<prefix>_[0-7][0-9a-z]{25}``."""
    noise = secrets.token_bytes(26)
    return f"{prefix}_{(noise[:1].translate(_TO_OCTAL) + noise[1:].translate(_TO_LETTER)).decode()}"


class State(StrEnum):
    """Status values of an operation (S2 enum and S2 prose)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """True if the status never changes again."""
        return self in (State.COMPLETED, State.FAILED)


@dataclass(slots=True)
class Operation:
    """An asynchronous operation. It ends at *ends_at* with the status *outcome*."""

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
    #: When PENDING turns into RUNNING; None if it never does.
    running_from: float | None = None

    def state(self, now: float) -> State:
        """The state at *now*."""
        if now >= self.ends_at:
            return self.outcome
        if self.running_from is not None and now >= self.running_from:
            return State.RUNNING
        return State.PENDING


@dataclass(slots=True)
class Configuration:
    """A configuration: payload members and the instants of its lifecycle."""

    id: str
    account: int
    region: int
    #: Position in creation order; pages follow it.
    number: int
    members: dict[str, Any]
    created_at: float
    updated_at: float
    #: When the create operation completes.
    visible_from: float
    version: int = 1
    #: The operation of the last accepted delete.
    deletion: Operation | None = None
    #: When it is deleted.
    deleted_at: float | None = None
    #: The fault that a DELETE of it provokes; it is never deleted.
    reserved_for: str | None = None


@dataclass(slots=True)
class Conversation:
    """A conversation, the operation of its last delete, and when that deletes it."""

    id: str
    account: int
    created_at: float
    deletion: Operation | None = None
    deleted_at: float | None = None


@dataclass(slots=True)
class Partition:
    """The resources of one account in one region, isolated from all others."""

    account: int
    region: int
    configurations: dict[str, Configuration] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    recently_deleted: deque[Configuration] = field(default_factory=deque)
    conversations: dict[str, Conversation] = field(default_factory=dict)

    def forget_old(self, now: float) -> None:
        """Drops configurations deleted long ago and operations past their retention."""
        while len(self.recently_deleted) > REMEMBERED_DELETED:
            oldest = self.recently_deleted[0]
            if oldest.deleted_at is not None and now < oldest.deleted_at + 60:
                break
            self.recently_deleted.popleft()
            if oldest.deleted_at is not None:
                self.configurations.pop(oldest.id, None)
        while self.operations:
            first = next(iter(self.operations.values()))
            if now < first.ends_at + OPERATION_RETENTION:
                break
            del self.operations[first.id]


class World:
    """The state of one mock process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.partitions: dict[tuple[int, int], Partition] = {}
        self._numbers = 0

    def partition(self, account: int, region: int) -> Partition:
        """The partition of *account* in *region*, created on first use."""
        partition = self.partitions.get((account, region))
        if partition is None:
            partition = self.partitions[account, region] = Partition(account, region)
        return partition

    def next_number(self) -> int:
        """The next position in creation order, over all partitions."""
        self._numbers += 1
        return self._numbers

    def add_configuration(
        self,
        partition: Partition,
        sid: str,
        members: dict[str, Any],
        *,
        visible_from: float,
        reserved_for: str | None = None,
    ) -> Configuration:
        """Adds a configuration to *partition*, visible from *visible_from* on."""
        now = self.clock.now()
        configuration = Configuration(
            id=sid,
            account=partition.account,
            region=partition.region,
            number=self.next_number(),
            members=members,
            created_at=now,
            updated_at=now,
            visible_from=visible_from,
            reserved_for=reserved_for,
        )
        partition.configurations[sid] = configuration
        return configuration

    def every_configuration(self) -> list[Configuration]:
        """All configurations; only defects and variants look across partitions."""
        return [one for part in self.partitions.values() for one in part.configurations.values()]

    def find(self, sid: str | None, region: int | None = None) -> Configuration | None:
        """The configuration *sid* of any account, in *region* or, if that is None, in any."""
        for (_, place), partition in self.partitions.items():
            if sid in partition.configurations and region in (None, place):
                return partition.configurations[sid]
        return None
