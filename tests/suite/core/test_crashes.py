"""500s that only malformed keys meet, told from those that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.steps.server_error_rate import Crashes

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

KEY = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("others", "others_500", "malformed_500", "breached"),
    [
        pytest.param(400, 0, 2, True, id="malformed-keys-alone"),
        pytest.param(400, 0, 1, False, id="once-may-pass"),
        pytest.param(399, 1, 9, False, id="others-too"),
        pytest.param(399, 0, 9, False, id="too-few-others-to-say"),
    ],
)
def test_malformed_keys_that_meet_500(
    bench: Bench, others: int, others_500: int, malformed_500: int, breached: bool
) -> None:
    """They are what breaks the server where more than one met a 500 and none of many other deletes did."""
    crashes = Crashes(Endpoint.well_formed_key)
    for number, status, key in (
        (others, 404, None),
        (others_500, 500, KEY),
        (malformed_500, 500, KEY[:-1]),
        (3, 400, "x"),
    ):
        for _ in range(number):
            crashes(bench.exchange("delete", (status, {}), key=key))

    crashes.judge(bench.endpoint.findings)

    assert ("KEY-MALFORMED-NO-5XX" in bench.breaches()) is breached


def test_provoked_and_silent_500s_say_nothing(bench: Bench) -> None:
    """Neither of the endpoint nor of malformed keys."""
    crashes = Crashes(Endpoint.well_formed_key)
    for _ in range(400):
        crashes(bench.exchange("delete", (404, {})))
    for call in (
        Call("delete", "sid", provokes=500),
        Call("delete", "sid", judge_content=False),
        Call("operation", "op_1"),
    ):
        for key in (KEY, "x", "y"):
            crashes(bench.exchange("delete", (500, {}), key=key, call=call))

    crashes.judge(bench.endpoint.findings)

    assert bench.breaches() == {}
    assert bench.checks()["KEY-MALFORMED-NO-5XX"] == 1
