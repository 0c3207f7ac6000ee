"""The operations that a client knows of, and how they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator_contract.mock.clients.calls import Call
from orchestrator_contract.mock.clients.list_walks import ListWalks
from orchestrator_contract.mock.clients.recent import Recent

#: Calls on one configuration: a 404 to any of them tells that it is deleted.
_ON_CONFIGURATION = frozenset({"fetch", "update", "delete"})


@dataclass(slots=True, eq=False)
class Followed:
    """One operation and how the client follows it."""

    id: str
    accepted: Call
    polls: int = 0
    polls_after_end: int = 0
    last: Call | None = None
    #: The client knows the outcome, by a poll or because the configuration is deleted.
    settled: bool = False


@dataclass(slots=True)
class History:
    """The operations that were accepted, shared by all rules."""

    operations: Recent[Followed] = field(default_factory=Recent)
    _lists: ListWalks = field(default_factory=ListWalks)

    def arrived(self, call: Call) -> Followed | None:
        """The operation of a poll, if the client knows of it."""
        return self.operations.get(call.polled) if call.kind == "poll" else None

    def answered(self, call: Call) -> None:
        """Take over what the client has learned from a response that reached it."""
        if not call.reached:
            return
        if call.kind == "poll":
            self._polled(call)
        elif call.status == 202:
            if call.operation and self.operations.get(call.operation) is None:
                self.operations.put(call.operation, Followed(call.operation, call))
        elif call.kind in _ON_CONFIGURATION and call.status == 404:
            self._settle(lambda followed: followed.accepted.path == call.path, call)
        elif call.kind == "list" and call.status == 200:
            self._listed(call)

    def _polled(self, call: Call) -> None:
        followed = self.operations.get(call.operation)
        if followed is not None:
            followed.last = call
            followed.settled |= call.terminal

    def _listed(self, call: Call) -> None:
        """A whole list that began after the 202 tells which configurations are deleted."""
        walk = self._lists.answered(call, call.page)
        if walk is not None:
            self._settle(
                lambda followed: (
                    followed.accepted.answered is not None
                    and followed.accepted.answered <= walk.started
                    and followed.accepted.sid not in walk.listed
                ),
                call,
            )

    def _settle(self, told: Callable[[Followed], bool], call: Call) -> None:
        for followed in self.operations.values():
            if followed.accepted.kind != "create" and followed.accepted.region == call.region:
                followed.settled |= told(followed)
