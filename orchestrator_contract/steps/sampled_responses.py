"""Responses of DELETE, sampled by status, to check under their schemas."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from functools import partial

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation

#: Most responses with each status; every other one of the run is judged by the schemas, too.
_SAMPLE = 2


class SampledResponses:
    """Samples one endpoint, each status once; the test judges content."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._size = 1 if endpoint.effort.few else _SAMPLE
        self._met: dict[int, list[Exchange]] = defaultdict(list)
        #: Why a status that was sampled has no sample, as far as that is known.
        self._why: dict[int, str] = {}
        self._deleted_twice = False
        self._target: Configuration | None = None

    def sample(self, status: int) -> list[Exchange]:
        """Responses with *status*.

        Raises:
            Inconclusive: there are none, for this reason.
        """
        if status not in self._why:
            self._why[status] = f"no response with {status} was met"
            try:
                self._provoke(status)
            except Inconclusive as error:
                self._why[status] = str(error)
        if not self._met[status]:
            raise Inconclusive(self._why[status])
        return self._met[status]

    def _provoke(self, status: int) -> None:
        fault = self._endpoint.profile.faults.get(status)
        if fault is not None:
            self._inject(status, fault)
        if status == 404:
            self._delete_unknown()
        elif status in (202, 409):
            self._delete_twice()
        elif fault is None:
            raise Inconclusive(f"needs fault.{status}")
        if status == 409 and not self._met[409]:
            raise Inconclusive("no second delete was answered 409; [faults.409] can provoke one")

    # ---------------------------------------------------------------- documented ways

    def _delete_unknown(self) -> None:
        absent = self._endpoint.absent.one()
        for _ in range(self._size):
            self._delete(absent)

    def _delete_twice(self) -> None:
        """Sample 202, and 409 where a second delete conflicts with the first."""
        if self._deleted_twice:
            return
        self._deleted_twice = True
        configuration = self._endpoint.configurations.one()
        first = self._delete(configuration)
        follow = partial(self._follow, configuration, first, self._delete(configuration))
        self._endpoint.beside.judge(follow, configuration)

    # ---------------------------------------------------------------- the profile's ways

    def _inject(self, status: int, fault: Trigger) -> None:
        if fault.burst is not None:
            self._burst(status, *fault.burst)
        elif fault.sid is not None:
            self._endpoint.ownership.allow(fault.sid)
            self._repeat(status, Configuration(fault.sid), fault)
        else:
            self._repeat(status, self._shared_target(), fault)

    def _repeat(self, status: int, target: Configuration, fault: Trigger) -> None:
        """Delete *target* until a response is not the one that was to be provoked."""
        for _ in range(self._size):
            exchange = self._delete(target, fault, provokes=status)
            if exchange.status != status:
                self._follow(target, exchange)
                self._target = None
                return

    def _burst(self, status: int, total: int, width: int) -> None:
        """Send concurrent deletes of an unknown SID until some get *status*."""
        absent = self._endpoint.absent.one()
        call = Call("delete", absent.sid, provokes=status, judge_content=False)
        request = self._endpoint.client.delete_request(absent, call=call)
        for sent in range(0, total, width):
            batch = [request] * min(width, total - sent)
            hits = [e for e in self._endpoint.client.send_together(batch) if e.status == status]
            self._met[status] += hits[: self._size]
            if hits:
                return

    def _shared_target(self) -> Configuration:
        if self._target is None:
            self._target = self._endpoint.configurations.spare()
        return self._target

    # ---------------------------------------------------------------- one delete

    def _delete(
        self,
        configuration: Configuration,
        fault: Trigger | None = None,
        *,
        provokes: int | None = None,
    ) -> Exchange:
        call = Call("delete", configuration.sid, provokes=provokes, judge_content=False)

        def send() -> Exchange:
            return self._endpoint.client.delete(
                configuration, key=self._endpoint.key(), trigger=fault, call=call
            )

        exchange = send() if provokes else past_500(send)
        self._met[exchange.status or 0].append(exchange)
        return exchange

    def _follow(self, configuration: Configuration, *exchanges: Exchange) -> None:
        """Follow accepted deletes to their end, as far as they can be followed."""
        operations: dict[str, Operation] = {}
        with contextlib.suppress(Inconclusive):
            for exchange in exchanges:
                if exchange.status == 202:
                    operation = self._endpoint.poller.accept(exchange, configuration)
                    operations[operation.id] = operation
            self._endpoint.poller.finish(list(operations.values()), early=False)
        if any(operation.status == "COMPLETED" for operation in operations.values()):
            self._endpoint.inventory.gone(configuration)
