"""Deletes without effect: refused, or FAILED, in the profile's way."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.exceptions import CheckInconclusive, only_this_check
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers

_STATUSES = {"conflict": 409, "rate-limit": 429}
#: Deletes that meet one fault.
_FAULTS = 2


class RefusedDeletes(Step):
    """Aims deletes at configurations that must exist afterwards."""

    _faults = Uses(FaultInjection)
    _failed_operations = Uses(FailedOperations)
    _unauthorized = Uses(UnauthorizedCallers)

    def refuse(self, way: str, configuration: Configuration) -> Sequence[Exchange]:
        """Deletes refused by "conflict", "rate-limit" or "other account".

        Raises:
            CheckInconclusive: the profile does not give that way, or it did not refuse them.
        """
        with only_this_check():
            if way == "other account":
                return [self._unauthorized.as_unauthorized(way, configuration)]
            return self._by_fault(_STATUSES[way], configuration)

    def fail(self, configuration: Configuration) -> Operation:
        """A delete of *configuration* under a key, FAILED.

        Raises:
            CheckInconclusive: the profile does not make the operation of any configuration fail.
        """
        with only_this_check():
            _ = self._failed_operations.repeatable
            operation = self._failed_operations.accept(configuration)
            return self._failed_operations.judged([operation])[0]

    def _by_fault(self, status: int, configuration: Configuration) -> list[Exchange]:
        if not self._faults.by_headers(status):
            raise CheckInconclusive(f"needs fault.{status} by headers")
        found = self._faults.attempt(status, configuration, _FAULTS, key=self._endpoint.key())
        self._endpoint.follow(configuration, *found.exchanges)
        if found.accepted or not found.hits:
            raise CheckInconclusive(f"the profile's way to provoke {status} did not refuse it")
        return found.hits[-2:]
