"""Which unknown SIDs a delete may be sent to without a look at them first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator_contract.steps.deletes import Scenarios
from tests.contract.test_not_found import delete_unknown

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


def test_what_is_near_a_real_sid_may_be_somebodys(bench: Bench) -> None:
    """Where ids are counted, the one beside a SID is another configuration's: it is fetched, and left alone where it is there."""
    far = [f"conv_configuration_{digit * 26}" for digit in "1234567"]
    near = [
        "conv_configuration_00000000000000000000000010",
        "conv_configuration_00000000000000000000000020",
    ]
    for sid in (*far, near[1]):
        bench.script.on(f"GET /Configurations/{sid}", (404,))
        bench.script.on(f"DELETE /Configurations/{sid}", (404,))
    bench.script.on(f"GET /Configurations/{near[0]}", (200, {"id": near[0]}))

    delete_unknown(bench.endpoint, Scenarios(bench.endpoint), far, near)

    sent = bench.script.lines()
    assert [f"GET /Configurations/{sid}" in sent for sid in near] == [True, True]
    assert [f"DELETE /Configurations/{sid}" in sent for sid in (*far, *near)] == [
        *[True] * 7,
        False,
        True,
    ]
