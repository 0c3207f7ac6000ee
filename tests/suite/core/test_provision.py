"""Where configurations come from, and that nothing of anybody else's is taken for the run's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Provision
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import GROUPINGS
from orchestrator_contract.provision.refusals import TooFew
from orchestrator_contract.scope import Scope
from tests.suite.core.world import ALL, PLANE, TWO, World, left_of, page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

NAMELESS = "a create completed, but which configuration it made can't be confirmed: that takes a new id which a fetch or the list shows under the run's name"


def test_what_a_create_says(world: World, alone: Bench) -> None:
    """Each create has a name of the run's own, every grouping in turn, and the memory store that is known."""
    made = alone.endpoint.configurations.take(4)

    assert sorted(world.names()) == ["oc-run-0", "oc-run-1", "oc-run-2", "oc-run-3"]
    assert {payload["conversationGroupingType"] for payload in world.payloads} == set(GROUPINGS)
    assert {payload["description"] for payload in world.payloads} == {"contract test run"}
    assert {payload["memoryStoreId"] for payload in world.payloads} == {
        "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"
    }
    assert [one.name for one in made] == ["oc-run-0", "oc-run-1", "oc-run-2", "oc-run-3"]
    assert {one.sid for one in made} == {"sid0", "sid1", "sid2", "sid3"}
    assert all(one.payload["displayName"] == one.name for one in made)
    assert all(alone.endpoint.ownership.owns(one.sid) for one in made)
    assert alone.endpoint.inventory.left == {one.name: one for one in made}
    assert left_of(alone) == 296
    assert alone.breaches() == {}
    assert alone.checks()["CTRL-ACCEPTED"] == 8


def test_the_journal_is_written_before(world: World, alone: Bench) -> None:
    """Every create is announced before it is sent, and noted once its id is known."""
    seen: list[int] = []
    alone.endpoint.client.observers.append(
        lambda e: seen.append(len(alone.journal)) if e.method == "POST" else None
    )

    (made,) = alone.endpoint.configurations.take(1)

    assert seen == [1]
    assert alone.journal == [
        {"name": "oc-run-0", "state": "creating", "account": 0, "region": 0},
        {"name": "oc-run-0", "sid": "sid0", "state": "created", "account": 0, "region": 0},
    ]
    alone.endpoint.inventory.gone(made)
    alone.endpoint.inventory.gone(made)
    assert alone.journal[2:] == [
        {"name": "oc-run-0", "sid": "sid0", "state": "deleted", "account": 0, "region": 0}
    ]
    assert alone.endpoint.inventory.left == {}


def test_a_journal_that_fails(tmp_path: Path) -> None:
    """A create that can't be announced is not sent; the run cleans up all the same."""
    (tmp_path / "journal").mkdir()
    shared = Coordinator(100, 0, 10, Journal(tmp_path / "journal", {}))
    entry = {"name": "oc-run-0", "account": 0, "region": 0}

    with pytest.raises(Inconclusive, match="can't be written"):
        Inventory(shared, Ownership()).announce(["oc-run-0"])

    assert shared.journal([{**entry, "state": "created", "sid": "sid0"}]) == ""
    assert shared.journal([{**entry, "state": "deleted", "sid": "sid0"}]) == ""


def test_payloads(world: World, alone: Bench) -> None:
    """Members that are given replace those of some creates; a name is a suffix, as far as names may be long."""
    extras: list[dict[str, Any]] = [
        {"description": "d", "statusCallbacks": []},
        {"displayName": "-" + "x" * 40},
    ]

    made = alone.endpoint.configurations.take(3, payloads=extras)

    first, second, third = sorted(
        (one.payload for one in made), key=lambda p: str(p["displayName"])
    )
    assert (first["displayName"], first["description"], first["statusCallbacks"]) == (
        "oc-run-0",
        "d",
        [],
    )
    assert second["displayName"] == "oc-run-1-" + "x" * 23
    assert (third["displayName"], third["description"]) == ("oc-run-2", "contract test run")
    assert extras[1] == {"displayName": "-" + "x" * 40}


