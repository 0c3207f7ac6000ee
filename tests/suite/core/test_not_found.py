"""SIDs that a DELETE may name without deleting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.unknown_sids import near_sids
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.unknown_sids import UnknownSids

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

SID = "conv_configuration_00000000000000000000000010"


@pytest.mark.parametrize("exists", [True, False])
def test_sid_near_a_real_one_is_fetched_before_its_delete(bench: Bench, exists: bool) -> None:
    """Where ids are counted, a SID that differs in one character may be somebody else's."""
    unknown = UnknownSids(bench.endpoint)
    status = 200 if exists else 404
    for sid in near_sids(SID):
        bench.script.on(f"GET /Configurations/{sid}", (status, {"id": sid}))
        bench.script.on(f"DELETE /Configurations/{sid}", (404,))

    if exists:
        with pytest.raises(Inconclusive, match="may exist"):
            unknown.near(Configuration(SID))
    else:
        unknown.delete(unknown.near(Configuration(SID)))

    deleted = [line for line in bench.script.lines() if line.startswith("DELETE")]
    assert bool(deleted) is not exists
    assert f"DELETE /Configurations/{SID}" not in deleted
