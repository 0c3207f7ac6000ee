"""Exceptions: an endpoint that can't be tested, and the reasons why a request led to nothing."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.findings import Inconclusive

#: Characters of a refusal's message that are shown.
_LONGEST = 200


class NoResponse(Inconclusive):
    """The endpoint gave no complete answer; the judge has it on record."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(f"{exchange.method} got no answer: {exchange.fault_text}")
        self.exchange = exchange


class Throttled(Inconclusive):
    """429 or 503 that nobody provoked never went away."""

    def __init__(self, exchange: Exchange) -> None:
        asked = exchange.headers.get("retry-after")
        hint = f" with Retry-After {asked:.40}" if asked else ""
        super().__init__(
            f"{exchange.status}{hint} did not go away within the limits{reason_in(exchange)}"
        )
        self.exchange = exchange


def reason_in(exchange: Exchange) -> str:
    """What a refusal says of its reason, as that of a quota, behind a colon; empty where it says none."""
    message = exchange.object.get("message")
    return f": {visible(message, _LONGEST)}" if isinstance(message, str) and message else ""


class BudgetExhausted(Inconclusive):
    """A budget of the profile's [limits] is spent, or the endpoint stopped answering."""


class EndpointUnusable(Exception):
    """The endpoint can't be tested: unreachable, credentials refused, nothing to delete."""

    def __init__(self, reason: str, *, stands: Iterable[str] = ()) -> None:
        super().__init__(visible(reason))
        #: Requirements whose breaches stand all the same: it responded, but not in HTTP or JSON.
        self.stands = frozenset(stands)
