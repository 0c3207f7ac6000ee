"""409: a conflicting delete is refused and has no effect."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.refusals import StoredErrors


@pytest.mark.requirement("ERR-409-STATUS", "ERR-409-NO-EFFECT")
def test_conflicting_delete_has_no_effect(
    faults: FaultInjection, target: Configuration, check: Check
) -> None:
    """A delete that was answered 409 deletes nothing, at once or later."""
    conflict = faults.reject(409, target, faults.sample)

    check.unchanged_by(conflict)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH", "KEY-REPLAY-ENDED")
def test_retry_after_409_is_processed_or_returns_it_again(
    stored_errors: StoredErrors, configuration: Configuration, deletes: Deletes, check: Check
) -> None:
    """A key that met a 409 stores it, or stands for its retry's delete."""
    for operation in stored_errors.retry(409, configuration):
        check.deleted(operation)
        check.same_response(operation, deletes.repeat(operation))
