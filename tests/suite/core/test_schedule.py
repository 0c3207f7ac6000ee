"""A slow endpoint: how long a run takes, and what it leaves out to end in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.profile import Limits, Profile
from orchestrator_contract.pytest_plugin.options import RunOptions
from orchestrator_contract.pytest_plugin.run import Run
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results.verdict import Policy
from orchestrator_contract.schedule import Pace, expected_s

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

STANDARD = EFFORTS["standard"]


def seconds(
    delete_s: float = 0.0,
    other_s: float = 0.0,
    life_s: float = 0.0,
    share: float = 1.0,
    room: int = 0,
) -> float:
    """What a standard run is expected to take."""
    profile = Profile("x", "http://127.0.0.1", limits=Limits(requests=100_000, deletes=10_000))
    return expected_s(STANDARD, profile, share, Pace(delete_s, other_s, life_s), room)


def test_expected_time() -> None:
    """It grows with requests, with lifecycles, and where few configurations exist at once."""
    requests, made = STANDARD.typical_requests, STANDARD.typical_configurations

    assert seconds(2.0, 2.0) - seconds(1.0, 1.0) == pytest.approx(requests / 2)
    assert seconds() < seconds(delete_s=0.8) < seconds(0.8, 0.8)
    assert seconds(life_s=3.0, room=1) - seconds(room=1) == pytest.approx(made * 3)
    assert seconds(life_s=3.0) < seconds(life_s=3.0, room=8) < seconds(life_s=3.0, room=1)
    assert seconds(1.0, 1.0, share=0.25) == pytest.approx(seconds(1.0, 1.0) / 4)


@pytest.mark.parametrize(
    ("delete_s", "other_s", "told"),
    [
        pytest.param(0.05, 0.05, "at 0.05 s a request, and 25 at most", id="in-time"),
        pytest.param(
            0.8, 0.02, "at 0.02 s a request and 0.8 s a DELETE, and 25 at most", id="slow-deletes"
        ),
        pytest.param(
            3.0, 3.0, "at 3 s a request in full; it ends after 25, and samples less", id="very-slow"
        ),
    ],
)
def test_expected_time_is_told(
    start: Callable[..., Bench], delete_s: float, other_s: float, told: str
) -> None:
    """The start of a run says how long it will take, and whether it has to sample less."""
    bench = start(effort=STANDARD)
    bench.endpoint.ownership.allow("x")
    for method, seconds in (("DELETE", delete_s), ("GET", other_s)):
        bench.script.on(f"{method} /Configurations/x", (404, {}))
        bench.script.slow = seconds
        bench.endpoint.client.send(
            bench.endpoint.client.request(Call("other"), method, "/Configurations/x")
        )
    run = Run(RunOptions("pytest", None, None, Path(), STANDARD, Policy(), 0, frozenset()), None)
    run.process.endpoint = bench.endpoint

    assert re.match(rf"takes about \d+ min {re.escape(told)}", run.expectation(1))


@pytest.mark.parametrize(
    ("request_s", "lesser"),
    [
        pytest.param(0.05, None, id="in-time"),
        pytest.param(0.5, "half a standard run", id="slow"),
        pytest.param(3.0, "quick", id="very-slow"),
    ],
)
def test_slow_endpoint_is_sampled_less(
    start: Callable[..., Bench], request_s: float, lesser: str | None
) -> None:
    """Where the pace so far does not lead to the end in time, the rest is sampled less, and said."""
    bench = start(effort=STANDARD)
    endpoint = bench.endpoint
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.script.slow = request_s
    for _ in range(60):
        endpoint.client.fetch(Configuration("x"))
    endpoint.begin("test_later", to_come=99)

    said = f"the last 100 tests sampled as in {lesser}: at {request_s:g} s a request"
    assert endpoint.lessened.startswith(said) if lesser else not endpoint.lessened
    assert endpoint.effort.few is (lesser == "quick")
    assert (endpoint.effort.name, endpoint.effort.longest_s) == ("standard", STANDARD.longest_s)
