"""After the other tests: earlier states are still right."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.final_looks import FinalLooks


@pytest.mark.run_last
@pytest.mark.requirement("OP-FETCH", "OP-STATUS-ORDER", "OP-TIMESTAMPS", "DELETED-FETCH")
def test_earlier_states_are_unchanged(final_looks: FinalLooks) -> None:
    """Rechecks find earlier states unchanged, each under its own test."""
    final_looks.recheck()


@pytest.mark.run_last
@pytest.mark.requirement("KEY-REPLAY-ENDED", "DELETED-DELETE")
def test_oldest_keys_return_their_responses(
    final_looks: FinalLooks, deletes: Deletes, check: Check
) -> None:
    """The run's first keys return their responses after all others were used."""
    for operation, again in deletes.repeat_each(final_looks.oldest_keys()):
        check.same_response(operation, again)
        check.not_found_again(operation)


@pytest.mark.run_last
@pytest.mark.requirement("KEY-MALFORMED-NO-5XX")
def test_malformed_keys_are_not_what_fails(final_looks: FinalLooks) -> None:
    """A server that fails now and then does not fail for malformed keys only."""
    final_looks.server_errors()


@pytest.mark.run_last
@pytest.mark.requirement("OP-FETCH")
def test_polls_rarely_meet_a_server_error(final_looks: FinalLooks) -> None:
    """A poll gets a 500 that passes once in a while at most."""
    final_looks.failed_polls()


@pytest.mark.run_last
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_configurations_that_no_delete_named_exist(
    final_looks: FinalLooks, newest: Configuration, check: Check
) -> None:
    """Every configuration of the run that no accepted delete named exists."""
    check.not_listed([], exist=[*final_looks.must_be_listed(), newest])

    for configuration in final_looks.must_exist_elsewhere():
        check.unchanged(configuration)


@pytest.mark.run_last
@pytest.mark.extended
@pytest.mark.requirement("DELETED-LIST", "DELETED-FETCH", "OP-COMPLETES")
def test_unneeded_configurations_are_deleted_without_a_key(
    final_looks: FinalLooks, check: Check
) -> None:
    """Unneeded configurations are deleted without a key, and stay deleted."""
    deleted = final_looks.delete_unneeded()

    check.not_listed(deleted)
    for operation in deleted[::4]:
        check.deleted(operation)
