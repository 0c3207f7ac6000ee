"""Runs random histories, compared with the model; a contradiction is shrunk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import seed
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive
from orchestrator_contract.fuzzing.examples import PHASES, target_name
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.fuzzing.model import Known, Model, State
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Held

#: Most requests that shrinking one failure may cost.
SHRINK_REQUESTS = 800
#: Exchanges that are shown of a history.
_SHOWN = 5


class Contradiction(AssertionError):
    """The endpoint answered what no order of the calls could give."""


class OutOfBudget(Exception):
    """Shrinking has cost enough; what is known by now is reported."""


@dataclass
class Run:
    """The state that the histories of one run share."""

    endpoint: Endpoint
    moves_clock: bool
    #: Each failure: what was found, and the steps that led there.
    failures: list[tuple[list[Held], list[str], Exchange]] = field(default_factory=list)
    failed_at: int = 0
    #: What tells the keys of this run from another's, and every one that was generated.
    first_key: int = 0
    keys: set[str] = field(default_factory=set)
    #: Why no more is sent: what can't go on is not worth shrinking.
    over: list[Exception] = field(default_factory=list)


def run_histories(machine: type[History], endpoint: Endpoint, *, clock: bool, number: int) -> None:
    """Run *number* histories; the shortest that fails is counted."""
    shared = Run(endpoint, clock, first_key=int(endpoint.key()[:8], 16))
    folder = endpoint.settings.examples
    chosen = endpoint.random.getrandbits(32)
    sizes = {"max_examples": number, "stateful_step_count": endpoint.effort.model_steps}
    database = folder and folder / target_name(endpoint) / f"histories{'-over-days' * clock}"
    runnable = type("Machine", (machine,), {"run": shared})
    try:
        run_state_machine_as_test(
            seed(chosen)(runnable),
            settings=settings(*PHASES, seed=chosen, database=database, **sizes),
        )
    except (Inconclusive, Contradiction, OutOfBudget, HypothesisException, ExceptionGroup):
        pass  # what is found is in `failures`, also where it does not repeat
    _count(shared)


def _count(shared: Run) -> None:
    """Count the shortest failure; one server error that did not repeat passes."""
    if not shared.failures:
        return
    held, lines, last = min(shared.failures, key=lambda one: len(one[1]))
    if len(shared.failures) > 1 or (last.status is not None and last.status < 500):
        findings = shared.endpoint.findings
        for one in held:
            findings.keep(one)
            findings.story(one.requirement, lines)


class History(RuleBasedStateMachine):
    """The book of one history: what was sent, what is known, and what contradicts it."""

    run: ClassVar[Run]

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = self.run.endpoint
        self.findings = self.endpoint.findings
        self.model = Model()
        self.exchanges: list[Exchange] = []
        self.lines: list[str] = []
        self._failed = False
        self._closing = ExitStack()
        self._held = self._closing.enter_context(self.findings.held())

    def pick(self, number: int) -> Known:
        """One of the configurations."""
        return self.model.known[number % len(self.model.known)]

    def send(self, call: Callable[[], Exchange], text: str) -> Exchange:
        """Send one step of the history."""
        self.spend()
        exchange: Exchange = self.or_over(call)
        if not self.exchanges:
            self.findings.count_generated("histories")
        self.exchanges.append(exchange)
        self.lines.append(f"{text}: {exchange.outcome()}    {exchange.curl()}")
        return exchange

    def or_over(self, step: Callable[[], Any]) -> Any:
        """Do a step; when it can't be done, no other is."""
        try:
            return step()
        except Inconclusive as error:
            self.run.over.append(error)
            raise

    def spend(self) -> None:
        """End the history where nothing more may be sent."""
        run, spent = self.run, self.findings.requests - self.run.failed_at
        if run.failures and spent > SHRINK_REQUESTS:
            run.over.append(OutOfBudget())
        if run.over:
            raise run.over[0]

    def quietly(self, step: Callable[[], Any]) -> None:
        """Do a step after which the model may not know: what can't be followed ends no history."""
        try:
            step()
        except BudgetExhausted as error:
            self.run.over.append(error)
            raise
        except Inconclusive:
            return

    def allowed(self, requirement: str, statuses: frozenset[int]) -> None:
        """The last response has one of *statuses*."""
        self.findings.status(requirement, self.exchanges[-_SHOWN:], *statuses)

    def check(self) -> None:
        """End the history where a response contradicts the model.

        Raises:
            Contradiction: one does.
        """
        if not self._held:
            return
        self._failed = True
        self.run.failed_at = self.run.failed_at or self.findings.requests
        self.run.failures.append(([*self._held], [*self.lines], self.exchanges[-1]))
        raise Contradiction(self._held[-1].requirement)

    def finish(self, *known: Known) -> None:
        """Follow what runs on *known* to its end."""
        for one in known:
            self.quietly(lambda one=one: self.endpoint.poller.finish(one.operations, early=False))  # type: ignore[misc]
            one.ended()
            if one.state is State.GONE:
                self.endpoint.inventory.gone(one.configuration)

    def end(self) -> None:
        """Look at the end of a history that ran to it."""

    def teardown(self) -> None:
        """Leave nothing running; the rest is cleaned up at the end of the run."""
        try:
            if not self._failed and not self.run.over:
                self.end()
                self.check()
                untouched = self.endpoint.ownership.untouched
                idle = [
                    one.configuration
                    for one in self.model.known
                    if one.state is State.PRESENT
                    and not one.updates
                    and untouched(one.configuration.resource_key)
                ]
                self.endpoint.configurations.give_back(*idle)
            self.endpoint.inventory.let_go(*(one.configuration for one in self.model.known))
        finally:
            self._closing.close()
