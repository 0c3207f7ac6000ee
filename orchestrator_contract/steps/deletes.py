"""Deletes that tests share: completed and handed out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import (
    CheckInconclusive,
    Inconclusive,
    NothingToDelete,
    only_this_check,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.accepted_deletes import AcceptedDeletes

#: Times that a delete whose operation FAILED is sent again.
_REPEATS_AFTER_FAILED = 2
#: Deletes of the pool that are completed together, and beside the tests.
_BATCH, _PREPARED = 8, 3


class Deletes(AcceptedDeletes):
    """Deletes of one run's configurations."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        #: The newest delete that COMPLETED under a plain key, and how far the clock had been moved.
        self._newest: tuple[Operation, int] | None = None
        self._pool: list[Operation] = []
        self._pool_advanced = 0
        #: Those that are completed beside the tests.
        self._coming: list[Future[None]] = []
        self._expected_draws = 0

    # ---------------------------------------------------------------- completed

    def complete(self, operations: Sequence[Operation]) -> list[Operation]:
        """Follow deletes to their end; return COMPLETED ones or repetitions.

        Raises:
            Inconclusive: none did.
        """
        done = self._judge_ends(self.endpoint.poller.finish(operations))
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
        """Complete *operation* beside later tests, as far as it can be followed."""

        def complete() -> None:
            with contextlib.suppress(Inconclusive):
                self._judge_ends(self.endpoint.poller.finish([operation], early=False))

        test = self._accepted_in.get(operation, "")
        self.endpoint.beside.judge(complete, operation.configuration, test=test)

    def complete_later(
        self,
        operations: Sequence[Operation],
        then: Callable[[Operation], object] = lambda _: None,
    ) -> Future[None] | None:
        """Complete *operations* beside later tests, and call *then* with each COMPLETED one."""

        def complete() -> None:
            for completed in self.complete(operations):
                then(completed)

        if not operations:
            return None
        return self.endpoint.beside.judge(complete, *(one.configuration for one in operations))

    # ---------------------------------------------------------------- shared

    def expect(self, draws: int) -> None:
        """Expect so many draws, so that batches of the pool wait together."""
        self._expected_draws = draws

    def draw(self, number: int = 1) -> list[Operation]:
        """*number* COMPLETED deletes under plain keys, each given once.

        The newest one for want of configurations.

        Raises:
            Inconclusive: not one could be had.
        """
        self._expected_draws -= number
        if self._pool_advanced != self.endpoint.coordinator.advanced():
            self._pool.clear()  # their keys may have expired
        if len(self._pool) < number:
            self._fill_pool(number)
        found, self._pool = self._pool[:number], self._pool[number:]
        if not self.endpoint.effort.few:
            self._prepare()
        return found or [self.newest()]

    def _prepare(self) -> None:
        """Complete the next ones of the pool beside the tests, where that takes long."""
        self._coming = [one for one in self._coming if not one.done()]
        number = min(1 if self.endpoint.effort.few else _PREPARED, self._expected_draws)
        number -= len(self._pool) + len(self._coming)
        if self.endpoint.poller.is_slow and number > 0:
            with contextlib.suppress(Inconclusive):
                for operation in self.accept_new(number):
                    coming = self.complete_later([operation], self._pool.append)
                    self._coming += [coming] if coming is not None else []

    def draw_alone(self) -> Operation:
        """A COMPLETED delete under a plain key, given to no other test.

        Raises:
            CheckInconclusive: it could not be had.
        """
        if self._pool_advanced != self.endpoint.coordinator.advanced():
            self._pool.clear()
        with only_this_check():
            if not self._pool:
                self._fill_pool(1)
            operation = self._pool.pop(0) if self._pool else self.completed()[0]
        self._expected_draws -= 1
        self.withhold(operation)
        self._prepare()
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
        if self._coming:
            wait(self._coming)
            self._coming.clear()
            if len(self._pool) >= number:
                return
        self._pool_advanced = self.endpoint.coordinator.advanced()
        if self.endpoint.effort.few and self._newest and self._newest[1] == self._pool_advanced:
            return
        slow = self.endpoint.poller.is_slow
        batch = (
            1
            if self.endpoint.effort.few
            else max(0, min(_PREPARED if slow else _BATCH, self._expected_draws))
        )
        try:
            self._pool += self.completed(max(number, batch) - len(self._pool))
        except NothingToDelete:
            if not self._pool and not self._newest:
                raise

    def withhold(self, operation: Operation) -> None:
        """Give *operation* to no other test: its key may mean another request."""
        if self._newest and self._newest[0] is operation:
            self._newest = None

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
