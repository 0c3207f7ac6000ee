"""Exceptions: an unusable endpoint, and why a request led to nothing."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.json_text import words_of
from orchestrator_contract.redaction.visible import visible


class Inconclusive(Exception):
    """A check can't be made, as the argument says: unverified, not breached."""

    def __init__(self, why: str) -> None:
        super().__init__(visible(why))


class NoResponse(Inconclusive):
    """The endpoint gave no complete response; the judge has it on record."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(f"{exchange.method} got no answer: {exchange.fault_text}")
        self.exchange = exchange


class Throttled(Inconclusive):
    """An unprovoked 429 or 503 did not pass."""

    def __init__(self, exchange: Exchange) -> None:
        asked = exchange.headers.get("retry-after")
        hint = f" with Retry-After {asked:.40}" if asked else ""
        said = words_of(exchange.response)
        super().__init__(f"{exchange.status}{hint} did not go away within the limits{said}")
        self.exchange = exchange


class BudgetExhausted(Inconclusive):
    """A budget of [limits] is spent, or the endpoint stopped responding."""


class TokenError(Inconclusive):
    """An account's token can't be obtained; the message names the key."""


class NotOwned(Inconclusive):
    """A request would have changed a resource of others; it was not sent."""


class NothingToDelete(Inconclusive):
    """Not as many could be had as were asked for; the argument says why."""


class ListUnreadable(Inconclusive):
    """The list can't be read to its end; other findings stand."""

    def __init__(self, reason: str, page: Exchange | None = None) -> None:
        super().__init__(reason)
        #: The page that could not be read.
        self.page = page


class OperationUnreachable(Inconclusive):
    """An accepted request's operation can't be polled; a rule recorded why."""


class EndpointUnusable(Exception):
    """The endpoint can't be tested: unreachable, or credentials refused."""

    def __init__(self, reason: str, *, stands: Iterable[str] = ()) -> None:
        super().__init__(visible(reason))
        #: Requirements whose breaches stand all the same: it responded, but not in HTTP or JSON.
        self.stands = frozenset(stands)
