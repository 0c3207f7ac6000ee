"""A client that polls only after Retry-After has passed."""

from __future__ import annotations

import time

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.resources.operation import Operation

#: Longest Retry-After of a 202 that is waited for, in seconds.
_LONGEST_S = 5.0


class PatientClient:
    """Polls operations for the first time when Retry-After has passed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def poll(self, operation: Operation) -> Exchange:
        """The first poll of *operation*."""
        asked = asked_delay(operation.accepted.headers) or 0.0
        passed = time.monotonic() - operation.accepted.sent
        self._endpoint.wait(min(asked, _LONGEST_S) - passed)
        return self._endpoint.poller.poll(operation)
