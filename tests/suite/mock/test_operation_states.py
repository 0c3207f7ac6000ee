"""The operation's table: every state crossed with every event."""

from __future__ import annotations

import itertools

import pytest

from orchestrator_contract.mock.operation_states import (
    TRANSITIONS,
    Event,
    IllegalTransition,
    State,
    step,
)

LEGAL = {
    (State.PENDING, Event.START): State.RUNNING,
    (State.PENDING, Event.FINISH): State.COMPLETED,
    (State.PENDING, Event.FAIL): State.FAILED,
    (State.RUNNING, Event.FINISH): State.COMPLETED,
    (State.RUNNING, Event.FAIL): State.FAILED,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_pair(state: State, event: Event) -> None:
    """A listed pair leads on; every other pair is an error that names both."""
    if (state, event) in LEGAL:
        assert step(state, event) is LEGAL[state, event]
        return

    with pytest.raises(IllegalTransition, match=f"{state}.*{event}"):
        step(state, event)


def test_terminal_states() -> None:
    """Exactly COMPLETED and FAILED are terminal, and every state has a row."""
    assert {state for state in State if state.terminal} == {State.COMPLETED, State.FAILED}
    assert set(TRANSITIONS) == set(State)
