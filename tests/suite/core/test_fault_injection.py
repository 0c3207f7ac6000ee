"""Fault injection: a provoked status is judged, and what passes beside it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.refusals import RateLimit
from tests.suite.core.test_deletes import accepted, poll

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

DELETE, FETCH = "DELETE /Configurations/sid", "GET /Configurations/sid"
TARGET = Configuration("sid")
FAULTS = {status: Trigger({"X-Fault": f"{status}"}) for status in (409, 429, 500)}


@pytest.fixture
def bench(start: Callable[..., Bench]) -> Bench:
    """A bench whose profile provokes three statuses."""
    bench = start(faults=FAULTS)
    bench.endpoint.ownership.allow("sid")
    return bench


@pytest.mark.parametrize(
    ("status", "said", "hits", "breached"),
    [
        pytest.param(409, [(409, {})], 3, [], id="each-as-provoked"),
        pytest.param(409, [(500, {}), (409, {})], 3, [], id="after-an-error"),
        pytest.param(409, [(409, {}), (500, {}), (409, {})], 2, [], id="an-error-between"),
        pytest.param(500, [(500, {}), (409, {}), (500, {})], 3, [], id="a-conflict-between"),
        pytest.param(409, [(409, {}), (404, {})], 1, [], id="deleted-meanwhile"),
        pytest.param(409, [(409, {}), (400, {})], 1, ["ERR-409-STATUS"], id="another-status"),
    ],
)
def test_provoke(
    bench: Bench, status: int, said: list[Said], hits: int, breached: list[str]
) -> None:
    """A passing 500, or a conflict with a delete that a provoked 500 began, is no finding."""
    bench.script.on(DELETE, *said)

    found = FaultInjection(bench.endpoint).provoke(status, TARGET, 3)

    assert len(found.hits) == hits
    assert [one for one in bench.breaches() if one.endswith("-STATUS") and "ERR" in one] == breached
    assert all(sent.headers["x-fault"] == f"{status}" for sent in bench.script.sent)


@pytest.mark.parametrize("said", [(202, {}), (404, {})])
def test_provoke_in_vain(bench: Bench, said: Said) -> None:
    """A way of the profile that does not work is no finding."""
    bench.script.on(DELETE, said)

    with pytest.raises(Inconclusive, match="the profile's way to provoke 409 returned"):
        FaultInjection(bench.endpoint).provoke(409, TARGET)

    assert "ERR-409-STATUS" not in bench.checks()


def test_no_way_to_provoke(bench: Bench) -> None:
    """Without a way in the profile nothing is sent."""
    with pytest.raises(Inconclusive, match=r"^needs fault.503$"):
        FaultInjection(bench.endpoint).provoke(503, TARGET)

    assert bench.script.sent == []


@pytest.mark.parametrize("exists", [True, False])
def test_reject_a_given_sid(start: Callable[..., Bench], exists: bool) -> None:
    """A refusal says something of its effect only if a fetch shows the fault's own SID."""
    bench = start(faults={409: Trigger(sid="sid")})
    bench.script.on(DELETE, (409, {}))
    bench.script.on(FETCH, (200 if exists else 404, {}))
    faults = FaultInjection(bench.endpoint)

    if exists:
        assert faults.reject(409, Configuration("other")).on_target
    else:
        with pytest.raises(Inconclusive, match="is not shown by a fetch"):
            faults.reject(409, Configuration("other"))

    assert {sent.line.rpartition("/")[2] for sent in bench.script.sent} == {"sid"}


def test_keys_of_a_burst_that_deleted_its_target(start: Callable[..., Bench]) -> None:
    """A target whose delete is accepted in a burst is followed, and its keys are not judged."""
    bench = start(faults={429: Trigger(burst=(2, 2))})
    bench.endpoint.ownership.allow("sid")
    bench.script.on(DELETE, accepted())
    bench.script.on("GET /Operations/op_1", poll("COMPLETED"))
    bench.endpoint.identifiers.sid = lambda: "unknown"  # type: ignore[method-assign]
    bench.script.on("GET /Configurations/unknown", (404, {}))
    bench.script.on("DELETE /Configurations/unknown", (429, {"code": 20429}))

    with pytest.raises(Inconclusive, match="was to be answered 429 was accepted"):
        RateLimit(bench.endpoint).refused_keys(TARGET)

    assert bench.script.lines()[-1] == "GET /Operations/op_1"


@pytest.mark.parametrize(
    ("fetched", "effect"),
    [((200, {}), "not deleted"), ((404, {}), "deleted"), ((500, {}), "not known")],
)
def test_effect_of_a_server_error_is_observed(bench: Bench, fetched: Said, effect: str) -> None:
    """Nothing is promised of a 500, so its effect is no finding."""
    bench.script.on(DELETE, (500, {}))
    bench.script.on(FETCH, fetched)
    faults = FaultInjection(bench.endpoint)

    faults.observe_effect(faults.provoke(500, TARGET))

    assert bench.seen("OBS-FAULT-EFFECT") == {f"500: {effect}": 1}
