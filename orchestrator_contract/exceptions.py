"""Exceptions: an endpoint that can't be tested, and the reasons why a request led to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.words import words_of
from orchestrator_contract.redaction.visible import visible


class Inconclusive(Exception):
    """A check can't be made here; the argument says why. The requirement counts as unverified, never as breached."""

    def __init__(self, why: str) -> None:
        super().__init__(visible(why))


class CheckInconclusive(Inconclusive):
    """One of several checks of a requirement can't be made here; the others decide its verdict."""


@contextmanager
def only_this_check() -> Iterator[None]:
    """Let an inconclusive step leave the present check open, and no requirement unverified."""
    try:
        yield
    except Inconclusive as error:
        raise CheckInconclusive(str(error)) from error


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
    return words_of(exchange.response)


class BudgetExhausted(Inconclusive):
    """A budget of the profile's [limits] is spent, or the endpoint stopped answering."""


class TokenError(Inconclusive):
    """An account's token can't be had; the message names the key of the profile."""


class NotOwned(Inconclusive):
    """A request would have changed something that is not the run's; it was not sent, and what wanted it is not verified."""


class NothingToDelete(Inconclusive):
    """Not as many could be had as were asked for; the argument says why."""


class SupplyExhausted(NothingToDelete, CheckInconclusive):
    """What the profile or the endpoint has to give has come to its end: what was seen until then stands."""


class ListUnreadable(CheckInconclusive):
    """The list can't be read to its end: what is seen in other ways stands."""

    def __init__(self, reason: str, page: Exchange | None = None) -> None:
        super().__init__(reason)
        #: The page that could not be read.
        self.page = page


class OperationUnreachable(Inconclusive):
    """An accepted request whose operation can't be polled; the judge has the reason on record."""


class EndpointUnusable(Exception):
    """The endpoint can't be tested: unreachable, credentials refused, nothing to delete."""

    def __init__(self, reason: str, *, stands: Iterable[str] = ()) -> None:
        super().__init__(visible(reason))
        #: Requirements whose breaches stand all the same: it responded, but not in HTTP or JSON.
        self.stands = frozenset(stands)
