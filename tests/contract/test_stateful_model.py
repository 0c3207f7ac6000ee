"""Stateful model: responses are allowed after every history of calls."""

from __future__ import annotations

import pytest

from orchestrator_contract.steps.generated import Histories


@pytest.mark.run_first  # each history waits for itself
@pytest.mark.beside
@pytest.mark.requirement("DEL-ACCEPTED", "DELETED-DELETE", "DELETED-FETCH", "DELETED-LIST")
@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-ONE-OPERATION")
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
def test_histories(histories: Histories, round_: int) -> None:
    """Creates, deletes, replays, reads and updates agree with the model."""
    histories.run(round_)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX", "KEY-ONE-OPERATION")
def test_histories_over_days(histories: Histories) -> None:
    """No history in which the clock is moved contradicts the model."""
    histories.run_over_days()
