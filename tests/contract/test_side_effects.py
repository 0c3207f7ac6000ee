"""Side effects: only a delete removes a configuration, its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.namesakes import Namesakes
from orchestrator_contract.steps.unknown_sids import UnknownSids
from orchestrator_contract.steps.updates import Updates

EVERYWHERE = (DEFAULT_SCOPE, Scope(account=1), Scope(region=1))
METHODS = ["PUT", pytest.param("PATCH", marks=pytest.mark.extended)]


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_delete_leaves_configurations_of_the_same_name(
    complete: Configuration, namesakes: Namesakes, deletes: Deletes, check: Check
) -> None:
    """Deleting one of several configurations of one name leaves the others."""
    others = namesakes.of(complete, EVERYWHERE)
    deleted = deletes.complete([deletes.accept(complete)])
    for other in others:
        check.unchanged(other, after=deleted[0].accepted, requirement="EFFECT-NO-OTHER")


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_delete_leaves_what_is_created_meanwhile_under_its_name(
    undisturbed: Operation, namesakes: Namesakes, deletes: Deletes, check: Check
) -> None:
    """A configuration created beside a delete of its name exists after it."""
    others = namesakes.of(undisturbed.configuration)
    deletes.complete([undisturbed])
    for other in others:
        check.unchanged(other, after=undisturbed.accepted, requirement="EFFECT-NO-OTHER")


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH", "CTRL-READ-AFTER-CREATE")
@pytest.mark.requirement("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT")
def test_create_of_the_same_name_does_not_restore(
    complete: Configuration,
    namesakes: Namesakes,
    deletes: Deletes,
    unknown_sids: UnknownSids,
    check: Check,
) -> None:
    """A create under a deleted one's name makes another, which the old SID does not delete."""
    namesakes.of(complete)
    deleted = deletes.complete([deletes.accept(complete)])
    others = namesakes.of(complete)
    for again in others:
        check.exists(again)
    check.deleted(deleted[0])
    responses = unknown_sids.delete([complete])
    check.not_found(*responses)
    for again in others:
        check.unchanged(again, after=responses, requirement="SID-UNKNOWN-NO-EFFECT")


@pytest.mark.beside
@pytest.mark.requirement("EFFECT-ONLY-BY-DELETE", "CTRL-ACCEPTED")
@pytest.mark.parametrize("method", METHODS)
def test_update_deletes_nothing(
    updates: Updates, updatable: Configuration, check: Check, method: str
) -> None:
    """An updated configuration exists, at once and later."""
    update = updates.update(updatable, method)

    updates.finish(update)
    check.unchanged(
        updatable, after=update.steps, requirement="EFFECT-ONLY-BY-DELETE", recheck=True
    )


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST", "KEY-REPLAY-ENDED")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_updated_configuration_can_be_deleted(
    updates: Updates,
    updatable: Configuration,
    deletes: Deletes,
    new_key: Callable[[], str],
    check: Check,
    method: str,
) -> None:
    """A configuration that was updated is deleted like any other."""
    update = updates.update(updatable, method)

    updates.finish(update)
    (deleted,) = deletes.complete([deletes.accept(updatable, key=new_key())])
    check.same_response(deleted, deletes.repeat(deleted))
    check.deleted(deleted)
    check.not_found_again(deleted)
    check.not_listed([deleted])


@pytest.mark.extended
@pytest.mark.requirement("EFFECT-ONLY-BY-DELETE")
def test_update_after_failed_deletes_nothing(
    updates: Updates, failed: Operation, check: Check
) -> None:
    """A configuration whose delete FAILED exists after an update."""
    updated = updates.updated(failed.configuration, "PATCH")

    check.unchanged(failed.configuration, after=updated.steps, requirement="EFFECT-ONLY-BY-DELETE")
