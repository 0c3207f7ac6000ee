"""After FAILED the configuration exists, unchanged, and can be deleted."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection


@pytest.mark.requirement(
    "OP-FAILED-STATUS", "OP-FAILED-NO-EFFECT", "OP-BODY", "OP-ERROR", "OP-STATUS-ORDER"
)
def test_failed_delete_has_no_effect(failed: Operation, check: Check) -> None:
    """A configuration whose delete FAILED exists as it was, at once and later."""
    check.unchanged(failed.configuration, after=failed.steps, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("OP-FAILED-NO-EFFECT")
def test_configuration_is_listed_after_failed(
    failed: Operation, failed_operations: FailedOperations
) -> None:
    """The list holds a configuration whose delete FAILED."""
    failed_operations.check_listed(failed)


@pytest.mark.extended
@pytest.mark.requirement(
    "OP-FAILED-NO-EFFECT", "DELETED-FETCH", "KEY-REPLAY-FAILED", "DEL-202-OWN-OPERATION"
)
def test_configuration_can_be_deleted_after_failed(
    failed: Operation, failed_operations: FailedOperations, deletes: Deletes, check: Check
) -> None:
    """After FAILED another delete is carried out; the first key replays."""
    for operation in failed_operations.delete_again(failed):
        check.deleted_if_completed(operation)

    check.same_response(failed, deletes.repeat(failed))


@pytest.mark.extended
@pytest.mark.requirement("OP-FAILED-NO-EFFECT")
def test_second_failed_delete_has_no_effect(
    failed: Operation, failed_operations: FailedOperations, check: Check
) -> None:
    """A second FAILED delete, without a key, leaves the configuration."""
    again = failed_operations.delete_again(failed, failing=True)

    check.unchanged_by_failed(again)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("OP-FAILED-NO-EFFECT")
def test_refused_delete_leaves_a_failing_one(
    failed_operations: FailedOperations, check: Check
) -> None:
    """A delete refused while another one fails leaves the configuration."""
    failed, second = failed_operations.second_while_failing()

    check.unchanged(failed.configuration, after=[second, *failed.steps], recheck=True)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DEL-202-OWN-OPERATION")
def test_key_refused_beside_a_failing_delete_gets_its_own_operation(
    failed_operations: FailedOperations,
) -> None:
    """A delete refused while another one fails starts an operation of its own later, if any."""
    failed, second = failed_operations.second_while_failing(keyed=True)

    failed_operations.retry_refused(failed, second)


@pytest.mark.extended
@pytest.mark.requirement("ERR-429-NO-EFFECT")
def test_rate_limited_delete_after_failed_has_no_effect(
    failed: Operation, faults: FaultInjection, check: Check
) -> None:
    """A delete that was answered 429 after FAILED leaves the configuration."""
    limited = faults.reject(429, failed.configuration)

    check.unchanged_by(limited)
