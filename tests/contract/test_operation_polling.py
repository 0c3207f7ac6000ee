"""Polling: the operation of an accepted delete can be fetched, moves forward and ends."""

from __future__ import annotations

import pytest

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.patient_client import PatientClient

RULES = ("OP-FETCH", "OP-BODY", "OP-ID", "OP-RELATED", "OP-TIMESTAMPS", "OP-STATUS-ORDER")


@pytest.mark.requirement(*RULES, "OP-TERMINATES", "OP-COMPLETES")
@pytest.mark.parametrize("keyed", [pytest.param(True, id="key"), pytest.param(False, id="no-key")])
def test_operation_completes(deletes: Deletes, keyed: bool) -> None:
    """The operation of a delete ends COMPLETED."""
    operations = deletes.accept_new(keyed=keyed)

    deletes.complete(operations)


@pytest.mark.extended
@pytest.mark.requirement(*RULES, "OP-TERMINATES")
def test_first_poll_when_retry_after_has_passed(
    patient_client: PatientClient, running: Operation
) -> None:
    """A client that first polls when Retry-After has passed finds the operation."""
    patient_client.poll(running)


@pytest.mark.extended
@pytest.mark.requirement(*RULES)
def test_concurrent_polls_agree(poller: Poller, completed: Operation) -> None:
    """Polls at one moment show the ended operation unchanged."""
    poller.poll_at_once(completed, 4)


@pytest.mark.requirement("DEL-202-LINKS-AGREE")
def test_location_leads_to_the_same_operation(poller: Poller, completed: Operation) -> None:
    """Location leads to the operation that statusUrl leads to."""
    poller.poll_other_link(completed)
