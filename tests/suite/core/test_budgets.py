"""Budgets of requests, and the pace at which they are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import BudgetExhausted
from orchestrator_contract.resources.configuration import Configuration

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


@pytest.mark.parametrize(
    ("apart", "slow"),
    [pytest.param(1, True, id="in-a-row"), pytest.param(15, False, id="now-and-then")],
)
def test_the_pace_follows_refusals_in_a_row(bench: Bench, apart: int, slow: bool) -> None:
    """Refusals close to each other slow the run down, to two requests a second at most; those that come now and then do not."""
    coordinator = bench.endpoint.coordinator
    waits: list[float] = []
    for _ in range(40):
        coordinator.throttle(0)
        waits += [coordinator.pace() for _ in range(apart)]
        bench.clock.now += sum(waits[-apart:])

    assert (0.4 < max(waits) <= 0.5 * apart) if slow else max(waits) < 0.002 * 16


def test_the_request_budget_is_kept_exactly(start: Callable[..., Bench]) -> None:
    """As many requests go out as the limits allow, a quarter of them for cleaning up only, and then none."""
    bench = start(requests=28)
    bench.script.on("GET /Configurations/x", (404, {}))

    for allowed in (21, 7):
        for _ in range(allowed):
            bench.endpoint.client.fetch(Configuration("x"))
        with pytest.raises(
            BudgetExhausted, match=r"^the request budget \(\[limits\] requests\) is spent$"
        ):
            bench.endpoint.client.fetch(Configuration("x"))
        bench.endpoint.client.forgive()

    assert len(bench.script.sent) == 28


def test_what_was_not_sent_is_given_back(start: Callable[..., Bench]) -> None:
    """Requests are fetched from the budget sixteen at a time; at the end the rest is given back, once."""
    bench = start(requests=40)
    bench.script.on("GET /Configurations/x", (404, {}))
    for _ in range(17):
        bench.endpoint.client.fetch(Configuration("x"))
    assert bench.endpoint.coordinator.take_requests(0) == 0
    left = bench.endpoint.coordinator._requests
    assert left == 10

    bench.endpoint.client.settle()
    assert bench.endpoint.coordinator._requests == 23
    assert bench.script.closed
    bench.endpoint.client.settle()
    assert bench.endpoint.coordinator._requests == 23


def test_pace(start: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request waits for its place, however far it is; one behind the end of the run is not waited for."""
    bench = start()
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.endpoint.client.allowance.longest_s = 200
    places = iter([0.0, 0.5, 1.5, 100.0, 100.0])
    monkeypatch.setattr(bench.endpoint.coordinator, "pace", lambda: next(places))

    for _ in range(4):
        bench.endpoint.client.fetch(Configuration("x"))

    with pytest.raises(BudgetExhausted, match="the pace asks for a wait of 100 s"):
        bench.endpoint.client.fetch(Configuration("x"))

    assert bench.clock.slept == [0.5, 1.5, 100]
    assert len(bench.script.sent) == 4
