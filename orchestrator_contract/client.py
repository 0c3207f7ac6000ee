"""The one client: every request of the suite goes through `Client.send`.

It keeps the budget and the pace, sends credentials to the target's origins only, refuses to change what the
run does not own, obeys Retry-After, and hands each exchange to the judge and the recorders exactly once.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from threading import Event, Lock, Semaphore, local
from typing import Any, TypeVar
from urllib.parse import urlsplit

from orchestrator_contract import __version__
from orchestrator_contract.coordinator import Coordinator, Lost
from orchestrator_contract.exchange import Call, Exchange, Redactor
from orchestrator_contract.judge import Judge
from orchestrator_contract.ownership import Ownership
from orchestrator_contract.profile import Profile, Trigger
from orchestrator_contract.progress import Steps
from orchestrator_contract.verdict import Ledger, Unverifiable
from orchestrator_contract.wire import Fault, Origin, Wire, WireError

CONTROL_PLANE = "/v2/ControlPlane"
KEY_HEADER = "Idempotency-Key"
#: Requests fetched from the shared budget at a time.
_GRANT = 16
#: Times one request is sent again after 429 or 503.
_MAX_RETRIES = 7
#: How often a request is sent that 500 answers; one 500 in 20 then passes for a lasting one in 160,000.
_TRIES_PAST_500 = 4
#: What a refusal that never went away, and a success, do to the patience with the next: where some requests are always
#: refused, waiting for each would take hours.
_LOST, _REGAINED, _LEAST_S = 0.25, 1.2, 0.05
#: Longest Retry-After that is read, in digits and as a date of HTTP.
_DELAY_DIGITS, _DATE_LENGTH = 6, 40
#: Requests under way at once, races apart.
_WIDTH = 8
_MUTATING = frozenset({"DELETE", "PUT", "PATCH", "POST"})
_T = TypeVar("_T")
_R = TypeVar("_R")


class NoAnswer(Unverifiable):
    """The endpoint gave no complete answer; the judge has it on record."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(f"{exchange.method} got no answer: {exchange.fault_text}")
        self.exchange = exchange


class Throttled(Unverifiable):
    """429 or 503 that nobody provoked never went away."""

    def __init__(self, exchange: Exchange) -> None:
        asked = exchange.headers.get("retry-after")
        hint = f" with Retry-After {asked:.40}" if asked else ""
        super().__init__(f"{exchange.status}{hint} did not go away within the limits")
        self.exchange = exchange


class Exhausted(Unverifiable):
    """A budget of the profile's [limits] is spent, or the endpoint stopped answering."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request ready to be sent, apart from budget and judge."""

    call: Call
    method: str
    #: Absolute URL; its path is sent untouched.
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    key: str | None = None
    #: Index of the account; None sends no credentials.
    account: int | None = 0
    region: int = 0


