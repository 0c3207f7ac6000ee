"""Where configurations come from, that nothing of anybody else's is taken for the run's own, and that nothing is left."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract import preflight
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.exchange import Call
from orchestrator_contract.ownership import Ownership
from orchestrator_contract.place import HOME, Place
from orchestrator_contract.profile import Account, Limits, Provision
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.provision.creating import TooFew
from orchestrator_contract.provision.given import NothingToDelete
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import GROUPINGS
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.provision.removal import remove
from orchestrator_contract.verdicts.ledger import OneWayLess, Unverifiable
from orchestrator_contract.verdicts.result import Unusable
from orchestrator_contract.wire.answer import Fault

if TYPE_CHECKING:
    from tests.meta.core.conftest import Bench, Said, Sent

PLANE = "http://target.example/v2/ControlPlane"
ALL = "GET /Configurations?pageSize=1000"
KEY = "aaaaaaaa-2222-4333-8444-555555555555"
TWO = tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2))
NAMELESS = (
    "a create completed, but which configuration it made can't be confirmed: that takes a new id which a fetch or the list shows under the run's name"
)


def page(*items: Any) -> Said:
    """The last page of the list."""
    return 200, {"configurations": list(items), "meta": {"key": "configurations", "pageSize": 1000}}


class World:
    """Lets the endpoint create: one operation and one configuration for each POST."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.payloads: list[dict[str, Any]] = []
        #: Answers in place of the 202 for the first creates; None lets one pass.
        self.refuse: list[Said | None] = []
        self.status = "COMPLETED"
        #: What an operation says that it made, by its number.
        self.related: Callable[[int], Any] = lambda number: {"configurationId": f"sid{number}"}
        #: What the 202 itself says that it makes.
        self.early: Any = None
        # When what was created shows is for test_visibility.
        bench.suite.configurations.creator.settle = lambda _: None
        bench.endpoint.on("POST /Configurations", self._create)
        bench.endpoint.on(ALL, page())
        bench.endpoint.on("GET /Configurations?pageSize=1", page())

    def _create(self, sent: Sent) -> Said:
        number = len(self.payloads)
        self.payloads.append(json.loads(sent.body))
        if self.refuse and (said := self.refuse.pop(0)) is not None:
            return said
        url = f"{sent.origin.scheme}://{sent.origin.host}/v2/ControlPlane/Operations/op{number}"
        done = "2026-11-23T00:00:05Z" if self.status in ("COMPLETED", "FAILED") else None
        operation = {"operationId": f"op{number}", "status": self.status, "createdAt": "2026-11-23T00:00:00Z", "completedAt": done,
                     "statusUrl": url, "related": self.related(number), "error": None}
        self.bench.endpoint.on(f"GET /Operations/op{number}", (200, operation))
        for related in (self.related(number), self.early):
            sid = related.get("configurationId") if isinstance(related, dict) else None
            if isinstance(sid, str):
                shown = {"id": sid, **self.payloads[-1]}
                self.bench.endpoint.unless_scripted(f"GET /Configurations/{sid}", (200, shown))
        return 202, {"statusUrl": url, "related": self.early}, {"Retry-After": "1"}

    def named(self, number: int, name: str) -> None:
        """Show one of them under a name."""
        self.bench.endpoint.on(f"GET /Configurations/sid{number}", (200, {"id": f"sid{number}", "displayName": name}))

    def listed(self, _: Sent) -> Said:
        """The list of what was created."""
        return page(*({"id": f"sid{number}", "displayName": name} for number, name in enumerate(self.names())))

    def names(self) -> list[str]:
        """The names that were sent."""
        return [payload["displayName"] for payload in self.payloads]


@pytest.fixture
def alone(start: Callable[..., Bench]) -> Bench:
    """A bench that makes nothing ahead."""
    bench = start()
    bench.suite.configurations.ahead = 0
    return bench


@pytest.fixture
def world(alone: Bench) -> World:
    """An endpoint that creates."""
    return World(alone)


def left_of(bench: Bench) -> int:
    """What is left of the deletion budget of 300."""
    coordinator = bench.suite.coordinator
    number = next(number for number in range(300, -1, -1) if coordinator.take_deletes(number) == number)
    coordinator.give_back_deletes(number)
    return number


# -------------------------------------------------------------------- created


def test_what_a_create_says(world: World, alone: Bench) -> None:
    """Each create has a name of the run's own, every grouping in turn, and the memory store that is known."""
    made = alone.suite.configurations.take(4)

    assert sorted(world.names()) == ["oc-run-0", "oc-run-1", "oc-run-2", "oc-run-3"]
    assert {payload["conversationGroupingType"] for payload in world.payloads} == set(GROUPINGS)
    assert {payload["description"] for payload in world.payloads} == {"contract test run"}
    assert {payload["memoryStoreId"] for payload in world.payloads} == {"mem_store_01k1etk2y5f1y9fpe2epfdtvv2"}
    assert [one.name for one in made] == ["oc-run-0", "oc-run-1", "oc-run-2", "oc-run-3"]
    assert {one.sid for one in made} == {"sid0", "sid1", "sid2", "sid3"}
    assert all(one.payload["displayName"] == one.name for one in made)
    assert all(alone.suite.ownership.owns(one.sid) for one in made)
    assert alone.suite.inventory.left == {one.name: one for one in made}
    assert left_of(alone) == 296
    assert alone.breaches() == {}
    assert alone.checks()["CTRL-ACCEPTED"] == 8


def test_the_journal_is_written_before(world: World, alone: Bench) -> None:
    """Every create is announced before it is sent, and told once it is known."""
    seen: list[int] = []
    alone.suite.client.recorders.append(lambda e: seen.append(len(alone.journal)) if e.method == "POST" else None)

    (made,) = alone.suite.configurations.take(1)

    assert seen == [1]
    assert alone.journal == [
        {"name": "oc-run-0", "state": "creating", "account": 0, "region": 0},
        {"name": "oc-run-0", "sid": "sid0", "state": "created", "account": 0, "region": 0},
    ]
    alone.suite.inventory.gone(made)
    alone.suite.inventory.gone(made)
    assert alone.journal[2:] == [{"name": "oc-run-0", "sid": "sid0", "state": "deleted", "account": 0, "region": 0}]
    assert alone.suite.inventory.left == {}


def test_a_journal_that_fails(tmp_path: Path) -> None:
    """What can't be announced is not created; what was is told of in vain, and does not stop the run from cleaning up."""
    (tmp_path / "journal").mkdir()
    shared = Coordinator(100, 0, 10, Journal(tmp_path / "journal", {}))
    entry = {"name": "oc-run-0", "account": 0, "region": 0}

    with pytest.raises(Unverifiable, match="can't be written"):
        Inventory(shared, Ownership()).announce(["oc-run-0"])

    assert shared.journal([{**entry, "state": "created", "sid": "sid0"}]) == ""
    assert shared.journal([{**entry, "state": "deleted", "sid": "sid0"}]) == ""


