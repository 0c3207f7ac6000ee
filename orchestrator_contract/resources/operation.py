"""An operation: the accepted request's response, and its polls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator_contract.contract.instants import parse_instant
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import ResourceKey


@dataclass(eq=False)
class Operation:
    """An accepted request and all that was seen of its operation."""

    accepted: Exchange
    #: The configuration that the request names; its SID is empty for a create.
    configuration: Configuration
    #: The operation's id by the first link that gives one; empty when none does.
    id: str
    #: Where it is polled.
    url: str
    polls: list[Exchange] = field(default_factory=list)
    #: Monotonic seconds at which a terminal status was first seen.
    ended: float | None = None
    #: Seconds by which the run had moved the endpoint's clock when it was accepted.
    advanced_s: float = 0.0
    #: Called once, right after the poll that first saw its end.
    on_end: Callable[[Operation], object] | None = None

    @property
    def sid(self) -> str:
        """The SID that the request names; empty for a create."""
        return self.configuration.sid

    @property
    def resource_key(self) -> ResourceKey:
        """The key that tells the request's configuration from all others."""
        return self.accepted.scope, self.sid

    @property
    def steps(self) -> list[Exchange]:
        """The exchanges that show the operation: the 202 and the newest poll."""
        return [self.accepted, *self.polls[-1:]]

    @property
    def status(self) -> str:
        """The newest status word; empty before the first readable poll."""
        return next((word for poll in reversed(self.polls) if (word := word_of(poll))), "")

    @property
    def object(self) -> dict[str, Any]:
        """The newest readable poll."""
        return next((p.object for p in reversed(self.polls) if p.status == 200), {})

    @property
    def done(self) -> bool:
        """True if a terminal status was seen."""
        return self.ended is not None


def why_no_json(exchange: Exchange) -> str:
    """A message's addition that the response is no JSON, or nothing."""
    return f" ({exchange.json.error})" if exchange.response and exchange.json.error else ""


def word_of(exchange: Exchange) -> str:
    """The operation's status; empty for a non-text, which the schema judges."""
    word = exchange.object.get("status")
    return word if isinstance(word, str) else ""


def instant_of(exchange: Exchange, name: str) -> tuple[datetime, int] | None:
    """An instant in a poll, as `parse_instant` reads it, or None."""
    value = exchange.object.get(name)
    return parse_instant(value) if isinstance(value, str) else None
