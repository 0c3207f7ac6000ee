"""Sends requests one by one, each once.

It keeps the budget and the pace, sends credentials to the target's origins only, refuses to change
what the run does not own, and hands each exchange to its observers exactly once.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.exchange import Exchange, Retention
from orchestrator_contract.http.request import Header, PreparedRequest, Request, origin_of, prepare
from orchestrator_contract.http.response import NO_ANSWER, Response, TransportError, TransportFault
from orchestrator_contract.http.wire import Wire
from orchestrator_contract.profile import Account, Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.sending.allowance import Allowance
from orchestrator_contract.sending.authorization import Authorization
from orchestrator_contract.sending.in_flight import InFlight
from orchestrator_contract.sending.parallel import Parallel

#: Pauses before connecting again, in seconds: a full listen queue may pass.
_CONNECT_PAUSES_S = (0.1, 0.4, 1.0)


@dataclass
class Transmitter:
    """Sends single requests to one target; safe for threads."""

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
        self.parallel = Parallel(profile.timeout_s)
        self.in_flight = InFlight()
        self.allowance = Allowance(self.coordinator, self.longest_s, profile.timeout_s)
        self._retention = Retention()
        self._lock = Lock()
        self._unanswered = 0
        self._answered = False
        #: Kinds of failure met below HTTP semantics.
        self.faults: set[TransportFault] = set()

    def transmit(
        self, out: Request, *, new_connection: bool, before: tuple[int, ...] = ()
    ) -> Exchange:
        """Send one request once, and judge the response."""
        prepared = self._admit(out)
        with self.in_flight(), self.steps.step(f"waiting for the answer to a {out.method}"):
            exchange = self._exchange(prepared, before)
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

    def _admit(self, out: Request) -> PreparedRequest:
        if out.method in ("DELETE", "PUT", "PATCH", "POST") and not out.call.tool:
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
            raise Inconclusive(f"the profile gives {who}")
        return account

    def authorization(self, scope: Scope = DEFAULT_SCOPE) -> str:
        """The Authorization value of *scope*'s account; empty without one."""
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
            defect=defect and (defect[0], f"{self.redactor.text(defect[1]):.120}"),
        )

    def settle(self) -> None:
        """Return what was granted and not used, and close connections."""
        self.allowance.settle()
        self.parallel.close()
        self.wire.close()

    def forgive(self) -> None:
        """Let cleanup try again after failures, with the kept budget."""
        self.allowance.forgive()