def test_payloads(world: World, alone: Bench) -> None:
    """Members that are given replace those of some creates; a name is a suffix, as far as names may be long."""
    extras: list[dict[str, Any]] = [{"description": "d", "statusCallbacks": []}, {"displayName": "-" + "x" * 40}]

    made = alone.suite.configurations.take(3, payloads=extras)

    first, second, third = sorted((one.payload for one in made), key=lambda p: str(p["displayName"]))
    assert (first["displayName"], first["description"], first["statusCallbacks"]) == ("oc-run-0", "d", [])
    assert second["displayName"] == "oc-run-1-" + "x" * 23
    assert (third["displayName"], third["description"]) == ("oc-run-2", "contract test run")
    assert extras[1] == {"displayName": "-" + "x" * 40}


@pytest.mark.parametrize(
    ("said", "store"),
    [
        pytest.param(page({"memoryStoreId": "mem_1"}, {"memoryStoreId": "mem_2"}), "mem_1", id="of-the-first"),
        pytest.param(page({"memoryStoreId": ""}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="empty"),
        pytest.param(page({"memoryStoreId": 5}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="number"),
        pytest.param(page("x"), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-object"),
        pytest.param((200, {"configurations": {}}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-list"),
        pytest.param((404, {}), "mem_store_01k1etk2y5f1y9fpe2epfdtvv2", id="no-page"),
    ],
)
def test_the_memory_store(world: World, alone: Bench, said: Said, store: str) -> None:
    """Where the profile names none, an existing configuration's memory store is used; it is asked for once."""
    alone.endpoint.on("GET /Configurations?pageSize=1", said)

    alone.suite.configurations.take(2)

    assert {payload["memoryStoreId"] for payload in world.payloads} == {store}
    assert alone.endpoint.lines().count("GET /Configurations?pageSize=1") == 1


def test_the_memory_store_of_the_profile(start: Callable[..., Bench]) -> None:
    """A profile's memory store is used as it is."""
    bench = start(provision=Provision("create", memory_store_id="mem_9"))
    world = World(bench)

    bench.suite.configurations.one()

    assert {payload["memoryStoreId"] for payload in world.payloads} == {"mem_9"}
    assert "GET /Configurations?pageSize=1" not in bench.endpoint.lines()


def test_some_are_made_ahead(start: Callable[..., Bench]) -> None:
    """In the first account and region several are made at once and handed out in turn; all of them count as deletes."""
    bench = start(accounts=TWO)
    world = World(bench)
    bench.suite.configurations.ahead = 3

    first = bench.suite.configurations.take(2)
    assert len(world.payloads) == 5
    assert left_of(bench) == 295
    later = [bench.suite.configurations.one() for _ in range(3)]
    assert len(world.payloads) == 5
    assert len({one.sid for one in (*first, *later)}) == 5
    assert [one.name for one in (*first, *later)] == [f"oc-run-{number}" for number in range(5)]

    bench.suite.configurations.take(2, account=1)
    assert len(world.payloads) == 7


def test_places(start: Callable[..., Bench]) -> None:
    """Configurations are made, journalled and listed where they are asked for."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    world = World(bench)
    world.related = lambda number: None
    bench.endpoint.on(ALL, page(), page({"id": "made", "displayName": "oc-run-0"}))
    bench.endpoint.on("GET /Configurations/made", (200, {"displayName": "oc-run-0"}))
    recorded: set[Any] = set()
    bench.suite.client.recorders.append(lambda e: recorded.add((e.account, e.region)) if "pageSize=1000" in e.url or e.method == "POST" else None)

    (made,) = bench.suite.configurations.take(1, account=1, region=1)

    assert (made.sid, made.account, made.region) == ("made", 1, 1)
    assert recorded == {(1, 1)}
    assert [(entry["account"], entry["region"]) for entry in bench.journal] == [(1, 1)] * 2


def test_a_refused_create_is_tried_again_without_its_extras(world: World, alone: Bench) -> None:
    """A payload that is refused with its optional parts only prepares: it goes out plain, under another name."""
    world.refuse = [None, (400, {}), None]

    made = alone.suite.configurations.take(2, payloads=[{"description": "a"}, {"description": "b"}])

    assert len(world.payloads) == 3
    assert world.payloads[2]["description"] == "contract test run"
    assert len({one.name for one in made}) == 2
    assert len([entry for entry in alone.journal if entry["state"] == "created"]) == 2


@pytest.mark.parametrize(
    ("refuse", "status", "related", "why"),
    [
        pytest.param((400, {}), "COMPLETED", None, f"POST {PLANE}/Configurations answered 400 (application/json)", id="refused"),
        pytest.param((409, {"message": "the quota\x1b[31m of " + "9" * 300}), "COMPLETED", None,
                     f"POST {PLANE}/Configurations answered 409 (application/json): the quota\\x1b[31m of {'9' * 182}…", id="refused-with-a-message"),
        pytest.param((405, None), "COMPLETED", None, f"POST {PLANE}/Configurations answered 405 (no Content-Type)", id="refused-without-a-type"),
        pytest.param((201, b"", {"Content-Type": "t" * 80}), "COMPLETED", None, f"POST {PLANE}/Configurations answered 201 ({'t' * 60})",
                     id="another-success"),
        pytest.param(Fault.TIMEOUT, "COMPLETED", None, "POST got no answer: it was timeout", id="silence"),
        pytest.param((202, {}), "COMPLETED", None, "the 202 has no link that leads to its operation on the target", id="not-to-be-followed"),
        pytest.param((202, b'{"statusUrl": NaN}'), "COMPLETED", None,
                     "the 202 has no link that leads to its operation on the target (not JSON: NaN is not JSON)", id="no-json"),
        pytest.param(None, "FAILED", "its own", "a create ended FAILED", id="failed"),
        pytest.param(None, "COMPLETED", {}, NAMELESS, id="nameless"),
        pytest.param(None, "COMPLETED", {"configurationId": "same"}, NAMELESS, id="the-same-one-each-time"),
    ],
)
def test_what_can_not_be_created(world: World, alone: Bench, refuse: Said | None, status: str, related: Any, why: str) -> None:
    """After three tries it is given up, with the cause; what was not made costs no deletes."""
    world.refuse = [refuse] * 9
    world.status = status
    if related != "its own":
        world.related = lambda number: related

    with pytest.raises(TooFew) as caught:
        alone.suite.configurations.take(2)

    made = 1 if related == {"configurationId": "same"} and status == "COMPLETED" else 0
    assert (str(caught.value), len(caught.value.made)) == (f"configurations can't be created: {why}", made)
    assert len(world.payloads) == (4 if made else 6)
    assert left_of(alone) == 300 - made
    assert ("CTRL-ACCEPTED" in alone.breaches()) is (refuse is not None and not isinstance(refuse, Fault) and refuse[0] == 201)


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_fewer_are_made_than_ahead(start: Callable[..., Bench], taken: int) -> None:
    """Where the endpoint takes fewer than were to be made ahead, those serve; what was not made costs no deletes."""
    bench = start()
    world = World(bench)
    bench.suite.configurations.ahead = 4
    world.refuse = [*[None] * taken, *[(400, {})] * 20]

    if taken == 1:
        with pytest.raises(NothingToDelete, match="answered 400"):
            bench.suite.configurations.take(2)
        assert len(bench.suite.configurations.take(1)) == 1
    else:
        assert len(bench.suite.configurations.take(2)) == 2

    assert len(bench.suite.inventory.left) == taken
    assert left_of(bench) == 300 - taken


# -------------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    "sid",
    [
        pytest.param("a/b", id="slash"), pytest.param("a?b", id="query"), pytest.param("", id="empty"), pytest.param("x" * 201, id="without-end"),
        pytest.param("a%2e", id="escape"), pytest.param("\xe9", id="beyond-ascii"), pytest.param(5, id="number"), pytest.param(None, id="null"),
    ],
)
def test_what_is_no_id_is_not_believed(world: World, alone: Bench, sid: object) -> None:
    """An id that could not stand in a path untouched is none; the list is asked by name instead."""
    world.related = lambda number: {"configurationId": sid}
    alone.endpoint.on(ALL, page(), page({"id": "other", "displayName": "x"}, {"id": "by-name", "displayName": "oc-run-0"}))
    alone.endpoint.on("GET /Configurations/by-name", (200, {"displayName": "oc-run-0"}))

    assert alone.suite.configurations.one().sid == "by-name"


@pytest.mark.parametrize("sid", ["x" * 200, "A-._~9"])
def test_odd_ids_are_ids(world: World, alone: Bench, sid: str) -> None:
    """Any id that stands in a path as it is is taken."""
    world.related = lambda number: {"configurationId": sid}

    assert alone.suite.configurations.one().sid == sid


def test_somebody_elses_configuration_is_not_taken(world: World, alone: Bench) -> None:
    """What was listed before the first create can't have been made by one."""
    alone.endpoint.on(ALL, page({"id": "sid0"}))

    made = alone.suite.configurations.one()

    assert made.sid == "sid1"
    assert not alone.suite.ownership.owns("sid0")


@pytest.mark.parametrize(
    ("fetched", "taken"),
    [
        pytest.param((200, {"displayName": "oc-run-0"}), "sid0", id="its-name"), pytest.param((200, {"displayName": "x"}), None, id="another-name"),
        pytest.param((404, {}), None, id="not-there"),
    ],
)
def test_without_a_list_the_name_decides(world: World, alone: Bench, fetched: Said, taken: str | None) -> None:
    """Where the list can't be read, a configuration is taken if a fetch shows the name that was given to it."""
    alone.endpoint.on(ALL, (404, {}))
    for number in range(3):
        alone.endpoint.on(f"GET /Configurations/sid{number}", fetched)

    if taken:
        assert alone.suite.configurations.one().sid == taken
    else:
        with pytest.raises(NothingToDelete):
            alone.suite.configurations.one()
        assert alone.suite.inventory.left == {}


def test_several_are_known_by_one_list(world: World, alone: Bench) -> None:
    """What is listed under a name of the run's is taken without a fetch, what is listed under another is not, what is not listed is fetched."""
    listed = page({"id": "sid0", "displayName": "oc-run-0"}, {"id": "sid1", "displayName": "somebody's"})
    alone.endpoint.on(ALL, page(), listed)

    alone.suite.configurations.take(3)

    assert alone.suite.ownership.owns("sid0")
    assert not alone.suite.ownership.owns("sid1")
    fetches = [line for line in alone.endpoint.lines() if line.startswith("GET /Configurations/")]
    assert "GET /Configurations/sid0" not in fetches
    assert "GET /Configurations/sid2" in fetches


def test_a_list_of_one_account_says_nothing_of_another_s(start: Callable[..., Bench]) -> None:
    """A SID that one account's list shows under a name of the run's may be somebody's in another account: it is looked at there."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    bench.endpoint.on(ALL, page(), page(*({"id": str(n), "displayName": f"oc-run-{n}"} for n in range(3))), page())
    world.related = lambda number: {"configurationId": str(number % 3)}
    configurations.take(3)
    shown = {"user1": "oc-run-0", "user2": "production"}
    bench.endpoint.on("GET /Configurations/0", lambda sent: (200, {"displayName": shown[sent.user]}))

    found = configurations.one(account=1)

    assert (found.sid, found.account) == ("1", 1)
    assert not bench.suite.ownership.owns("0", Place(account=1))


def test_an_older_list_says_nothing_of_what_is_new(world: World, alone: Bench) -> None:
    """A SID that the list showed under a name of the run's an earlier time is looked at: it may be somebody's by now."""
    again = {"id": "later", "displayName": "oc-run-9"}
    alone.endpoint.on(ALL, page(), page({"id": "sid0", "displayName": "oc-run-0"}, {"id": "sid1", "displayName": "oc-run-1"}, again))
    alone.suite.configurations.take(2)
    world.related = lambda number: {"configurationId": "later" if number == 2 else f"sid{number}"}
    alone.endpoint.on("GET /Configurations/later", (200, {"displayName": "production"}))

    assert alone.suite.configurations.one().sid == "sid3"
    assert not alone.suite.ownership.owns("later")


def test_a_long_list_is_not_walked_for_few(world: World, alone: Bench) -> None:
    """Where the list has as many pages as there are new ones, each is fetched from then on."""
    more: Said = (200, {"configurations": [{"id": "x", "displayName": "x"}], "meta": {"nextToken": "t"}})
    alone.endpoint.on(ALL, more)
    alone.endpoint.on("GET /Configurations?pageSize=1000&pageToken=t", page({"id": "y", "displayName": "y"}))

    alone.suite.configurations.take(2)
    first = len(alone.endpoint.lines())
    alone.suite.configurations.take(2)

    assert alone.endpoint.lines()[first:].count(ALL) == 0
    assert "GET /Configurations/sid3" in alone.endpoint.lines()


def test_the_list_is_read_once_before(world: World, alone: Bench) -> None:
    """What was there before is looked up before the first create only."""
    alone.suite.configurations.one()
    alone.suite.configurations.one()

    assert alone.endpoint.lines().count(ALL) == 1
    assert alone.endpoint.lines()[0] == ALL


def test_an_id_of_the_202_counts(world: World, alone: Bench) -> None:
    """The 202 of a create may name the configuration itself."""
    world.related, world.early = lambda number: None, {"configurationId": "early"}

    assert alone.suite.configurations.one().sid == "early"


# -------------------------------------------------------------------- budgets


def test_the_deletion_budget(start: Callable[..., Bench]) -> None:
    """No more is handed out than may be deleted."""
    bench = start(deletes=3, provision=Provision("pool", pool=tuple("abcdef")))

    assert [one.sid for one in bench.suite.configurations.take(2)] == ["a", "b"]
    with pytest.raises(NothingToDelete, match=r"^the deletion budget \(\[limits\] deletes\) is spent$"):
        bench.suite.configurations.take(2)
    assert bench.suite.configurations.one().sid == "c"
    with pytest.raises(NothingToDelete):
        bench.suite.configurations.one()


# -------------------------------------------------------------------- given


def test_a_pool(start: Callable[..., Bench]) -> None:
    """The pool's SIDs are handed out in order, each once, and may be changed then."""
    bench = start(provision=Provision("pool", pool=("a", "b", "c")))
    configurations = bench.suite.configurations

    taken = configurations.take(2)

    assert [(one.sid, one.name, one.account, one.region, one.payload) for one in taken] == [("a", "", 0, 0, {}), ("b", "", 0, 0, {})]
    assert [bench.suite.ownership.owns(sid) for sid in "abc"] == [True, True, False]
    with pytest.raises(NothingToDelete, match=r"^the pool \(\[provision\] pool\) is used up$"):
        configurations.take(2)
    assert left_of(bench) == 298
    assert configurations.take(1)[0].sid == "c"
    assert bench.endpoint.sent == []


@pytest.mark.parametrize("place", [(1, 0), (0, 1)])
@pytest.mark.parametrize("mode", ["pool", "command"])
def test_given_ones_are_of_the_first_place(start: Callable[..., Bench], mode: str, place: tuple[int, int]) -> None:
    """Where a given configuration is, is not known beyond the first account and region."""
    bench = start(provision=Provision(mode, pool=("a",), command=("true",)))

    with pytest.raises(OneWayLess, match=rf"^\[provision\] mode = '{mode}' gives configurations of the first account and region only$"):
        bench.suite.configurations.take(1, account=place[0], region=place[1])

    assert left_of(bench) == 300


def test_no_provision(start: Callable[..., Bench]) -> None:
    """Without [provision] nothing can be had."""
    bench = start(provision=Provision())

    with pytest.raises(NothingToDelete, match=r"^the profile has no \[provision\]$"):
        bench.suite.configurations.one(account=1)

    assert left_of(bench) == 300


@pytest.fixture
def commanded(start: Callable[..., Bench]) -> Callable[[str], Bench]:
    """A bench whose configurations come from a Python program."""
    return lambda program: start(provision=Provision("command", pool=("of-no-use",), command=(sys.executable, "-S", "-c", program)))


def test_a_command(commanded: Callable[[str], Bench], tmp_path: Path) -> None:
    """It is run until it has given enough; what it gives too much is kept, what it gives again is given once."""
    bench = commanded(f"import os; n = len(os.listdir({str(tmp_path)!r})); open(f'{tmp_path}/{{n}}', 'w'); print(f' a{{n}} \\n\\na0\\nb{{n}}\\nb{{n}}')")
    configurations = bench.suite.configurations

    assert [one.sid for one in configurations.take(3)] == ["a0", "b0", "a1"]
    assert len(list(tmp_path.iterdir())) == 2
    assert [one.sid for one in configurations.take(1)] == ["b1"]
    assert len(list(tmp_path.iterdir())) == 2
    assert [one.sid for one in configurations.take(1)] == ["a2"]
    configurations.give_back(Configuration("back"))
    assert [one.sid for one in configurations.take(2)] == ["back", "b2"]
    assert all(bench.suite.ownership.owns(sid) for sid in ("a0", "b1", "a2"))
    assert left_of(bench) == 300 - 3 - 1 - 1 - 2 + 1


@pytest.mark.parametrize(
    ("program", "why"),
    [
        pytest.param("print('a'); raise SystemExit(3)", "failed: it ended with exit code 3", id="fails"),
        pytest.param("print(' ')", "gave no new SID", id="prints-nothing"),
        pytest.param("print('a')", "gave no new SID", id="prints-the-same"),
        pytest.param("print('a'); print('../b')", "failed: it printed '../b', which is no SID", id="prints-a-path"),
        pytest.param("print('..')", "failed: it printed '..', which is no SID", id="prints-dots"),
        pytest.param("print('created a')", "failed: it printed 'created a', which is no SID", id="prints-a-sentence"),
        pytest.param("print('a?b')", "failed: it printed 'a.b', which is no SID", id="prints-a-query"),
        pytest.param("print('a' * 201)", "failed: it printed 'a{80}', which is no SID", id="prints-no-end-of-it"),
    ],
)
def test_a_command_that_gives_nothing(commanded: Callable[[str], Bench], program: str, why: str) -> None:
    """A command that fails or gives nothing new ends it."""
    bench = commanded(program)

    with pytest.raises(NothingToDelete, match=rf"^\[provision\] command {why}$"):
        bench.suite.configurations.take(2)

    assert left_of(bench) == 300


@pytest.mark.parametrize(
    ("program", "times"),
    [pytest.param("raise SystemExit(1)", 3, id="fails"), pytest.param("while True: print('y' * 9999)", 1, id="prints-without-end")],
)
def test_a_command_that_keeps_failing(commanded: Callable[[str], Bench], tmp_path: Path, program: str, times: int) -> None:
    """It is not run for each test again: what takes its time, or fails each time, would take the run's."""
    bench = commanded(f"import time; open(f'{tmp_path}/{{time.time_ns()}}', 'w')\n{program}")

    for _ in range(5):
        with pytest.raises(NothingToDelete, match="command failed"):
            bench.suite.configurations.one()

    assert len(list(tmp_path.iterdir())) == times


def test_a_command_that_is_not_there(start: Callable[..., Bench]) -> None:
    """A program that can't be started is named by the system."""
    bench = start(provision=Provision("command", command=("/nonexistent/program",)))

    with pytest.raises(NothingToDelete, match=r"^\[provision\] command failed: .*No such file"):
        bench.suite.configurations.one()


def test_a_pool_that_is_not_the_mode(start: Callable[..., Bench], tmp_path: Path) -> None:
    """What a profile holds for another mode is neither deleted nor run."""
    touch = (sys.executable, "-S", "-c", f"open({str(tmp_path / 'ran')!r}, 'w'); print('c')")
    bench = start(provision=Provision("pool", pool=("a",), command=touch))

    assert bench.suite.configurations.one().sid == "a"
    with pytest.raises(NothingToDelete, match=r"^the pool \(\[provision\] pool\) is used up$"):
        bench.suite.configurations.one()

    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- under a key, and twice


def test_a_create_with_a_key(world: World, alone: Bench) -> None:
    """The 202 and the configuration; journalled, owned and counted like all others."""
    payload = alone.suite.configurations.creator.payloads.new()
    world.named(0, "oc-run-0")

    operation = alone.suite.configurations.creator.begin(payload, KEY)
    assert [entry["state"] for entry in alone.journal] == ["creating"]
    made = alone.suite.configurations.creator.conclude(operation, payload)

    exchange = operation.accepted
    assert (exchange.status, exchange.key, made.sid, made.name, made.payload) == (202, KEY, "sid0", "oc-run-0", payload)
    assert [entry["state"] for entry in alone.journal] == ["creating", "created"]
    assert alone.journal[0] == {"name": "oc-run-0", "state": "creating", "account": 0, "region": 0}
    assert alone.journal[1] == {"name": "oc-run-0", "sid": "sid0", "state": "created", "account": 0, "region": 0}
    assert left_of(alone) == 299


@pytest.mark.parametrize(
    ("refuse", "status", "why"),
    [
        pytest.param((409, {}), "COMPLETED", f"POST {PLANE}/Configurations answered 409 (application/json)", id="refused"),
        pytest.param(None, "FAILED", "a create ended FAILED", id="failed"),
        pytest.param(None, "", "the operation can't be read: the last poll gave 200", id="unreadable"),
    ],
)
def test_a_create_with_a_key_that_fails(world: World, alone: Bench, refuse: Said | None, status: str, why: str) -> None:
    """What keeps it from being created is the reason."""
    world.refuse, world.status = [refuse], status
    world.named(0, "oc-run-0")

    configurations, payload = alone.suite.configurations, alone.suite.configurations.creator.payloads.new()
    with pytest.raises(Unverifiable) as caught:
        configurations.creator.conclude(configurations.creator.begin(payload, KEY), payload)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("refuse", "why", "stands"),
    [
        pytest.param((202, b"\xef\xbb\xbf{}"), "(not JSON: Unexpected UTF-8 BOM", {"HTTP-JSON"}, id="no-json"),
        pytest.param((202, {}), "the 202 has no link", set(), id="no-link"),
        pytest.param((200, b"<html>"), "answered 200", set(), id="another-server"),
        pytest.param(Fault.CUT, "POST got no answer", {"HTTP-ANSWER", "HTTP-ENCODING"}, id="no-http"),
    ],
)
def test_what_stands_where_nothing_can_be_created(world: World, alone: Bench, refuse: Said, why: str, stands: set[str]) -> None:
    """An accepted create that is no JSON, like what is no HTTP, is held against the endpoint though it can't be used; a page is not."""
    world.refuse = [refuse] * 9
    alone.endpoint.on("GET /Configurations?pageSize=1", (200, {"configurations": []}))

    with pytest.raises(Unusable) as caught:
        preflight.ready(alone.suite)

    assert why in str(caught.value)
    assert caught.value.stands == stands
    assert not stands or stands & alone.breaches().keys()


@pytest.mark.parametrize("call", ["begin", "namesake"])
def test_more_creates_need_the_budget(start: Callable[..., Bench], call: str) -> None:
    """Every further configuration counts as a delete."""
    bench = start(deletes=0)
    one = Configuration("sid", "name", payload={"displayName": "name"})

    arguments: tuple[Any, ...] = (one,) if call == "namesake" else (one.payload, KEY)

    with pytest.raises(NothingToDelete, match=r"^the deletion budget \(\[limits\] deletes\) is spent$"):
        getattr(bench.suite.configurations.creator, call)(*arguments)

    assert bench.endpoint.sent == []


def test_a_namesake(world: World, alone: Bench) -> None:
    """The same content and name again; it is known, journalled and removed under a name of its own."""
    configurations = alone.suite.configurations
    one = configurations.one()

    twin = configurations.creator.namesake(one)

    assert world.payloads[0] == world.payloads[1]
    assert (twin.sid, twin.name) == ("sid1", "oc-run-0+1")
    assert alone.journal[-1] == {"name": "oc-run-0+1", "sid": "sid1", "state": "created", "account": 0, "region": 0}
    assert set(alone.suite.inventory.left) == {"oc-run-0", "oc-run-0+1"}
    assert left_of(alone) == 298


@pytest.mark.parametrize(
    ("refuse", "related", "why"),
    [
        pytest.param((409, {}), {"configurationId": "x"}, f"POST {PLANE}/Configurations answered 409 (application/json)", id="refused"),
        pytest.param(None, {"configurationId": "sid0"}, "a second configuration of the same name can't be told from the first", id="the-same"),
        pytest.param(None, None, "a second configuration of the same name can't be told from the first", id="nameless"),
        pytest.param(None, {"configurationId": 5}, "a second configuration of the same name can't be told from the first", id="a-number"),
    ],
)
def test_no_namesake(world: World, alone: Bench, refuse: Said | None, related: Any, why: str) -> None:
    """Names may have to be unique; what can't be told apart is not taken."""
    one = alone.suite.configurations.one()
    world.refuse, world.related = [refuse], lambda number: related

    with pytest.raises(NothingToDelete) as caught:
        alone.suite.configurations.creator.namesake(one)

    assert str(caught.value) == why
    assert set(alone.suite.inventory.left) == {"oc-run-0"}


def test_a_namesake_in_another_place(start: Callable[..., Bench]) -> None:
    """It is made, journalled and deleted where it was asked for."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    one = configurations.one()

    twin = configurations.creator.namesake(one, Place(1, 1))

    assert (twin.place, twin.name) == (Place(1, 1), "oc-run-0+1")
    assert world.names() == ["oc-run-0", "oc-run-0"]
    assert {(entry["name"], entry["account"], entry["region"]) for entry in bench.journal} == {("oc-run-0", 0, 0), ("oc-run-0+1", 1, 1)}
    assert bench.suite.ownership.owns(twin.sid, twin.place)
    assert not bench.suite.ownership.owns(twin.sid)
    deletable(bench, one.sid, (404, {}))
    deletable(bench, twin.sid)
    assert configurations.clean_up() == []
    assert sorted(sent.user for sent in bench.endpoint.sent if sent.line.startswith("DELETE")) == ["user1", "user2"]



def test_no_namesake_where_its_create_fails(world: World, alone: Bench) -> None:
    """A create that was accepted and FAILED has made nothing that could be missed."""
    one = alone.suite.configurations.one()
    world.status = "FAILED"

    with pytest.raises(NothingToDelete, match=r"^a create ended FAILED$"):
        alone.suite.configurations.creator.namesake(one)

    assert set(alone.suite.inventory.left) == {"oc-run-0"}


def test_no_namesake_of_a_given_one(alone: Bench) -> None:
    """The content of a configuration from a pool is not known."""
    with pytest.raises(NothingToDelete, match=r"^the content of a configuration that the profile gives is not known$"):
        alone.suite.configurations.creator.namesake(Configuration("sid"))


def test_a_namesake_of_the_202(world: World, alone: Bench) -> None:
    """The 202 may name the twin where the operation does not."""
    one = alone.suite.configurations.one()
    world.related, world.early = lambda number: None, {"configurationId": "twin"}

    assert alone.suite.configurations.creator.namesake(one).sid == "twin"


@pytest.mark.parametrize(
    ("again", "left"),
    [
        pytest.param("same", {"oc-run-0"}, id="replayed"), pytest.param("new", {"oc-run-0", "oc-run-0+1"}, id="made-again"),
        pytest.param("refused", {"oc-run-0"}, id="refused"),
    ],
)
def test_a_create_sent_again(world: World, alone: Bench, again: str, left: set[str]) -> None:
    """What a replayed create makes against expectation is the run's, too, and is removed."""
    configurations = alone.suite.configurations
    payload = configurations.creator.payloads.new()
    world.named(0, "oc-run-0")
    world.named(1, "oc-run-0")
    operation = configurations.creator.begin(payload, KEY)
    configurations.creator.conclude(operation, payload)
    first = operation.accepted
    if again == "same":
        alone.endpoint.on("POST /Configurations", (202, {"statusUrl": f"{PLANE}/Operations/op0"}))
    world.refuse = [(409, {}) if again == "refused" else None]

    exchange = configurations.creator.create_again(payload, KEY, first)

    assert (exchange.key, exchange.call) == (KEY, Call("create", "oc-run-0"))
    assert json.loads(exchange.request_body or b"") == payload
    assert set(alone.suite.inventory.left) == left
    assert alone.suite.ownership.owns("sid1") is (again == "new")


# -------------------------------------------------------------------- giving back, cleaning up


def test_giving_back(start: Callable[..., Bench]) -> None:
    """An idle configuration serves another test; it was counted as a delete when it was made, and is not counted again."""
    bench = start(accounts=TWO)
    world = World(bench)
    configurations = bench.suite.configurations
    configurations.ahead = 0
    first, other = configurations.one(), configurations.one(account=1)
    assert left_of(bench) == 298

    configurations.give_back(first, other)

    assert configurations.one(account=1) is other
    assert configurations.one() is first
    assert left_of(bench) == 298
    assert len(world.payloads) == 2


def test_giving_back_to_a_pool(start: Callable[..., Bench]) -> None:
    """A given one is the next to be handed out, and costs no delete."""
    bench = start(provision=Provision("pool", pool=("a", "b")))
    bench.suite.configurations.give_back(bench.suite.configurations.one())

    assert left_of(bench) == 300
    assert [one.sid for one in bench.suite.configurations.take(2)] == ["a", "b"]


def deletable(bench: Bench, sid: str, *said: Said, status: str = "COMPLETED") -> None:
    """Let the delete of a SID be answered with these, or accepted."""
    name = f"del-{sid}"
    url = f"{PLANE}/Operations/{name}"
    bench.endpoint.on(f"DELETE /Configurations/{sid}", *said or [(202, {"statusUrl": url}, {"Retry-After": "1"})])
    bench.endpoint.on(f"GET /Operations/{name}", (200, {"operationId": name, "status": status, "createdAt": "2026-11-23T00:00:00Z", "statusUrl": url}))


def test_cleaning_up(world: World, alone: Bench) -> None:
    """What was created is deleted and waited for; what is known to be gone is not asked for."""
    configurations = alone.suite.configurations
    made = configurations.take(4)
    alone.suite.inventory.gone(made[0])
    deletable(alone, made[1].sid)
    deletable(alone, made[2].sid, (404, {}))
    deletable(alone, made[3].sid, (410, {}))
    alone.suite.client._lost = 1000.0

    assert configurations.clean_up() == []

    assert sorted(line for line in alone.endpoint.lines() if line.startswith("DELETE")) == sorted(f"DELETE /Configurations/{one.sid}" for one in made[1:])
    assert [entry["state"] for entry in alone.journal].count("deleted") == 4
    assert "DEL-STATUS" not in alone.breaches()
    asked = len(alone.endpoint.sent)
    assert configurations.clean_up() == []
    assert len(alone.endpoint.sent) == asked


@pytest.mark.parametrize(
    ("said", "status", "gone"),
    [
        pytest.param([(401, {})], "COMPLETED", False, id="unauthorized"),
        pytest.param([(403, {})], "COMPLETED", False, id="forbidden"),
        pytest.param([Fault.TIMEOUT], "COMPLETED", False, id="silence"), pytest.param([(202, {})], "COMPLETED", False, id="not-to-be-followed"),
        pytest.param([], "FAILED", False, id="failed"), pytest.param([Fault.TIMEOUT, (404, {})], "COMPLETED", True, id="gone-at-the-second-try"),
        pytest.param([(500, {}), (404, {})], "COMPLETED", True, id="an-error-before"),
    ],
)
def test_what_can_not_be_removed(world: World, alone: Bench, said: list[Said], status: str, gone: bool) -> None:
    """It is tried twice; what is still there is named."""
    one = alone.suite.configurations.one()
    deletable(alone, one.sid, *said, status=status)

    assert alone.suite.configurations.clean_up() == ([] if gone else [one])

    assert alone.endpoint.lines().count(f"DELETE /Configurations/{one.sid}") == 2
    assert "DEL-STATUS" not in alone.breaches()


@pytest.mark.parametrize(
    ("usual", "limit", "tries", "seconds"),
    [
        pytest.param(0.0, 20, 5, 5.0, id="usual-time-not-known"), pytest.param(8.0, 20, 6, 16.0, id="slow"),
        pytest.param(60.0, 20, 7, 20.0, id="very-slow"), pytest.param(0.0, 2, 3, 2.0, id="short-limit"),
    ],
)
def test_what_is_busy_is_tried_again(start: Callable[..., Bench], usual: float, limit: float, tries: int, seconds: float) -> None:
    """An interrupted test may have begun to delete it: it is asked again, ever more seldom, as long as that may take."""
    bench = start(limits=Limits(poll_timeout_s=limit))
    bench.suite.ownership.allow("a", "b")
    bench.suite.follower._typical["delete"] = usual
    deletable(bench, "a", *[(409, {})] * (tries - 1), (404, {}))
    deletable(bench, "b", (409, {}))
    gone: list[str] = []
    began = bench.clock.now

    remove(bench.suite.client, bench.suite.follower, [Configuration("a", "a"), Configuration("b", "b")], lambda *which: gone.extend(one.sid for one in which))

    assert gone == ["a"]
    assert bench.endpoint.lines().count("DELETE /Configurations/a") == tries
    assert bench.endpoint.lines().count("DELETE /Configurations/b") >= tries
    assert seconds < bench.clock.now - began < 3 * seconds


def test_an_operation_that_can_not_be_read_while_cleaning_up(world: World, alone: Bench) -> None:
    """The next delete tells by its 404."""
    one = alone.suite.configurations.one()
    deletable(alone, one.sid, (202, {"statusUrl": f"{PLANE}/Operations/x"}, {"Retry-After": "1"}), (404, {}))
    alone.endpoint.on("GET /Operations/x", (500, {}))

    assert alone.suite.configurations.clean_up() == []


def test_removing_where_they_are(start: Callable[..., Bench]) -> None:
    """Each is deleted in its own account and region."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    bench.suite.ownership.allow("a", place=Place(1, 1))
    deletable(bench, "a", (404, {}))
    recorded: list[Any] = []
    bench.suite.client.recorders.append(lambda e: recorded.append((e.account, e.region, e.call.operation)))
    gone: list[Any] = []

    remove(bench.suite.client, bench.suite.follower, [Configuration("a", "n", 1, 1)], lambda *which: gone.extend(which))

    assert recorded == [(1, 1, "delete")]
    assert [one.name for one in gone] == ["n"]


def created_under_a_key(configurations: Provisioner) -> None:
    """One whose create is under test, and what comes of sending that again."""
    payload = configurations.creator.payloads.new()
    operation = configurations.creator.begin(payload, KEY)
    configurations.creator.conclude(operation, payload)
    configurations.creator.create_again(payload, KEY, operation.accepted)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda configurations: configurations.take(2), id="several"), pytest.param(created_under_a_key, id="under-a-key"),
        pytest.param(lambda configurations: configurations.creator.namesake(configurations.one()), id="namesake"),
    ],
)
def test_an_interrupt_anywhere(start: Callable[..., Bench], work: Callable[[Provisioner], object]) -> None:
    """Wherever in provisioning an interrupt comes, what was created until then is deleted afterwards."""
    left: dict[str, list[str]] = {}
    for number in count(1):
        bench = start()
        bench.suite.configurations.ahead = 0
        world = World(bench)
        bench.endpoint.on(ALL, world.listed)
        where = interrupted_at(number, partial(work, bench.suite.configurations))
        if not where:
            break
        for index in range(len(world.payloads)):
            deletable(bench, f"sid{index}")

        bench.suite.configurations.clean_up()

        deleted = {line for line in bench.endpoint.lines() if line.startswith("DELETE")}
        missing = [name for index, name in enumerate(world.names()) if f"DELETE /Configurations/sid{index}" not in deleted]
        if missing:
            left[where] = missing

    assert number > 100
    assert left == {}


def interrupted_at(number: int, work: Callable[[], object]) -> str:
    """Interrupt *work* before the line with this *number* of those that it runs in the package `provision`; where that is, or nothing where it has fewer."""
    seen, where = count(1), ""

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal where
        if "/orchestrator_contract/provision/" not in frame.f_code.co_filename:
            return None
        if event == "line" and next(seen) == number:
            where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return where


def test_an_interrupted_create_is_found_by_its_name(world: World, alone: Bench) -> None:
    """A create whose outcome is not known is looked for in the list, and removed if it is there; what is not is named as left."""
    configurations = alone.suite.configurations
    world.refuse = [Fault.TIMEOUT] * 3
    with pytest.raises(NothingToDelete):
        configurations.one()
    alone.endpoint.on(ALL, page({"id": "x", "displayName": "oc-run-1"}, {"id": "somebodys", "displayName": "oc-run-9"}))
    alone.endpoint.on("GET /Configurations/x", (200, {"displayName": "oc-run-1"}))
    deletable(alone, "x")

    assert [(one.sid, one.name) for one in configurations.clean_up()] == [("(of oc-run-0)", "oc-run-0"), ("(of oc-run-2)", "oc-run-2")]

    assert [line for line in alone.endpoint.lines() if line.startswith("DELETE")] == ["DELETE /Configurations/x"]
    assert alone.journal[-1] == {"name": "oc-run-1", "sid": "x", "state": "deleted", "account": 0, "region": 0}


def test_another_account_s_number_is_found_by_its_name(start: Callable[..., Bench]) -> None:
    """That an account's SID 1 is known, or gone, says nothing of the one of another account, which is looked for all the same."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    world.related = lambda number: {"configurationId": "1"}
    one = configurations.one()
    bench.suite.inventory.gone(one)
    world.refuse = [Fault.TIMEOUT] * 3
    with pytest.raises(NothingToDelete):
        configurations.one(account=1)
    bench.endpoint.on(ALL, lambda sent: page({"id": "1", "displayName": "oc-run-2"}) if sent.user == "user2" else page())
    bench.endpoint.on("GET /Configurations/1", (200, {"displayName": "oc-run-2"}))
    deletable(bench, "1")

    left = configurations.clean_up()

    assert [one.name for one in left] == ["oc-run-1", "oc-run-3"]
    assert [sent.user for sent in bench.endpoint.sent if sent.line.startswith("DELETE")] == ["user2"]
    assert bench.journal[-1] == {"name": "oc-run-2", "sid": "1", "state": "deleted", "account": 1, "region": 0}


def test_what_no_test_needs_is_spare(start: Callable[..., Bench]) -> None:
    """Something to aim at whatever becomes of it is what earlier tests have left in that place, and a new one where that is nothing."""
    bench = start(accounts=TWO)
    World(bench)
    configurations = bench.suite.configurations
    configurations.ahead = 0
    home, first = configurations.one(), configurations.spare(account=1)
    assert (first.account, first.sid != home.sid) == (1, True)

    assert configurations.spare(account=1) is not first
    configurations.begin()

    assert configurations.spare(account=1) is first
    configurations.needed = lambda one: one is first
    assert configurations.spare(account=1) is not first
    assert configurations.spare() is home


def test_another_account_s_number_is_discarded(start: Callable[..., Bench]) -> None:
    """The same SID in two accounts is two configurations: that one is deleted already, or in use, is not said of the other."""
    bench = start(accounts=TWO)
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    world.related = lambda number: {"configurationId": "1"}
    bench.endpoint.on("GET /Configurations/1", lambda sent: (200, {"displayName": "oc-run-0" if sent.user == "user1" else "oc-run-1"}))
    deletable(bench, "1", (409, {}))
    configurations.one()
    configurations.discard()
    configurations.begin()

    theirs = configurations.one(account=1)
    assert [one.account for one in configurations._idle(HOME)] == [0]
    configurations.discard()

    assert sorted(sent.user for sent in bench.endpoint.sent if sent.line.startswith("DELETE")) == ["user1", "user2"]
    assert bench.suite.inventory.left[theirs.name] is theirs


@pytest.mark.parametrize(
    "said",
    [
        pytest.param((400, {}), id="400"), pytest.param((429, {}, {"Retry-After": "99"}), id="429"), pytest.param((307, {}), id="307"),
        pytest.param((500, {}), id="500"), pytest.param((503, {}, {"Retry-After": "99"}), id="503"), pytest.param((201, {}), id="201"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_refused_create(world: World, alone: Bench, said: Said, *, there: bool) -> None:
    """A create that was refused may have been carried out: what is listed under its name is removed, and if nothing is, nothing is left."""
    world.refuse = [said] * 3
    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()
    if there:
        alone.endpoint.on(ALL, page({"id": "x", "displayName": "oc-run-1"}))
        alone.endpoint.on("GET /Configurations/x", (200, {"displayName": "oc-run-1"}))
        deletable(alone, "x")

    left = alone.suite.configurations.clean_up()

    # What 201 made, and whether 503 stands for a create that is under way, nobody knows.
    assert [one.name for one in left] == ([name for name in world.names() if not there or name != "oc-run-1"] if said[0] in (201, 503) else [])
    assert [line for line in alone.endpoint.lines() if line.startswith("DELETE")] == ["DELETE /Configurations/x"] * there


def test_a_failed_create_that_made_something(world: World, alone: Bench) -> None:
    """What a create says that it did not make is removed if it is listed all the same."""
    world.status, world.related = "FAILED", lambda number: {"configurationId": f"sid{number}"}
    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()
    world.named(0, "oc-run-0")
    alone.endpoint.on(ALL, page({"id": "sid0", "displayName": "oc-run-0"}))
    deletable(alone, "sid0")

    assert alone.suite.configurations.clean_up() == []

    assert [line for line in alone.endpoint.lines() if line.startswith("DELETE")] == ["DELETE /Configurations/sid0"]


@pytest.mark.parametrize(
    ("shown", "before"), [pytest.param("oc-run-0", True, id="there-before"), pytest.param("production", False, id="named-otherwise")]
)
def test_a_list_that_gives_somebody_elses_the_name_of_the_runs(world: World, alone: Bench, shown: str, *, before: bool) -> None:
    """It is not taken for the run's, neither when the create ended nor when it is cleaned up."""
    world.related = lambda number: None
    lie = page({"id": "victim", "displayName": "oc-run-0"}, {"id": "victim", "displayName": "oc-run-1"}, {"id": "victim", "displayName": "oc-run-2"})
    alone.endpoint.on(ALL, page({"id": "victim", "displayName": "production"}) if before else page(), lie)
    alone.endpoint.on("GET /Configurations/victim", (200, {"displayName": shown}))

    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()

    assert alone.suite.configurations.clean_up() == []
    assert not [line for line in alone.endpoint.lines() if line.startswith("DELETE")]


@pytest.mark.parametrize(
    ("listed", "taken"), [pytest.param(["SID0"], "sid1", id="one-in-two-spellings"), pytest.param(["SID0", "sid0"], "sid0", id="two")]
)
def test_ids_that_differ_in_case(world: World, alone: Bench, listed: list[str], taken: str) -> None:
    """A create may name what was there in another spelling; only a list that has both shows that they are two."""
    after = page(*({"id": sid, "displayName": "oc-run-0"} for sid in listed))
    alone.endpoint.on(ALL, page({"id": "SID0", "displayName": "production"}), after)

    assert alone.suite.configurations.one().sid == taken
    assert alone.suite.ownership.owns("sid0") is (taken == "sid0")


def test_a_listed_id_that_is_no_text(world: World, alone: Bench) -> None:
    """What is listed under a name of the run's with an id of another type is nobody's."""
    world.related = lambda number: None
    odd: list[Any] = [[], {}, None, 7]
    alone.endpoint.on(ALL, page(), page(*({"id": one, "displayName": "oc-run-0"} for one in odd)))

    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()


def test_what_shows_nowhere_is_nobodys_to_delete(world: World, alone: Bench) -> None:
    """A new id that neither fetch nor list shows may be one that was there and hidden: it is looked for, and left alone."""
    alone.endpoint.on("GET /Configurations/sid0", (404,))

    with pytest.raises(NothingToDelete, match="which configuration it made can't be confirmed"):
        alone.suite.configurations.creator.conclude(*_begun(world, alone))

    assert not alone.suite.ownership.owns("sid0")
    assert alone.endpoint.lines().count("GET /Configurations/sid0") > 5


def test_what_shows_late_is_the_runs(world: World, alone: Bench) -> None:
    """A copy that lags shows it after a while."""
    shown = {"id": "sid0", "description": "d", "conversationGroupingType": GROUPINGS[0], "memoryStoreId": "m"}
    alone.endpoint.on("GET /Configurations/sid0", (404,), (404,), (200, shown | {"displayName": "oc-run-0"}))

    assert alone.suite.configurations.one().sid == "sid0"


@pytest.mark.parametrize("named", [{}, {"displayName": 7}])
def test_what_has_no_name_is_known_by_the_list_before(world: World, alone: Bench, named: dict[str, Any]) -> None:
    """Where names are not shown, what is new since the list was read is the run's, and without that list nothing is."""
    alone.endpoint.on("GET /Configurations/sid0", (200, {"id": "sid0", **named}))
    alone.endpoint.on("GET /Configurations/sid1", (200, {"id": "sid1", **named}))

    assert alone.suite.configurations.one().sid == "sid0"

    alone.suite.configurations.creator.identity._before[HOME] = None  # as if it could not be read
    assert alone.suite.configurations.one().sid == "sid2"
    assert not alone.suite.ownership.owns("sid1")


def test_what_is_only_listed_is_the_runs(world: World, alone: Bench) -> None:
    """Where a fetch keeps saying no, the list has its say."""
    alone.endpoint.on("GET /Configurations/sid0", (404,))
    alone.endpoint.on(ALL, page({"id": "sid0", "displayName": "oc-run-0"}))
    alone.suite.configurations.creator.identity._before[HOME] = set()  # the list came later

    assert alone.suite.configurations.one().sid == "sid0"


def _begun(world: World, bench: Bench) -> tuple[Any, dict[str, Any]]:
    payload = {"displayName": "oc-run-0", "conversationGroupingType": GROUPINGS[0]}
    return bench.suite.configurations.creator.begin(payload, KEY), payload


def test_a_create_that_names_what_is_shown_as_somebody_elses(world: World, alone: Bench) -> None:
    """A list may leave out what it likes: what a create names must not show as something else either."""
    world.named(0, "production")

    assert alone.suite.configurations.one().sid == "sid1"


@pytest.mark.parametrize("sid", [".", ".."])
def test_dots_are_no_id(world: World, alone: Bench, sid: str) -> None:
    """A path that ends in them means another one."""
    world.related = lambda number: {"configurationId": sid}

    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()


def test_creates_that_lead_nowhere_are_not_tried_without_end(world: World, alone: Bench) -> None:
    """After some that made nothing there is a pause, longer each time; one that makes something ends it."""
    world.refuse = [(400, {})] * 15
    tries = []

    for pause in (0, 0, 0, 0, 6, 0, 11):
        alone.clock.now += pause
        with pytest.raises(NothingToDelete, match="answered 400"):
            alone.suite.configurations.one()
        tries.append(len(world.payloads))

    assert tries == [3, 6, 9, 9, 12, 12, 15]
    alone.clock.now += 21
    assert len(alone.suite.configurations.take(2)) == 2
    world.refuse = [(400, {})] * 3
    with pytest.raises(NothingToDelete):
        alone.suite.configurations.one()


def test_a_create_that_never_ended_is_named(world: World, start: Callable[..., Bench]) -> None:
    """A configuration that may still appear after the run is named as left."""
    bench = start(limits=Limits(poll_timeout_s=5))
    bench.suite.configurations.ahead = 0
    other = World(bench)
    other.status, other.related = "PENDING", lambda number: None
    with pytest.raises(NothingToDelete, match=r"^configurations can't be created: a create ended PENDING$"):
        bench.suite.configurations.one()

    left = bench.suite.configurations.clean_up()

    assert sorted((one.sid, one.name) for one in left) == [(f"(of oc-run-{n})", f"oc-run-{n}") for n in range(3)]
    # It did end before the next try.
    assert bench.suite.configurations.clean_up() == []


FULL: Said = (409, {"code": 20409, "status": 409})


def test_what_is_not_needed_makes_room(bench: Bench) -> None:
    """Where the endpoint takes no more, what an earlier test took is deleted, and what the present one took is kept."""
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    configurations.take(1)
    configurations.begin()
    mine = configurations.one()
    bench.endpoint.on("DELETE /Configurations/sid0", (404, {}))
    world.refuse = [FULL] * 3

    found = configurations.one()

    assert found.sid == "sid5"
    assert mine.name in bench.suite.inventory.left
    assert [line for line in bench.endpoint.lines() if line.startswith("DELETE")] == ["DELETE /Configurations/sid0"]


def test_fewer_where_there_are_no_more(bench: Bench) -> None:
    """With *least*, as many are handed out as can be had; what was made is not lost."""
    world, configurations = World(bench), bench.suite.configurations
    configurations.ahead = 0
    world.refuse = [None, None, *[FULL] * 20]

    found = configurations.take(5, payloads=[{}], least=2)

    assert sorted(one.sid for one in found) == ["sid0", "sid1"]


def test_a_pool_that_ends_gives_the_rest(start: Callable[..., Bench]) -> None:
    """With *least*, a pool that ends gives what it has left."""
    bench = start(provision=Provision("pool", pool=("a", "b", "c")))

    assert len(bench.suite.configurations.take(5, least=2)) == 2
    assert len(bench.suite.configurations.take(1)) == 1


def test_what_is_used_up_is_one_way_less(start: Callable[..., Bench]) -> None:
    """What was seen before a pool ended stands."""
    with pytest.raises(OneWayLess):
        start(provision=Provision("pool", pool=("a",))).suite.configurations.take(2)
