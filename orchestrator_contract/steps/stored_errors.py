"""Keys that met an error, which the endpoint may store for them."""

from __future__ import annotations

from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.step import Step, Uses


class StoredErrors(Step):
    """Uses keys again after errors."""

    _faults = Uses(FaultInjection)

    def retry(self, status: int, configuration: Configuration) -> list[Operation]:
        """The retry's delete under a key that met *status*; None if stored.

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
        """A delete under a key that met a 404; None if refused."""
        key = str(self.unknown_sid_twice()[0].key)
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._completed(configuration, self._api.delete(configuration, key=key, call=call))

    def _completed(self, configuration: Configuration, exchange: Exchange) -> list[Operation]:
        operations = self._endpoint.follow(configuration, exchange)
        return [one for one in operations if one.status == "COMPLETED"]
