"""In the farthest scope and on the second day the rules are the same."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.malformed import MalformedKeys, MalformedRequests
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.unknown_sids import UnknownSids

pytestmark = pytest.mark.extended


@pytest.mark.requirement("KEY-REPLAY")
def test_key_returns_the_original_response(
    running_there: Operation, deletes: Deletes, check: Check
) -> None:
    """A key replays while its delete runs."""
    again = deletes.repeat(running_there)

    check.same_response(running_there, again)


@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_key_returns_the_original_response_after_completed(
    used_there: Operation, deletes: Deletes, check: Check
) -> None:
    """A key returns its first response after COMPLETED."""
    again = deletes.repeat(used_there, connection="new")

    check.same_response(used_there, again)


@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
def test_key_on_another_sid_does_not_return_the_first_operation(
    running_there: Operation, configuration_there: Configuration, key_reuse: KeyReuse, check: Check
) -> None:
    """A reused key never returns the first operation."""
    again = key_reuse.send(running_there, configuration_there)

    check.own_operation(running_there, again, configuration_there)


@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_malformed_key_does_not_replay(
    used_there: Operation, malformed_key_requests: MalformedKeys, check: Check
) -> None:
    """A malformed key near a used one is refused or ignored."""
    for key, again in malformed_key_requests.send_near(used_there, 2):
        check.not_honoured(used_there, again, key)


@pytest.mark.requirement("SID-UNKNOWN")
def test_unknown_sid_returns_404(there: Scope, unknown_sids: UnknownSids, check: Check) -> None:
    """Deleting a SID that no configuration has returns 404."""
    responses = unknown_sids.delete_in(there)

    check.not_found(*responses)


@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_malformed_sid_is_refused(
    control_there: Configuration, malformed: MalformedRequests, check: Check
) -> None:
    """A malformed SID is refused, without effect."""
    responses = malformed.sids(malformed.near(control_there, 3), control_there.scope)

    check.unchanged(control_there, after=responses)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param("missing", marks=pytest.mark.requirement("AUTH-MISSING")),
        pytest.param("wrong", marks=pytest.mark.requirement("AUTH-WRONG")),
        pytest.param("other account", marks=pytest.mark.requirement("AUTH-OTHER-ACCOUNT")),
    ],
)
def test_unauthorized_delete_is_refused(
    control_there: Configuration, unauthorized: UnauthorizedCallers, check: Check, credentials: str
) -> None:
    """A delete without its owner's credentials is refused, without effect."""
    response = unauthorized.delete(credentials, control_there)

    check.refused(response)
    check.unchanged(control_there, after=response)
