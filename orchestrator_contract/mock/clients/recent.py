"""A mapping of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

#: Keys, SIDs, operations and lists that a long run remembers.
REMEMBERED = 20_000

_V = TypeVar("_V")


class Recent(Generic[_V]):
    """A mapping that keeps its newest entries only."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[object, _V] = OrderedDict()

    def get(self, name: object) -> _V | None:
        """The entry *name*, or None."""
        return self._entries.get(name)

    def put(self, name: object, value: _V) -> None:
        """Store *value* as the newest entry."""
        self._entries[name] = value
        self._entries.move_to_end(name)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def values(self) -> list[_V]:
        """All entries, oldest first."""
        return list(self._entries.values())
