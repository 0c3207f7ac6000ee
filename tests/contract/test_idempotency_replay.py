"""Replays: a key's second use returns the original response."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.concurrent_deletes import SecondDeletes
from orchestrator_contract.steps.delete_and_update import DeleteAndUpdate
from orchestrator_contract.steps.deletes import Deletes


@pytest.mark.requirement("KEY-ONE-OPERATION")
@pytest.mark.parametrize("connection", [pytest.param("reused", marks=pytest.mark.extended), "new"])
@pytest.mark.parametrize(
    "state",
    [
        pytest.param("running", marks=pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-BODY")),
        pytest.param(
            "completed", marks=pytest.mark.requirement("KEY-REPLAY-ENDED", "KEY-REPLAY-BODY")
        ),
        pytest.param("failed", marks=pytest.mark.requirement("KEY-REPLAY-FAILED")),
    ],
)
def test_same_key_returns_the_original_response(
    delete_in: Callable[[str], Operation],
    deletes: Deletes,
    check: Check,
    state: str,
    connection: str,
) -> None:
    """A key's second use returns the first response, and starts nothing."""
    first = delete_in(state)

    again = deletes.repeat(first, connection=connection)

    check.same_response(first, again)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-ONE-OPERATION")
@pytest.mark.parametrize("state", ["running", "completed"])
def test_every_use_of_a_key_returns_the_original_response(
    delete_in: Callable[[str], Operation], deletes: Deletes, check: Check, state: str
) -> None:
    """A key's second to sixth use return the first response."""
    first = delete_in(state)

    for use in range(5):
        again = deletes.repeat(first, connection="new" if use % 2 else "reused")
        check.same_response(first, again)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED", "KEY-REPLAY", "KEY-FORMAT-ACCEPTED")
def test_keys_return_the_original_responses_after_many_others(
    used: Operation, deletes: Deletes, many_keys: list[str], check: Check
) -> None:
    """Keys of any UUID version and variant keep their responses among many."""
    others: list[Operation] = []
    for batch in deletes.in_batches(many_keys):
        others += batch
        deletes.complete_later(batch)

    for operation, again in deletes.repeat_each([used, *others]):
        check.same_response(operation, again)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY")
def test_key_returns_the_original_response_after_a_second_delete(
    undisturbed: Operation,
    second_deletes: SecondDeletes,
    deletes: Deletes,
    check: Check,
) -> None:
    """A key replays after a second delete of its SID was sent under another."""
    second = second_deletes.send(undisturbed, keyed=True)

    check.same_response(undisturbed, deletes.repeat(undisturbed))

    deletes.complete([second_deletes.judge(undisturbed, [second])])


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_key_returns_the_original_response_after_a_late_update(
    completed: Operation, delete_and_update: DeleteAndUpdate, deletes: Deletes, check: Check
) -> None:
    """A key replays after an update of its deleted configuration was sent."""
    delete_and_update.late_updates(completed)

    again = deletes.repeat(completed)

    check.same_response(completed, again)
