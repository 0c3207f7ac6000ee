"""What a test leaves to be judged while later tests run: the end of an operation."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, as_completed
from functools import partial

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.random_numbers import RandomNumbers
from orchestrator_contract.provision.holds import Holder, Holds
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results.findings import Findings


class Beside(Holder):
    """Judges beside later tests; findings are attributed to the test that asked."""

    def __init__(
        self,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        holds: Holds,
        random: RandomNumbers,
    ) -> None:
        self._client = poller.client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self._random = random
        self._waiting: dict[Future[None], tuple[Configuration, ...]] = {}
        holds.register(self)

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
        if not (self._poller.is_slow or waits or test):
            judge()
            return None
        test, requirements = test or self._findings.current_test, self._findings.requirements
        seed = self._random.getrandbits(64)
        future = self._client.parallel.beside(partial(self._judge, judge, test, requirements, seed))
        running = {one: kept for one, kept in self._waiting.items() if not one.done()}
        self._waiting = running | {future: configurations}
        return future

    def _judge(
        self, judge: Callable[[], object], test: str, requirements: list[str], seed: int
    ) -> None:
        attributed = self._findings.attributed_to(test)
        with attributed, self._inventory.apart(), self._random.apart(seed):
            try:
                judge()
            except Inconclusive as error:
                self._findings.unverified(requirements, str(error))

    def holds(self, configuration: Configuration) -> bool:
        """True if *configuration* is still to be judged."""
        return any(configuration in kept for one, kept in self._waiting.items() if not one.done())

    def release(self) -> None:
        """Wait until there is more room, or no configuration is left to be judged."""
        held = self._inventory.holding()
        for _ in as_completed([one for one, kept in self._waiting.items() if kept]):
            if self._inventory.holding() < held:
                return

    def join(self) -> None:
        """Wait until nothing is left to be judged; raise what a judge raised."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            one.result()
