"""Deletes that are made to fail: what tests may take for granted of those that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.failed_operations import FailedOperations
from tests.suite.core.test_deletes import DELETE, accepted, poll

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


@pytest.mark.parametrize("status", [None, 500, 503])
def test_failed_beside_a_delete_that_may_have_been_carried_out(
    bench: Bench, status: int | None
) -> None:
    """A configuration whose delete FAILED exists, unless an earlier one may have deleted it."""
    bench.endpoint.ownership.allow("sid")
    bench.script.on(DELETE, *([(status, {})] if status else []), accepted())
    bench.script.on("GET /Operations/op_1", poll("FAILED"))
    steps = FailedOperations(bench.endpoint)
    deletes = steps._deletes
    operation = deletes.accept(Configuration("sid"))

    if status is None:
        assert steps.judged([operation]) == [operation]
    else:
        with pytest.raises(Inconclusive, match="may have been carried out"):
            steps.judged([operation])
    assert bench.breaches() == {}
