"""Refusals of creates: what each says, and whether it may be for want of room."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator_contract.exceptions import (
    BudgetExhausted,
    Inconclusive,
    NoResponse,
    NothingToDelete,
    Throttled,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.json_text import words_of
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope

#: Statuses that may refuse a create because the account is full.
FULL = frozenset({400, 403, 409, 429})
_LONGEST = 200
#: Calls in a row that led to nothing, after which there is a pause before the next, longer each
#: time, in seconds.
_MAX_FRUITLESS = 3
_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 80.0


class TooFew(NothingToDelete):
    """Fewer could be created than were asked for."""

    def __init__(self, reason: str, made: Sequence[Configuration], *, full: bool = False) -> None:
        super().__init__(reason)
        #: Those that were made all the same; they are removed at the end like all others.
        self.made = made
        #: Whether the endpoint may hold as many as it takes.
        self.full = full


def no_room(bound: int, made: Sequence[Configuration]) -> TooFew:
    """What to raise where *bound* configurations of the run's exist, and no more may."""
    reason = f"the account has room for {bound} of the run's configurations at once"
    return TooFew(reason, made, full=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a create made nothing."""

    reason: str
    #: Whether an answer of the endpoint refuses the create.
    refuses: bool = False
    #: Whether the account may hold as many as it takes.
    may_be_full: bool = False
    #: The response, where it asks to wait.
    asks_to_wait: Exchange | None = None
    #: Whether the same create may be taken the next time.
    may_pass: bool = False

    @classmethod
    def by(cls, exchange: Exchange) -> Refusal:
        """That of a create which was answered otherwise than with 202."""
        kind = exchange.headers.get("content-type", "no Content-Type")
        words = words_of(exchange.response)
        said = f"POST {exchange.url} answered {exchange.status} ({kind:.60}){words}"
        waits = exchange if exchange.status in (429, 503) else None
        full = exchange.status in FULL
        passes = waits is not None
        return cls(said, refuses=True, may_be_full=full, asks_to_wait=waits, may_pass=passes)

    @classmethod
    def of(cls, error: Inconclusive) -> Refusal:
        """That of a create which got no answer, or none that can be followed."""
        return cls(str(error), may_be_full=isinstance(error, Throttled))

    @classmethod
    def after(cls, operation: Operation) -> Refusal:
        """That of a create whose operation made nothing that may be used."""
        if operation.status == "COMPLETED":
            return cls(
                "a create completed, but which configuration it made can't be confirmed: "
                "that takes a new id which a fetch or the list shows under the run's name"
            )
        said = f"a create ended {operation.status or 'unreadable'}{_error_of(operation)}"
        failed, by_server = operation.status == "FAILED", _is_server_error(operation)
        return cls(said, refuses=failed, may_be_full=failed and not by_server, may_pass=by_server)

    def as_error(self, made: Sequence[Configuration], scope: Scope, *, full: bool) -> TooFew:
        """What to raise when it left only *made*."""
        reason = f"configurations can't be created: {self.reason}{_hint(self.reason, scope)}"
        return TooFew(reason, made, full=full)


def certainly_made_nothing(error: Inconclusive) -> bool:
    """Whether a create that failed so was not sent, or answered 429."""
    if isinstance(error, NoResponse):
        return error.exchange.fault is TransportFault.CONNECT
    if isinstance(error, Throttled):
        return error.exchange.status == 429 and 503 not in error.exchange.before
    return isinstance(error, BudgetExhausted)


def _is_server_error(operation: Operation) -> bool:
    """True if the error of a FAILED operation has a status of 500 or above."""
    error = operation.object.get("error")
    status = error.get("status") if isinstance(error, dict) else None
    return isinstance(status, int) and status >= 500


def _error_of(operation: Operation) -> str:
    """What a FAILED operation says of its reason, behind a colon; empty where it says nothing."""
    error = operation.object.get("error")
    members = error if isinstance(error, dict) else {}
    said = [members.get(name) for name in ("title", "detail", "message")]
    text = ": ".join(one for one in said if isinstance(one, str) and one)
    return f": {visible(text, _LONGEST)}" if text else ""


def _hint(reason: str, scope: Scope) -> str:
    """The key of the profile that a refused memory store comes from."""
    if "memorystore" not in reason.casefold().replace(" ", ""):
        return ""
    if scope.region:
        key = f"[[regions]] accounts, memory_store_id of account {scope.account + 1}"
    elif scope.account:
        key = f"[[accounts]] memory_store_id of account {scope.account + 1}"
    else:
        key = "[provision] memory_store_id"
    return f" (set {key} to a store of this account and region)"


class Outlook:
    """Whether another call may make something: each that is in vain costs its waits."""

    def __init__(self) -> None:
        #: Where nothing can be created, and why.
        self._closed: dict[Scope, Refusal] = {}
        #: Calls in a row that led to nothing, why the last did, and when the next may be made.
        self._fruitless = 0
        self._problem: Refusal | None = None
        self._resume_at = 0.0

    def check(self, scope: Scope) -> None:
        """Let a call begin, unless those before it led to nothing.

        Raises:
            TooFew: they did.
        """
        refusal = self._closed.get(scope)
        if self._fruitless >= _MAX_FRUITLESS and time.monotonic() < self._resume_at:
            refusal = refusal or self._problem
        if refusal is not None:
            raise refusal.as_error([], scope, full=False)

    def close(self, scope: Scope, refusal: Refusal) -> None:
        """Note that nothing can be created in *scope*."""
        self._closed[scope] = refusal

    def failed(self, refusal: Refusal) -> None:
        """Note that a call led to nothing."""
        self._fruitless += 1
        self._problem = refusal
        pause = min(_PAUSE_S * 2.0 ** (self._fruitless - _MAX_FRUITLESS), _LONGEST_PAUSE_S)
        self._resume_at = time.monotonic() + pause

    def succeeded(self) -> None:
        """Note that a call made something."""
        self._fruitless = 0
