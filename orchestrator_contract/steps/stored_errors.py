"""Keys whose first use met an error: it is open whether the error is stored for the key."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.steps.fault_injection import FaultInjection


class StoredErrors:
    """Uses keys again after errors."""

    def __init__(self, endpoint: Endpoint, faults: FaultInjection) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client
        self._faults = faults

    def retry(self, status: int, configuration: Configuration) -> list[Operation]:
        """The delete that a retry started under a key that had met *status*, COMPLETED; none if the error is stored.

        Raises:
            CheckInconclusive: the profile does not provoke *status* by headers.
        """
        if not self._faults.by_headers(status):
            raise CheckInconclusive(f"needs fault.{status} by headers")
        key = self._endpoint.key()
        first = self._faults.attempt(status, configuration, key=key).exchanges[-1]
        call = Call("delete", configuration.sid, provokes=status)
        again = self._api.delete(configuration, key=first.key, call=call)
        if first.status == status:
            stored = "stored" if again.status == status else f"not stored ({again.status})"
            self._endpoint.findings.observe("OBS-KEY-STORED", f"{status}: {stored}")
        return self._completed(configuration, again)

    def unknown_sid_twice(self) -> list[Exchange]:
        """Responses to two deletes of an unknown SID under one key."""
        absent, key = self._endpoint.absent.one(), self._endpoint.key()
        return [past_500(lambda: self._api.delete(absent, key=key)) for _ in range(2)]

    def reuse_key_of_404(self, configuration: Configuration) -> list[Operation]:
        """The delete of *configuration* under a key that had met a 404, COMPLETED; none if it was refused."""
        key = str(self.unknown_sid_twice()[0].key)
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._completed(configuration, self._api.delete(configuration, key=key, call=call))

    def _completed(self, configuration: Configuration, exchange: Exchange) -> list[Operation]:
        operations = self._endpoint.follow(configuration, exchange)
        return [one for one in operations if one.status == "COMPLETED"]
