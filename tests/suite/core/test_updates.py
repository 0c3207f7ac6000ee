"""Updates: what refuses them is observed, as the sources differ, and no test goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.provision.payload import replacement
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.updates import Updates

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

SHOWN = {"channelSettings": {"SMS": {}}, "displayName": "changed since"}


@pytest.fixture
def one(bench: Bench) -> Configuration:
    """A configuration that the run has created."""
    bench.endpoint.ownership.allow("sid")
    return Configuration("sid", "n", payload={"displayName": "n"}, shown=dict(SHOWN))


@pytest.mark.parametrize(
    ("method", "status"),
    [("PUT", 400), ("PATCH", 404), ("PATCH", 405), ("PATCH", 501), ("PATCH", 409)],
)
def test_refused_update_is_no_finding(
    bench: Bench, one: Configuration, method: str, status: int
) -> None:
    """PATCH may be unsupported, and a PUT with the grouping type refused."""
    bench.script.on(f"{method} /Configurations/sid", (status, {}))

    with pytest.raises(Inconclusive, match=f"^{method} was answered {status}"):
        Updates(bench.endpoint).update(one, method)

    assert bench.seen("OBS-UPDATE") == {f"{method}: {status}": 1}
    assert bench.breaches() == {}


@pytest.mark.parametrize(("status", "kept"), [(404, True), (200, False), (501, False)])
def test_description_counts_only_while_it_is_as_shown(
    bench: Bench, one: Configuration, status: int, kept: bool
) -> None:
    """An update that was not refused may have changed it, so that it is not compared."""
    one.shown["description"] = "before"
    bench.script.on("PATCH /Configurations/sid", (status, {}))

    with pytest.raises(Inconclusive):
        Updates(bench.endpoint).update(one, "PATCH")

    assert ("description" in one.shown) is kept


def test_put_replaces_the_whole_body(one: Configuration) -> None:
    """A PUT sends the members of the create, and channelSettings as they are shown."""
    payload = replacement(one, description="text")

    assert payload == {"displayName": "n", "channelSettings": {"SMS": {}}, "description": "text"}


def test_given_configuration_is_not_changed(bench: Bench) -> None:
    """A configuration of the profile may be deleted, but its content is not the run's."""
    with pytest.raises(Inconclusive, match="did not write the content"):
        Updates(bench.endpoint).request(Configuration("sid"), "PUT", "text")

    assert bench.script.sent == []
