"""Deletes that tests share: completed and handed out."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import (
    CheckInconclusive,
    Inconclusive,
    NothingToDelete,
    only_this_check,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.key_forms import uncommon_forms
from orchestrator_contract.provision.holds import Holder
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.accepted_deletes import AcceptedDeletes

#: Times that a delete whose operation FAILED is sent again.
_REPEATS_AFTER_FAILED = 2
#: Deletes of the pool that are completed together, and tests that each of them is given to.
_BATCH, _SHARED = 8, 4


class Deletes(AcceptedDeletes, Holder):
    """Deletes of one run's configurations."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        #: The newest delete that COMPLETED under a plain key, and how far the clock had been moved.
        self._newest: tuple[Operation, int] | None = None
        self._pending: list[tuple[Operation, str]] = []
        self._pool: list[Operation] = []
        self._draws = Counter[Operation]()
        self._withheld = set[Operation]()
        self._pool_advanced = 0
        self._expected_draws = 0
        endpoint.holds.register(self)

    # ---------------------------------------------------------------- completed

    def complete(self, operations: Sequence[Operation]) -> list[Operation]:
        """Follow deletes to their end; return COMPLETED ones or repetitions.

        Raises:
            Inconclusive: none did.
        """
        done = self._judge_ends(self.endpoint.poller.finish(operations))
        self.complete_pending()
        if not done:
            raise Inconclusive("no delete was seen to end COMPLETED")
        self._remember(done[0])
        return done

    def _judge_ends(self, ended: Sequence[Operation]) -> list[Operation]:
        done = []
        for operation in ended:
            # Beside a delete that a 500 or 503 may have started, this one may rightly fail.
            may_fail = operation.configuration.is_bridged or self.endpoint.ownership.doubtful(
                operation.resource_key
            )
            if operation.status != "COMPLETED" and may_fail:
                continue
            try:
                tries = self._repeat_after_failed(operation)
            except Inconclusive:
                continue
            if deletion.completes(self._findings, tries):
                done.append(tries[-1])
        self.endpoint.inventory.gone(*(one.configuration for one in done))
        self.endpoint.rechecks.completed(done)
        return done

    def completed(self, number: int = 1, **options: Any) -> list[Operation]:
        """COMPLETED deletes of *number* configurations, as `accept_new` sends.

        Raises:
            Inconclusive: not one completed.
        """
        return self.complete(self.accept_new(number, **options))

    def completed_by(self, exchange: Exchange, configuration: Configuration) -> Operation:
        """The operation that an accepted delete started, COMPLETED.

        Raises:
            CheckInconclusive: it was not accepted, or did not complete.
        """
        if exchange.status != 202:
            raise CheckInconclusive(f"a delete was answered {exchange.outcome()}")
        with only_this_check():
            return self.complete([self.endpoint.poller.accept(exchange, configuration)])[0]

    def later(self, operation: Operation) -> None:
        """Complete *operation* beside later ones, reported under its test."""
        test = self._accepted_in.get(operation, self._findings.test)
        self._pending.append((operation, test))

    def complete_pending(self) -> None:
        """Complete the deletes that were left for later, side by side."""
        pending, self._pending = self._pending, []
        self.endpoint.client.parallel(self._complete_one, pending)

    def _complete_one(self, pending: tuple[Operation, str]) -> None:
        operation, test = pending
        with self._findings.attributed_to(test), contextlib.suppress(Inconclusive):
            self._judge_ends(self.endpoint.poller.finish([operation], early=False))

    def holds(self, configuration: Configuration) -> bool:
        """Whether the delete of *configuration* is still to be followed."""
        return any(one.configuration is configuration for one, _ in self._pending)

    def release(self) -> None:
        """Complete what is left for later."""
        self.complete_pending()

    # ---------------------------------------------------------------- shared

    def expect(self, draws: int) -> None:
        """Expect so many draws, so that batches of the pool wait together."""
        self._expected_draws = draws

    def draw(self, number: int = 1) -> list[Operation]:
        """*number* COMPLETED deletes under plain keys, each given to a few tests.

        The newest one for want of configurations.

        Raises:
            Inconclusive: not one could be had.
        """
        self._fill_pool(number)
        found, self._pool = self._pool[:number], self._pool[number:]
        self._draws.update(found)
        self._pool += [one for one in found if self._draws[one] < _SHARED]
        return found or [self.newest()]

    def draw_alone(self) -> Operation:
        """A COMPLETED delete under a plain key, given to no later test.

        Raises:
            CheckInconclusive: it could not be had.
        """
        with only_this_check():
            self._fill_pool(1)
            operation = self._pool[0] if self._pool else self.completed()[0]
        self.withhold(operation)
        return operation

    def newest(self) -> Operation:
        """The newest COMPLETED delete under a plain key.

        A new one once the clock has been moved.

        Raises:
            Inconclusive: it could not be had.
        """
        if self._newest and self._newest[1] == self.endpoint.coordinator.advanced():
            return self._newest[0]
        return self.completed()[0]

    def _fill_pool(self, number: int) -> None:
        """Have *number* deletes in the pool, and more where more draws are expected."""
        few, advanced = self.endpoint.effort.few, self.endpoint.coordinator.advanced()
        if self._pool_advanced != advanced:
            self._pool.clear()  # their keys may have expired
            self._pool_advanced = advanced
        expected, self._expected_draws = self._expected_draws, self._expected_draws - number
        if len(self._pool) >= number or (few and self._newest and self._newest[1] == advanced):
            return
        batch = 1 if few else min(_BATCH, -(-expected // _SHARED))
        lacking = max(number, batch) - len(self._pool)
        keys = [] if few else uncommon_forms(self.endpoint.key, lacking)
        try:
            self._pool += self.completed(lacking, keys=keys, key_under_test=True)
        except NothingToDelete:
            if not self._pool and not self._newest:
                raise

    def withhold(self, operation: Operation) -> None:
        """Give *operation* to no other test: its key may mean another request."""
        self._withheld.add(operation)
        self._pool = [one for one in self._pool if one is not operation]
        if self._newest and self._newest[0] is operation:
            self._newest = None

    def is_withheld(self, operation: Operation) -> bool:
        """True if *operation* is given to no other test."""
        return operation in self._withheld

    def _remember(self, operation: Operation) -> None:
        key = operation.accepted.key or ""
        plain = key == key.lower() and self.endpoint.well_formed_key(key)
        if plain and operation.accepted.scope == DEFAULT_SCOPE:
            self._newest = operation, self.endpoint.coordinator.advanced()

    def _repeat_after_failed(self, operation: Operation) -> list[Operation]:
        """The delete, and its repetitions while it FAILED for a passing cause."""
        tries = [operation]
        while (
            tries[-1].done
            and tries[-1].status != "COMPLETED"
            and len(tries) <= _REPEATS_AFTER_FAILED
        ):
            self.endpoint.poller.poll(tries[-1])  # an end stays an end
            key = self.endpoint.key() if operation.accepted.key else None
            tries.append(self.accept(operation.configuration, key=key))
            self.endpoint.poller.finish(tries[-1:], early=False)
            ends = f"{tries[-2].status}, then {tries[-1].status or 'no end'}"
            self._findings.observe("OBS-FAILED", ends)
        return tries
