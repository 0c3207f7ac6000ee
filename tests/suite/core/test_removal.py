"""Giving back and cleaning up: nothing that the run has made is left, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Limits, Provision
from orchestrator_contract.provision.cleanup import remove
from orchestrator_contract.provision.payload import GROUPINGS
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from tests.suite.core.world import ALL, KEY, PLANE, TWO, World, deletable, left_of, page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent


def test_giving_back(start: Callable[..., Bench]) -> None:
    """An idle configuration serves another test; it was counted as a delete when it was made, and is not counted again."""
    bench = start(accounts=TWO)
    world = World(bench)
    configurations = bench.endpoint.configurations
    configurations.stock.ahead = 0
    first, other = configurations.one(), configurations.one(scope=Scope(1))
    assert left_of(bench) == 298

    configurations.give_back(first, other)

    assert configurations.one(scope=Scope(1)) is other
    assert configurations.one() is first
    assert left_of(bench) == 298
    assert len(world.payloads) == 2


def test_giving_back_to_a_pool(start: Callable[..., Bench]) -> None:
    """A given one is the next to be handed out, and costs no delete."""
    bench = start(provision=Provision("pool", pool=("a", "b")))
    bench.endpoint.configurations.give_back(bench.endpoint.configurations.one())

    assert left_of(bench) == 300
    assert [one.sid for one in bench.endpoint.configurations.take(2)] == ["a", "b"]


def test_cleaning_up(world: World, alone: Bench) -> None:
    """Created configurations are deleted; those known to be gone are not asked for."""
    configurations = alone.endpoint.configurations
    made = configurations.take(4)
    alone.endpoint.inventory.gone(made[0])
    deletable(alone, made[1].sid)
    deletable(alone, made[2].sid, (404, {}))
    deletable(alone, made[3].sid, (410, {}))
    alone.endpoint.client.allowance.lost_s = 1000.0

    assert configurations.clean_up() == []

    assert sorted(line for line in alone.script.lines() if line.startswith("DELETE")) == sorted(
        f"DELETE /Configurations/{one.sid}" for one in made[1:]
    )
    assert [entry["state"] for entry in alone.journal].count("deleted") == 4
    assert "DEL-STATUS" not in alone.breaches()
    asked = len(alone.script.sent)
    assert configurations.clean_up() == []
    assert len(alone.script.sent) == asked


@pytest.mark.parametrize(
    ("said", "status", "gone"),
    [
        pytest.param([(401, {})], "COMPLETED", False, id="unauthorized"),
        pytest.param([(403, {})], "COMPLETED", False, id="forbidden"),
        pytest.param([TransportFault.TIMEOUT], "COMPLETED", False, id="silence"),
        pytest.param([(202, {})], "COMPLETED", False, id="not-to-be-followed"),
        pytest.param([], "FAILED", False, id="failed"),
        pytest.param(
            [TransportFault.TIMEOUT, (404, {})], "COMPLETED", True, id="gone-at-the-second-try"
        ),
        pytest.param([(500, {}), (404, {})], "COMPLETED", True, id="an-error-before"),
    ],
)
def test_what_can_not_be_removed(
    world: World, alone: Bench, said: list[Said], status: str, gone: bool
) -> None:
    """A few are tried four times; what is still there is named."""
    one = alone.endpoint.configurations.one()
    deletable(alone, one.sid, *said, status=status)

    assert alone.endpoint.configurations.clean_up() == ([] if gone else [one])

    tries = 2 if gone else 4
    assert alone.script.lines().count(f"DELETE /Configurations/{one.sid}") == tries
    assert "DEL-STATUS" not in alone.breaches()


@pytest.mark.parametrize(
    "said", [pytest.param([(409, {})], id="refused"), pytest.param([], id="failed")]
)
def test_a_bridged_service_is_removed_where_it_keeps_a_configuration(
    world: World, alone: Bench, said: list[Said]
) -> None:
    """A delete that a bridged service prevents is sent again without it."""
    (one,) = alone.endpoint.configurations.take(1, payloads=[{"conversationsV1Bridge": {}}])
    deletable(alone, one.sid, *said, status="COMPLETED" if said else "FAILED")

    url = f"{PLANE}/Operations/put"

    def update(sent: Sent) -> Said:
        assert json.loads(sent.body)["conversationsV1Bridge"] == {}
        deletable(alone, one.sid)
        return 202, {"statusUrl": url}, {"Retry-After": "1"}

    alone.script.on(
        "GET /Operations/put",
        (200, {"operationId": "put", "status": "COMPLETED", "statusUrl": url}),
    )
    alone.script.on(f"PUT /Configurations/{one.sid}", update)

    assert alone.endpoint.configurations.clean_up() == []


@pytest.mark.parametrize(
    ("usual", "limit", "tries", "seconds"),
    [
        pytest.param(0.0, 20, 5, 5.0, id="usual-time-not-known"),
        pytest.param(8.0, 20, 6, 16.0, id="slow"),
        pytest.param(60.0, 20, 7, 20.0, id="very-slow"),
        pytest.param(0.0, 2, 3, 2.0, id="short-limit"),
    ],
)
def test_what_is_busy_is_tried_again(
    start: Callable[..., Bench], usual: float, limit: float, tries: int, seconds: float
) -> None:
    """An interrupted test may have begun to delete it: it is asked again, ever more seldom, as long as that may take."""
    bench = start(limits=Limits(poll_timeout_s=limit))
    bench.endpoint.ownership.allow("a", "b")
    bench.endpoint.poller._typical["delete"] = usual
    deletable(bench, "a", *[(409, {})] * (tries - 1), (404, {}))
    deletable(bench, "b", (409, {}))
    gone: list[str] = []
    began = bench.clock.now

    remove(
        bench.endpoint.poller,
        [Configuration("a", "a"), Configuration("b", "b")],
        lambda *which: gone.extend(one.sid for one in which),
    )

    assert gone == ["a"]
    assert bench.script.lines().count("DELETE /Configurations/a") == tries
    assert bench.script.lines().count("DELETE /Configurations/b") >= tries
    assert seconds < bench.clock.now - began < 3 * seconds


def test_an_endpoint_that_runs_one_operation_at_a_time(start: Callable[..., Bench]) -> None:
    """All are deleted, however many, without asking for all of them each time."""
    bench = start()
    names = [f"sid{number}" for number in range(20)]
    bench.endpoint.ownership.allow(*names)
    running: list[str] = []

    def accept(name: str, _: Sent) -> Said:
        if running:
            return 409, {"code": 20409, "status": 409}
        running.append(name)
        return 202, {"statusUrl": f"{PLANE}/Operations/{name}"}, {"Retry-After": "1"}

    def end(name: str, _: Sent) -> Said:
        running.clear()
        return 200, {
            "operationId": name,
            "status": "COMPLETED",
            "createdAt": "2026-11-23T00:00:00Z",
        }

    for name in names:
        bench.script.on(f"DELETE /Configurations/{name}", partial(accept, name))
        bench.script.on(f"GET /Operations/{name}", partial(end, name))
    gone: list[str] = []

    remove(
        bench.endpoint.poller,
        [Configuration(name, name) for name in names],
        lambda *which: gone.extend(one.sid for one in which),
    )

    assert sorted(gone) == sorted(names)
    assert sum(line.startswith("DELETE") for line in bench.script.lines()) < 4 * len(names)


def test_an_operation_that_can_not_be_read_while_cleaning_up(world: World, alone: Bench) -> None:
    """The next delete tells by its 404."""
    one = alone.endpoint.configurations.one()
    deletable(
        alone,
        one.sid,
        (202, {"statusUrl": f"{PLANE}/Operations/x"}, {"Retry-After": "1"}),
        (404, {}),
    )
    alone.script.on("GET /Operations/x", (500, {}))

    assert alone.endpoint.configurations.clean_up() == []


def test_removing_where_they_are(start: Callable[..., Bench]) -> None:
    """Each is deleted in its own account and region."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    bench.endpoint.ownership.allow("a", scope=Scope(1, 1))
    deletable(bench, "a", (404, {}))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(
        lambda e: recorded.append((e.account, e.region, e.call.operation))
    )
    gone: list[Any] = []

    remove(
        bench.endpoint.poller,
        [Configuration("a", "n", Scope(1, 1))],
        lambda *which: gone.extend(which),
    )

    assert recorded == [(1, 1, "delete")]
    assert [one.name for one in gone] == ["n"]


