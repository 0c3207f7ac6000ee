"""Polling: a delete's operation can be fetched, moves forward and ends."""

from __future__ import annotations

import time

import pytest

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes

#: The headers of a client that differs from the usual one in each.
OTHER_READER = (
    ("User-Agent", "another-client/1.0"),
    ("Accept", "application/json, */*;q=0.1"),
    ("Accept-Encoding", "identity"),
)
RULES = ("OP-FETCH", "OP-BODY", "OP-ID", "OP-RELATED", "OP-TIMESTAMPS", "OP-STATUS-ORDER")


@pytest.mark.requirement(*RULES, "OP-TERMINATES", "OP-COMPLETES")
@pytest.mark.parametrize("keyed", [pytest.param(True, id="key"), pytest.param(False, id="no-key")])
def test_operation_completes(deletes: Deletes, keyed: bool) -> None:
    """The operation of a delete ends COMPLETED."""
    operations = deletes.accept_new(keyed=keyed)

    deletes.complete_later(operations)


@pytest.mark.extended
@pytest.mark.requirement(*RULES, "OP-TERMINATES")
def test_first_poll_when_retry_after_has_passed(
    endpoint: Endpoint, poller: Poller, running: Operation
) -> None:
    """A first poll after Retry-After, or 5 s, finds the operation."""
    asked = min(asked_delay(running.accepted.headers) or 0.0, 5.0)
    endpoint.wait(running.accepted.sent + asked - time.monotonic())

    poller.poll(running)


@pytest.mark.extended
@pytest.mark.requirement(*RULES)
def test_concurrent_polls_agree(poller: Poller, completed: Operation) -> None:
    """Polls at one moment show the ended operation unchanged."""
    poller.poll_at_once(completed, 4)


@pytest.mark.extended
@pytest.mark.requirement("OP-STATUS-ORDER")
def test_no_representation_is_older(
    poller: Poller, undisturbed: Operation, deletes: Deletes
) -> None:
    """Another client sees no older status than the one that polled before."""
    poller.poll(undisturbed)
    poller.poll(undisturbed, OTHER_READER)

    deletes.complete_later([undisturbed], lambda one: poller.poll(one, OTHER_READER))


@pytest.mark.requirement("DEL-202-LINKS-AGREE")
def test_location_leads_to_the_same_operation(poller: Poller, completed: Operation) -> None:
    """Location leads to the operation that statusUrl leads to."""
    poller.poll_other_link(completed)
