"""Authorization: another account neither deletes nor sees a configuration."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check, secrets_of
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.unauthorized import (
    Disclosure,
    DisturbedDeletes,
    UnauthorizedCallers,
)
from orchestrator_contract.steps.updates import Updates

#: States of an operation in which others may not read it.
STATES = [
    "completed",
    *(pytest.param(one, marks=pytest.mark.extended) for one in ("running", "failed")),
]


@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
@pytest.mark.parametrize("connection", ["reused", pytest.param("new", marks=pytest.mark.extended)])
def test_delete_by_another_account_is_refused(
    unauthorized: UnauthorizedCallers,
    disclosure: Disclosure,
    target: Configuration,
    check: Check,
    connection: str,
) -> None:
    """Another account's delete is refused and discloses nothing."""
    response = unauthorized.delete("other account", target, new_connection=connection == "new")

    check.refused(response, secrets=secrets_of(target))
    disclosure.refused_like_unknown(target, response)
    check.unchanged(target, after=response, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_delete_by_another_account_in_another_region_is_refused(
    unauthorized: UnauthorizedCallers, target: Configuration, check: Check
) -> None:
    """Another account's delete is refused in another region, too."""
    elsewhere = Configuration(target.sid, scope=Scope(region=1))

    response = unauthorized.delete("other account", elsewhere)

    check.refused(response)
    check.unchanged(target, after=response)


@pytest.mark.extended
@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_updated_configuration_stays_its_owners(
    unauthorized: UnauthorizedCallers,
    updates: Updates,
    target: Configuration,
    check: Check,
    method: str,
) -> None:
    """Another account's delete of an updated configuration is refused."""
    updates.updated(target, method)
    check.shown(target)

    response = unauthorized.delete("other account", target)

    check.refused(response)
    check.unchanged(target, after=response)


@pytest.mark.extended
@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_configuration_stays_its_owners_after_failed(
    unauthorized: UnauthorizedCallers, failed: Operation, check: Check
) -> None:
    """Another account's delete is refused after the owner's has FAILED."""
    response = unauthorized.delete("other account", failed.configuration)

    check.refused(response)
    check.unchanged(failed.configuration, after=[*failed.steps, response])


@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_first_account_can_not_delete_the_second_ones(
    unauthorized: UnauthorizedCallers, target_of_other_account: Configuration, check: Check
) -> None:
    """The first account's delete of the second account's SID is refused."""
    response = unauthorized.delete("other account", target_of_other_account)

    check.refused(response)
    check.unchanged(target_of_other_account, after=response)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_running_delete_is_not_disclosed_to_another_account(
    disturbed: DisturbedDeletes, disclosure: Disclosure, check: Check
) -> None:
    """Another account neither sees nor disturbs a running delete."""
    operation, response = disturbed.disturb("other account")

    check.refused(response, secrets=operation.accepted.operation_names)
    disclosure.refused_like_unknown(operation.configuration, response)
    disturbed.judge(operation, "other account")


@pytest.mark.requirement("AUTH-OTHER-ACCOUNT", "DELETED-FETCH")
def test_deleted_configuration_is_not_disclosed_to_another_account(
    unauthorized: UnauthorizedCallers, disclosure: Disclosure, completed: Operation, check: Check
) -> None:
    """Another account's delete of a deleted SID is refused like others."""
    response = unauthorized.delete("other account", completed.configuration)

    check.refused(response)
    disclosure.refused_like_unknown(completed.configuration, response)
    check.deleted(completed)


@pytest.mark.requirement("AUTH-READ-OTHER-ACCOUNT")
def test_configuration_is_not_shown_to_another_account(
    disclosure: Disclosure, second_account: Scope, control: Configuration, check: Check
) -> None:
    """A fetch by another account shows no configuration."""
    response = disclosure.read_after_owner(
        disclosure.url_of(control, "other account"), "other account"
    )

    check.not_shown("AUTH-READ-OTHER-ACCOUNT", response, control.sid)


@pytest.mark.extended
@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_owner_sees_what_another_account_asked_for(
    disclosure: Disclosure, second_account: Scope, control: Configuration, check: Check
) -> None:
    """A configuration is shown to its owner after another account's fetch."""
    disclosure.read(disclosure.url_of(control, "other account"), "other account")

    check.exists(control)


@pytest.mark.requirement("AUTH-READ-OTHER-ACCOUNT")
@pytest.mark.parametrize("state", STATES)
def test_operation_is_not_shown_to_another_account(
    disclosure: Disclosure,
    second_account: Scope,
    request: pytest.FixtureRequest,
    check: Check,
    state: str,
) -> None:
    """Reads by another account show neither operation nor configuration in any state."""
    operation: Operation = request.getfixturevalue(state)
    polled = disclosure.read_after_owner(operation.url, "other account")
    fetched = disclosure.read(
        disclosure.url_of(operation.configuration, "other account"), "other account"
    )

    for response in (polled, fetched):
        check.not_shown("AUTH-READ-OTHER-ACCOUNT", response, operation.sid)
