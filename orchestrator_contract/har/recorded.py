"""Recorded exchanges: how much the recording shows of them, and a bounded memory for them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.rules.idempotency import Parts

#: Keys, operations and configurations that are remembered.
REMEMBERED = 6000
_BODY = 8192
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange with what only its recording knows."""

    exchange: Exchange
    #: Tells callers apart: a keyed hash of origin and credentials that no other process can make.
    scope: str
    #: True if the recording shows credentials at all.
    credentials: bool
    #: Seconds since the epoch, on the endpoint's clock as far as known.
    start: float
    end: float
    #: True if *start* names a time zone; without one durations may be off by hours.
    zoned: bool
    #: True if the body was recorded; otherwise it is unknown, never empty.
    body: bool
    #: True if the response headers were recorded, all that the contract speaks of.
    headers: bool
    #: True if the key, if there is one, has the documented form.
    key_ok: bool
    #: True if the request has a precondition or asks for a range (RFC 9110 13.1, 14.2).
    conditional: bool

    @property
    def whole(self) -> bool:
        """True if a part that the response does not show was absent."""
        return self.body and self.headers

    @property
    def answers_condition(self) -> bool:
        """True if the status is of a precondition or range, without content."""
        return self.exchange.status == 304 or (
            self.conditional and self.exchange.status in (206, 412, 416)
        )

    @property
    def target(self) -> str:
        """The request that its key stands for, without the payload."""
        return f"{self.exchange.method} {self.exchange.call.subject or self.exchange.url}"

    def shared_with(self, other: Recorded) -> Parts:
        """The parts of the response that both show."""
        return Parts(self.body and other.body, self.headers and other.headers)

    def slim(self) -> Recorded | None:
        """The same with its evidence only, to be remembered; None if its body is too long."""
        response = self.exchange.response
        if response is None or len(response.body) > _BODY:
            return None
        kept = self.exchange.shown_headers().keys()
        lines = [(name, value) for name, value in response.headers if name.lower() in kept]
        small = Response(response.status, "", lines, response.body)
        return replace(self, exchange=replace(self.exchange, response=small))


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
