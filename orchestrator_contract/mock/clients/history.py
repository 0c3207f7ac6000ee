"""Keeps what a client knows: operations, their ends, and lists."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

from orchestrator_contract.mock.clients.calls import Call

#: Calls on one configuration: a 404 to any of them tells that it is deleted.
_ON_CONFIGURATION = frozenset({"fetch", "update", "delete"})


#: Keys, SIDs, operations and lists that a long run remembers.
REMEMBERED = 20_000

_V = TypeVar("_V")


class Recent(Generic[_V]):
    """A mapping that keeps its newest entries only."""

    def __init__(self) -> None:
        self._entries: OrderedDict[object, _V] = OrderedDict()

    def get(self, name: object) -> _V | None:
        """The entry *name*, or None."""
        return self._entries.get(name)

    def put(self, name: object, value: _V) -> None:
        """Store *value* as the newest entry."""
        self._entries[name] = value
        self._entries.move_to_end(name)
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)

    def values(self) -> list[_V]:
        """All entries, oldest first."""
        return list(self._entries.values())


@dataclass(slots=True)
class Walk:
    """The pages of one list so far."""

    #: When its first page was asked for.
    started: float
    #: The ids on its pages.
    listed: set[str] = field(default_factory=set)


class ListWalks:
    """Follows lists from page to page, by their tokens.

    What a whole list does not hold is deleted.
    """

    def __init__(self) -> None:
        self._open: Recent[Walk] = Recent()

    def answered(self, call: Call, page: dict[str, Any]) -> Walk | None:
        """Take the next *page* of a list; the walk that ends with it, if one does."""
        items, meta = page.get("configurations"), page.get("meta")
        walk = self._walk(call)
        if walk is None or not isinstance(items, list):
            return None
        ids = {str(item.get("id")) for item in items if isinstance(item, dict)}
        walk = Walk(walk.started, walk.listed | ids)
        following = meta.get("nextToken") if isinstance(meta, dict) else None
        if not following:
            return walk
        self._open.put((call.caller, call.region, str(following)), walk)
        return None

    def _walk(self, call: Call) -> Walk | None:
        """The walk that a page belongs to; a page without a token begins one."""
        token = parse_qs(call.query.decode("latin-1")).get("pageToken", [""])[-1]
        if not token:
            return Walk(call.came)
        return self._open.get((call.caller, call.region, token))


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
