"""Concurrent deletes: one operation a key, one deletion a SID."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.concurrent_deletes import (
    CompetingRequests,
    ConcurrentDeletes,
    SecondDeletes,
)
from orchestrator_contract.steps.deletes import Deletes


@pytest.mark.beside
@pytest.mark.requirement("KEY-CONCURRENT", "KEY-ONE-OPERATION", "KEY-REPLAY", "HTTP-COMPLETE")
def test_one_key_at_once_starts_one_operation(
    concurrent_deletes: ConcurrentDeletes,
    configuration: Configuration,
    deletes: Deletes,
    check: Check,
    round_: int,
) -> None:
    """Concurrent deletes under one key start one operation."""
    operation = concurrent_deletes.under_one_key(configuration)

    check.same_response(operation, deletes.repeat(operation))
    deletes.complete_later(
        [operation],
        lambda one: (check.same_response(one, deletes.repeat(one)), check.deleted(one)),
    )


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-CONCURRENT", "KEY-REPLAY")
def test_one_key_at_once_in_another_scope(
    concurrent_deletes: ConcurrentDeletes,
    configuration_elsewhere: Configuration,
    deletes: Deletes,
    check: Check,
) -> None:
    """Another scope's concurrent deletes under one key start one operation."""
    operation = concurrent_deletes.under_one_key(configuration_elsewhere)

    check.same_response(operation, deletes.repeat(operation))
    deletes.later(operation)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-CONCURRENT", "KEY-REUSE-OTHER-SID", "AUTH-MISSING")
def test_key_serves_its_owner_among_competing_requests(
    competing: CompetingRequests, configuration: Configuration, deletes: Deletes
) -> None:
    """A key that others send at the same moment serves its owner."""
    race, strange, other = competing.compete(configuration)

    for operation in competing.judge(race, strange, other):
        deletes.later(operation)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_concurrent_replays_return_the_original_response(
    concurrent_deletes: ConcurrentDeletes, completed: Operation, deletes: Deletes, check: Check
) -> None:
    """Replays at one moment, and one after them, return the original response."""
    for again in concurrent_deletes.replays(completed):
        check.same_response(completed, again)

    check.same_response(completed, deletes.repeat(completed))


@pytest.mark.beside
@pytest.mark.requirement("CONC-ONE-SID", "CONC-ONE-COMPLETED", "DEL-STATUS", "HTTP-COMPLETE")
def test_one_sid_at_once_is_deleted_once(
    concurrent_deletes: ConcurrentDeletes, round_: int
) -> None:
    """Concurrent deletes of one SID get documented statuses and delete it."""
    race = concurrent_deletes.of_one_sid()

    concurrent_deletes.judge_one_sid(race)


@pytest.mark.beside
@pytest.mark.requirement(
    "CONC-OWN-RESPONSE",
    "DEL-202-RELATED",
    "DEL-202-OWN-OPERATION",
    "DEL-STATUS",
    "HTTP-COMPLETE",
    "SID-UNKNOWN",
    "KEY-REPLAY-ENDED",
)
def test_many_sids_at_once_get_their_own_responses(
    concurrent_deletes: ConcurrentDeletes, deletes: Deletes, check: Check
) -> None:
    """Concurrent deletes of many SIDs each get their own response, and so do their keys."""

    def judge(completed: Operation) -> None:
        check.completed_delete_was_carried_out("CONC-OWN-RESPONSE", completed)
        if completed.accepted.key:
            check.same_response(completed, deletes.repeat(completed))

    deletes.complete_later(concurrent_deletes.of_many_sids(), judge)


@pytest.mark.beside
@pytest.mark.requirement("CONC-ONE-SID", "CONC-ONE-COMPLETED")
@pytest.mark.parametrize(
    "keyed",
    [
        pytest.param(True, id="keys"),
        pytest.param(False, marks=pytest.mark.extended, id="no-key"),
    ],
)
def test_second_delete_leaves_the_running_one(
    second_deletes: SecondDeletes,
    deletes: Deletes,
    undisturbed: Operation,
    check: Check,
    keyed: bool,
) -> None:
    """A second delete gets a documented status; the running one completes."""
    second = second_deletes.send(undisturbed, keyed=keyed)

    last = second_deletes.judge(undisturbed, [second])
    for completed in deletes.complete([last]):
        check.completed_delete_was_carried_out("CONC-ONE-SID", completed, second)
        second_deletes.repeat_refused(completed, second)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CONC-ONE-SID", "KEY-REPLAY", "KEY-REPLAY-ENDED")
def test_refused_deletes_leave_the_running_one(
    second_deletes: SecondDeletes,
    undisturbed: Operation,
    deletes: Deletes,
    check: Check,
) -> None:
    """Refused deletes leave the running one and its key."""
    others = second_deletes.refused_ways(undisturbed)

    check.same_response(undisturbed, deletes.repeat(undisturbed))

    last = second_deletes.judge(undisturbed, others)
    for completed in deletes.complete([last]):
        check.completed_delete_was_carried_out("CONC-ONE-SID", completed, *others)
    check.same_response(undisturbed, deletes.repeat(undisturbed))
