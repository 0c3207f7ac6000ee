"""Random histories: any order of calls gives answers that the contract allows after it."""

import pytest

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.steps.deletes import Scenarios


@pytest.mark.requirement("KEY-REPLAY", "DELETED-DELETE", "DELETED-FETCH", "KEY-REUSE-OTHER-SID")
def test_histories(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """No history of creates, deletes, replays, reads and updates leads to an answer that the model excludes."""
    from orchestrator_contract.fuzzing.machine import run_histories

    run_histories(endpoint, scenarios, clock=False)


@pytest.mark.clock
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX")
def test_histories_over_days(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Nor does one in which the clock moves on between the calls."""
    from orchestrator_contract.fuzzing.machine import run_histories

    run_histories(endpoint, scenarios, clock=True)
