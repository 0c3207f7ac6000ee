"""Second looks: what was found right is still right a while later."""

import pytest

from orchestrator_contract.scenarios import Scenarios
from orchestrator_contract.suite import Suite


@pytest.mark.closing
@pytest.mark.requirement("OP-ORDER", "OP-TIMES", "GONE-FETCH")
def test_still_so(suite: Suite, scenarios: Scenarios) -> None:
    """Ended operations do not change, deleted configurations stay deleted, refused deletes stay undone."""
    done = scenarios.deleted(1 if suite.effort.refusals < 10 else 8)
    suite.watch.ended(done)

    suite.watch.settle()

    for operation in done:
        scenarios.gone(operation)
