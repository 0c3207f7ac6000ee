"""One run against one target, wired together for one process."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import clock_lock
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import Effort
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.identifiers import Identifiers
from orchestrator_contract.inputs.random_numbers import RandomNumbers
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.provision.targets import Absent, Targets
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.errors import ServerErrorRate
from orchestrator_contract.rules.listing import DeletedListRule
from orchestrator_contract.rules.responses import Judge
from orchestrator_contract.schedule import Schedule
from orchestrator_contract.steps.beside import Beside
from orchestrator_contract.steps.rechecks import Rechecks

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one process of a run."""

    profile: Profile
    effort: Effort
    seed: int
    #: Names what this run creates; the same in all its processes.
    run_id: str
    #: Tells the processes of one run apart; empty without xdist.
    worker: str = ""
    #: How many processes of the run share the room in an account.
    processes: int = 1
    #: The part of a whole run's tests that this process has.
    share: float = 1.0
    #: The folder of generated examples that failed; None: none are kept.
    examples: Path | None = None

    @property
    def process_id(self) -> str:
        """Names what this process creates."""
        return f"{self.run_id}{self.worker.removeprefix('gw')}"


class Endpoint:
    """The run as one process sees it."""

    def __init__(
        self,
        settings: Settings,
        coordinator: Coordinator,
        *,
        observers: Iterable[Callable[[Exchange], None]] = (),
        excused: Callable[[str, str], bool] = lambda _requirement, _problem: True,
    ) -> None:
        self.settings = settings
        self.profile, self.effort = settings.profile, settings.effort
        self.coordinator = coordinator
        self._begun: Counter[str] = Counter()
        self._steps: dict[Callable[[Endpoint], Any], Any] = {}
        self._making_step = RLock()
        self.random = RandomNumbers(f"{settings.seed}")
        self.identifiers = Identifiers(self.random, settings.run_id)
        self.redactor = self.profile.redactor()
        self.findings = Findings(
            catalogue.load(), self.redactor, excused, tolerated=self.profile.tolerated
        )
        self.judge = Judge(self.findings)
        self.ownership = Ownership()
        self.inventory = Inventory(coordinator, self.ownership, processes=settings.processes)
        list_rule = DeletedListRule(self.findings, self.inventory.owner)
        self.server_errors = ServerErrorRate()
        self.schedule = Schedule(self.effort, settings.share)
        #: What a slow endpoint cost; empty if it did not.
        self.lessened = ""
        self.client = Client(
            self.profile,
            coordinator,
            self.redactor,
            self.ownership,
            observers=[
                self.findings.count_request,
                self.judge,
                list_rule,
                self.server_errors,
                self.schedule,
                *observers,
            ],
            longest_s=self.effort.longest_s,
        )
        self.poller = Poller(
            self.client,
            self.findings,
            early_every=self.effort.early_every,
            polled=list_rule.polled,
        )
        self.configurations = Provisioner(
            self.poller,
            self.findings,
            self.inventory,
            settings.process_id,
            ahead=self.effort.ahead,
        )
        self.absent = Absent(self.client, self.identifiers)
        self.targets = Targets(self.configurations, share_control=self.effort.few)
        self.beside = Beside(
            self.poller, self.findings, self.inventory, self.random, settings.process_id
        )
        self.rechecks = Rechecks(
            self.poller, self.findings, self.inventory, self.targets, self.effort
        )

    def begin(self, test: str, to_come: float = inf) -> None:
        """Begin a test: its random numbers follow from seed and name.

        *to_come* tests are left after it.

        A test that is run again gets others, as its keys and SIDs are used.
        """
        self._begun[test] += 1
        times = self._begun[test]
        self._keep_to_the_time(to_come)
        self.random.seed(f"{self.settings.seed}/{test}{f'#{times}' if times > 1 else ''}")
        self.configurations.begin(to_come)
        self.rechecks.release(time.monotonic())

    def _keep_to_the_time(self, to_come: float) -> None:
        """Sample less from here on if the run would not end in time."""
        if late := self.schedule.late():
            self.effort = self.schedule.effort
            self.lessened = f"the last {to_come + 1:.0f} tests {late}"

    # ---------------------------------------------------------------- shared steps

    def step(self, kind: Callable[[Endpoint], _T]) -> _T:
        """The run's one step of a *kind*, made when it is first asked for."""
        with self._making_step:
            if kind not in self._steps:
                self._steps[kind] = kind(self)
            step: _T = self._steps[kind]
            return step

    def key(self, version: int = 4, variant: int | None = None) -> str:
        """A new idempotency key (`Identifiers.key`)."""
        return self.identifiers.key(version, variant)

    def finish(self, operations: Sequence[Operation]) -> None:
        """Follow *operations* to their end, as far as they can be followed."""
        with contextlib.suppress(Inconclusive):
            self.poller.finish(operations, early=False)

    def follow(self, configuration: Configuration, *exchanges: Exchange) -> list[Operation]:
        """Follow the accepted *exchanges* on *configuration* to their end."""
        operations = [
            self.poller.accept(one, configuration) for one in exchanges if one.status == 202
        ]
        self.finish(operations)
        return operations

    def each(
        self, function: Callable[[Any], Any], items: Sequence[Any], width: int = 8
    ) -> list[Any]:
        """Apply *function* to *items* in parallel, without inconclusive ones.

        Raises:
            Inconclusive: all of them were; the first one's reason.
        """

        def attempt(item: Any) -> Any:
            try:
                return function(item)
            except Inconclusive as error:
                return error

        results = self.client.parallel(attempt, list(items), width)
        good = [result for result in results if not isinstance(result, Inconclusive)]
        if results and not good:
            raise results[0]
        return good

    def is_echo(self, exchange: Exchange) -> bool:
        """True if a 404 or 409 may be due to an earlier 500 or 503.

        Nothing is promised of a delete that was answered so.
        """
        key = (exchange.scope, exchange.call.subject)
        doubtful = any(status in (500, 503) for status in exchange.before)
        return exchange.status in (404, 409) and (doubtful or self.ownership.doubtful(key))

    # ---------------------------------------------------------------- waiting

    def until(self, condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
        """True if *condition* comes to hold within *seconds*."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
        return True

    def wait(self, seconds: float) -> None:
        """Let *seconds* pass; none where they are over already.

        Steps wait here and in `until` only, so that a made-up clock in this module's place is
        theirs as well.
        """
        time.sleep(max(seconds, 0.0))

    # ---------------------------------------------------------------- the end

    def close(self) -> list[Configuration]:
        """Do the last rechecks and clean up; returns what could not be deleted."""
        with self._still_clock() as still:
            try:
                self.beside.join()
            finally:
                self.configurations.discard(keep=self.rechecks.holds)
                if still:
                    self.rechecks.settle()
                left = self.configurations.clean_up()
        self.client.settle()
        return left

    def remarks(self) -> list[str]:
        """Notes for the report on configurations that could not be had."""
        found, provisioner, room = [], self.configurations, self.inventory.bound()
        if stale := provisioner.given.stale:
            found.append(
                f"{len(stale)} SID(s) that the profile gives are not there,"
                f" such as {stale[0]:.80}: nothing was asked of them"
            )
        if room and provisioner.got < provisioner.asked:
            found.append(
                f"the account has room for {room} of the run's configurations at once:"
                f" tests that sample took {provisioner.got} of {provisioner.asked}"
            )
        return found

    @contextmanager
    def _still_clock(self) -> Iterator[bool]:
        """Keep other processes of the run from moving the endpoint's clock; false if they do."""
        clock, holder = self.coordinator.clock, self.settings.worker
        entered = clock_lock.enter(clock, holder, alone=False)
        try:
            yield entered
        finally:
            if entered:
                clock.leave(holder, alone=False)

    def requirements_lacking(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The *ids* that this target can't verify, with the missing capabilities."""
        known = self.findings.catalogue.requirements
        return {one: lacking for one in ids if (lacking := self.profile.lacks(known[one].needs))}
