"""A key reused on another SID is refused, or starts an operation of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import KEY_LIVES_S
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.clock import Clock
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import KeyReuse


@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
@pytest.mark.parametrize(
    "state",
    [
        "running",
        pytest.param("reused", marks=pytest.mark.extended, id="completed"),
        pytest.param("failed", marks=pytest.mark.extended),
    ],
)
def test_key_on_another_sid_is_refused_or_starts_its_own_operation(
    delete_in: Callable[[str], Operation],
    other: Configuration,
    key_reuse: KeyReuse,
    check: Check,
    state: str,
) -> None:
    """A key reused on another SID never returns the first SID's operation."""
    first = delete_in(state)

    again = key_reuse.send(first, other)

    check.own_operation(first, again, other)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
def test_key_in_capitals_on_another_sid_is_refused_or_starts_its_own_operation(
    reused: Operation, other: Configuration, key_reuse: KeyReuse, check: Check
) -> None:
    """A reused key in other letter case never returns the first operation."""
    capitals = str(reused.accepted.key).upper()

    again = key_reuse.send(reused, other, key=capitals)

    check.own_operation(reused, again, other)


@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
@pytest.mark.parametrize(
    "sid",
    [
        "unknown",
        pytest.param("deleted", marks=pytest.mark.extended),
        pytest.param("malformed", marks=pytest.mark.extended),
    ],
)
def test_key_on_a_vacant_sid_does_not_return_the_first_operation(
    reused: Operation, key_reuse: KeyReuse, check: Check, sid: str
) -> None:
    """A key on a SID that no configuration has never returns its operation."""
    vacant = key_reuse.vacant(sid)

    again = key_reuse.send_vacant(reused, vacant)

    check.reused(reused, again)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
@pytest.mark.parametrize(
    "state",
    [
        pytest.param("running", marks=pytest.mark.requirement("KEY-REPLAY")),
        pytest.param(
            "completed_alone", marks=pytest.mark.requirement("KEY-REPLAY-ENDED"), id="completed"
        ),
        pytest.param("failed", marks=pytest.mark.requirement("KEY-REPLAY-FAILED")),
    ],
)
def test_refused_reuse_leaves_the_key_with_its_first_request(
    delete_in: Callable[[str], Operation],
    other: Configuration,
    key_reuse: KeyReuse,
    deletes: Deletes,
    check: Check,
    state: str,
) -> None:
    """A key that was refused on another SID still returns the first response."""
    first = delete_in(state)
    key_reuse.refuse(first, other)

    again = deletes.repeat(first)

    check.same_response(first, again)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_refused_reuse_on_an_unknown_sid_leaves_the_key_with_its_first_request(
    completed_alone: Operation, key_reuse: KeyReuse, deletes: Deletes, check: Check
) -> None:
    """A key that was refused on an unknown SID returns the first response."""
    key_reuse.refuse_vacant(completed_alone, key_reuse.vacant("unknown"))

    again = deletes.repeat(completed_alone)

    check.same_response(completed_alone, again)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID", "EFFECT-NO-OTHER")
def test_refused_reuse_has_no_effect(
    reused: Operation, other: Configuration, key_reuse: KeyReuse, check: Check
) -> None:
    """A refused reuse deletes nothing, at once or later."""
    check.shown(other)

    refused = key_reuse.refuse(reused, other)

    check.unchanged(other, after=refused, recheck=True)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
def test_key_on_another_sid_is_refused_or_starts_its_own_operation_a_day_later(
    completed_alone: Operation,
    other: Configuration,
    key_reuse: KeyReuse,
    clock: Clock,
    check: Check,
) -> None:
    """A key reused after 23 h 55 min never returns the first operation."""
    clock.advance(KEY_LIVES_S)

    again = key_reuse.send_past_conflicts(completed_alone, other)

    check.own_operation(completed_alone, again, other)
