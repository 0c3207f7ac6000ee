"""Retention: days later earlier deletes are unchanged, new ones work."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.clock import DAY, Clock
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.refusals import RefusedDeletes

# ------------------------------------------------------------------ days later


@pytest.mark.clock
@pytest.mark.requirement("OP-RETAINED", "DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST")
def test_ended_operations_and_deleted_configurations_stay_so_for_days(
    several_completed: list[Operation], clock: Clock, days: Sequence[int], check: Check
) -> None:
    """Up to 6 days and 21 hours later a COMPLETED delete is as it was."""
    for seconds in days:
        clock.advance(seconds)

        check.stays_deleted(several_completed)


@pytest.mark.clock
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_configuration_that_no_delete_named_exists_days_later(
    shown_control: Configuration, clock: Clock, check: Check
) -> None:
    """Days do not delete a configuration."""
    clock.advance(3 * DAY)

    check.unchanged(shown_control)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("OP-STATUS-ORDER", "OP-TIMESTAMPS", "OP-FAILED-NO-EFFECT")
def test_failed_operation_and_its_configuration_are_unchanged_days_later(
    configuration: Configuration, failed_operations: FailedOperations, clock: Clock, check: Check
) -> None:
    """Three days later a FAILED delete is as it was, and has no effect."""
    failed = failed_operations.fail_one(configuration)

    clock.advance(3 * DAY)

    check.stays_failed(failed)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.parametrize(
    "way",
    [
        pytest.param("conflict", marks=pytest.mark.requirement("ERR-409-NO-EFFECT")),
        pytest.param("rate-limit", marks=pytest.mark.requirement("ERR-429-NO-EFFECT")),
        pytest.param("other account", marks=pytest.mark.requirement("AUTH-OTHER-ACCOUNT")),
    ],
)
def test_refused_delete_is_not_carried_out_days_later(
    configuration: Configuration,
    refused_deletes: RefusedDeletes,
    clock: Clock,
    check: Check,
    way: str,
) -> None:
    """Three days after it was refused a delete has no effect."""
    check.shown(configuration)
    steps = refused_deletes.refuse(way, configuration)

    clock.advance(3 * DAY)

    check.unchanged(configuration, after=steps)


# ------------------------------------------------------------------ the second day


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("DEL-ACCEPTED", "DEL-STATUS", "DEL-202-BODY", "DEL-202-HEADERS")
@pytest.mark.requirement("DEL-202-RELATED", "DEL-202-LINKS-AGREE", "OP-FETCH", "OP-BODY")
@pytest.mark.requirement("OP-COMPLETES", "DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST")
def test_configurations_of_both_days_are_deleted_on_the_second(
    configuration: Configuration,
    clock: Clock,
    configurations: Provisioner,
    deletes: Deletes,
    check: Check,
) -> None:
    """A configuration is deleted a day after its create, as a new one is."""
    clock.advance(DAY + HOUR)

    accepted = [deletes.accept(one) for one in (configuration, configurations.one())]

    check.stays_deleted(deletes.complete(accepted))
