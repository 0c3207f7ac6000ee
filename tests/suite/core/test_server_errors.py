"""500s that only malformed keys get are distinguished from passing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.http.exchange import Call
from orchestrator_contract.rules.errors import ServerErrorRate

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
    """They cause the 500s if more than one met a 500 and none of many other deletes did."""
    rate = ServerErrorRate()
    for number, status, key in (
        (others, 404, None),
        (others_500, 500, KEY),
        (malformed_500, 500, KEY[:-1]),
        (3, 400, "x"),
    ):
        for _ in range(number):
            rate(bench.exchange("delete", (status, {}), key=key))

    rate.judge(bench.endpoint.findings)

    assert ("KEY-MALFORMED-NO-5XX" in bench.breaches()) is breached


@pytest.mark.parametrize(
    ("polls", "failed", "more", "breached"),
    [
        pytest.param(20, 1, False, False, id="once"),
        pytest.param(80, 3, False, False, id="too-few-to-tell"),
        pytest.param(80, 4, True, True, id="one-in-twenty-of-a-quick-run"),
        pytest.param(600, 30, True, True, id="one-in-twenty"),
        pytest.param(600, 20, True, False, id="three-in-a-hundred"),
        pytest.param(600, 12, False, False, id="two-in-a-hundred"),
    ],
)
def test_polls_that_meet_500(
    bench: Bench, polls: int, failed: int, more: bool, breached: bool
) -> None:
    """Polls may meet a 500 that passes once in a long while; many polls tell how often."""
    rate = ServerErrorRate()
    for number in range(polls):
        status = 500 if number < failed else 200
        rate(bench.exchange("operation", (status, {}), call=Call("operation", "op", of="delete")))

    rate.judge_polls(bench.endpoint.findings)

    assert rate.needs_more_polls is more
    assert ("OP-FETCH" in bench.breaches()) is breached


def test_500s_that_are_not_counted(bench: Bench) -> None:
    """Provoked 500s and those to unauthorized callers are not counted."""
    rate = ServerErrorRate()
    for _ in range(400):
        rate(bench.exchange("delete", (404, {})))
    for call in (
        Call("delete", "sid", provokes=500),
        Call("delete", "sid", judge_content=False),
        Call("operation", "op_1"),
    ):
        for key in (KEY, "x", "y"):
            rate(bench.exchange("delete", (500, {}), key=key, call=call))

    rate.judge(bench.endpoint.findings)

    assert bench.breaches() == {}
    assert bench.checks()["KEY-MALFORMED-NO-5XX"] == 1
