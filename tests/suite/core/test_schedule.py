"""A slow endpoint: how long a run takes, and what it leaves out to end in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.profile import Limits, Profile
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.schedule import expected_s

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

STANDARD = EFFORTS["standard"]


def seconds(
    request_s: float = 0.0, life_s: float = 0.0, share: float = 1.0, room: int = 0
) -> float:
    """What a standard run is expected to take."""
    profile = Profile("x", "http://127.0.0.1", limits=Limits(requests=100_000, deletes=10_000))
    return expected_s(STANDARD, profile, share, request_s, life_s, room)


def test_expected_time() -> None:
    """It grows with requests, with lifecycles, and where few configurations exist at once."""
    requests, made = STANDARD.typical_requests, STANDARD.typical_configurations

    assert seconds(request_s=2.0) - seconds(request_s=1.0) == pytest.approx(requests / 2)
    assert seconds(life_s=3.0, room=1) - seconds(room=1) == pytest.approx(made * 3)
    assert seconds(life_s=3.0) < seconds(life_s=3.0, room=8) < seconds(life_s=3.0, room=1)
    assert seconds(request_s=1.0, share=0.25) == pytest.approx(seconds(request_s=1.0) / 4)


@pytest.mark.parametrize(
    ("request_s", "lessened"),
    [pytest.param(0.05, False, id="quick"), pytest.param(3.0, True, id="slow")],
)
def test_slow_endpoint_is_sampled_as_in_quick(
    start: Callable[..., Bench], request_s: float, lessened: bool
) -> None:
    """Where the pace so far does not lead to the end in time, the rest is sampled less, and said."""
    bench = start(effort=STANDARD)
    endpoint = bench.endpoint
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.script.slow = request_s
    for _ in range(60):
        endpoint.client.fetch(Configuration("x"))
    endpoint.begin("test_later", to_come=99)

    assert bool(endpoint.lessened) is lessened
    assert endpoint.effort.few is lessened
    assert (endpoint.effort.name, endpoint.effort.longest_s) == ("standard", STANDARD.longest_s)
    if lessened:
        assert endpoint.lessened.startswith(
            "the last 100 tests sampled as in quick: at 3 s a request"
        )
