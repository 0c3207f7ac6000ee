"""Deletes that tests share: completed and handed out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.accepted_deletes import AcceptedDeletes

#: Times that a delete whose operation FAILED is sent again.
_REPEATS_AFTER_FAILED = 2
#: COMPLETED deletes that tests draw from: how many are made for that, and how many are kept.
_SEVERAL, _MOST = 3, 12


class Deletes(AcceptedDeletes):
    """Deletes of one run's configurations."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._pool: list[Operation] = []
        self._drawn = set[Operation]()
        self._withheld = set[Operation]()
        self._pool_advanced = 0
        self._expected_draws = 0

    # ---------------------------------------------------------------- completed

    def complete(self, operations: Sequence[Operation]) -> list[Operation]:
        """Follow deletes to their end; return COMPLETED ones or repetitions.

        Raises:
            Inconclusive: none did.
        """
        done = self._judge_ends(self._endpoint.poller.finish(operations))
        if not done:
            raise Inconclusive("no delete was seen to end COMPLETED")
        self._put_into_pool(done)
        return done

    def _judge_ends(self, ended: Sequence[Operation]) -> list[Operation]:
        done = []
        for operation in ended:
            # Beside a delete that a 500 or 503 may have started, this one may rightly fail.
            may_fail = operation.configuration.is_bridged or self._endpoint.ownership.doubtful(
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
        self._endpoint.inventory.gone(*(one.configuration for one in done))
        self._endpoint.rechecks.completed(done)
        return done

    def in_batches(self, keys: Sequence[str]) -> Iterator[list[Operation]]:
        """Accepted deletes under *keys* under test, as many at once as there is room for.

        Raises:
            Inconclusive: not one was accepted.
        """
        size = self._endpoint.inventory.part(2) or len(keys)
        for start in range(0, len(keys), size):
            batch = keys[start : start + size]
            yield self.accept_new(len(batch), keys=batch, key_under_test=True)

    def completed(self, number: int = 1, **options: Any) -> list[Operation]:
        """COMPLETED deletes of *number* configurations, as `accept_new` sends.

        Raises:
            Inconclusive: not one completed.
        """
        return self.complete(self.accept_new(number, **options))

    def later(self, operation: Operation) -> None:
        """Complete *operation* beside later tests, as far as it can be followed."""

        def complete() -> None:
            with contextlib.suppress(Inconclusive):
                self._judge_ends(self._endpoint.poller.finish([operation], early=False))

        test = self._accepted_in.get(operation, "")
        self._endpoint.beside.judge(complete, operation.configuration, test=test)

    def complete_later(
        self,
        operations: Sequence[Operation],
        then: Callable[[Operation], object] = lambda _: None,
    ) -> None:
        """Complete *operations* beside later tests, and call *then* with each COMPLETED one."""

        def complete() -> None:
            done = self._judge_ends(self._endpoint.poller.finish(operations))
            for completed in done:
                then(completed)
            self._put_into_pool(done)
            if not done:
                raise Inconclusive("no delete was seen to end COMPLETED")

        if operations:
            self._endpoint.beside.judge(complete, *(one.configuration for one in operations))

    # ---------------------------------------------------------------- shared

    def expect(self, draws: int) -> None:
        """Expect so many draws, so that batches of the pool wait together."""
        self._expected_draws = draws

    def draw(self, number: int = 1) -> list[Operation]:
        """*number* COMPLETED deletes under plain keys, or fewer; tests take turns.

        Raises:
            Inconclusive: not one could be had.
        """
        self._fill_pool(number)
        found, self._pool = self._pool[:number], self._pool[number:]
        self._pool += found
        self._drawn.update(found)
        return found

    def draw_alone(self) -> Operation:
        """A COMPLETED delete under a plain key, given to no other test.

        Raises:
            Inconclusive: it could not be had.
        """
        self._empty_expired_pool()
        undrawn = [one for one in self._pool if one not in self._drawn]
        operation = undrawn[0] if undrawn else self.completed()[0]
        self.withhold(operation)
        return operation

    def withhold(self, operation: Operation) -> None:
        """Give *operation* to no other test: its key may mean another request."""
        self._withheld.add(operation)
        self._pool = [one for one in self._pool if one is not operation]

    def is_withheld(self, operation: Operation) -> bool:
        """True if *operation* is given to no other test."""
        return operation in self._withheld

    def _fill_pool(self, number: int) -> None:
        """Have *number* deletes in the pool, and some more where more draws are expected."""
        self._empty_expired_pool()
        several = 1 if self._endpoint.effort.few else _SEVERAL
        least = max(number, min(self._expected_draws, several))
        self._expected_draws -= number
        if len(self._pool) >= least:
            return
        try:
            self.completed(least - len(self._pool))
        except Inconclusive:
            if not self._pool:
                raise

    def _put_into_pool(self, operations: Sequence[Operation]) -> None:
        """Keep these for other tests, as far as their keys are plain and of the default scope."""
        self._empty_expired_pool()
        for operation in operations:
            key = operation.accepted.key or ""
            plain = key == key.lower() and is_well_formed_key(key)
            here = operation.accepted.scope == DEFAULT_SCOPE and operation not in self._under_test
            if plain and here and len(self._pool) < _MOST:
                self._pool.append(operation)

    def _empty_expired_pool(self) -> None:
        """Once the clock was moved, keys of the pool may have expired."""
        if self._pool_advanced != (advanced := self._endpoint.coordinator.advanced()):
            self._pool_advanced = advanced
            self._pool.clear()

    def _repeat_after_failed(self, operation: Operation) -> list[Operation]:
        """The delete, and its repetitions while it FAILED for a passing cause."""
        tries = [operation]
        while (
            tries[-1].done
            and tries[-1].status != "COMPLETED"
            and len(tries) <= _REPEATS_AFTER_FAILED
        ):
            self._endpoint.poller.poll(tries[-1])  # an end stays an end
            key = self._endpoint.key() if operation.accepted.key else None
            tries.append(self.accept(operation.configuration, key=key))
            self._endpoint.poller.finish(tries[-1:], early=False)
            ends = f"{tries[-2].status}, then {tries[-1].status or 'no end'}"
            self._findings.observe("OBS-FAILED", ends)
        return tries
