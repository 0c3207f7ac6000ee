"""Deletes beside reads, updates and creates: as in a sequential order."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.delete_and_update import DeleteAndUpdate
from orchestrator_contract.steps.deletes import Deletes


@pytest.mark.beside
@pytest.mark.requirement("CONC-LINEARIZABLE", "CTRL-PAGE", "DELETED-FETCH", "DELETED-LIST")
def test_reads_and_updates_beside_a_delete(delete_and_update: DeleteAndUpdate, mix: int) -> None:
    """Reads and updates at one moment with a delete end with it deleted."""
    sent = delete_and_update.mix()

    delete_and_update.judge_reads(sent)
    delete_and_update.judge_deleted_before(sent)
    delete_and_update.judge_end(sent)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CONC-LINEARIZABLE")
def test_update_after_the_202_of_a_delete(delete_and_update: DeleteAndUpdate) -> None:
    """An update after the delete's 202 does not keep the configuration."""
    mix = delete_and_update.mix()
    delete_and_update.update_after_202(mix)

    delete_and_update.judge_end(mix)


@pytest.mark.beside(always=True)
@pytest.mark.extended
@pytest.mark.requirement("CONC-LINEARIZABLE")
def test_reads_beside_a_delete_show_its_neighbours(delete_and_update: DeleteAndUpdate) -> None:
    """Reads at one moment with a delete show the configurations beside it."""
    trio = delete_and_update.adjacent()

    mix = delete_and_update.settled_mix(trio)
    delete_and_update.judge_reads(mix)
    delete_and_update.judge_end(mix)


@pytest.mark.beside
@pytest.mark.requirement("CONC-LINEARIZABLE", "KEY-REUSE-OTHER-CALL")
@pytest.mark.parametrize(
    ("method", "under_its_key"),
    [
        pytest.param("PUT", False, id="PUT"),
        pytest.param("PATCH", False, marks=pytest.mark.extended, id="PATCH"),
        pytest.param("PATCH", True, marks=pytest.mark.extended, id="PATCH-its-key"),
    ],
)
def test_delete_while_an_update_runs(
    delete_and_update: DeleteAndUpdate,
    complete: Configuration,
    method: str,
    under_its_key: bool,
) -> None:
    """A delete while an update runs is refused and does nothing, or deletes."""
    update, delete = delete_and_update.delete_while_updating(
        complete, method, under_its_key=under_its_key
    )

    delete_and_update.judge_delete_while_updating(complete, update, delete)


@pytest.mark.requirement("EFFECT-NO-RESTORE")
def test_late_update_does_not_restore(
    delete_and_update: DeleteAndUpdate, completed: Operation
) -> None:
    """No update after COMPLETED restores the configuration."""
    updates = delete_and_update.late_updates(completed)

    delete_and_update.judge_not_restored(completed, updates)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CONC-OWN-RESPONSE", "DEL-202-RELATED")
@pytest.mark.parametrize("at_once", [False, True], ids=["right-after", "at-once"])
def test_delete_beside_a_create(
    delete_and_update: DeleteAndUpdate,
    configuration: Configuration,
    deletes: Deletes,
    at_once: bool,
) -> None:
    """A delete beside a create gets its own response, and so does the create."""
    created, delete = delete_and_update.delete_beside_create(configuration, at_once=at_once)
    for operation in delete_and_update.judge_beside_create(created, delete, configuration):
        deletes.later(operation)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH", "DELETED-LIST")
def test_configuration_that_is_deleted_while_created_is_gone(
    delete_and_update: DeleteAndUpdate, check: Check
) -> None:
    """A delete that is accepted while the create runs deletes what it makes."""
    for operation in delete_and_update.delete_while_creating():
        check.deleted(operation)
        check.not_listed([operation])


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-CALL")
def test_key_of_a_running_create_is_not_a_deletes(
    delete_and_update: DeleteAndUpdate,
    configuration: Configuration,
    deletes: Deletes,
) -> None:
    """A delete under a running create's key does not return its operation."""
    for operation in delete_and_update.delete_under_key_of_create(configuration):
        deletes.later(operation)