def origin_of(url: str) -> Origin | None:
    """The origin of an absolute http(s) URL; None when *url* is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        return Origin(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    except ValueError:
        return None


def _asked_delay(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks to wait, as a number or as a date (R1 10.2.3); None when it asks nothing readable."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked) if len(asked) <= _DELAY_DIGITS else float("inf")
    try:
        until = parsedate_to_datetime(asked[:_DATE_LENGTH])
        # By the endpoint's own clock, which need not agree with ours.
        now = parsedate_to_datetime(headers["date"][:_DATE_LENGTH]) if "date" in headers else datetime.now(UTC)
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass
class Client:
    """Sends requests to one target; safe for threads."""

    profile: Profile
    coordinator: Coordinator
    ledger: Ledger
    judge: Judge
    redactor: Redactor
    ownership: Ownership
    random: Random
    #: Called with every exchange, after it was judged.
    recorders: list[Callable[[Exchange], None]] = field(default_factory=list)
    #: Called before requests are sent at one moment, when nothing else in the process may hold them up.
    calm: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.wire = Wire(self.profile.timeout_s, self.profile.verify_tls)
        urls = (*self.profile.bases, *self.profile.origins)
        self.origins = frozenset(origin for origin in map(origin_of, urls) if origin)
        self._clock_origin = origin_of(self.profile.clock_url or "")
        self.steps = Steps()
        self._lock = Lock()
        # The threads live as long as the client: with xdist each holds a connection to the coordinator.
        self._pool = ThreadPoolExecutor(_WIDTH, "client")
        self._inside = local()
        self._granted = 0
        self._lost = 0.0
        self._answered = False
        #: Kinds of failure met below HTTP semantics.
        self.faults: set[Fault] = set()
        #: Seconds that a refusal of an operation may last; [limits] poll_timeout_s for those not named.
        self._patience: dict[str, float] = {}
        self.patience_lost_s = max(30.0, 6 * self.profile.timeout_s)

    # ---------------------------------------------------------------- building

    def url(self, path: str, region: int = 0) -> str:
        """The absolute URL of a path below the control plane."""
        return f"{self.profile.bases[region]}{CONTROL_PLANE}{path}"

    def outgoing(  # one keyword an aspect of a request
        self,
        call: Call,
        method: str,
        path: str,
        *,
        key: str | None = None,
        account: int | None = 0,
        region: int = 0,
        headers: Sequence[tuple[str, str]] | Mapping[str, str] = (),
        payload: Any = None,
    ) -> Outgoing:
        """A request to a path below the control plane, or to an absolute URL of the target."""
        lines = list(headers.items() if isinstance(headers, Mapping) else headers)
        if key is not None:
            lines.append((KEY_HEADER, key))
        body = None
        if payload is not None:
            body = json.dumps(payload).encode()
            lines.append(("Content-Type", "application/json"))
        url = self.url(path, region) if path.startswith("/") else path
        return Outgoing(call, method, url, tuple(lines), body, key, account, region)

    def _bytes(self, out: Outgoing) -> tuple[Origin, bytes, tuple[tuple[str, str], ...]]:
        origin = origin_of(out.url)
        tool = origin is not None and origin == self._clock_origin and out.account is None
        if origin is None or not (tool or origin in self.origins):
            raise ValueError(f"not an address of the target: {out.url[:200]!r}")
        authority, _, rest = out.url.partition("://")[2].partition("/")
        names = {name.lower() for name, _ in out.headers}
        lines = [("Host", authority), ("User-Agent", f"orchestrator-contract/{__version__}")]
        if "accept" not in names:
            lines.append(("Accept", "application/json"))
        if "accept-encoding" not in names:
            lines.append(("Accept-Encoding", "gzip, deflate"))
        shown = list(lines)
        if out.account is not None and out.account < len(self.profile.accounts):
            account = self.profile.accounts[out.account]
            token = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
            lines.append(("Authorization", f"Basic {token}"))
            shown.append(("Authorization", "***"))
        headers = [line for line in out.headers if line != ("Accept", "")]
        lines += headers
        shown += [(name, self.redactor.text(value)) for name, value in headers]
        if out.body is not None or out.method in ("POST", "PUT", "PATCH"):
            length = ("Content-Length", str(len(out.body or b"")))
            lines.append(length)
            shown.append(length)
        head = f"{out.method} /{rest} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "\r\n"
        return origin, head.encode("latin-1", "replace") + (out.body or b""), tuple(shown)

    # ---------------------------------------------------------------- sending

    def send(
        self, out: Outgoing, *, fresh: bool = False, silence: bool = False, rekey: Callable[[], str] | None = None
    ) -> Exchange:
        """Send one request, again while an unprovoked 429 or 503 asks for it, and have each answer judged.

        *fresh* uses a new connection. With *silence* an exchange without an answer is returned like others.
        *rekey* gives the key for a retry after 503; without it the key stays.

        Raises:
            NoAnswer: there was no complete answer (unless *silence*).
            Throttled: 429 or 503 did not go away.
            Exhausted: a budget is spent, or too much time was lost on an endpoint that stopped answering.
            NotOwned: the request would change something that is not the run's.
        """
        waited = 0.0
        before: tuple[int, ...] = ()
        patience = self._patience.get(out.call.operation, self.profile.limits.poll_timeout_s)
        for attempt in range(_MAX_RETRIES + 1):
            exchange = self._once(out, fresh=fresh, before=before)
            status = exchange.status
            if status is None:
                if silence:
                    return exchange
                raise NoAnswer(exchange)
            if status not in (429, 503) or status == exchange.call.provokes:
                if 200 <= status < 300:  # HTTP
                    self._hope(out.call.operation, _REGAINED)
                return exchange
            self.ledger.observe("OBS-THROTTLED", f"{status} on {exchange.call.operation}")
            delay = self.delay(exchange, attempt)
            if delay is None or waited + delay > patience:
                break
            waited += delay
            before = (*before, status)
            if status == 429:  # HTTP
                self.coordinator.throttle(delay)
            else:
                with self.steps.step(f"waiting {delay:.3g} s after a {status}"):
                    time.sleep(delay)
                if rekey is not None and out.key is not None:
                    # Whether a 503 is stored for its key is open: with a new key the retry is a new request.
                    fresh_key = rekey()
                    lines = tuple((n, fresh_key if n == KEY_HEADER else v) for n, v in out.headers)
                    out = replace(out, key=fresh_key, headers=lines)
        self._hope(out.call.operation, _LOST)
        raise Throttled(exchange)

    @staticmethod
    def past_500(request: Callable[[], Exchange]) -> Exchange:
        """The answer to *request*; after a 500, which is documented and may pass, a later try decides.

        For the calls around the delete no 5xx is ruled out, so any of them is tried again.
        """
        exchange = request()
        for _ in range(_TRIES_PAST_500 - 1):
            passing = (500,) if exchange.call.operation == "delete" else range(500, 600)
            if exchange.status not in passing:
                break
            exchange = request()
        return exchange

    def hopeless(self, operation: str) -> bool:
        """Whether refusals of *operation* have so often not gone away that another try is not worth its wait."""
        return self._patience.get(operation, self.profile.limits.poll_timeout_s) <= _LEAST_S

    def _hope(self, operation: str, factor: float) -> None:
        """Wait less for the next refusal of *operation* when one never went away, more again when all is well."""
        most = self.profile.limits.poll_timeout_s
        with self._lock:
            self._patience[operation] = min(most, max(_LEAST_S, self._patience.get(operation, most) * factor))

    def send_together(self, batch: Sequence[Outgoing]) -> list[Exchange]:
        """Send all of *batch* at one moment, each on its own connection; answers in the same order, judged."""
        prepared = [(out, *self._admit(out)) for out in batch]
        if not prepared:
            return []
        self.calm()
        with self.steps.step(f"sending {len(batch)} requests at one moment"):
            return self._send_together(prepared)

    def _send_together(self, prepared: Sequence[tuple[Outgoing, Origin, bytes, tuple[tuple[str, str], ...]]]) -> list[Exchange]:
        exchanges = [self._exchange(out, shown, ()) for out, _, _, shown in prepared]
        answers = self.wire.together(prepared[0][1], [(data, out.method) for out, _, data, _ in prepared])
        for exchange, answer in zip(exchanges, answers, strict=True):
            exchange.elapsed = time.monotonic() - exchange.sent
            if isinstance(answer, WireError):
                exchange.fault, exchange.fault_text = answer.fault, str(answer)
            else:
                exchange.answer = answer
            self._finish(exchange)
        limited = [e for e in exchanges if e.status == 429 and e.call.provokes is None]  # HTTP
        if limited:
            self.ledger.observe("OBS-THROTTLED", f"429 on {limited[0].call.operation}", len(limited))
            if all(e.status == 429 for e in exchanges):  # HTTP
                self._hope(limited[0].call.operation, _LOST)
            if not self.hopeless(limited[0].call.operation):
                self.coordinator.throttle(self.delay(limited[0], 0) or 1.0)
        return exchanges

    def parallel(self, function: Callable[[_T], _R], items: Sequence[_T], width: int = _WIDTH) -> list[_R]:
        """Apply *function* to all *items*, up to *width* at a time; results in order.

        Within a call that runs in parallel already the items take their turns.
        """
        if len(items) <= 1 or width <= 1 or getattr(self._inside, "parallel", False):
            return [function(item) for item in items]
        turns, interrupted = Semaphore(width), Event()

        def take_turn(item: _T) -> _R:
            self._inside.parallel = True
            with turns:
                if interrupted.is_set():
                    raise Exhausted("the run was interrupted")
                return function(item)

        futures = [self._pool.submit(take_turn, item) for item in items]
        try:
            wait(futures)
        except BaseException:
            # What is under way still changes the endpoint, and cleaning up needs to know of it.
            interrupted.set()
            wait(futures, self.profile.timeout_s)
            raise
        return [future.result() for future in futures]

    def _admit(self, out: Outgoing) -> tuple[Origin, bytes, tuple[tuple[str, str], ...]]:
        if out.method in _MUTATING and out.call.operation != "clock":
            self.ownership.check(out.method, out.url, out.call)
        origin, data, shown = self._bytes(out)
        with self._lock:
            if self._lost > self.patience_lost_s:
                raise Exhausted("the endpoint stopped answering; the rest was not tried")
            if not self._granted:
                self._granted = self.coordinator.take_requests(_GRANT)
                if not self._granted:
                    raise Exhausted("the request budget ([limits] requests) is spent")
            self._granted -= 1
        delay = self.coordinator.pace()
        if delay > 0:
            with self.steps.step("keeping to the pace that the profile or the endpoint asks for"):
                time.sleep(min(delay, self.profile.limits.poll_timeout_s))
        return origin, data, shown

    def _exchange(self, out: Outgoing, shown: tuple[tuple[str, str], ...], before: tuple[int, ...]) -> Exchange:
        names = None
        if out.account is not None and out.account < len(self.profile.accounts):
            names = self.profile.accounts[out.account].names
        return Exchange(
            call=out.call, method=out.method, url=self.redactor.text(out.url), request_headers=shown,
            request_body=out.body, at=datetime.now(UTC), sent=time.monotonic(), key=out.key,
            account=out.account, region=out.region, before=before, credential_names=names,
        )

    def _once(self, out: Outgoing, *, fresh: bool, before: tuple[int, ...]) -> Exchange:
        origin, data, shown = self._admit(out)
        exchange = self._exchange(out, shown, before)
        with self.steps.step(f"waiting for the answer to a {out.method}"):
            self._perform(exchange, origin, data, fresh=fresh)
        exchange.elapsed = time.monotonic() - exchange.sent
        self._finish(exchange)
        return exchange

    def _perform(self, exchange: Exchange, origin: Origin, data: bytes, *, fresh: bool) -> None:
        for pause in (0.1, 0.4, 1.0, None):
            try:
                exchange.answer = self.wire.exchange(origin, data, exchange.method, fresh=fresh)
            except WireError as error:
                # A listen queue that overflows for a moment is no finding; an endpoint that is gone is.
                if error.fault is Fault.CONNECT and self._answered and pause is not None:
                    time.sleep(pause)
                    continue
                exchange.fault, exchange.fault_text = error.fault, str(error)
            break

    def _finish(self, exchange: Exchange) -> None:
        if exchange.fault is not None:
            self.faults.add(exchange.fault)
        _, named, segment = exchange.url.partition("/Configurations/")
        if exchange.method == "DELETE" and named and (exchange.status is None or not 300 <= exchange.status < 500):  # HTTP
            self.ownership.touch(segment, clear=(exchange.status or 500) < 300)
        if exchange.answer is None:
            with self._lock:
                self._lost += max(exchange.elapsed, 0.05)
        else:
            self._answered = True
            answer = exchange.answer
            answer.body = self.redactor.raw(answer.body)
            answer.headers = [(name, self.redactor.text(value)) for name, value in answer.headers]
        exchange.fault_text = self.redactor.text(exchange.fault_text)
        self.ledger.sent()
        if exchange.fault is not Fault.CONNECT or self._answered:
            self.judge.judge(exchange)
        for record in self.recorders:
            record(exchange)

    def delay(self, exchange: Exchange, attempt: int) -> float | None:
        """Seconds that the endpoint asked to wait, else backoff with jitter; None: more than the run allows."""
        asked = _asked_delay(exchange.headers)
        backoff = min(0.1 * 2.0**attempt, 5.0) * self.random.uniform(0.5, 1.0)
        if asked is not None and asked > self.profile.limits.poll_timeout_s:
            return None
        return asked or backoff

    def settle(self) -> None:
        """Return what was granted and not used, and close connections."""
        with self._lock:
            if self._granted:
                with contextlib.suppress(Lost):
                    self.coordinator.give_back_requests(self._granted)
                self._granted = 0
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.wire.close()

    def forgive(self) -> None:
        """Let cleaning up try again on an endpoint that had stopped answering."""
        self._lost = 0.0
        self._patience.clear()

    # ---------------------------------------------------------------- the calls of the contract

    def delete(  # noqa: PLR0913  # one keyword an aspect of a delete
        self,
        sid: str,
        *,
        key: str | None = None,
        account: int | None = 0,
        region: int = 0,
        headers: Sequence[tuple[str, str]] = (),
        trigger: Trigger | None = None,
        call: Call | None = None,
        fresh: bool = False,
        silence: bool = False,
        rekey: Callable[[], str] | None = None,
    ) -> Exchange:
        """DELETE one SID; *sid* stands in the path as it is."""
        lines = [*(trigger.headers.items() if trigger else ()), *headers]
        out = self.outgoing(
            call or Call("delete", sid), "DELETE", f"/Configurations/{sid}",
            key=key, account=account, region=region, headers=lines,
        )
        return self.send(out, fresh=fresh, silence=silence, rekey=rekey)

    def fetch(self, sid: str, *, account: int | None = 0, region: int = 0) -> Exchange:
        """GET one configuration."""
        return self.send(self.outgoing(Call("fetch", sid), "GET", f"/Configurations/{sid}", account=account, region=region))

    def operation(
        self, url: str, operation_id: str = "", *, account: int | None = 0, region: int = 0, of: str = "delete"
    ) -> Exchange:
        """GET an operation, that of a call *of* some kind, by its absolute URL; a fragment is not sent (R1 7.1)."""
        target = url.partition("#")[0]
        return self.send(self.outgoing(Call("operation", operation_id, of=of), "GET", target, account=account, region=region))

    def update(
        self, sid: str, payload: Any, *, method: str = "PUT", key: str | None = None, account: int = 0, region: int = 0, fresh: bool = False
    ) -> Exchange:
        """PUT or PATCH one configuration."""
        call = Call("update" if method == "PUT" else "patch", sid)
        return self.send(self.outgoing(
            call, method, f"/Configurations/{sid}", key=key, account=account, region=region, payload=payload
        ), fresh=fresh)

    def advance_clock(self, seconds: int) -> None:
        """Move the endpoint's clock forward.

        Raises:
            Unverifiable: it did not take it.
        """
        url = self.profile.clock_url
        if url is None:
            raise Unverifiable("needs clock")
        out = self.outgoing(Call("clock"), "POST", url, account=None, payload={"seconds": seconds})
        exchange = self.send(out, silence=True)
        if exchange.status is None or exchange.status >= 300:  # HTTP
            raise Unverifiable(f"the clock can't be moved: POST {url} gave {exchange.outcome()}")
        self.coordinator.advanced(seconds)

    def page(self, query: str, *, account: int | None = 0, region: int = 0) -> Exchange:
        """GET one page of the list; *query* stands in the URL as it is."""
        path = "/Configurations" + (f"?{query}" if query else "")
        return self.send(self.outgoing(Call("list"), "GET", path, account=account, region=region))
