"""Where operations take long: what is created, deleted and judged beside the tests."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, current_thread
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.payloads import COMMON_PAYLOADS
from orchestrator_contract.provision.payload import RICH, is_rich
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.other_async_calls import OtherAsyncCalls
from tests.suite.core.world import PLANE, TWO, World, deletable

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent

TEST = "tests/x.py::test_a"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations that take long."""
    monkeypatch.setattr(Poller, "is_slow", True)


# -------------------------------------------------------------------- the stock


def test_stock_is_filled(bench: Bench, slow: None) -> None:
    """What tests will ask for is created while others run, with common optional members."""
    world, configurations = World(bench), bench.endpoint.configurations

    configurations.begin(100)
    bench.endpoint.client.parallel.join()

    assert len(world.payloads) == 5
    assert len({one["description"] for one in world.payloads}) > 2
    assert all(one.keys() <= {"displayName", "description"} for one in COMMON_PAYLOADS[:4])
    found = configurations.take(5)
    assert sorted(one.name for one in found) == sorted(world.names()[:5])


def test_stock_is_no_larger_than_the_tests_need(bench: Bench, slow: None) -> None:
    """Nothing is created for tests that do not come."""
    world = World(bench)

    bench.endpoint.configurations.begin(2)
    bench.endpoint.client.parallel.join()

    assert len(world.payloads) == 2


@pytest.mark.parametrize("scope", [DEFAULT_SCOPE, Scope(account=1)])
@pytest.mark.parametrize("members", [{}, RICH], ids=["plain", "rich"])
def test_kinds_that_were_asked_for_are_created_ahead(
    start: Callable[..., Bench], slow: None, scope: Scope, members: dict[str, Any]
) -> None:
    """The next of a kind is there before a test asks for it."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.begin(100)
    configurations.take(1, payloads=[members], scope=scope)
    bench.endpoint.client.parallel.join()
    made = len(world.payloads)

    (found,) = configurations.take(1, payloads=[members], scope=scope)

    assert found.name in world.names()[:made]
    assert found.scope == scope
    assert is_rich(found) == bool(members)


def test_a_kind_that_is_refused_is_not_created_ahead_again(bench: Bench, slow: None) -> None:
    """An endpoint that takes plain ones only is asked for others once by the stock."""
    world, configurations = World(bench), bench.endpoint.configurations

    def create(sent: Sent) -> Said:
        return (400, {}) if b"conversationsV1Bridge" in sent.body else world._create(sent)

    def refused() -> int:
        return sum(b"conversationsV1Bridge" in one.body for one in bench.script.sent)

    bench.script.on("POST /Configurations", create)

    for _ in range(2):
        configurations.begin(100)
        configurations.take(1, payloads=[RICH])
        bench.endpoint.client.parallel.join()
    before = refused()

    configurations.begin(100)
    bench.endpoint.client.parallel.join()

    assert refused() == before


def bound(bench: Bench, number: int) -> None:
    """Let the run have learned that the account has room for *number*."""
    bench.endpoint.inventory.take_room(number + 1)
    bench.endpoint.inventory.room_is_full(DEFAULT_SCOPE)
    bench.endpoint.coordinator.rooms.give_back(DEFAULT_SCOPE, number + 1)
    assert bench.endpoint.inventory.bound() == number


def test_stock_leaves_room(bench: Bench, slow: None) -> None:
    """One slot is left to the creates that tests send."""
    bound(bench, 4)
    world = World(bench)

    bench.endpoint.configurations.begin(100)
    bench.endpoint.client.parallel.join()

    assert len(world.payloads) == 3
    assert bench.endpoint.inventory.holding() == 3


def test_spoiled_ones_are_deleted(bench: Bench, slow: None) -> None:
    """What can't serve again is deleted while others run, and its room is filled."""
    bound(bench, 3)
    world, configurations = World(bench), bench.endpoint.configurations
    spoiled = configurations.one()
    deletable(bench, spoiled.sid)
    bench.endpoint.ownership.touch(spoiled.sid, 0, 0, clear=False)

    configurations.begin(100)
    bench.endpoint.client.parallel.join()

    assert bench.endpoint.inventory.is_gone(spoiled)
    configurations.begin(100)
    bench.endpoint.client.parallel.join()
    assert bench.endpoint.inventory.holding() == 2
    assert spoiled.name in world.names()


def test_the_newest_is_the_last_that_was_made_ahead(bench: Bench, slow: None) -> None:
    """Nothing is created for it while one is there."""
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.begin(100)
    bench.endpoint.client.parallel.join()
    order = bench.endpoint.inventory.in_order(DEFAULT_SCOPE)

    newest = configurations.newest()

    assert newest is order[-1]
    assert len(world.payloads) == 5


# -------------------------------------------------------------------- judged beside


def test_judged_at_once_where_operations_are_quick(bench: Bench) -> None:
    """Findings land in the test that makes them."""
    judged: list[str] = []

    assert bench.endpoint.beside.judge(lambda: judged.append("now")) is None

    assert judged == ["now"]


@pytest.mark.parametrize(("room", "beside"), [(2, False), (3, True)])
def test_judged_in_turn_where_there_is_little_room(
    bench: Bench, slow: None, room: int, beside: bool
) -> None:
    """With two slots or one, what runs beside the tests only keeps them waiting."""
    bound(bench, room)
    threads: list[str] = []

    bench.endpoint.beside.judge(lambda: threads.append(current_thread().name))
    bench.endpoint.beside.run(lambda: threads.append(current_thread().name), waits=True)
    bench.endpoint.beside.join()

    assert [name != current_thread().name for name in threads] == [beside, beside]


