"""Deletes at one moment: under one key, of one SID, and of many SIDs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator_contract.check import Check
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S
from orchestrator_contract.inputs.malformed_keys import malformed_keys
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import concurrency, deletion, errors, idempotency, malformed_input
from orchestrator_contract.rules.errors import CONFLICT
from orchestrator_contract.rules.idempotency import IN_PROGRESS, MISMATCH
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.malformed import MalformedRequests
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers

#: Times that a batch is sent while 429 leaves none of it accepted.
_TRIES = 4
#: Races that follow one of which no delete COMPLETED.
_RACES_AFTER_FAILED = 2
#: Unknown SIDs that are deleted beside many others.
_UNKNOWN = 2
#: Replays that are sent at one moment.
_REPLAYS = 4


@dataclass(eq=False)
class Race:
    """Responses to concurrent deletes of one SID, with their operations."""

    configuration: Configuration
    responses: list[Exchange]
    operations: list[Operation] = field(default_factory=list)

    @property
    def accepted(self) -> list[Exchange]:
        """The 202s."""
        return [one for one in self.responses if one.status == 202]

    @property
    def steps(self) -> list[Exchange]:
        """The 202 and the newest poll of each operation."""
        return [step for one in self.operations for step in one.steps]


class ConcurrentDeletes(Step):
    """Sends deletes at one moment and judges their responses."""

    _deletes = Uses(Deletes)
    _check = Uses(Check)

    # ---------------------------------------------------------------- one key

    def under_one_key(self, configuration: Configuration) -> Operation:
        """The one operation of concurrent deletes under one key (KEY-CONCURRENT).

        Raises:
            Inconclusive: none was accepted, for a reason that may pass.
        """
        call = Call("delete", configuration.sid, allow=MISMATCH)

        def batch(one: Configuration) -> Sequence[Request]:
            request = self._api.delete_request(one, key=self._endpoint.key(), call=call)
            number = self._endpoint.effort.concurrent
            return [request] * (number if one.scope == DEFAULT_SCOPE else max(2, number // 2))

        raced, responses = self._send_on(configuration, batch)
        race = Race(raced, responses)
        self._observe("OBS-KEY-CONCURRENT", race.responses)
        idempotency.one_operation(self._findings, "KEY-CONCURRENT", race.accepted)
        return self._endpoint.poller.accept(race.accepted[0], raced)

    def replays(self, operation: Operation) -> list[Exchange]:
        """Concurrent replays of a COMPLETED delete, without those in progress."""
        first = operation.accepted
        call = Call("delete", operation.sid, allow=IN_PROGRESS)
        request = self._api.delete_request(operation.configuration, key=first.key, call=call)
        responses = self._api.send_together([request] * _REPLAYS)
        passing = (None, 429, 500, 503, *IN_PROGRESS)
        return [one for one in responses if one.status not in passing]

    # ---------------------------------------------------------------- one SID

    def of_one_sid(self) -> Race:
        """Concurrent deletes of one SID, half of them under keys of their own.

        Raises:
            Inconclusive: none was accepted.
        """
        number = self._endpoint.effort.concurrent

        def batch(one: Configuration) -> Sequence[Request]:
            return [self._api.delete_request(one, key=key) for key in self._keys(number)]

        race = Race(*self._send_on(self._endpoint.configurations.one(), batch))
        self._observe("OBS-SECOND-DELETE", race.responses, "at once: ")
        race.operations = self._distinct(race)
        return race

    def judge_one_sid(self, race: Race) -> None:
        """Check that one operation at most COMPLETED and the SID is deleted.

        A race without a COMPLETED operation is repeated.

        Raises:
            Inconclusive: none ended, a delete that was answered 5xx may be the one that was
                carried out, or deletes fail without a race, too.
        """
        self._finish(race)
        concurrency.one_operation_completes(self._findings, race.operations)
        if any(one.status == "COMPLETED" for one in race.operations):
            self._judge_deleted(race)
            return
        if self._endpoint.ownership.doubtful(race.configuration.resource_key):
            raise Inconclusive("a delete that was answered 5xx may have been carried out")
        # All may fail for a reason of their own; when that happens each time the race is it.
        steps, completed = [*race.steps], False
        for _ in range(_RACES_AFTER_FAILED):
            again = self.of_one_sid()
            self._finish(again)
            steps += again.steps
            completed = any(one.status == "COMPLETED" for one in again.operations)
            if completed:
                break
        if not completed and self._findings.observed("OBS-FAILED"):
            raise Inconclusive("deletes end FAILED without concurrent ones, too")
        concurrency.sid_deleted(self._findings, completed, "none COMPLETED, each time", steps)

    def _finish(self, race: Race) -> None:
        self._endpoint.poller.finish(race.operations, early=False)
        if not any(one.done for one in race.operations):
            raise Inconclusive("none of the operations ended within the poll limit")

    def _judge_deleted(self, race: Race) -> None:
        exists, fetch = self._check.look(race.configuration)
        ends = ", ".join(one.status for one in race.operations)
        seen = f"{ends}, fetch {fetch.outcome()}"
        steps = [*race.steps, fetch]
        concurrency.sid_deleted(self._findings, exists is not True, seen, steps)
        if exists is False:
            self._endpoint.inventory.gone(race.configuration)

    def _distinct(self, race: Race) -> list[Operation]:
        """One operation for each that the 202s name."""
        first = [
            next(one for one in race.accepted if one.operation_names & names)
            for names in idempotency.distinct_operations(race.accepted)
        ]
        accept = self._endpoint.poller.accept
        return [accept(one, race.configuration) for one in first or race.accepted[:1]]

    # ---------------------------------------------------------------- many SIDs

    def of_many_sids(self) -> list[Operation]:
        """Deletes of many SIDs at one moment, half of them under keys of their own.

        The last two are of unknown SIDs, which are not found.
        """
        number = self._endpoint.effort.concurrent * 4 // 3
        configurations = self._endpoint.configurations.take(number, least=2, sparing=True)
        named = [*configurations, *(self._endpoint.absent.one() for _ in range(_UNKNOWN))]
        responses = self._send(
            lambda: [
                self._api.delete_request(one, key=key)
                for one, key in zip(named, self._keys(len(named)), strict=True)
            ]
        )
        for exchange in responses[-_UNKNOWN:]:
            if exchange.succeeded:
                malformed_input.not_found(self._findings, exchange, responses[:1])
        pairs = zip(configurations, responses[:-_UNKNOWN], strict=True)
        accepted = [(one, exchange) for one, exchange in pairs if exchange.status == 202]
        for _, exchange in accepted:
            concurrency.own_response(self._findings, exchange)
        exchanges = [exchange for _, exchange in accepted]
        distinct = idempotency.distinct_operations(exchanges)
        concurrency.own_operations(self._findings, exchanges, len(distinct))
        return [self._endpoint.poller.accept(exchange, one) for one, exchange in accepted]

    # ---------------------------------------------------------------- batches

    def _send_on(
        self,
        configuration: Configuration,
        make: Callable[[Configuration], Sequence[Request]],
    ) -> tuple[Configuration, list[Exchange]]:
        """Responses to a batch on *configuration*, or another after a 5xx.

        A 5xx may have deleted it already.

        Raises:
            Inconclusive: none was accepted, for a reason that may pass.
        """
        try:
            return configuration, self._send(lambda: make(configuration))
        except Inconclusive:
            if not self._endpoint.ownership.doubtful(configuration.resource_key):
                raise
        other = self._endpoint.configurations.one(scope=configuration.scope)
        return other, self._send(lambda: make(other))

    def _send(self, make: Callable[[], Sequence[Request]]) -> list[Exchange]:
        """Responses to a batch of *make*, repeated while all of it conflicts.

        Raises:
            Inconclusive: none was accepted, for a reason that may pass.
        """
        for pause in (*CONFLICT_PAUSES_S, None):
            responses = self._send_past_limits(make())
            statuses = {one.status for one in responses}
            if 202 in statuses:
                break
            if statuses != {409} or pause is None:
                outcomes = ", ".join(sorted({one.outcome() for one in responses}))
                raise Inconclusive(f"no concurrent request was accepted: {outcomes}")
            time.sleep(pause)  # all conflicted, so with other work
        return responses

    def _send_past_limits(self, batch: Sequence[Request]) -> list[Exchange]:
        for _ in range(_TRIES):
            responses = self._api.send_together(batch)
            statuses = {one.status for one in responses}
            if 429 not in statuses or statuses & {202, 500, 503, None}:
                break  # none was throttled, or one may have been carried out
            if self._api.retry.hopeless(batch[0].call.operation):
                break
        return responses

    def _keys(self, number: int) -> list[str | None]:
        """For each concurrent request a new key or none, in turns."""
        return [None if index % 2 else self._endpoint.key() for index in range(number)]

    def _observe(self, observation: str, responses: Sequence[Exchange], head: str = "") -> None:
        for exchange in responses:
            self._findings.observe(observation, f"{head}{exchange.outcome()}")


class SecondDeletes(Step):
    """Deletes of a SID whose delete runs, one after the other."""

    _faults = Uses(FaultInjection)
    _malformed = Uses(MalformedRequests)

    def send(self, first: Operation, *, keyed: bool) -> Exchange:
        """The response to a second delete, under a new key or none."""
        key = self._endpoint.key() if keyed else None
        second = self._api.delete(first.configuration, key=key)
        outcome = "202, the same operation" if self._same(first, second) else str(second.status)
        self._findings.observe("OBS-SECOND-DELETE", f"one after the other: {outcome}")
        if second.status == CONFLICT:
            errors.provoked_status(self._findings, CONFLICT, second)
        return second

    def refused_ways(self, running: Operation) -> list[Exchange]:
        """Responses to deletes refused in every way that the target has."""
        exchanges: list[Exchange] = []
        for status in (409, 429):
            if self._faults.by_headers(status):
                key = self._endpoint.key()
                found = self._faults.attempt(status, running.configuration, key=key)
                exchanges += found.exchanges
        malformed = malformed_keys(self._endpoint.key(), self._endpoint.random, 1)[0]
        return [*exchanges, self._malformed.key(running.configuration, malformed)]

    def judge(self, first: Operation, others: Sequence[Exchange]) -> Operation:
        """Check that at most one operation of a SID completes; return that, or else the first.

        Where another one deletes, the first may rightly fail.
        """
        distinct = [one for one in others if one.status == 202 and not self._same(first, one)]
        operations = [self._endpoint.poller.accept(one, first.configuration) for one in distinct]
        self._endpoint.finish([first, *operations])
        concurrency.one_operation_completes(self._findings, [first, *operations])
        return next((one for one in (first, *operations) if one.status == "COMPLETED"), first)

    def repeat_refused(self, completed: Operation, second: Exchange) -> None:
        """The refused second delete's key, after the end: 404, or as stored."""
        if second.key and second.status in (404, 409):
            again = self._api.delete(completed.configuration, key=second.key)
            if again.status != 500:
                deletion.deleted_by_delete(self._findings, completed, again, also=second.status)

    @staticmethod
    def _same(first: Operation, exchange: Exchange) -> bool:
        return bool(exchange.operation_names & first.accepted.operation_names)


