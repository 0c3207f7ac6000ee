"""Deletes whose operations end FAILED, in the way that the profile gives."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.profile import Trigger
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import accepted, deletion
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: Operations that are made to fail together; tests take them in turns.
_BATCH = 2
#: Walks over the list in which a configuration must show.
_WALKS = 3


class FailedOperations(Step):
    """Makes operations fail, a batch at a time, to wait for them together."""

    _deletes = Uses(Deletes)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._ready: list[Operation] = []
        #: Seconds by which the clock had been moved when they failed.
        self._advanced = 0

    @property
    def trigger(self) -> Trigger:
        """How the profile makes an operation fail.

        Raises:
            Inconclusive: it does not.
        """
        trigger = self._endpoint.profile.operation_failure
        if trigger is None:
            raise Inconclusive("needs operation_failure")
        return trigger

    @property
    def repeatable(self) -> Trigger:
        """How the profile makes the operation of any configuration fail.

        Raises:
            Inconclusive: it does so for one SID only.
        """
        if not self.trigger.headers:
            raise Inconclusive("needs operation_failure by headers")
        return self.trigger

    def draw(self) -> Operation:
        """A keyed delete that FAILED, on an existing configuration; tests take turns.

        Raises:
            Inconclusive: none did.
        """
        if self._advanced != (advanced := self._endpoint.coordinator.advanced()):
            self._ready.clear()  # their keys may have expired
        self._ready = [one for one in self._ready if self._is_unspoiled(one)]
        if not self._ready:
            self._advanced = advanced
            self._ready = self.fail(1 if self._endpoint.effort.few else _BATCH)
        drawn = self._ready.pop(0)
        self._ready.append(drawn)
        self._endpoint.inventory.use(drawn.configuration)
        return drawn

    def _is_unspoiled(self, operation: Operation) -> bool:
        inventory, configuration = self._endpoint.inventory, operation.configuration
        spoiled = inventory.is_leaving(configuration) or inventory.is_gone(configuration)
        return not (spoiled or self._is_doubtful(operation) or self._deletes.is_withheld(operation))

    def _is_doubtful(self, operation: Operation) -> bool:
        """True if another delete of it got a 500 or 503, and may have been carried out."""
        return self._endpoint.ownership.doubtful(operation.resource_key)

    def fail(self, number: int) -> list[Operation]:
        """*number* keyed deletes that FAILED; a COMPLETED one must have deleted.

        Raises:
            Inconclusive: none failed.
        """
        trigger = self.trigger
        if trigger.sid is not None:
            self._endpoint.ownership.allow(trigger.sid)
            configurations = [Configuration(trigger.sid)]
        else:
            payloads = [] if self._endpoint.effort.few else [RICH] * number
            configurations = self._endpoint.configurations.take(number, payloads=payloads)
        return self.judged(self._endpoint.each(self.accept, configurations))

    def fail_one(self, configuration: Configuration) -> Operation:
        """A keyed delete of *configuration* that FAILED.

        Raises:
            Inconclusive: the profile does not make the operation of any configuration fail.
        """
        _ = self.repeatable
        return self.judged([self.accept(configuration)])[0]

    def judged(self, operations: list[Operation]) -> list[Operation]:
        """The *operations* that FAILED, at their end.

        Raises:
            Inconclusive: none failed, or only beside another delete that may have been carried out.
        """
        ended = self._endpoint.poller.finish(operations)
        for operation in (one for one in ended if one.status == "COMPLETED"):
            fetch = self._endpoint.client.fetch(operation.configuration)
            deletion.failed_status(self._endpoint.findings, operation, fetch)
            if fetch.status == 404:
                self._endpoint.inventory.gone(operation.configuration)
        failed = [one for one in ended if one.status == "FAILED"]
        if not failed:
            seen = ", ".join(sorted({one.status for one in operations}))
            raise Inconclusive(f"the profile's way to make an operation fail ended {seen}")
        deletion.failed_as_provoked(self._endpoint.findings)
        certain = [one for one in failed if not self._is_doubtful(one)]
        if not certain:
            raise Inconclusive("another delete got a 500 or 503, and may have been carried out")
        self._endpoint.rechecks.failed(certain)
        return certain

    def accept(self, configuration: Configuration) -> Operation:
        """A keyed delete that is to fail, accepted and not followed yet."""
        fetch = self._endpoint.client.fetch(configuration)
        if fetch.status == 200:
            configuration.shown = fetch.object
        return self._deletes.accept(configuration, key=self._endpoint.key(), trigger=self.trigger)

    # ---------------------------------------------------------------- after FAILED

    def check_listed(self, operation: Operation) -> None:
        """Check that the list holds it; one walk may miss it under changes."""
        configuration, listing = operation.configuration, self._endpoint.configurations.listing
        listed: set[str] = set()
        for _ in range(_WALKS):
            listed |= listing.sids(scope=configuration.scope)
            if configuration.sid in listed:
                break
            self._endpoint.wait(configuration.read_lag_s / 2)
        deletion.listed_after_failed(
            self._endpoint.findings, operation, listed=configuration.sid in listed
        )

    def delete_again(self, operation: Operation, *, failing: bool = False) -> list[Operation]:
        """Another delete at its end; None if the failure's cause prevents it."""
        configuration = operation.configuration
        key = None if failing else self._endpoint.key()
        trigger = self.repeatable if failing else None
        exchange = self._endpoint.client.delete(configuration, key=key, trigger=trigger)
        if not self._endpoint.is_echo(exchange):
            deletion.deletable_after_failed(self._endpoint.findings, operation, exchange)
        again = self._endpoint.follow(configuration, exchange)
        for one in again:
            accepted.own_operation_after_failed(self._endpoint.findings, operation, one)
        return again

    def second_while_failing(self, *, keyed: bool = False) -> tuple[Operation, Exchange]:
        """A FAILED delete, and the response to another while it ran, under a key or none.

        Raises:
            Inconclusive: it did not fail, or the second one may have been carried out.
        """
        _ = self.repeatable
        configuration = self._endpoint.configurations.one()
        operation = self.accept(configuration)
        key = self._endpoint.key() if keyed else None
        second = self._endpoint.client.delete(configuration, key=key, allow_no_response=True)
        self._endpoint.follow(configuration, second)
        (failed,) = self.judged([operation])
        if second.status not in (404, 409) or self._endpoint.is_echo(second):
            raise Inconclusive(f"the second delete was answered {second.outcome()}")
        return failed, second

    def retry_refused(self, failed: Operation, refused: Exchange) -> None:
        """Check that the key of a *refused* delete does not get the FAILED operation of another."""
        again = self._endpoint.client.delete(failed.configuration, key=refused.key)
        for one in self._endpoint.follow(failed.configuration, again):
            accepted.own_operation_after_failed(self._endpoint.findings, failed, one)
