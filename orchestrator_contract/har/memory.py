"""Bounded memory for recordings of any length: the oldest entries are forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Generic, TypeVar

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import Response

#: Keys, operations and configurations that are remembered.
REMEMBERED = 6000
_BODY = 8192
_V = TypeVar("_V")


class Memory(Generic[_V]):
    """A mapping that forgets its oldest entries."""

    def __init__(self) -> None:
        self._items: OrderedDict[tuple[str, str], _V] = OrderedDict()
        self.forgot = 0

    def get(self, scope: str, name: str) -> _V | None:
        """The value that is remembered under a name, or None."""
        return self._items.get((scope, name))

    def put(self, scope: str, name: str, value: _V) -> None:
        """Remember *value*."""
        self._items[scope, name] = value
        self._items.move_to_end((scope, name))
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)
            self.forgot += 1


def slim(exchange: Exchange) -> Exchange | None:
    """The exchange with what evidence shows, to keep many; None when its body is too long."""
    response = exchange.response
    if response is None or len(response.body) > _BODY:
        return None
    kept = exchange.shown_headers().keys()
    small = Response(
        response.status,
        "",
        [(n, v) for n, v in response.headers if n.lower() in kept],
        response.body,
    )
    return replace(exchange, response=small)
