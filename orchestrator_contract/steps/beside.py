"""Runs tests, and judges the ends of operations, while later tests run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, local

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.random_numbers import RandomNumbers
from orchestrator_contract.provision.holds import Holder
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.scope import ResourceKey

#: Room with which nothing is judged beside.
_LEAST_ROOM = 3
#: Judges at once from which on a test runs in its turn, where any number of configurations fits.
_MOST = 16


@dataclass(eq=False)
class _Judged:
    """What is judged beside the tests."""

    judge: Callable[[], object] = lambda: None
    test: str = ""
    requirements: list[str] = field(default_factory=list)
    seed: int = 0
    #: The configurations that are kept for it.
    kept: frozenset[ResourceKey] = frozenset()
    #: Whether it waits for room: others that do must not wait for it.
    wants_room: bool = False


class Beside(Holder):
    """Judges beside later tests; findings are attributed to the test that asked."""

    def __init__(
        self,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        random: RandomNumbers,
        process_id: str,
    ) -> None:
        self._process_id = process_id
        self._client = poller.client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self._random = random
        self._waiting: dict[Future[None], _Judged] = {}
        self._thread, self._lock = local(), Lock()
        inventory.holders.append(self)

    def judge(
        self,
        judge: Callable[[], object],
        *configurations: Configuration,
        test: str = "",
        waits: bool = False,
    ) -> Future[None] | None:
        """Call *judge* beside later tests if operations take long or it *waits*, else now.

        Its findings are those of *test*, by default the present one; *configurations* are kept
        as long.
        """
        if not (self._poller.is_slow or waits or test) or self._is_narrow():
            judge()
            return None
        return self._begin(judge, test, {one.resource_key for one in configurations})

    def run(self, body: Callable[[], object], *, waits: bool) -> None:
        """Run the *body* of a test, beside later ones if operations take long or it *waits*.

        It keeps what the test's fixtures have taken. Where many run already it is run now, with the
        random numbers that it would have beside them.
        """
        if not (self._poller.is_slow or waits) or self._is_narrow():
            body()
            return
        running, most = sum(not one.done() for one in self._waiting), self._inventory.share()
        if waits or running < (most or _MOST):
            self._begin(body, "", self._inventory.in_use_here())
        else:
            with self._random.apart(self._random.getrandbits(64)):
                body()

    def _is_narrow(self) -> bool:
        """True if two at once would only wait for each other's configuration."""
        return 0 < self._inventory.share() < _LEAST_ROOM

    def _begin(
        self, judge: Callable[[], object], test: str, kept: set[ResourceKey]
    ) -> Future[None]:
        test, requirements = test or self._findings.current_test, self._findings.requirements
        seed = self._random.getrandbits(64)
        judged = _Judged(judge, test, requirements, seed, frozenset(kept))
        self._client.coordinator.clock.stay(self._process_id)
        future = self._client.parallel.beside(partial(self._judge, judged))
        future.add_done_callback(self._leave_clock)
        with self._lock:
            running = {one: other for one, other in self._waiting.items() if not one.done()}
            self._waiting = running | {future: judged}
        return future

    def _judge(self, judged: _Judged) -> None:
        self._thread.judged = judged
        attributed = self._findings.attributed_to(judged.test)
        with attributed, self._inventory.apart(), self._random.apart(judged.seed):
            try:
                judged.judge()
            except Inconclusive as error:
                self._findings.unverified(judged.requirements, str(error))
            finally:
                self._thread.judged = None

    def _leave_clock(self, _: Future[None]) -> None:
        with contextlib.suppress(Inconclusive):  # the controller is gone
            self._client.coordinator.clock.leave(self._process_id, alone=False)

    def holds(self, configuration: Configuration) -> bool:
        """True if *configuration* is still to be judged."""
        return any(
            configuration.resource_key in judged.kept
            for one, judged in self._waiting.items()
            if not one.done()
        )

    def release(self) -> None:
        """Wait until there is more room, or no configuration is left to be judged.

        What is judged here itself is not waited for, nor what waits here.
        """
        held, own = self._inventory.holding(), getattr(self._thread, "judged", None) or _Judged()
        with self._lock:
            own.wants_room = True
            others = [
                one
                for one, judged in self._waiting.items()
                if judged.kept and not judged.wants_room
            ]
        for _ in as_completed(others):
            if self._inventory.holding() < held:
                break
        own.wants_room = False

    def join(self) -> None:
        """Wait until nothing is left to be judged; raise what a judge raised."""
        while waiting := self._waiting:  # a judge may leave more to be judged
            self._waiting = {}
            for one in waiting:
                one.result()
