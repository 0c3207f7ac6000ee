"""Rechecks: a right state must still be right later in the run.

Tests hand over operations and configurations. Once a set time has passed they are looked at again:
a flapping status, a refused delete that is carried out late, a deleted configuration that returns
are found so. Of COMPLETED operations a sample is rechecked; of configurations that must exist each
one. Findings are attributed to the test that asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.contract.limits import HOUR, RETAINED_S
from orchestrator_contract.effort import Effort
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.provision.holds import Holder
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.targets import Targets
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import ResourceKey

_COMPLETED, _FAILED = "completed", "failed"


@dataclass(frozen=True, slots=True)
class _Recheck:
    #: Monotonic seconds from which it may be done.
    due: float
    kind: str
    #: Seconds by which the endpoint's clock had been moved.
    advanced: int
    test: str
    look: Callable[[], object]


@dataclass(slots=True)
class _Unchanged:
    """A configuration that must exist, with requirements and evidence."""

    configuration: Configuration
    #: True if a delete of it had been answered 5xx or not at all before.
    doubtful: bool
    reasons: dict[str, list[Exchange]] = field(default_factory=dict)


class Rechecks(Holder):
    """A recheck and its time."""

    def __init__(
        self,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        targets: Targets,
        effort: Effort,
    ) -> None:
        self._api = poller.client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self._guard = self._api.ownership
        self._targets = targets
        self._effort = effort
        #: Changed under the lock: ends are judged beside the tests, too.
        self._pending: list[_Recheck] = []
        self._lock = Lock()
        self._must_exist: dict[ResourceKey, _Unchanged] = {}
        #: Configurations that existed at their recheck, too; the first one for each requirement.
        self._existed: dict[str, tuple[Configuration, list[Exchange]]] = {}
        self._first: list[Operation] = []
        self._first_advanced = 0
        self._sampled = False
        inventory.holders.append(self)

    # ---------------------------------------------------------------- handing over

    def completed(self, operations: Sequence[Operation], kind: str = _COMPLETED) -> None:
        """Recheck a sample of these COMPLETED operations of each *kind*."""
        if not self._first:
            keyed = [one for one in operations if one.accepted.key]
            self._first = [one for one in keyed if str(one.accepted.key).islower()][:3]
            self._first_advanced = self._advanced()
        for operation in operations:
            self._add(kind, partial(self._recheck_completed, operation))

    def failed(self, operations: Sequence[Operation]) -> None:
        """These FAILED and must stay so."""
        for operation in operations:
            self._add(_FAILED, partial(self._poller.poll, operation))

    def unchanged(
        self, requirement: str, configuration: Configuration, after: Sequence[Exchange]
    ) -> None:
        """Recheck that this exists, or *requirement* is breached.

        The first requirement counts, where several ask for it.
        """
        key = configuration.resource_key
        known = self._must_exist.setdefault(
            key, _Unchanged(configuration, self._guard.doubtful(key))
        )
        known.reasons.setdefault(requirement, list(after))
        self._take(lambda one: one.kind == repr(key))
        self._add(repr(key), partial(self._recheck_exists, known))

    def _add(self, kind: str, look: Callable[[], object]) -> None:
        due = time.monotonic() + self._effort.watch_s
        recheck = _Recheck(due, kind, self._advanced(), self._findings.current_test, look)
        with self._lock:
            self._pending.append(recheck)

    def _take(self, wanted: Callable[[_Recheck], bool]) -> list[_Recheck]:
        """Remove and return the pending ones that are *wanted*."""
        with self._lock:
            taken = [one for one in self._pending if wanted(one)]
            self._pending = [one for one in self._pending if one not in taken]
        return taken

    def _advanced(self) -> int:
        return self._api.coordinator.advanced()

    # ---------------------------------------------------------------- asking

    def holds(self, configuration: Configuration) -> bool:
        """True if this is still to be rechecked."""
        return configuration.resource_key in self._must_exist

    @property
    def saw_completed(self) -> bool:
        """True if a COMPLETED operation was handed over."""
        return bool(self._first) or any(one.kind == _COMPLETED for one in self._pending)

    def oldest_keys(self) -> list[Operation]:
        """The run's first COMPLETED operations under keys, until the clock was moved."""
        return self._first if self._advanced() == self._first_advanced else []

    def existed(self) -> list[tuple[str, Configuration, list[Exchange]]]:
        """One configuration per requirement that existed and was kept."""
        return [
            (requirement, configuration, steps)
            for requirement, (configuration, steps) in self._existed.items()
            if not self._deleted_on_purpose(configuration)
            and not self._guard.doubtful(configuration.resource_key)
        ]

    # ---------------------------------------------------------------- rechecking

    def release(self, by: float = math.inf) -> None:
        """Recheck configurations that are due *by* then, to free them for other tests."""
        kinds = {repr(key) for key in self._must_exist}
        self._do(self._take(lambda one: one.kind in kinds and one.due <= by))

    def settle(self) -> None:
        """Do all rechecks; wait for those not due, except COMPLETED ones.

        Of COMPLETED operations those that are due are rechecked, or some if none was.
        """
        kinds: dict[str, list[_Recheck]] = {}
        for one in self._take(lambda _: True):
            # An operation need not exist any more after 7 days.
            if self._advanced() - one.advanced <= RETAINED_S - HOUR:
                kinds.setdefault(one.kind, []).append(one)
        due = [one for one in kinds.get(_COMPLETED, ()) if one.due <= time.monotonic()]
        if due or self._sampled:
            kinds[_COMPLETED] = due
        self._sampled |= _COMPLETED in kinds
        for rechecks in filter(None, kinds.values()):
            step = -(-len(rechecks) // self._effort.watched)  # a spread sample
            self._do(rechecks[-1::-step])

    def _do(self, rechecks: Sequence[_Recheck]) -> None:
        wait = max((one.due for one in rechecks), default=0.0) - time.monotonic()
        if wait > 0:
            with self._api.steps.step("waiting until rechecks are due"):
                time.sleep(wait)
        self._api.parallel(self._do_one, rechecks)

    def _do_one(self, recheck: _Recheck) -> None:
        with self._findings.attributed_to(recheck.test):
            try:
                recheck.look()
            except Inconclusive:
                return  # the first look stands

    def _recheck_completed(self, operation: Operation) -> None:
        self._poller.poll(operation)
        fetch = self._api.fetch(operation.configuration)
        if fetch.status != 500:  # it passes, and says nothing of the configuration
            deletion.deleted_by_fetch(self._findings, operation, fetch)

    def _recheck_exists(self, known: _Unchanged) -> None:
        configuration, key = known.configuration, known.configuration.resource_key
        self._must_exist.pop(key, None)
        if self._deleted_on_purpose(configuration):
            return
        fetch = self._api.fetch(configuration)
        if fetch.status == 404 and (lag := configuration.read_lag_s):
            time.sleep(lag)
            fetch = self._api.fetch(configuration)
        if fetch.status not in (200, 404):
            return
        if fetch.status == 404 and not known.doubtful and self._guard.doubtful(key):
            return  # a delete since then was answered 500 or not at all: nothing is promised of it
        for requirement, steps in known.reasons.items():
            # Its content may have been updated on purpose since.
            if not deletion.exists(
                self._findings, requirement, configuration, steps, fetch, content=False
            ):
                self._inventory.gone(configuration)
                break
            self._existed.setdefault(requirement, (configuration, steps))

    def _deleted_on_purpose(self, configuration: Configuration) -> bool:
        deleted = self._inventory.is_gone(configuration)
        deleted |= self._inventory.is_leaving(configuration)
        return deleted or self._targets.may_be_deleted(configuration)
