"""Authentication: deletes without valid credentials are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check, secrets_of
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.unauthorized import (
    Disclosure,
    DisturbedDeletes,
    UnauthorizedCallers,
)

MISSING_AND_WRONG = [
    pytest.param("missing", marks=pytest.mark.requirement("AUTH-MISSING")),
    pytest.param("wrong", marks=pytest.mark.requirement("AUTH-WRONG")),
]
MISSING_FIRST = ["missing", pytest.param("wrong", marks=pytest.mark.extended)]


@pytest.mark.beside
@pytest.mark.requirement("AUTH-MISSING", "AUTH-NO-DISCLOSURE", "AUTH-REFUSED-4XX")
def test_delete_without_credentials_is_refused(
    unauthorized: UnauthorizedCallers, target: Configuration, check: Check
) -> None:
    """A delete without credentials is refused and has no effect."""
    responses = unauthorized.each_without_credentials(target)

    check.refused(*responses, secrets=secrets_of(target))
    check.unchanged(target, after=responses[-2:], recheck=True)


@pytest.mark.beside
@pytest.mark.requirement("AUTH-WRONG", "AUTH-NO-DISCLOSURE", "AUTH-REFUSED-4XX")
def test_delete_with_wrong_credentials_is_refused(
    unauthorized: UnauthorizedCallers, target: Configuration, check: Check
) -> None:
    """A delete with wrong credentials is refused and has no effect."""
    responses = unauthorized.each_with_wrong_credentials(target)

    check.refused(*responses, secrets=secrets_of(target))
    check.unchanged(target, after=responses[-2:], recheck=True)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.parametrize(
    "credentials",
    [
        *MISSING_AND_WRONG,
        pytest.param("other account", marks=pytest.mark.requirement("AUTH-OTHER-ACCOUNT")),
    ],
)
def test_no_spelling_of_the_path_needs_no_credentials(
    unauthorized: UnauthorizedCallers, target: Configuration, check: Check, credentials: str
) -> None:
    """Unauthorized deletes have no effect however their path is spelled."""
    responses = unauthorized.by_other_paths(credentials, target)

    check.unchanged_while_deleting(target, responses)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("AUTH-NO-DISCLOSURE")
@pytest.mark.parametrize("credentials", ["missing", "wrong"])
def test_existing_sid_is_refused_like_an_unknown_one(
    disclosure: Disclosure,
    control: Configuration,
    absent: Configuration,
    check: Check,
    credentials: str,
) -> None:
    """The refusal of an existing SID equals that of an unknown one."""
    existing, unknown = disclosure.refusals_in_turns(credentials, control, absent)

    check.same_refusal(existing, unknown)


@pytest.mark.extended
@pytest.mark.requirement("AUTH-REFUSED-4XX")
@pytest.mark.parametrize("credentials", MISSING_AND_WRONG)
def test_every_region_authenticates(
    unauthorized: UnauthorizedCallers,
    target_in_other_region: Configuration,
    check: Check,
    credentials: str,
) -> None:
    """A delete in another region is refused like one in the first."""
    response = unauthorized.delete(credentials, target_in_other_region)

    check.refused(response)
    check.unchanged(target_in_other_region, after=response)


@pytest.mark.beside
@pytest.mark.requirement("AUTH-NO-DISCLOSURE", "KEY-REPLAY-ENDED")
@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param("missing", marks=pytest.mark.requirement("AUTH-MISSING")),
        pytest.param("wrong", marks=[pytest.mark.requirement("AUTH-WRONG"), pytest.mark.extended]),
    ],
)
def test_used_key_does_not_return_its_response_to_unauthorized_callers(
    unauthorized: UnauthorizedCallers,
    completed: Operation,
    deletes: Deletes,
    check: Check,
    credentials: str,
) -> None:
    """A used key returns its response to its owner only, and keeps it."""
    response = unauthorized.delete(credentials, completed.configuration, key=completed.accepted.key)

    check.refused(
        response, secrets=completed.accepted.operation_names, evidence=[completed.accepted]
    )
    check.same_response(completed, deletes.repeat(completed))


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DEL-ACCEPTED")
@pytest.mark.parametrize("credentials", MISSING_AND_WRONG)
def test_key_of_a_refused_caller_is_new_to_the_owner(
    unauthorized: UnauthorizedCallers,
    configuration: Configuration,
    new_key: Callable[..., str],
    deletes: Deletes,
    check: Check,
    credentials: str,
) -> None:
    """A key that an unauthorized caller has sent is accepted from its owner."""
    key = new_key()

    check.refused(unauthorized.delete(credentials, configuration, key=key))
    deletes.later(deletes.accept(configuration, key=key))


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("AUTH-MISSING", "AUTH-NO-DISCLOSURE", "KEY-REPLAY-ENDED")
def test_refused_delete_leaves_a_running_one(
    disturbed: DisturbedDeletes, deletes: Deletes, check: Check
) -> None:
    """A delete completes although an unauthorized one comes while it runs."""
    operation, response = disturbed.disturb("missing")

    check.refused(response, secrets=operation.accepted.operation_names)

    for completed in disturbed.judge(operation, "missing"):
        check.same_response(completed, deletes.repeat(completed))


@pytest.mark.requirement("AUTH-READ")
@pytest.mark.parametrize("credentials", MISSING_FIRST)
def test_configuration_is_shown_to_its_owner_only(
    disclosure: Disclosure, control: Configuration, check: Check, credentials: str
) -> None:
    """A fetch without the owner's credentials shows no configuration."""
    response = disclosure.read_after_owner(disclosure.url_of(control), credentials)

    check.not_shown("AUTH-READ", response, control.sid)


@pytest.mark.extended
@pytest.mark.requirement("AUTH-READ")
@pytest.mark.parametrize("credentials", ["missing", "wrong"])
def test_list_is_shown_to_its_owner_only(
    disclosure: Disclosure, control: Configuration, check: Check, credentials: str
) -> None:
    """A page of the list shows nothing without the owner's credentials."""
    for url in disclosure.first_pages():
        response = disclosure.read_after_owner(url, credentials)
        check.not_shown("AUTH-READ", response, control.sid)


@pytest.mark.requirement("AUTH-READ-OTHER-ACCOUNT")
@pytest.mark.parametrize(
    ("credentials", "state"),
    [
        ("missing", "completed"),
        pytest.param("wrong", "completed", marks=pytest.mark.extended),
        pytest.param("missing", "running", marks=pytest.mark.extended),
        pytest.param("wrong", "failed", marks=pytest.mark.extended),
    ],
)
def test_operation_is_shown_to_its_owner_only(
    disclosure: Disclosure,
    request: pytest.FixtureRequest,
    check: Check,
    credentials: str,
    state: str,
) -> None:
    """A poll without the owner's credentials shows no operation in any state."""
    operation: Operation = request.getfixturevalue(state)
    response = disclosure.read_after_owner(operation.url, credentials)

    check.not_shown("AUTH-READ-OTHER-ACCOUNT", response, operation.sid)


@pytest.mark.extended
@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_owner_sees_what_others_asked_for(
    disclosure: Disclosure, control: Configuration, check: Check
) -> None:
    """A configuration is shown to its owner after others have asked for it."""
    disclosure.read(disclosure.url_of(control), "missing")

    check.exists(control)