class CompetingRequests(Step):
    """Requests with a key at the moment at which its owner uses it first."""

    _check = Uses(Check)
    _unauthorized = Uses(UnauthorizedCallers)

    def compete(self, configuration: Configuration) -> tuple[Race, list[Exchange], Exchange]:
        """Concurrent with deletes under one key: unauthorized and other-SID ones."""
        other, key = self._endpoint.configurations.one(), self._endpoint.key()
        own_call = Call("delete", configuration.sid, allow=MISMATCH)
        own = self._api.delete_request(configuration, key=key, call=own_call)
        other_call = Call("delete", other.sid, allow=MISMATCH)
        strange = self._strange(configuration, key)
        number = self._endpoint.effort.concurrent - len(strange) - 2
        batch = [
            *[own] * number,
            self._api.delete_request(other, key=key, call=other_call),
            *strange,
            own,
        ]
        responses = self._api.send_together(batch)
        owners = [*responses[:number], responses[-1]]
        return Race(configuration, owners), responses[number + 1 : -1], responses[number]

    def judge(self, race: Race, strange: Sequence[Exchange], other: Exchange) -> list[Operation]:
        """Check that only the owner is served, and the other SID separately."""
        findings = self._endpoint.findings
        self._check.refused(*(one for one in strange if one.status and not _passes(one.status)))
        if race.accepted:
            idempotency.one_operation(findings, "KEY-CONCURRENT", race.accepted)
            idempotency.own_response(findings, "KEY-REUSE-OTHER-SID", race.accepted[0], other)
        if other.status == 202:
            named = Configuration(other.call.subject)
            with contextlib.suppress(Inconclusive):
                self._check.carried_out("KEY-REUSE-OTHER-SID", [(other, named)])
        return [self._endpoint.poller.accept(one, race.configuration) for one in race.accepted[:1]]

    def _strange(self, configuration: Configuration, key: str) -> list[Request]:
        requests = [self._unauthorized.request("missing", configuration, key=key)]
        if self._endpoint.profile.has(Scope(1, configuration.scope.region)):
            with contextlib.suppress(Inconclusive):  # its own configuration may have the SID
                requests.append(self._unauthorized.request("other account", configuration, key=key))
        return requests


def _passes(status: int) -> bool:
    """False: here no refused request is sent again."""
    return status == 429 or status >= 500
