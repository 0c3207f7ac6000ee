"""Sends every request of the suite: `Sender.send` and `send_together`.

It keeps the budget and the pace, sends credentials to the target's origins only, refuses to change
what the run does not own, obeys Retry-After, and hands each exchange to its observers exactly once.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import CheckInconclusive, NoResponse, Throttled
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.connections import Wire
from orchestrator_contract.http.exchange import Call, Exchange, Retention
from orchestrator_contract.http.request import (
    Header,
    PreparedRequest,
    Request,
    origin_of,
    prepare,
)
from orchestrator_contract.http.response import (
    NO_ANSWER,
    Response,
    TransportError,
    TransportFault,
)
from orchestrator_contract.http.retry_after import MAX_RETRIES, Retry
from orchestrator_contract.profile import Account, Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.sending.allowance import Allowance
from orchestrator_contract.sending.authorization import Authorization
from orchestrator_contract.sending.parallel import Parallel

#: One of how many requests of a kind takes a new connection: behind a balancer that may lead to
#: another copy of the endpoint.
_ANEW = 6
#: Pauses before a connection is tried again, in seconds: a listen queue that overflows for a moment
#: is no finding; an endpoint that is gone is.
_CONNECT_PAUSES_S = (0.1, 0.4, 1.0)
#: Characters that are kept of the quote in a response's defect.
_SAID = 120
_MUTATING = frozenset({"DELETE", "PUT", "PATCH", "POST"})


def _kind_of(call: Call) -> str:
    """The name of the patience with refusals of *call*.

    Failed log-ins have their own: a lock-out says nothing of other callers.
    """
    own = call.credentials == "own"
    return call.operation if own else f"{call.operation} with {call.credentials} credentials"


@dataclass
class Sender:
    """Sends requests to one target; safe for threads."""

    profile: Profile
    coordinator: Coordinator
    redactor: Redactor
    ownership: Ownership
    #: Called in order with every exchange.
    observers: list[Callable[[Exchange], None]] = field(default_factory=list)
    #: Seconds after its first request from which the run sends nothing more.
    longest_s: float = math.inf

    def __post_init__(self) -> None:
        profile = self.profile
        self.wire = Wire(profile.timeout_s, profile.verify_tls, profile.client_cert, profile.proxy)
        self._curl_options = self.wire.curl_options
        self._authorization = Authorization(
            lambda origin, data: self.wire.exchange(
                origin, data, "POST", new_connection=True, keep=False
            ),
            self._headers,
            self.redactor,
            lambda: time.monotonic() + self.coordinator.advanced(),
        )
        self._header_variables = {one.name.lower(): one.variable for one in profile.headers}
        urls = (*profile.bases, *profile.origins)
        self.origins = frozenset(origin for origin in map(origin_of, urls) if origin)
        self._clock_origin = origin_of(profile.clock_url or "")
        self.steps = Steps()
        self.retry = Retry(profile.limits.poll_timeout_s)
        self.parallel = Parallel(profile.timeout_s)
        self.allowance = Allowance(self.coordinator, self.longest_s, profile.timeout_s)
        self._retention = Retention()
        self._sent: Counter[tuple[str, int | None, int | None, bool]] = Counter()
        self._lock = Lock()
        self._unanswered = 0
        self._answered = False
        #: Kinds of failure met below HTTP semantics.
        self.faults: set[TransportFault] = set()

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
            exchange = self._once(out, new_connection=new_connection, before=before)
            if self._may_have_been_lost(exchange):
                exchange = self._once(out, new_connection=True, before=before)
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
                # Whether a 503 is stored for its key is open: with a new key the retry is another
                # request.
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

    def _once(self, out: Request, *, new_connection: bool, before: tuple[int, ...]) -> Exchange:
        prepared = self._admit(out)
        exchange = self._exchange(prepared, before)
        with self.steps.step(f"waiting for the answer to a {out.method}"):
            response = self._perform(prepared, new_connection=new_connection)
        return self._finish(exchange, response)

    def _perform(
        self, prepared: PreparedRequest, *, new_connection: bool
    ) -> Response | TransportError:
        pauses = iter(_CONNECT_PAUSES_S if self._answered else ())
        while True:
            try:
                return self.wire.exchange(
                    prepared.origin,
                    prepared.data,
                    prepared.out.method,
                    new_connection=new_connection,
                    keep=not prepared.out.call.tool,
                )
            except TransportError as error:
                pause = next(pauses, None) if error.fault is TransportFault.CONNECT else None
                if pause is None:
                    return error
                time.sleep(pause)

    def leave(self, out: Request, after_s: float) -> Exchange:
        """Send one request and disconnect *after_s* later, without a response."""
        prepared = self._admit(out)
        exchange = self._exchange(prepared)
        self.ownership.note(exchange)
        with contextlib.suppress(TransportError):  # what was not taken was not asked for
            self.wire.leave(prepared.origin, prepared.data, after_s)
        exchange.elapsed = time.monotonic() - exchange.sent
        exchange.fault, exchange.fault_text = TransportFault.CLOSED, "the client hung up"
        exchange.judged = False
        for observe in self.observers:
            observe(exchange)
        return exchange

    def send_together(self, batch: Sequence[Request]) -> list[Exchange]:
        """Send *batch* at one moment, each on its own connection; judge all."""
        prepared = [self._admit(out) for out in batch]
        if not prepared:
            return []
        exchanges = [self._exchange(one) for one in prepared]
        with self.steps.step(f"sending {len(batch)} requests at one moment"):
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

    def _admit(self, out: Request) -> PreparedRequest:
        if out.method in _MUTATING and not out.call.tool:
            self.ownership.check(out.method, out.url, out.call, out.account, out.region)
        origin = origin_of(out.url)
        tool = origin is not None and origin == self._clock_origin and out.account is None
        if origin is None or not (tool or origin in self.origins):
            raise ValueError(f"not an address of the target: {out.url[:200]!r}")
        delay = self.allowance.take(out)
        if delay > 0:
            with self.steps.step("keeping to the pace that the profile or the endpoint asks for"):
                time.sleep(delay)
        account = self._account(out)  # last: a token may expire while the pace is kept to
        login = self._authorization.value(account) if account else None
        headers = self._headers(origin)
        return prepare(out, origin, self.redactor, authorization=login, headers=headers)

    def _headers(self, origin: Origin) -> tuple[Header, ...]:
        """The profile's headers, which are for the target alone."""
        return self.profile.headers if origin in self.origins else ()

    def _account(self, out: Request) -> Account | None:
        if out.account is None or not self.profile.accounts:
            return None
        account = self.profile.account(Scope(out.account, out.region))
        if account is None:
            who = f"account {out.account + 1} no credentials in region {out.region + 1}"
            raise CheckInconclusive(f"the profile gives {who}")
        return account

    def authorization(self, scope: Scope = DEFAULT_SCOPE) -> str:
        """The Authorization value of *scope*'s account; empty without one.

        Raises:
            Inconclusive: its token can't be had.
        """
        account = self.profile.account(scope)
        return self._authorization.value(account) if account else ""

    def _exchange(self, prepared: PreparedRequest, before: tuple[int, ...] = ()) -> Exchange:
        out, account = prepared.out, self._account(prepared.out)
        return Exchange(
            out.call,
            out.method,
            self.redactor.text(out.url),
            prepared.shown,
            out.body,
            at=datetime.now(UTC),
            sent=time.monotonic(),
            key=out.key,
            account=out.account,
            region=out.region,
            before=before,
            credential_names=account.shell_names if account else None,
            header_variables=self._header_variables,
            curl_options=self._curl_options(prepared.origin),
        )

    def _finish(self, exchange: Exchange, response: Response | TransportError) -> Exchange:
        tool = exchange.call.tool  # is no part of the endpoint, and says nothing of it
        exchange.elapsed = time.monotonic() - exchange.sent
        if isinstance(response, Response):
            exchange.response = self._redacted(response)
            self._answered |= not tool
        else:
            exchange.fault, exchange.fault_text = response.fault, self.redactor.text(str(response))
            if not tool:
                self.faults.add(response.fault)
                self.allowance.lose(max(exchange.elapsed, 0.05))
                with self._lock:
                    self._unanswered += response.fault in NO_ANSWER
        self.ownership.note(exchange)
        exchange.judged = not tool and (
            exchange.fault is not TransportFault.CONNECT or self._answered
        )
        for observe in self.observers:
            observe(exchange)
        self._retention.keep(exchange)
        return exchange

    def _redacted(self, response: Response) -> Response:
        defect = response.defect
        return replace(
            response,
            body=self.redactor.raw(response.body),
            reason=self.redactor.text(response.reason),
            headers=self.redactor.headers(response.headers),
            defect=defect and (defect[0], f"{self.redactor.text(defect[1]):.{_SAID}}"),
        )

    def settle(self) -> None:
        """Return what was granted and not used, and close connections."""
        self.allowance.settle()
        self.parallel.close()
        self.wire.close()

    def forgive(self) -> None:
        """Let cleanup try again after failures, with the kept budget."""
        self.allowance.forgive()
        self.retry.forgive()
