"""Sends every request of the suite: `Sender.send` and `send_together`.

It obeys Retry-After, and sends a request again where that is safe.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from orchestrator_contract.exceptions import NoResponse, Throttled
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.response import NO_ANSWER
from orchestrator_contract.http.retry_after import MAX_RETRIES, Retry
from orchestrator_contract.sending.transmitter import Transmitter

#: One of so many requests of a kind takes a new connection: a balancer may lead it elsewhere.
_ANEW = 6


def _kind_of(call: Call) -> str:
    """The name of the patience with refusals of *call*.

    Failed log-ins have their own: a lock-out says nothing of other callers.
    """
    own = call.credentials == "own"
    return call.operation if own else f"{call.operation} with {call.credentials} credentials"


@dataclass
class Sender(Transmitter):
    """Sends requests to one target, again where they were refused; safe for threads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.retry = Retry(self.profile.limits.poll_timeout_s)
        self._sent: Counter[tuple[str, int | None, int | None, bool]] = Counter()

    def send(
        self,
        out: Request,
        *,
        new_connection: bool = False,
        allow_no_response: bool = False,
        rekey: Callable[[], str] | None = None,
        returns: Container[int] = (),
    ) -> Exchange:
        """Send one request, retry unprovoked 429s and 503s, judge each response.

        With *allow_no_response* an exchange without a response is returned like others. *rekey*
        gives the key for a retry after 503; without it the key stays. Statuses that it *returns*
        are not retried here.

        Raises:
            NoResponse: there was no complete response (unless *allow_no_response*).
            Throttled: 429 or 503 did not go away.
            BudgetExhausted: a budget is spent, or the endpoint stopped responding.
            NotOwned: the request would change something that is not the run's.
        """
        waited = 0.0
        before: tuple[int, ...] = ()
        kind = _kind_of(out.call)
        patience = self.retry.patience(kind)
        new_connection = new_connection or self._takes_new(out)
        for attempt in range(MAX_RETRIES + 1):
            exchange = self.transmit(out, new_connection=new_connection, before=before)
            if self._may_have_been_lost(exchange):
                exchange = self.transmit(out, new_connection=True, before=before)
            if exchange.response is None and not allow_no_response:
                raise NoResponse(exchange)
            status = exchange.status or 0
            if status not in (429, 503) or status == exchange.call.provokes or status in returns:
                if exchange.succeeded:
                    self.retry.regained(kind)
                return exchange
            delay = self.retry.delay(exchange, attempt)
            if delay is None or waited + delay > patience:
                break
            waited += delay
            before = (*before, status)
            if status == 429 and out.call.credentials == "own":
                self.coordinator.throttle(delay)
            else:
                with self.steps.step(f"waiting {delay:.3g} s after a {status}"):
                    time.sleep(delay)
                # A 503 may be stored for its key: with a new key the retry is another request.
                out = out.with_key(rekey()) if rekey and out.key is not None else out
        self.retry.lost(kind)
        raise Throttled(exchange)

    def _may_have_been_lost(self, exchange: Exchange) -> bool:
        """True for the first exchange without a response, if its request may be sent again."""
        repeatable = exchange.method not in ("POST", "PATCH") or exchange.key is not None
        lost = exchange.fault in NO_ANSWER and self._unanswered == 1
        return lost and repeatable and not self.allowance.cleaning

    def _takes_new(self, out: Request) -> bool:
        """True if this request's turn takes a new connection; callers have turns of their own."""
        kind = out.call.operation, out.call.provokes, out.account, out.call.judge_content
        with self._lock:
            self._sent[kind] += 1
            return self._sent[kind] % _ANEW == 0

    def send_together(self, batch: Sequence[Request]) -> list[Exchange]:
        """Send *batch* at one moment, each on its own connection; judge all."""
        prepared = [self._admit(out) for out in batch]
        if not prepared:
            return []
        step = self.steps.step(f"sending {len(batch)} requests at one moment")
        with self.in_flight(len(batch)), step:
            exchanges = [self._exchange(one) for one in prepared]
            responses = self.wire.together(
                prepared[0].origin, [(one.data, one.out.method) for one in prepared]
            )
        for exchange, response in zip(exchanges, responses, strict=True):
            self._finish(exchange, response)
        limited = [
            one
            for one in exchanges
            if one.status == 429 and one.call.provokes is None and one.call.credentials == "own"
        ]
        if limited:
            operation = limited[0].call.operation
            if all(e.status == 429 for e in exchanges):
                self.retry.lost(operation)
            if not self.retry.hopeless(operation):
                self.coordinator.throttle(self.retry.delay(limited[0], 0) or 1.0)
        return exchanges

    def forgive(self) -> None:
        """Let cleanup try again after failures, with the kept budget."""
        super().forgive()
        self.retry.forgive()