def test_findings_are_those_of_the_test_that_asked(bench: Bench, slow: None) -> None:
    """What could not be judged leaves that test's requirements unverified."""
    findings, beside = bench.endpoint.findings, bench.endpoint.beside

    def judge() -> None:
        bench.endpoint.client.parallel(lambda ok: findings.check("KEY-REPLAY", ok), [True, True])
        raise Inconclusive("it did not end")

    findings.begin(TEST, ["KEY-REPLAY"])
    beside.judge(judge)
    findings.end()
    findings.begin("tests/x.py::test_b", ["HTTP-JSON"])
    beside.join()

    assert findings.records["KEY-REPLAY"].tests == [TEST]
    assert findings.records["KEY-REPLAY"].unverified == ["it did not end"]
    assert findings.records["HTTP-JSON"].unverified == []


def test_what_is_judged_is_kept(world: World, slow: None) -> None:
    """Neither what was handed over nor what is taken meanwhile serves another test."""
    endpoint = world.bench.endpoint
    handed, began, looked = endpoint.configurations.one(), Event(), Event()
    taken: list[Configuration] = []

    def judge() -> None:
        taken.append(endpoint.configurations.one())
        began.set()
        looked.wait()

    endpoint.beside.judge(judge, handed)
    began.wait()
    endpoint.configurations.begin()
    assert endpoint.inventory.idle() == []
    looked.set()
    endpoint.beside.join()

    assert endpoint.inventory.idle() == [handed, *taken]


def test_a_configuration_under_update_is_kept(world: World, slow: None) -> None:
    """Until the update of one has been judged it serves no other test."""
    endpoint, script, looked = world.bench.endpoint, world.bench.script, Event()
    url = f"{PLANE}/Operations/put"
    configurations = endpoint.configurations

    def end(_: Sent) -> Said:
        looked.wait()
        return 200, {"operationId": "put", "status": "COMPLETED", "statusUrl": url}

    script.on("PUT /Configurations/sid0", (202, {"statusUrl": url}))
    script.on("GET /Operations/put", end)

    endpoint.step(OtherAsyncCalls).lead_beside("update")
    configurations.begin()

    assert [one.sid for one in endpoint.inventory.idle()] == []
    looked.set()
    endpoint.beside.join()


def test_the_newest_is_one_that_nobody_needs(world: World, slow: None) -> None:
    """What is judged beside the tests may be changed there: it is not the newest of a test."""
    endpoint, looked = world.bench.endpoint, Event()
    first, second = endpoint.configurations.take(2)
    endpoint.beside.judge(looked.wait, second)
    endpoint.configurations.begin()

    newest = endpoint.configurations.newest()

    assert newest is first
    looked.set()
    endpoint.beside.join()


def test_those_that_wait_for_room_do_not_wait_for_each_other(world: World, slow: None) -> None:
    """Two judges that keep a configuration each, and want room, come to an end."""
    endpoint, both = world.bench.endpoint, Barrier(2)
    first, second = endpoint.configurations.take(2)

    def judge() -> None:
        both.wait()
        endpoint.beside.release()

    for one in (first, second):
        endpoint.beside.judge(judge, one)

    endpoint.beside.join()


def test_random_numbers_are_those_of_the_seed(bench: Bench, slow: None) -> None:
    """What tests draw meanwhile does not change what is drawn beside them."""
    random, drawn = bench.endpoint.random, list[list[int]]()

    for draws_meanwhile in (0, 3):
        drew = Event()

        def judge(drew: Event = drew) -> None:
            drew.wait()
            drawn.append(random.sample(range(1000), 5))

        random.seed("a test")
        bench.endpoint.beside.judge(judge)
        for _ in range(draws_meanwhile):
            random.random()
        drew.set()
        bench.endpoint.beside.join()

    assert drawn[0] == drawn[1]


def test_a_broken_judge_is_not_silent(bench: Bench, slow: None) -> None:
    """An error of the suite's own ends the run as one."""
    bench.endpoint.beside.judge(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        bench.endpoint.beside.join()


def test_a_control_in_use_beside_the_tests_is_not_let_go(world: World, slow: None) -> None:
    """Another one would need one more place in a full account."""
    targets, inventory = world.bench.endpoint.targets, world.bench.endpoint.inventory
    with inventory.apart():
        control = targets.control

        targets.surrender()

        assert targets.is_control(control)
    targets.surrender()
    assert not targets.is_control(control)


def test_an_error_beside_the_tests_does_not_keep_from_cleaning_up(bench: Bench) -> None:
    """What the run has created is deleted although a judge is broken."""
    World(bench)
    bench.endpoint.configurations.stock.ahead = 0
    (made,) = bench.endpoint.configurations.take(1)
    deletable(bench, made.sid)
    bench.endpoint.beside.run(lambda: 1 // 0, waits=True)

    with pytest.raises(ZeroDivisionError):
        bench.endpoint.close()

    assert f"DELETE /Configurations/{made.sid}" in bench.script.lines()


def test_no_other_process_moves_the_clock_while_one_cleans_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operations of the last deletes are polled by the clock that they began with."""
    endpoint, moved = bench.endpoint, list[bool]()

    def clean_up() -> list[Configuration]:
        moved.append(endpoint.coordinator.clock.enter("other", alone=True, seconds=0.0))
        return []

    monkeypatch.setattr(endpoint.configurations, "clean_up", clean_up)

    endpoint.close()

    assert moved == [False]
    assert endpoint.coordinator.clock.enter("other", alone=True, seconds=0.0)