def test_an_interrupted_create_is_found_by_its_name(world: World, alone: Bench) -> None:
    """A create whose outcome is not known is looked for in the list, and removed if it is there; what is not is named as left."""
    configurations = alone.endpoint.configurations
    world.refuse = [TransportFault.TIMEOUT] * 3
    with pytest.raises(NothingToDelete):
        configurations.one()
    alone.script.on(
        ALL,
        page(
            {"id": "x", "displayName": "oc-run-1"}, {"id": "somebodys", "displayName": "oc-run-9"}
        ),
    )
    alone.script.on("GET /Configurations/x", (200, {"displayName": "oc-run-1"}))
    deletable(alone, "x")

    assert [(one.sid, one.name) for one in configurations.clean_up()] == [
        ("(of oc-run-0)", "oc-run-0"),
        ("(of oc-run-2)", "oc-run-2"),
    ]

    assert [line for line in alone.script.lines() if line.startswith("DELETE")] == [
        "DELETE /Configurations/x"
    ]
    assert alone.journal[-1] == {
        "name": "oc-run-1",
        "sid": "x",
        "state": "deleted",
        "account": 0,
        "region": 0,
    }


def test_another_account_s_number_is_found_by_its_name(start: Callable[..., Bench]) -> None:
    """That an account's SID 1 is known, or gone, says nothing of the one of another account, which is looked for all the same."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    world.related = lambda number: {"configurationId": "1"}
    one = configurations.one()
    bench.endpoint.inventory.gone(one)
    world.refuse = [TransportFault.TIMEOUT] * 3
    with pytest.raises(NothingToDelete):
        configurations.one(scope=Scope(1))
    bench.script.on(
        ALL,
        lambda sent: (
            page({"id": "1", "displayName": "oc-run-2"}) if sent.user == "user2" else page()
        ),
    )
    bench.script.on("GET /Configurations/1", (200, {"displayName": "oc-run-2"}))
    deletable(bench, "1")

    left = configurations.clean_up()

    assert [one.name for one in left] == ["oc-run-1", "oc-run-3"]
    assert [sent.user for sent in bench.script.sent if sent.line.startswith("DELETE")] == ["user2"]
    assert bench.journal[-1] == {
        "name": "oc-run-2",
        "sid": "1",
        "state": "deleted",
        "account": 1,
        "region": 0,
    }


def test_what_no_test_needs_is_spare(start: Callable[..., Bench]) -> None:
    """Something to aim at whatever becomes of it is what earlier tests have left in that place, and a new one where that is nothing."""
    bench = start(accounts=TWO)
    World(bench)
    configurations = bench.endpoint.configurations
    configurations.stock.ahead = 0
    home, first = configurations.one(), configurations.spare(scope=Scope(1))
    assert (first.scope.account, first.sid != home.sid) == (1, True)

    assert configurations.spare(scope=Scope(1)) is not first
    configurations.begin()

    assert configurations.spare(scope=Scope(1)) is first
    bench.endpoint.rechecks.unchanged("ERR-409-NO-EFFECT", first, [])
    assert configurations.spare(scope=Scope(1)) is not first
    assert configurations.spare() is home


def test_another_account_s_number_is_discarded(start: Callable[..., Bench]) -> None:
    """The same SID in two accounts is two configurations: that one is deleted already, or in use, is not said of the other."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    world.related = lambda number: {"configurationId": "1"}
    bench.script.on(
        "GET /Configurations/1",
        lambda sent: (200, {"displayName": "oc-run-0" if sent.user == "user1" else "oc-run-1"}),
    )
    deletable(bench, "1", (409, {}))
    configurations.one()
    configurations.discard()
    configurations.begin()

    theirs = configurations.one(scope=Scope(1))
    assert [one.scope.account for one in bench.endpoint.inventory.idle(DEFAULT_SCOPE)] == [0]
    configurations.discard()
    bench.endpoint.client.parallel.join()

    deletes = [sent for sent in bench.script.sent if sent.line.startswith("DELETE")]
    assert {sent.user for sent in deletes} == {"user1", "user2"}
    assert bench.endpoint.inventory.left[theirs.name] is theirs