@pytest.mark.parametrize(
    ("said", "store"),
    [
        pytest.param(
            page({"memoryStoreId": "mem_1"}, {"memoryStoreId": "mem_2"}), "mem_1", id="of-the-first"
        ),
        pytest.param(
            page({"memoryStoreId": ""}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="empty"
        ),
        pytest.param(
            page({"memoryStoreId": 5}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="number"
        ),
        pytest.param(page("x"), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-object"),
        pytest.param(
            (200, {"configurations": {}}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-list"
        ),
        pytest.param((404, {}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-page"),
    ],
)
def test_the_memory_store(world: World, alone: Bench, said: Said, store: str) -> None:
    """Where the profile names none, an existing configuration's memory store is used; it is asked for once."""
    alone.script.on("GET /Configurations?pageSize=1", said)

    alone.endpoint.configurations.take(2)

    assert {payload["memoryStoreId"] for payload in world.payloads} == {store}
    assert alone.script.lines().count("GET /Configurations?pageSize=1") == 1


def test_the_memory_store_of_the_profile(start: Callable[..., Bench]) -> None:
    """A profile's memory store is used as it is."""
    bench = start(provision=Provision("create", memory_store_id="mem_9"))
    world = World(bench)

    bench.endpoint.configurations.one()

    assert {payload["memoryStoreId"] for payload in world.payloads} == {"mem_9"}
    assert "GET /Configurations?pageSize=1" not in bench.script.lines()


def test_the_memory_store_of_each_account(start: Callable[..., Bench]) -> None:
    """An account's own store comes before the profile's, also for the same configuration once more."""
    second = replace(TWO[1], memory_store_id="mem_2")
    bench = start(accounts=(TWO[0], second), provision=Provision("create", "mem_9"))
    world, bench.endpoint.configurations.stock.ahead = World(bench), 0

    first = bench.endpoint.configurations.one()
    bench.endpoint.configurations.one(scope=Scope(account=1))
    bench.endpoint.configurations.creator.namesake(first, Scope(account=1))

    assert [payload["memoryStoreId"] for payload in world.payloads] == ["mem_9", "mem_2", "mem_2"]


def test_the_memory_store_of_an_account_without_one(start: Callable[..., Bench]) -> None:
    """The profile's memory store comes before that of a listed configuration, in every scope."""
    bench = start(accounts=TWO, provision=Provision("create", "mem_9"))
    world = World(bench)
    bench.script.on("GET /Configurations?pageSize=1", page({"memoryStoreId": "mem_1"}))

    bench.endpoint.configurations.one(scope=Scope(account=1))

    assert {payload["memoryStoreId"] for payload in world.payloads} == {"mem_9"}


def test_some_are_made_ahead(start: Callable[..., Bench]) -> None:
    """In the first account and region several are made at once and handed out in turn; all of them count as deletes."""
    bench = start(accounts=TWO)
    world = World(bench)
    bench.endpoint.configurations.stock.ahead = 3

    first = bench.endpoint.configurations.take(2)
    assert len(world.payloads) == 5
    assert left_of(bench) == 295
    later = [bench.endpoint.configurations.one() for _ in range(3)]
    assert len(world.payloads) == 5
    assert len({one.sid for one in (*first, *later)}) == 5
    assert [one.name for one in (*first, *later)] == [f"oc-run-{number}" for number in range(5)]

    bench.endpoint.configurations.take(2, scope=Scope(1))
    assert len(world.payloads) == 7


def test_places(start: Callable[..., Bench]) -> None:
    """Configurations are made, journalled and listed where they are asked for."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    world = World(bench)
    world.related = lambda number: None
    bench.script.on(ALL, page(), page({"id": "made", "displayName": "oc-run-0"}))
    bench.script.on("GET /Configurations/made", (200, {"displayName": "oc-run-0"}))
    recorded: set[Any] = set()
    bench.endpoint.client.observers.append(
        lambda e: (
            recorded.add((e.account, e.region))
            if "pageSize=1000" in e.url or e.method == "POST"
            else None
        )
    )

    (made,) = bench.endpoint.configurations.take(1, scope=Scope(1, 1))

    assert (made.sid, made.scope) == ("made", Scope(1, 1))
    assert recorded == {(1, 1)}
    assert [(entry["account"], entry["region"]) for entry in bench.journal] == [(1, 1)] * 2


def test_a_refused_create_is_tried_again_without_its_extras(world: World, alone: Bench) -> None:
    """A payload that is refused with its optional parts only prepares: it goes out plain, under another name."""
    world.refuse = [None, (400, {}), None]

    made = alone.endpoint.configurations.take(
        2, payloads=[{"description": "a"}, {"description": "b"}]
    )

    assert len(world.payloads) == 3
    assert world.payloads[2]["description"] == "contract test run"
    assert len({one.name for one in made}) == 2
    assert len([entry for entry in alone.journal if entry["state"] == "created"]) == 2


@pytest.mark.parametrize(
    ("refuse", "status", "related", "why"),
    [
        pytest.param(
            (400, {}),
            "COMPLETED",
            None,
            f"POST {PLANE}/Configurations answered 400 (application/json)",
            id="refused",
        ),
        pytest.param(
            (409, {"message": "the quota\x1b[31m of " + "9" * 300}),
            "COMPLETED",
            None,
            f"POST {PLANE}/Configurations answered 409 (application/json): the quota\\x1b[31m of {'9' * 182}…",
            id="refused-with-a-message",
        ),
        pytest.param(
            (405, None),
            "COMPLETED",
            None,
            f"POST {PLANE}/Configurations answered 405 (no Content-Type)",
            id="refused-without-a-type",
        ),
        pytest.param(
            (201, b"", {"Content-Type": "t" * 80}),
            "COMPLETED",
            None,
            f"POST {PLANE}/Configurations answered 201 ({'t' * 60})",
            id="another-success",
        ),
        pytest.param(
            TransportFault.TIMEOUT,
            "COMPLETED",
            None,
            "POST got no answer: it was timeout",
            id="silence",
        ),
        pytest.param(
            (202, {}),
            "COMPLETED",
            None,
            "the 202 has no link that leads to its operation on the target",
            id="not-to-be-followed",
        ),
        pytest.param(
            (202, b'{"statusUrl": NaN}'),
            "COMPLETED",
            None,
            "the 202 has no link that leads to its operation on the target (not JSON: NaN is not JSON)",
            id="no-json",
        ),
        pytest.param(None, "FAILED", "its own", "a create ended FAILED", id="failed"),
        pytest.param(None, "COMPLETED", {}, NAMELESS, id="nameless"),
        pytest.param(
            None, "COMPLETED", {"configurationId": "same"}, NAMELESS, id="the-same-one-each-time"
        ),
    ],
)
def test_what_can_not_be_created(
    world: World, alone: Bench, refuse: Said | None, status: str, related: Any, why: str
) -> None:
    """After three tries it is given up; that costs no deletes. A refusal stands for two."""
    world.refuse = [refuse] * 9
    world.status = status
    if related != "its own":
        world.related = lambda number: related

    with pytest.raises(TooFew) as caught:
        alone.endpoint.configurations.take(2)

    made = 1 if related == {"configurationId": "same"} and status == "COMPLETED" else 0
    assert (str(caught.value), len(caught.value.made)) == (
        f"configurations can't be created: {why}",
        made,
    )
    assert len(world.payloads) == (3 if made or refuse else 4)
    assert left_of(alone) == 300 - made
    assert ("CTRL-ACCEPTED" in alone.breaches()) is (
        refuse is not None and not isinstance(refuse, TransportFault) and refuse[0] == 201
    )


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_fewer_are_made_than_ahead(start: Callable[..., Bench], taken: int) -> None:
    """Where the endpoint takes fewer than were to be made ahead, those serve; what was not made costs no deletes."""
    bench = start()
    world = World(bench)
    bench.endpoint.configurations.stock.ahead = 4
    world.refuse = [*[None] * taken, *[(400, {})] * 20]

    if taken == 1:
        with pytest.raises(NothingToDelete, match="answered 400"):
            bench.endpoint.configurations.take(2)
        assert len(bench.endpoint.configurations.take(1)) == 1
    else:
        assert len(bench.endpoint.configurations.take(2)) == 2

    assert len(bench.endpoint.inventory.left) == taken
    assert left_of(bench) == 300 - taken


# -------------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    "sid",
    [
        pytest.param("a/b", id="slash"),
        pytest.param("a?b", id="query"),
        pytest.param("", id="empty"),
        pytest.param("x" * 201, id="without-end"),
        pytest.param("a%2e", id="escape"),
        pytest.param("\xe9", id="beyond-ascii"),
        pytest.param(5, id="number"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_no_id_is_not_believed(world: World, alone: Bench, sid: object) -> None:
    """An id that is no plain path segment is ignored; the list is searched by name."""
    world.related = lambda number: {"configurationId": sid}
    alone.script.on(
        ALL,
        page(),
        page({"id": "other", "displayName": "x"}, {"id": "by-name", "displayName": "oc-run-0"}),
    )
    alone.script.on("GET /Configurations/by-name", (200, {"displayName": "oc-run-0"}))

    assert alone.endpoint.configurations.one().sid == "by-name"


@pytest.mark.parametrize("sid", ["x" * 200, "A-._~9"])
def test_odd_ids_are_ids(world: World, alone: Bench, sid: str) -> None:
    """Any id that stands in a path as it is is taken."""
    world.related = lambda number: {"configurationId": sid}

    assert alone.endpoint.configurations.one().sid == sid


def test_somebody_elses_configuration_is_not_taken(world: World, alone: Bench) -> None:
    """A configuration listed before the first create is not the run's."""
    alone.script.on(ALL, page({"id": "sid0"}))

    made = alone.endpoint.configurations.one()

    assert made.sid == "sid1"
    assert not alone.endpoint.ownership.owns("sid0")


@pytest.mark.parametrize(
    ("fetched", "taken"),
    [
        pytest.param((200, {"displayName": "oc-run-0"}), "sid0", id="its-name"),
        pytest.param((200, {"displayName": "x"}), None, id="another-name"),
        pytest.param((404, {}), None, id="not-there"),
    ],
)
def test_without_a_list_the_name_decides(
    world: World, alone: Bench, fetched: Said, taken: str | None
) -> None:
    """Where the list can't be read, a configuration is taken if a fetch shows the name that was given to it."""
    alone.script.on(ALL, (404, {}))
    for number in range(3):
        alone.script.on(f"GET /Configurations/sid{number}", fetched)

    if taken:
        assert alone.endpoint.configurations.one().sid == taken
    else:
        with pytest.raises(NothingToDelete):
            alone.endpoint.configurations.one()
        assert alone.endpoint.inventory.left == {}


def test_several_are_known_by_one_list(world: World, alone: Bench) -> None:
    """The list decides by name; a configuration that is not listed is fetched."""
    listed = page(
        {"id": "sid0", "displayName": "oc-run-0"}, {"id": "sid1", "displayName": "somebody's"}
    )
    alone.script.on(ALL, page(), listed)

    alone.endpoint.configurations.take(3)

    assert alone.endpoint.ownership.owns("sid0")
    assert not alone.endpoint.ownership.owns("sid1")
    fetches = [line for line in alone.script.lines() if line.startswith("GET /Configurations/")]
    assert "GET /Configurations/sid0" not in fetches
    assert "GET /Configurations/sid2" in fetches


def test_a_list_of_one_account_says_nothing_of_another_s(start: Callable[..., Bench]) -> None:
    """A SID that one account's list shows under a name of the run's may be somebody's in another account: it is looked at there."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    bench.script.on(
        ALL, page(), page(*({"id": str(n), "displayName": f"oc-run-{n}"} for n in range(3))), page()
    )
    world.related = lambda number: {"configurationId": str(number % 3)}
    configurations.take(3)
    shown = {"user1": "oc-run-0", "user2": "production"}
    bench.script.on("GET /Configurations/0", lambda sent: (200, {"displayName": shown[sent.user]}))

    found = configurations.one(scope=Scope(1))

    assert (found.sid, found.scope) == ("1", Scope(1))
    assert not bench.endpoint.ownership.owns("0", Scope(account=1))


def test_an_older_list_says_nothing_of_what_is_new(world: World, alone: Bench) -> None:
    """A SID that the list showed under a name of the run's an earlier time is looked at: it may be somebody's by now."""
    again = {"id": "later", "displayName": "oc-run-9"}
    alone.script.on(
        ALL,
        page(),
        page(
            {"id": "sid0", "displayName": "oc-run-0"},
            {"id": "sid1", "displayName": "oc-run-1"},
            again,
        ),
    )
    alone.endpoint.configurations.take(2)
    world.related = lambda number: {"configurationId": "later" if number == 2 else f"sid{number}"}
    alone.script.on("GET /Configurations/later", (200, {"displayName": "production"}))

    assert alone.endpoint.configurations.one().sid == "sid3"
    assert not alone.endpoint.ownership.owns("later")


def test_a_long_list_is_not_walked_for_few(world: World, alone: Bench) -> None:
    """Where the list has as many pages as there are new ones, each is fetched from then on."""
    more: Said = (
        200,
        {"configurations": [{"id": "x", "displayName": "x"}], "meta": {"nextToken": "t"}},
    )
    alone.script.on(ALL, more)
    alone.script.on(
        "GET /Configurations?pageSize=1000&pageToken=t", page({"id": "y", "displayName": "y"})
    )

    alone.endpoint.configurations.take(2)
    first = len(alone.script.lines())
    alone.endpoint.configurations.take(2)

    assert alone.script.lines()[first:].count(ALL) == 0
    assert "GET /Configurations/sid3" in alone.script.lines()


def test_the_list_is_read_once_before(world: World, alone: Bench) -> None:
    """Existing configurations are listed before the first create only."""
    alone.endpoint.configurations.one()
    alone.endpoint.configurations.one()

    assert alone.script.lines().count(ALL) == 1
    assert alone.script.lines()[0] == ALL


def test_an_id_of_the_202_counts(world: World, alone: Bench) -> None:
    """The 202 of a create may name the configuration itself."""
    world.related, world.early = lambda number: None, {"configurationId": "early"}

    assert alone.endpoint.configurations.one().sid == "early"
