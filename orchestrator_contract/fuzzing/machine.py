"""Random histories of calls against the model: a Hypothesis state machine over one target."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, seed
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.fuzzing.model import (
    DELETE,
    FETCH,
    UPDATE_GONE,
    UPDATED,
    Known,
    Model,
    State,
    Used,
)
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import idempotency
from orchestrator_contract.rules.idempotency import KEY_USED, MISMATCH

#: Most requests that shrinking one failure may cost.
SHRINK_REQUESTS = 250


class Contradiction(AssertionError):
    """The endpoint answered what no order of the calls could give."""


class OutOfBudget(Exception):
    """Shrinking has cost enough; what is known by now is reported."""


def run_histories(endpoint: Endpoint, *, clock: bool) -> None:
    """Run the machine as often as the effort says; failures land in the ledger, the shrunk one as a scenario."""
    story: list[str] = []

    class Machine(_History):
        bench = endpoint
        tell = story
        moves_clock = clock
        started = endpoint.findings.requests
        failed_at: list[int] = []  # noqa: RUF012  # one a run, on purpose shared by its instances
        over: list[Exception] = []  # noqa: RUF012

    effort = endpoint.effort
    number = endpoint.random.getrandbits(32)
    chosen = settings(
        Phase.generate,
        Phase.shrink,
        seed=number,
        max_examples=effort.model_runs,
        stateful_step_count=effort.model_steps,
    )
    try:
        run_state_machine_as_test(seed(number)(Machine), settings=chosen)
    except (Inconclusive, Contradiction, OutOfBudget):
        pass
    except Exception as error:  # Hypothesis wraps what does not repeat in errors of its own
        if type(error).__module__.split(".")[0] != "hypothesis" and not isinstance(
            error, ExceptionGroup
        ):
            raise
    if Machine.failed_at and story:
        endpoint.findings.story(Machine.failed_requirement, [*story])


class _History(RuleBasedStateMachine):
    """One history; every rule is a call of the contract."""

    bench: Endpoint
    tell: list[str]
    moves_clock: bool
    failed_at: list[int]
    #: Why no more is sent: what can't go on is not worth shrinking.
    over: list[Exception]
    failed_requirement: str = ""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.exchanges: list[Exchange] = []
        self.lines: list[str] = []
        self.before = self.bench.findings.breach_count()

    @initialize()
    def start(self) -> None:
        """Begin with two configurations."""
        self._spend()
        for configuration in self._or_over(lambda: self.bench.configurations.take(2)):
            self.model.known.append(Known(configuration))

    # ------------------------------------------------------------ rules

    @precondition(lambda self: len(self.model.known) < 4)
    @rule()
    def create(self) -> None:
        """Create one more."""
        self._spend()
        self.model.known.append(Known(self._or_over(self.bench.configurations.one)))

    @rule(pick=st.integers(0, 3), keyed=st.booleans())
    def delete(self, pick: int, keyed: bool) -> None:
        """Delete one, with a fresh key or without."""
        known = self._pick(pick)
        key = self.bench.key() if keyed else None
        exchange = self._send(
            lambda: self.bench.client.delete(known.configuration, key=key),
            f"delete {pick} key {key}",
        )
        self._took(
            known, exchange, "DELETED-DELETE" if known.state is State.GONE else "DEL-ACCEPTED", key
        )

    @precondition(lambda self: self.model.used)
    @rule(pick=st.integers(0, 7), new_connection=st.booleans())
    def replay(self, pick: int, new_connection: bool) -> None:
        """Send a keyed delete again."""
        used = self.model.used[pick % len(self.model.used)]
        must = self.model.replay(used)
        sid = used.known.configuration.sid
        exchange = self._send(
            lambda: self.bench.client.delete(
                Configuration(sid), key=used.key, new_connection=new_connection
            ),
            f"replay key {used.key}",
        )
        if exchange.status == 500:  # documented and passing
            return
        if must:
            idempotency.same_response(
                self.bench.findings,
                used.original,
                exchange,
                "KEY-TTL-MIN" if self.model.clock != used.at else "KEY-REPLAY",
            )
        elif must is False:
            old = exchange.status == 202 and bool(
                exchange.operation_names & used.original.operation_names
            )
            self._hold("KEY-TTL-MAX", not old, "a new request", "the old response")
            self.model.used.remove(used)
            self._took(used.known, exchange, "KEY-TTL-MAX", used.key)
        self._check()

    @precondition(lambda self: self.model.used)
    @rule(key=st.integers(0, 7), pick=st.integers(0, 3))
    def reuse(self, key: int, pick: int) -> None:
        """Send a used key on another SID."""
        used, known = self.model.used[key % len(self.model.used)], self._pick(pick)
        if known is used.known or self.model.replay(used) is not True:
            return
        sid = known.configuration.sid
        call = Call("delete", sid, allow=MISMATCH)
        exchange = self._send(
            lambda: self.bench.client.delete(Configuration(sid), key=used.key, call=call),
            f"reuse key {used.key} on {pick}",
        )
        same = exchange.status == 202 and bool(
            exchange.operation_names & used.original.operation_names
        )
        self._hold(
            "KEY-REUSE-OTHER-SID",
            not same,
            f"an answer of its own for {sid}",
            "the first SID's operation",
        )
        if exchange.status == 202 and not same:
            self._accept(known, exchange)
        elif exchange.status == 500 or exchange.before:
            known.left_open()
        if exchange.status not in MISMATCH and exchange.object.get("code") != KEY_USED:
            # It may have been a request of its own, and the key may belong to it now.
            self.model.used.remove(used)
        self._check()

    @rule(pick=st.integers(0, 3))
    def fetch(self, pick: int) -> None:
        """Fetch one."""
        known = self._pick(pick)
        exchange = self._send(lambda: self.bench.client.fetch(known.configuration), f"fetch {pick}")
        if (
            exchange.status == 404
            and known.state is State.PRESENT
            and (late := known.configuration.read_lag_s)
        ):
            time.sleep(late)
            exchange = self._send(
                lambda: self.bench.client.fetch(known.configuration), f"fetch {pick} once more"
            )
        if known.state is not State.UNKNOWN and exchange.status != 500:
            requirement = "DELETED-FETCH" if known.state is State.GONE else "CTRL-READ-AFTER-CREATE"
            self._hold(
                requirement,
                exchange.status in FETCH[known.state],
                _either(FETCH[known.state]),
                exchange.outcome(),
            )
        self._check()

    @rule(pick=st.integers(0, 3), patch=st.booleans())
    def update(self, pick: int, patch: bool) -> None:
        """Update one, and follow the update to its end."""
        known = self._pick(pick)
        if not known.configuration.payload:
            return
        payload = (
            {"description": "by a history"}
            if patch
            else {**known.configuration.payload, "description": "by a history"}
        )
        method = "PATCH" if patch else "PUT"
        exchange = self._send(
            lambda: self.bench.client.update(known.configuration, payload, method=method),
            f"{method} {pick}",
        )
        if exchange.status == 202:
            self._quietly(
                lambda: self.bench.poller.finish(
                    [self.bench.poller.accept(exchange, known.configuration)], early=False
                )
            )
        if known.state is State.GONE:
            back = exchange.status in UPDATED
            if exchange.status == 202:
                back = self.bench.client.fetch(known.configuration).status == 200
            self._hold("EFFECT-NO-RESTORE", not back, _either(UPDATE_GONE), exchange.outcome())
        self._check()

    @rule(pick=st.integers(0, 3))
    def poll(self, pick: int) -> None:
        """Poll one operation."""
        known = self._pick(pick)
        for operation in known.operations[-1:]:
            self._send(partial(self.bench.poller.poll, operation), f"poll of {pick}")
            if operation.done:
                known.ended()
        self._check()

    @rule(pick=st.integers(0, 3))
    def finish(self, pick: int) -> None:
        """Follow what runs to its end."""
        known = self._pick(pick)
        if known.operations:
            self.lines.append(f"wait for {pick}")
            self._quietly(lambda: self.bench.poller.finish(known.operations, early=False))
            known.ended()
            if known.state is State.GONE:
                self.bench.inventory.gone(known.configuration)
        self._check()

    @precondition(lambda self: self.moves_clock and self.model.used)
    @rule(hours=st.sampled_from((1, 23, 25)))
    def advance(self, hours: int) -> None:
        """Move the endpoint's clock."""
        self._spend()
        self.lines.append(f"the clock moves on by {hours} h")
        for known in self.model.known:
            if known.operations:
                self._quietly(lambda k=known: self.bench.poller.finish(k.operations, early=False))  # type: ignore[misc]
                known.ended()
        self._or_over(lambda: self.bench.client.advance_clock(hours * HOUR))
        self.model.clock += hours * HOUR

    # ------------------------------------------------------------ helpers

    def _pick(self, pick: int) -> Known:
        return self.model.known[pick % len(self.model.known)]

    def _or_over(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except Inconclusive as error:
            self.over.append(error)
            raise

    def _spend(self) -> None:
        if self.over:
            raise self.over[0]
        if self.failed_at and self.bench.findings.requests - self.failed_at[0] > SHRINK_REQUESTS:
            self.over.append(OutOfBudget())
            raise self.over[0]

    def _send(self, call: Callable[[], Exchange], text: str) -> Exchange:
        self._spend()
        exchange: Exchange = self._or_over(call)
        self.exchanges.append(exchange)
        self.lines.append(f"{text}: {exchange.outcome()}    {exchange.curl()}")
        return exchange

    def _quietly(self, step: Callable[[], Any]) -> None:
        try:
            step()
        except BudgetExhausted as error:
            self.over.append(error)
            raise
        except Inconclusive:
            return  # what could not be followed leaves the model not knowing

    def _took(self, known: Known, exchange: Exchange, requirement: str, key: str | None) -> None:
        if exchange.status == 500 or exchange.before:
            known.left_open()
        elif known.state is not State.UNKNOWN and (
            requirement != "KEY-TTL-MAX" or known.state is State.GONE
        ):
            allowed = DELETE[known.state]
            self._hold(
                requirement, exchange.status in allowed, _either(allowed), exchange.outcome()
            )
        if exchange.status == 202 and known.state is not State.GONE:
            self._accept(known, exchange)
            if key is not None:
                self.model.used.append(Used(key, known, exchange, self.model.clock))
        self._check()

    def _accept(self, known: Known, exchange: Exchange) -> None:
        try:
            known.accepted(self.bench.poller.accept(exchange, known.configuration))
        except Inconclusive:
            known.state = State.UNKNOWN

    def _hold(self, requirement: str, ok: bool, expected: str, seen: str) -> None:
        self.bench.findings.check(
            requirement, ok, expected=expected, seen=seen, exchanges=self.exchanges[-5:]
        )

    def _check(self) -> None:
        count, requirement = self.bench.findings.breach_count(), self.bench.findings.last_breached
        if count > self.before:
            self.before = count
            if not self.failed_at:
                self.failed_at.append(self.bench.findings.requests)
            type(self).failed_requirement = requirement
            self.tell[:] = self.lines
            raise Contradiction(requirement)

    def teardown(self) -> None:
        """Leave nothing running; the rest is cleaned up at the end of the run."""
        gone = [k.configuration for k in self.model.known if k.state is State.GONE]
        self.bench.inventory.gone(*gone)
        if not self.failed_at and not self.over:
            idle = [
                k.configuration
                for k in self.model.known
                if k.state is State.PRESENT
                and self.bench.ownership.untouched(k.configuration.resource_key)
            ]
            self.bench.configurations.give_back(*idle)


def _either(statuses: frozenset[int]) -> str:
    return " or ".join(map(str, sorted(statuses)))