@pytest.mark.parametrize(
    "said",
    [
        pytest.param((400, {}), id="400"),
        pytest.param((429, {}, {"Retry-After": "99"}), id="429"),
        pytest.param((307, {}), id="307"),
        pytest.param((500, {}), id="500"),
        pytest.param((503, {}, {"Retry-After": "99"}), id="503"),
        pytest.param((201, {}), id="201"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_refused_create(world: World, alone: Bench, said: Said, *, there: bool) -> None:
    """A create that was refused may have been carried out: what is listed under its name is removed, and if nothing is, nothing is left."""
    world.refuse = [said] * 3
    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()
    if there:
        alone.script.on(ALL, page({"id": "x", "displayName": "oc-run-0"}))
        alone.script.on("GET /Configurations/x", (200, {"displayName": "oc-run-0"}))
        deletable(alone, "x")

    left = alone.endpoint.configurations.clean_up()

    # What 201 made nobody knows.
    made = world.names() if said[0] == 201 else []
    assert [one.name for one in left] == [name for name in made if not there or name != "oc-run-0"]
    assert [line for line in alone.script.lines() if line.startswith("DELETE")] == [
        "DELETE /Configurations/x"
    ] * there


def test_a_failed_create_that_made_something(world: World, alone: Bench) -> None:
    """A configuration of a create that FAILED is removed if it is listed."""
    world.status, world.related = "FAILED", lambda number: {"configurationId": f"sid{number}"}
    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()
    world.named(0, "oc-run-0")
    alone.script.on(ALL, page({"id": "sid0", "displayName": "oc-run-0"}))
    deletable(alone, "sid0")

    assert alone.endpoint.configurations.clean_up() == []

    assert [line for line in alone.script.lines() if line.startswith("DELETE")] == [
        "DELETE /Configurations/sid0"
    ]


@pytest.mark.parametrize(
    ("shown", "before"),
    [
        pytest.param("oc-run-0", True, id="there-before"),
        pytest.param("production", False, id="named-otherwise"),
    ],
)
def test_a_list_that_gives_somebody_elses_the_name_of_the_runs(
    world: World, alone: Bench, shown: str, *, before: bool
) -> None:
    """It is not taken for the run's, neither when the create ended nor when it is cleaned up."""
    world.related = lambda number: None
    lie = page(
        {"id": "victim", "displayName": "oc-run-0"},
        {"id": "victim", "displayName": "oc-run-1"},
        {"id": "victim", "displayName": "oc-run-2"},
    )
    alone.script.on(
        ALL, page({"id": "victim", "displayName": "production"}) if before else page(), lie
    )
    alone.script.on("GET /Configurations/victim", (200, {"displayName": shown}))

    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()

    assert alone.endpoint.configurations.clean_up() == []
    assert not [line for line in alone.script.lines() if line.startswith("DELETE")]


@pytest.mark.parametrize(
    ("listed", "taken"),
    [
        pytest.param(["SID0"], "sid1", id="one-in-two-spellings"),
        pytest.param(["SID0", "sid0"], "sid0", id="two"),
    ],
)
def test_ids_that_differ_in_case(world: World, alone: Bench, listed: list[str], taken: str) -> None:
    """A create may name what was there in another spelling; only a list that has both shows that they are two."""
    after = page(*({"id": sid, "displayName": "oc-run-0"} for sid in listed))
    alone.script.on(ALL, page({"id": "SID0", "displayName": "production"}), after)

    assert alone.endpoint.configurations.one().sid == taken
    assert alone.endpoint.ownership.owns("sid0") is (taken == "sid0")


def test_a_listed_id_that_is_no_text(world: World, alone: Bench) -> None:
    """A listed entry with an id of another type is not the run's, whatever its name."""
    world.related = lambda number: None
    odd: list[Any] = [[], {}, None, 7]
    alone.script.on(ALL, page(), page(*({"id": one, "displayName": "oc-run-0"} for one in odd)))

    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()


def test_what_shows_nowhere_is_nobodys_to_delete(world: World, alone: Bench) -> None:
    """A new id that neither fetch nor list shows may be one that was there and hidden: it is looked for, and left alone."""
    alone.script.on("GET /Configurations/sid0", (404,))

    with pytest.raises(NothingToDelete, match="which configuration it made can't be confirmed"):
        alone.endpoint.configurations.creator.conclude(*_begun(world, alone))

    assert not alone.endpoint.ownership.owns("sid0")
    assert alone.script.lines().count("GET /Configurations/sid0") > 5


def test_what_shows_late_is_the_runs(world: World, alone: Bench) -> None:
    """A copy that lags shows it after a while."""
    shown = {
        "id": "sid0",
        "description": "d",
        "conversationGroupingType": GROUPINGS[0],
        "memoryStoreId": "m",
    }
    alone.script.on(
        "GET /Configurations/sid0", (404,), (404,), (200, shown | {"displayName": "oc-run-0"})
    )

    assert alone.endpoint.configurations.one().sid == "sid0"


@pytest.mark.parametrize("named", [{}, {"displayName": 7}])
def test_what_has_no_name_is_known_by_the_list_before(
    world: World, alone: Bench, named: dict[str, Any]
) -> None:
    """Where names are not shown, what is new since the list was read is the run's, and without that list nothing is."""
    alone.script.on("GET /Configurations/sid0", (200, {"id": "sid0", **named}))
    alone.script.on("GET /Configurations/sid1", (200, {"id": "sid1", **named}))

    assert alone.endpoint.configurations.one().sid == "sid0"

    alone.endpoint.configurations.creator.identity._before[DEFAULT_SCOPE] = (
        None  # as if it could not be read
    )
    assert alone.endpoint.configurations.one().sid == "sid2"
    assert not alone.endpoint.ownership.owns("sid1")


def test_what_is_only_listed_is_the_runs(world: World, alone: Bench) -> None:
    """Where a fetch keeps saying no, the list has its say."""
    alone.script.on("GET /Configurations/sid0", (404,))
    alone.script.on(ALL, page({"id": "sid0", "displayName": "oc-run-0"}))
    alone.endpoint.configurations.creator.identity._before[DEFAULT_SCOPE] = (
        set()
    )  # the list came later

    assert alone.endpoint.configurations.one().sid == "sid0"


def _begun(world: World, bench: Bench) -> tuple[Any, dict[str, Any]]:
    payload = {"displayName": "oc-run-0", "conversationGroupingType": GROUPINGS[0]}
    return bench.endpoint.configurations.creator.begin(payload, KEY), payload


def test_a_create_that_names_what_is_shown_as_somebody_elses(world: World, alone: Bench) -> None:
    """A list may leave out what it likes: what a create names must not show as something else either."""
    world.named(0, "production")

    assert alone.endpoint.configurations.one().sid == "sid1"


@pytest.mark.parametrize("sid", [".", ".."])
def test_dots_are_no_id(world: World, alone: Bench, sid: str) -> None:
    """A path that ends in them means another one."""
    world.related = lambda number: {"configurationId": sid}

    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()


def test_creates_that_lead_nowhere_are_not_tried_without_end(world: World, alone: Bench) -> None:
    """After some that made nothing there is a pause, longer each time; one that makes something ends it."""
    world.refuse = [(400, {})] * 15
    tries = []

    for pause in (0, 0, 0, 0, 6, 0, 11):
        alone.clock.now += pause
        with pytest.raises(NothingToDelete, match="answered 400"):
            alone.endpoint.configurations.one()
        tries.append(len(world.payloads))

    assert tries == [3, 6, 9, 9, 12, 12, 15]
    alone.clock.now += 21
    assert len(alone.endpoint.configurations.take(2)) == 2
    world.refuse = [(400, {})] * 3
    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()


def test_a_create_that_never_ended_is_named(world: World, start: Callable[..., Bench]) -> None:
    """A configuration that may still appear after the run is named as left."""
    bench = start(limits=Limits(poll_timeout_s=5))
    bench.endpoint.configurations.stock.ahead = 0
    other = World(bench)
    other.status, other.related = "PENDING", lambda number: None
    with pytest.raises(
        NothingToDelete, match=r"^configurations can't be created: a create ended PENDING$"
    ):
        bench.endpoint.configurations.one()

    left = bench.endpoint.configurations.clean_up()

    assert sorted((one.sid, one.name) for one in left) == [
        (f"(of oc-run-{n})", f"oc-run-{n}") for n in range(3)
    ]
    # It did end before the next try.
    assert bench.endpoint.configurations.clean_up() == []


FULL: Said = (409, {"code": 20409, "status": 409})


@pytest.mark.parametrize("spoiled", [True, False])
def test_what_is_not_needed_makes_room(bench: Bench, *, spoiled: bool) -> None:
    """Where the endpoint takes no more, what an earlier test took serves again, or is deleted."""
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    configurations.take(1)
    configurations.begin()
    mine = configurations.newest()
    if spoiled:
        bench.endpoint.ownership.touch("sid0", 0, 0, clear=False)
    bench.script.on("DELETE /Configurations/sid0", (404, {}))
    world.refuse = [FULL] * 2

    found = configurations.one()

    assert found.sid == ("sid4" if spoiled else "sid0")
    assert mine.name in bench.endpoint.inventory.left
    assert [line for line in bench.script.lines() if line.startswith("DELETE")] == [
        "DELETE /Configurations/sid0"
    ] * spoiled


@pytest.mark.parametrize(
    ("members", "touched", "again"),
    [
        pytest.param({}, False, True, id="untouched"),
        pytest.param({}, True, False, id="touched"),
        pytest.param({"conversationsV1Bridge": {}}, False, False, id="bridged"),
    ],
)
def test_what_an_earlier_test_left_serves_again(
    bench: Bench, members: dict[str, Any], *, touched: bool, again: bool
) -> None:
    """A later test gets what no delete may have touched, unless a service may keep it."""
    World(bench)
    configurations = bench.endpoint.configurations
    configurations.stock.ahead = 0
    (first,) = configurations.take(1, payloads=[members])
    assert configurations.one() is not first  # the same test uses it
    configurations.begin()
    if touched:
        bench.endpoint.ownership.touch(first.sid, 0, 0, clear=True)

    assert (first in configurations.take(2)) is again


def test_target_of_refused_requests_serves_again(start: Callable[..., Bench]) -> None:
    """A complete configuration is aimed at by several tests, while no delete may have touched it."""
    bench = start(effort="standard")
    World(bench)
    targets = bench.endpoint.targets
    first = targets.one()
    bench.endpoint.configurations.begin()
    second = targets.one()
    bench.endpoint.configurations.begin()
    bench.endpoint.ownership.touch(first.sid, 0, 0, clear=True)

    assert second is first
    assert targets.one() is not first


def test_fewer_where_there_are_no_more(bench: Bench) -> None:
    """With *least*, as many are handed out as can be had; what was made is not lost."""
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    world.refuse = [None, None, *[FULL] * 20]

    found = configurations.take(5, payloads=[{}], least=2)

    assert sorted(one.sid for one in found) == ["sid0", "sid1"]


def test_a_pool_that_ends_gives_the_rest(start: Callable[..., Bench]) -> None:
    """With *least*, a pool that ends gives what it has left."""
    bench = start(provision=Provision("pool", pool=("a", "b", "c")))

    assert len(bench.endpoint.configurations.take(5, least=2)) == 2
    assert len(bench.endpoint.configurations.take(1)) == 1


def test_what_is_used_up_is_one_way_less(start: Callable[..., Bench]) -> None:
    """Findings from before a pool ended stand."""
    with pytest.raises(Inconclusive):
        start(provision=Provision("pool", pool=("a",))).endpoint.configurations.take(2)


@pytest.mark.parametrize("number", [3, 4])
def test_many_that_can_not_be_removed(world: World, alone: Bench, number: int) -> None:
    """Of more than a few that are left no error is taken for one that passes."""
    many = alone.endpoint.configurations.take(number)
    for one in many:
        deletable(alone, one.sid, (500, {}))

    assert alone.endpoint.configurations.clean_up() == many

    tries = 4 if number == 3 else 2
    assert alone.script.lines().count(f"DELETE /Configurations/{many[0].sid}") == tries


def test_a_create_under_way_after_503(world: World, alone: Bench) -> None:
    """What a 503 stands for may show a moment later: it is waited for, and removed."""
    world.refuse = [(503, {}, {"Retry-After": "99"})]
    with pytest.raises(NothingToDelete):
        alone.endpoint.configurations.one()
    late = page({"id": "x", "displayName": "oc-run-0"})
    alone.script.on(ALL, page(), page(), late)
    alone.script.on("GET /Configurations/x", (200, {"displayName": "oc-run-0"}))
    deletable(alone, "x")

    assert alone.endpoint.configurations.clean_up() == []

    assert "DELETE /Configurations/x" in alone.script.lines()
