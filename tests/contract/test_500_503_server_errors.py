"""500 and 503: documented, without a promise about their effect."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules.responses import matches_schema
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.refusals import StoredErrors

STATUSES = [
    pytest.param(500, marks=pytest.mark.requirement("ERR-500-STATUS"), id="500"),
    pytest.param(503, marks=pytest.mark.requirement("ERR-503-STATUS"), id="503"),
]
BODIES = [
    pytest.param(500, marks=pytest.mark.requirement("ERR-500-BODY"), id="500"),
    pytest.param(503, marks=pytest.mark.requirement("ERR-503-BODY"), id="503"),
]


@pytest.mark.parametrize("status", STATUSES)
def test_server_error_returns_its_status(
    faults: FaultInjection,
    spare: Configuration,
    status: int,
) -> None:
    """A provoked server error is answered with its documented status."""
    found = faults.provoke(status, spare, faults.sample)

    faults.observe_effect(found)


@pytest.mark.extended
@pytest.mark.parametrize("status", BODIES)
def test_server_error_of_another_scope_matches_its_schema(
    faults: FaultInjection, spare_elsewhere: Configuration, check: Check, status: int
) -> None:
    """A server error of another account or region has the documented form."""
    for response in faults.attempt_and_follow(status, spare_elsewhere).hits:
        matches_schema(check.findings, response, f"responses/{status}.body.json")


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH", "KEY-REPLAY-ENDED")
@pytest.mark.parametrize("status", [500, 503])
def test_retry_after_a_server_error_is_processed_or_returns_it_again(
    stored_errors: StoredErrors,
    configuration: Configuration,
    deletes: Deletes,
    check: Check,
    status: int,
) -> None:
    """A key that met a 5xx stores it, or stands for its retry's delete."""
    for operation in stored_errors.retry(status, configuration):
        check.deleted(operation)
        check.same_response(operation, deletes.repeat(operation))
