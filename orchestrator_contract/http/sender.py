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

from orchestrator_contract.contract import schemas
from orchestrator_contract.coordination.coordinator import (
    DELETES,
    FAILED_LOGINS,
    MALFORMED_KEYS,
    Coordinator,
    Lost,
)
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import (
    BudgetExhausted,
    CheckInconclusive,
    NoResponse,
    Throttled,
)
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.authorization import Authorization
from orchestrator_contract.http.connections import Wire
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.parallel import Parallel
from orchestrator_contract.http.request import (
    KEY_HEADER,
    PreparedRequest,
    Request,
    origin_of,
    prepare,
)
from orchestrator_contract.http.response import TransportError, TransportFault
from orchestrator_contract.http.retention import Retention
from orchestrator_contract.http.retry_after import MAX_RETRIES, Retry
from orchestrator_contract.profile import Account, Header, Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: One of how many requests of a kind takes a new connection: behind a balancer that may lead to
#: another copy of the endpoint.
_ANEW = 6
#: Requests fetched from the shared budget at a time.
_GRANT = 16
#: How long cleaning up may take, in seconds.
_CLEANING_S = 300.0
#: Characters that are kept of the quote in a response's defect.
_SAID = 120
_MUTATING = frozenset({"DELETE", "PUT", "PATCH", "POST"})


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
        self._curl_options = self.wire.dialer.curl_options
        self._authorization = Authorization(
            lambda origin, data: self.wire.exchange(
                origin, data, "POST", new_connection=True, keep=False
            ),
            self._headers,
            self.redactor,
            lambda: time.monotonic() + self.coordinator.advanced(),
        )
        self._header_variables = {one.name.lower(): one.variable for one in profile.headers}
        urls = (*self.profile.bases, *self.profile.origins)
        self.origins = frozenset(origin for origin in map(origin_of, urls) if origin)
        self._clock_origin = origin_of(self.profile.clock_url or "")
        self.steps = Steps()
        self.retry = Retry(self.profile.limits.poll_timeout_s)
        self.parallel = Parallel(self.profile.timeout_s)
        self._retention = Retention()
        self._sent: Counter[tuple[str, int | None, int | None, bool]] = Counter()
        self._lock = Lock()
        self._granted = 0
        self._cleaning = False
        self._lost = 0.0
        self._answered = False
        #: Kinds of failure met below HTTP semantics.
        self.faults: set[TransportFault] = set()
        #: Monotonic seconds from which nothing more is sent.
        self._end_at: float | None = None
        self.patience_lost_s = max(30.0, 6 * self.profile.timeout_s)

    # ---------------------------------------------------------------- one request, with retries

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

        *new_connection* uses a new connection. With *allow_no_response* an exchange without an answer is returned like others.
        *rekey* gives the key for a retry after 503; without it the key stays. Statuses that it *returns* are not retried here.

        Raises:
            NoResponse: there was no complete response (unless *allow_no_response*).
            Throttled: 429 or 503 did not go away.
            BudgetExhausted: a budget is spent, or too much time was lost on an endpoint that
                stopped responding.
            NotOwned: the request would change something that is not the run's.
        """
        waited = 0.0
        before: tuple[int, ...] = ()
        patience = self.retry.patience(out.call.operation)
        new_connection = new_connection or self._takes_new(out)
        for attempt in range(MAX_RETRIES + 1):
            exchange = self._once(out, new_connection=new_connection, before=before)
            status = exchange.status
            if status is None:
                if allow_no_response:
                    return exchange
                raise NoResponse(exchange)
            if status not in (429, 503) or status == exchange.call.provokes or status in returns:
                if exchange.succeeded:
                    self.retry.regained(out.call.operation)
                return exchange
            delay = self.retry.delay(exchange, attempt)
            if delay is None or waited + delay > patience:
                break
            waited += delay
            before = (*before, status)
            if status == 429:
                self.coordinator.throttle(delay)
            else:
                with self.steps.step(f"waiting {delay:.3g} s after a {status}"):
                    time.sleep(delay)
                if rekey is not None and out.key is not None:
                    # Whether a 503 is stored for its key is open: with a new key the retry is a new
                    # request.
                    fresh_key = rekey()
                    lines = tuple((n, fresh_key if n == KEY_HEADER else v) for n, v in out.headers)
                    out = replace(out, key=fresh_key, headers=lines)
        self.retry.lost(out.call.operation)
        raise Throttled(exchange)

    def _takes_new(self, out: Request) -> bool:
        """True if this request's turn takes a new connection.

        Unauthorized callers have turns of their own, as their responses are open.
        """
        kind = out.call.operation, out.call.provokes, out.account, out.call.judge_content
        with self._lock:
            self._sent[kind] += 1
            return self._sent[kind] % _ANEW == 0

    def _once(self, out: Request, *, new_connection: bool, before: tuple[int, ...]) -> Exchange:
        prepared = self._admit(out)
        exchange = self._exchange(prepared, before)
        with self.steps.step(f"waiting for the answer to a {out.method}"):
            self._perform(exchange, prepared, new_connection=new_connection)
        exchange.elapsed = time.monotonic() - exchange.sent
        self._finish(exchange)
        return exchange

    def _perform(
        self, exchange: Exchange, prepared: PreparedRequest, *, new_connection: bool
    ) -> None:
        for pause in (0.1, 0.4, 1.0, None):
            try:
                exchange.response = self.wire.exchange(
                    prepared.origin,
                    prepared.data,
                    exchange.method,
                    new_connection=new_connection,
                    keep=not exchange.call.tool,
                )
            except TransportError as error:
                # A listen queue that overflows for a moment is no finding; an endpoint that is gone
                # is.
                if error.fault is TransportFault.CONNECT and self._answered and pause is not None:
                    time.sleep(pause)
                    continue
                exchange.fault, exchange.fault_text = error.fault, str(error)
            break

    def leave(self, out: Request, after_s: float) -> Exchange:
        """Send one request and disconnect *after_s* later, without a response."""
        prepared = self._admit(out)
        exchange = self._exchange(prepared, ())
        self.ownership.touch(
            exchange.url.partition("/Configurations/")[2], out.account, out.region, clear=False
        )
        with contextlib.suppress(TransportError):  # what was not taken was not asked for
            self.wire.leave(prepared.origin, prepared.data, after_s)
        exchange.elapsed = time.monotonic() - exchange.sent
        exchange.fault, exchange.fault_text = TransportFault.CLOSED, "the client hung up"
        exchange.judged = False
        self._observe(exchange)
        return exchange

    # ---------------------------------------------------------------- several at one moment

    def send_together(self, batch: Sequence[Request]) -> list[Exchange]:
        """Send *batch* at one moment, each on its own connection; judge all."""
        prepared = [self._admit(out) for out in batch]
        if not prepared:
            return []
        with self.steps.step(f"sending {len(batch)} requests at one moment"):
            return self._send_together(prepared)

    def _send_together(self, batch: Sequence[PreparedRequest]) -> list[Exchange]:
        exchanges = [self._exchange(prepared, ()) for prepared in batch]
        responses = self.wire.together(
            batch[0].origin, [(prepared.data, prepared.out.method) for prepared in batch]
        )
        for exchange, response in zip(exchanges, responses, strict=True):
            exchange.elapsed = time.monotonic() - exchange.sent
            if isinstance(response, TransportError):
                exchange.fault, exchange.fault_text = response.fault, str(response)
            else:
                exchange.response = response
            self._finish(exchange)
        limited = [e for e in exchanges if e.status == 429 and e.call.provokes is None]
        if limited:
            operation = limited[0].call.operation
            if all(e.status == 429 for e in exchanges):
                self.retry.lost(operation)
            if not self.retry.hopeless(operation):
                self.coordinator.throttle(self.retry.delay(limited[0], 0) or 1.0)
        return exchanges

    # ---------------------------------------------------------------- before and after each

    def _admit(self, out: Request) -> PreparedRequest:
        if out.method in _MUTATING and not out.call.tool:
            self.ownership.check(out.method, out.url, out.call, out.account, out.region)
        origin = origin_of(out.url)
        tool = origin is not None and origin == self._clock_origin and out.account is None
        if origin is None or not (tool or origin in self.origins):
            raise ValueError(f"not an address of the target: {out.url[:200]!r}")
        with self._lock:
            self._end_at = self._end_at or time.monotonic() + self.longest_s
            if time.monotonic() > self._end_at:
                raise BudgetExhausted(
                    f"the run took longer than {self.longest_s / 60:.3g} minutes; the rest was not "
                    "tried"
                )
            if self._lost > self.patience_lost_s:
                raise BudgetExhausted("the endpoint stopped answering; the rest was not tried")
            if not self._granted:
                self._granted = self.coordinator.take_requests(
                    2 if self._cleaning else _GRANT, cleaning=self._cleaning
                )
                if not self._granted:
                    raise BudgetExhausted("the request budget ([limits] requests) is spent")
            self._granted -= 1
        self._count_bounded(out)
        delay = self.coordinator.pace()
        if delay > 0:
            # Sent sooner it would break the pace: a wait that does not fit into the run is not
            # begun.
            if time.monotonic() + delay > self._end_at:
                raise BudgetExhausted(
                    f"the pace asks for a wait of {delay:.3g} s, which is longer than the run may "
                    "take; the rest was not tried"
                )
            with self.steps.step("keeping to the pace that the profile or the endpoint asks for"):
                time.sleep(delay)
        account = self._account(out)  # last: a token may expire while the pace is kept to
        return prepare(
            out,
            origin,
            self.redactor,
            authorization=self._authorization.value(account) if account else None,
            headers=self._headers(origin),
        )

    def _count_bounded(self, out: Request) -> None:
        """Count a request of a kind that has a bound of its own.

        Raises:
            BudgetExhausted: no more may be sent.
        """
        deletes = out.method == "DELETE"
        if deletes and not self.coordinator.take_bounded(DELETES, cleaning=self._cleaning):
            raise BudgetExhausted(
                "the budget of DELETE requests ([limits] delete_requests) is spent"
            )
        kinds = [FAILED_LOGINS] if out.call.credentials == "wrong" else []
        malformed = out.key is not None and not schemas.matches("idempotency-key.json", out.key)
        kinds += [MALFORMED_KEYS] if malformed else []
        for kind in kinds:
            if not self.coordinator.take_bounded(kind):
                raise CheckInconclusive(f"no more {kind} are sent to an endpoint elsewhere")

    def _headers(self, origin: Origin) -> tuple[Header, ...]:
        """The profile's headers, which are for the target alone."""
        return self.profile.headers if origin in self.origins else ()

    def _account(self, out: Request) -> Account | None:
        if out.account is None or not self.profile.accounts:
            return None
        account = self.profile.account(Scope(out.account, out.region))
        if account is None:
            raise CheckInconclusive(
                f"the profile gives account {out.account + 1} no credentials in region "
                f"{out.region + 1}"
            )
        return account

    def authorization(self, scope: Scope = DEFAULT_SCOPE) -> str:
        """The Authorization value of *scope*'s account; empty without one.

        Raises:
            Inconclusive: its token can't be had.
        """
        account = self.profile.account(scope)
        return self._authorization.value(account) if account else ""

    def _exchange(self, prepared: PreparedRequest, before: tuple[int, ...]) -> Exchange:
        out, account = prepared.out, self._account(prepared.out)
        return Exchange(
            call=out.call,
            method=out.method,
            url=self.redactor.text(out.url),
            request_headers=prepared.shown,
            request_body=out.body,
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

    def _finish(self, exchange: Exchange) -> None:
        # What is no part of the endpoint under test says nothing of it, not even that it does not
        # response.
        tool = exchange.call.tool
        if exchange.fault is not None and not tool:
            self.faults.add(exchange.fault)
        _, named, segment = exchange.url.partition("/Configurations/")
        response = exchange.response
        resent = response is not None and response.resent
        carried_out = exchange.status is None or not 300 <= exchange.status < 500
        if exchange.method == "DELETE" and named and (carried_out or resent):
            clear = (exchange.status or 500) < 300 and not resent
            self.ownership.touch(segment, exchange.account, exchange.region, clear=clear)
        if response is None and not tool:
            with self._lock:
                self._lost += max(exchange.elapsed, 0.05)
        if response is not None:
            self._answered = self._answered or not tool
            response.body = self.redactor.raw(response.body)
            response.reason = self.redactor.text(response.reason)
            if response.defect is not None:
                response.defect = (
                    response.defect[0],
                    f"{self.redactor.text(response.defect[1]):.{_SAID}}",
                )
            response.headers = self.redactor.headers(response.headers)
        exchange.fault_text = self.redactor.text(exchange.fault_text)
        exchange.judged = not tool and (
            exchange.fault is not TransportFault.CONNECT or self._answered
        )
        self._observe(exchange)
        self._retention.keep(exchange)

    def _observe(self, exchange: Exchange) -> None:
        for observe in self.observers:
            observe(exchange)

    # ---------------------------------------------------------------- the end

    def settle(self) -> None:
        """Return what was granted and not used, and close connections."""
        with self._lock:
            if self._granted:
                with contextlib.suppress(Lost):
                    self.coordinator.give_back_requests(self._granted)
                self._granted = 0
        self.parallel.close()
        self.wire.close()

    def forgive(self) -> None:
        """Let cleanup try again after failures, with the kept budget."""
        self._cleaning = True
        self._lost = 0.0
        self._end_at = time.monotonic() + min(self.longest_s, _CLEANING_S)
        self.retry.forgive()
