"""The room in an account: learned from a refusal, shared by processes, and left to its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.coordination.coordinator import (
    DELETES,
    FAILED_LOGINS,
    Coordinator,
    initial_bound,
)
from orchestrator_contract.coordination.rooms import Rooms
from orchestrator_contract.exceptions import NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.profile import Limits, Profile
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.refusals import Refusal
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from tests.suite.core.world import World, deletable

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


@pytest.mark.parametrize(
    ("held", "bound"),
    [
        pytest.param(0, 1, id="none"),
        pytest.param(1, 1, id="one"),
        pytest.param(2, 2, id="two"),
        pytest.param(3, 2, id="three"),
        pytest.param(8, 7, id="eight"),
    ],
)
def test_bound_is_learned_from_a_refusal(held: int, bound: int) -> None:
    """A refusal for want of room bounds what exists; of several one is left to the owner."""
    rooms = Rooms()
    assert rooms.take(DEFAULT_SCOPE, held) == held

    assert rooms.full(DEFAULT_SCOPE) == bound

    rooms.give_back(DEFAULT_SCOPE, held)
    assert rooms.take(DEFAULT_SCOPE, 20) == bound
    assert rooms.take(DEFAULT_SCOPE, 1) == 0


def test_bound_never_grows() -> None:
    """A later refusal lowers the bound of its scope only."""
    rooms = Rooms(8)
    rooms.take(DEFAULT_SCOPE, 3)

    assert rooms.full(DEFAULT_SCOPE) == 2
    assert rooms.bound(Scope(1)) == 8
    rooms.take(Scope(1), 20)
    assert rooms.full(Scope(1)) == 7


def test_processes_share_alike() -> None:
    """No process takes the room that the others need."""
    shared = Coordinator(1000, 0, 100, None, configurations=8)
    one, other = (Inventory(shared, Ownership(), processes=2) for _ in range(2))

    for inventory, name in ((one, "oc-a"), (other, "oc-b")):
        assert inventory.take_room(20) == 4
        inventory.announce([f"{name}{number}" for number in range(4)])
        assert inventory.take_room(20) == 0


@pytest.mark.parametrize(
    ("url", "given", "bound"),
    [
        pytest.param("http://127.0.0.1:1", None, 0, id="loopback"),
        pytest.param("http://192.0.2.1", None, 8, id="elsewhere"),
        pytest.param("http://192.0.2.1", 3, 3, id="elsewhere-given"),
        pytest.param("http://127.0.0.1:1", 3, 3, id="loopback-given"),
    ],
)
def test_initial_bound(url: str, given: int | None, bound: int) -> None:
    """Eight may exist at once on a target that is not loopback, unless the profile says more."""
    assert initial_bound(Profile("x", url, limits=Limits(configurations=given))) == bound


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param((400, {}), id="400"),
        pytest.param((403, {}), id="403"),
        pytest.param((409, {}), id="409"),
        pytest.param((429, {}), id="429"),
    ],
)
def test_refused_create_bounds_the_run(start: Callable[..., Bench], refusal: Said) -> None:
    """However the refusal comes, no more creates are sent until something is deleted."""
    bench = start()
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    made = configurations.take(3)
    world.refuse = [refusal] * 20
    with pytest.raises(NothingToDelete):
        configurations.one()
    sent = len(world.payloads)
    names = world.names()
    assert len(names) == len({*names})
    with pytest.raises(NothingToDelete, match="room for 2 of the run's"):
        configurations.one()
    assert len(world.payloads) == sent

    configurations.begin()
    world.refuse = []
    for one in made:
        bench.endpoint.ownership.touch(one.sid, 0, 0, clear=False)
        deletable(bench, one.sid)

    assert len(configurations.take(2)) == 2
    assert bench.endpoint.inventory.bound(DEFAULT_SCOPE) == 2


@pytest.mark.parametrize(
    ("error", "full"),
    [(None, True), ({"status": 400}, True), ({"status": "500"}, True), ({"status": 500}, False)],
)
def test_create_that_ended_failed(bench: Bench, error: object, full: bool) -> None:
    """A FAILED create tells of a full account, unless the server says that it failed itself."""
    end = bench.exchange("operation", (200, {"status": "FAILED", "error": error}))
    created = Operation(bench.exchange("create", (202, {})), Configuration(""), "op", "", [end])

    refusal = Refusal.after(created)

    assert (refusal.may_be_full, refusal.may_pass) == (full, not full)


def test_room_that_is_freed_late(start: Callable[..., Bench]) -> None:
    """A create that is refused right after a delete is sent again for some seconds."""
    bench = start()
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    first, _ = configurations.take(2)
    bench.endpoint.inventory.gone(first)
    world.refuse = [(409, {})] * 4

    assert configurations.one().sid

    assert bench.endpoint.inventory.bound(DEFAULT_SCOPE) == 0


def test_bounded_requests() -> None:
    """Of deletes as many are kept as clean up the configurations, and no more are created."""
    coordinator = Coordinator(100, 0, 100, None, bounds={DELETES: 4})
    one, two, three = (
        {"name": name, "state": "creating", "account": 0, "region": 0} for name in "abc"
    )
    assert coordinator.journal([one, two]) == ""
    assert "delete_requests) does not cover" in coordinator.journal([three])

    assert [coordinator.take_bounded(DELETES) for _ in range(3)] == [True, True, False]
    cleaning = [coordinator.take_bounded(DELETES, cleaning=True) for _ in range(3)]
    assert cleaning == [True, True, False]
    assert coordinator.take_bounded(FAILED_LOGINS)


@pytest.mark.parametrize("gentle", [True, False])
def test_bounds_of_a_profile(*, gentle: bool) -> None:
    """Each run keeps the profile's bound of DELETE requests, a gentle one also those of some kinds."""
    target = Profile("x", "http://127.0.0.1:1", limits=Limits(delete_requests=1))
    coordinator = Coordinator.of(target, None, gentle=gentle)

    assert [coordinator.take_bounded(DELETES) for _ in range(2)] == [True, False]
    logins = [coordinator.take_bounded(FAILED_LOGINS) for _ in range(13)]
    assert logins == [True] * 12 + [not gentle]
