"""Responses of DELETE, sampled by status, to check under their schemas."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from functools import partial

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.step import Step, Uses

#: Most responses with each status; every other one of the run is judged by the schemas, too.
_SAMPLE = 2


class SampledResponses(Step):
    """Samples one endpoint, each status once; the test judges content."""

    _faults = Uses(FaultInjection)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._size = 1 if endpoint.effort.few else _SAMPLE
        self._met: dict[int, list[Exchange]] = defaultdict(list)
        #: Why a status that was sampled has no sample, as far as that is known.
        self._why: dict[int, str] = {}
        self._deleted_twice = False

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
        given = status in self._endpoint.profile.faults
        if given:
            self._inject(status)
        if status == 404:
            self._delete_unknown()
        elif status in (202, 409):
            self._delete_twice()
        elif not given:
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

    def _inject(self, status: int) -> None:
        target = self._endpoint.configurations.spare()
        found = self._faults.attempt(status, target, self._size)
        self._met[status] += found.hits[: self._size]
        self._follow(target, *(one for one in found.exchanges if one.call.subject == target.sid))

    # ---------------------------------------------------------------- one delete

    def _delete(self, configuration: Configuration) -> Exchange:
        call = Call("delete", configuration.sid, judge_content=False)
        key = self._endpoint.key
        exchange = past_500(lambda: self._api.delete(configuration, key=key(), call=call))
        self._met[exchange.status or 0].append(exchange)
        return exchange

    def _follow(self, configuration: Configuration, *exchanges: Exchange) -> None:
        """Follow accepted deletes to their end, as far as they can be followed."""
        with contextlib.suppress(Inconclusive):
            operations = self._endpoint.follow(configuration, *exchanges)
            if any(operation.status == "COMPLETED" for operation in operations):
                self._endpoint.inventory.gone(configuration)
