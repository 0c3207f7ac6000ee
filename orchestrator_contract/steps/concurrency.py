"""Requests that are sent at one moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.step import Step

#: Times that a batch is sent while 429 or 503 leaves none of it accepted.
_TRIES = 4


class _Conflict(Inconclusive):
    """All requests of a batch conflicted, so with other work."""


class ConcurrentRequests(Step):
    """Sends batches of which at least one delete must be accepted."""

    def send(self, make: Callable[[], Sequence[Request]]) -> list[Exchange]:
        """Responses to a batch of *make*, repeated while all of it conflicts.

        Raises:
            Inconclusive: none was accepted, for a reason that may pass.
        """
        for pause in CONFLICT_PAUSES_S:
            try:
                return self._send(make())
            except _Conflict:
                time.sleep(pause)
        return self._send(make())

    def send_on(
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
            return configuration, self.send(lambda: make(configuration))
        except Inconclusive:
            if not self._endpoint.ownership.doubtful(configuration.resource_key):
                raise
        other = self._endpoint.configurations.one(scope=configuration.scope)
        return other, self.send(lambda: make(other))

    def _send(self, batch: Sequence[Request]) -> list[Exchange]:
        for _ in range(_TRIES):
            responses = self._api.send_together(batch)
            statuses = {one.status for one in responses}
            if not statuses & {429, 500, 503} or statuses & {202, 500, 503, None}:
                break  # none was throttled, or one may have been carried out
            if self._api.retry.hopeless(batch[0].call.operation):
                break
        if 202 not in statuses:
            kind = _Conflict if statuses == {409} else Inconclusive
            outcomes = ", ".join(sorted({one.outcome() for one in responses}))
            raise kind(f"no concurrent request was accepted: {outcomes}")
        return responses
