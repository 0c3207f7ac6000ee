"""Creates under a key, and configurations of one name, are identified."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract import preflight
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from tests.suite.core.world import ALL, KEY, PLANE, TWO, World, deletable, left_of

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent


def test_a_create_with_a_key(world: World, alone: Bench) -> None:
    """The 202 and the configuration; journalled, owned and counted like all others."""
    payload = alone.endpoint.configurations.creator.payloads.new()
    world.named(0, "oc-run-0")

    operation = alone.endpoint.configurations.creator.begin(payload, KEY)
    assert [entry["state"] for entry in alone.journal] == ["creating"]
    made = alone.endpoint.configurations.creator.conclude(operation, payload)

    exchange = operation.accepted
    assert (exchange.status, exchange.key, made.sid, made.name, made.payload) == (
        202,
        KEY,
        "sid0",
        "oc-run-0",
        payload,
    )
    assert [entry["state"] for entry in alone.journal] == ["creating", "created"]
    assert alone.journal[0] == {"name": "oc-run-0", "state": "creating", "account": 0, "region": 0}
    assert alone.journal[1] == {
        "name": "oc-run-0",
        "sid": "sid0",
        "state": "created",
        "account": 0,
        "region": 0,
    }
    assert left_of(alone) == 299


@pytest.mark.parametrize(
    ("refuse", "status", "why"),
    [
        pytest.param(
            (409, {}),
            "COMPLETED",
            f"POST {PLANE}/Configurations answered 409 (application/json)",
            id="refused",
        ),
        pytest.param(None, "FAILED", "a create ended FAILED", id="failed"),
        pytest.param(
            None, "", "the operation can't be read: the last poll gave 200", id="unreadable"
        ),
    ],
)
def test_a_create_with_a_key_that_fails(
    world: World, alone: Bench, refuse: Said | None, status: str, why: str
) -> None:
    """The reason is the one that keeps it from being created."""
    world.refuse, world.status = [refuse], status
    world.named(0, "oc-run-0")

    configurations, payload = (
        alone.endpoint.configurations,
        alone.endpoint.configurations.creator.payloads.new(),
    )
    with pytest.raises(Inconclusive) as caught:
        configurations.creator.conclude(configurations.creator.begin(payload, KEY), payload)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("refuse", "why", "stands"),
    [
        pytest.param(
            (202, b"\xef\xbb\xbf{}"), "(not JSON: Unexpected UTF-8 BOM", {"HTTP-JSON"}, id="no-json"
        ),
        pytest.param((202, {}), "the 202 has no link", set(), id="no-link"),
        pytest.param((200, b"<html>"), "answered 200", set(), id="another-server"),
        pytest.param(
            TransportFault.CUT,
            "POST got no answer",
            {"HTTP-COMPLETE", "HTTP-CONTENT-ENCODING"},
            id="no-http",
        ),
    ],
)
def test_what_stands_where_nothing_can_be_created(
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    alone: Bench,
    refuse: Said,
    why: str,
    stands: set[str],
) -> None:
    """Breaches of HTTP and JSON stand, even if the endpoint can't be tested."""
    world.refuse = [refuse] * 9
    monkeypatch.setattr(alone.endpoint.identifiers, "sid", lambda: "unknown")
    alone.script.on("DELETE /Configurations/unknown", (404, {}))
    alone.script.on("GET /Configurations?pageSize=1", (200, {"configurations": []}))

    with pytest.raises(EndpointUnusable) as caught:
        preflight.ready(alone.endpoint)

    assert why in str(caught.value)
    assert caught.value.stands == stands
    assert not stands or stands & alone.breaches().keys()


@pytest.mark.parametrize("call", ["begin", "namesake"])
def test_more_creates_need_the_budget(start: Callable[..., Bench], call: str) -> None:
    """Every further configuration counts as a delete."""
    bench = start(deletes=0)
    one = Configuration("sid", "name", payload={"displayName": "name"})

    arguments: tuple[Any, ...] = (one,) if call == "namesake" else (one.payload, KEY)

    with pytest.raises(
        NothingToDelete, match=r"^the deletion budget \(\[limits\] deletes\) is spent$"
    ):
        getattr(bench.endpoint.configurations.creator, call)(*arguments)

    assert bench.script.sent == []


def test_a_namesake(world: World, alone: Bench) -> None:
    """The same content and name again; it is known, journalled and removed under a name of its own."""
    configurations = alone.endpoint.configurations
    one = configurations.one()

    twin = configurations.creator.namesake(one)

    assert world.payloads[0] == world.payloads[1] == twin.payload
    assert (twin.sid, twin.name) == ("sid1", "oc-run-0+1")
    assert alone.journal[-1] == {
        "name": "oc-run-0+1",
        "sid": "sid1",
        "state": "created",
        "account": 0,
        "region": 0,
    }
    assert set(alone.endpoint.inventory.left) == {"oc-run-0", "oc-run-0+1"}
    assert left_of(alone) == 298


@pytest.mark.parametrize(
    ("refuse", "related", "why"),
    [
        pytest.param(
            (409, {}),
            {"configurationId": "x"},
            f"POST {PLANE}/Configurations answered 409 (application/json)",
            id="refused",
        ),
        pytest.param(
            None,
            {"configurationId": "sid0"},
            "a second configuration of the same name can't be told from the first",
            id="the-same",
        ),
        pytest.param(
            None,
            None,
            "a second configuration of the same name can't be told from the first",
            id="nameless",
        ),
        pytest.param(
            None,
            {"configurationId": 5},
            "a second configuration of the same name can't be told from the first",
            id="a-number",
        ),
    ],
)
def test_no_namesake(
    world: World, alone: Bench, refuse: Said | None, related: Any, why: str
) -> None:
    """Names may have to be unique; configurations that look alike are not taken."""
    one = alone.endpoint.configurations.one()
    world.refuse, world.related = [refuse], lambda number: related

    with pytest.raises(NothingToDelete) as caught:
        alone.endpoint.configurations.creator.namesake(one)

    assert str(caught.value) == why
    assert set(alone.endpoint.inventory.left) == {"oc-run-0"}


def test_a_namesake_in_another_place(start: Callable[..., Bench]) -> None:
    """It is made, journalled and deleted where it was asked for."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    world, configurations = World(bench), bench.endpoint.configurations
    configurations.stock.ahead = 0
    one = configurations.one()

    twin = configurations.creator.namesake(one, Scope(1, 1))

    assert (twin.scope, twin.name) == (Scope(1, 1), "oc-run-0+1")
    assert world.names() == ["oc-run-0", "oc-run-0"]
    assert {(entry["name"], entry["account"], entry["region"]) for entry in bench.journal} == {
        ("oc-run-0", 0, 0),
        ("oc-run-0+1", 1, 1),
    }
    assert bench.endpoint.ownership.owns(twin.sid, twin.scope)
    assert not bench.endpoint.ownership.owns(twin.sid)
    deletable(bench, one.sid, (404, {}))
    deletable(bench, twin.sid)
    assert configurations.clean_up() == []
    assert sorted(sent.user for sent in bench.script.sent if sent.line.startswith("DELETE")) == [
        "user1",
        "user2",
    ]


def test_no_namesake_where_its_create_fails(world: World, alone: Bench) -> None:
    """A create that was accepted and FAILED has made nothing that could be missed."""
    one = alone.endpoint.configurations.one()
    world.status = "FAILED"

    with pytest.raises(NothingToDelete, match=r"^a create ended FAILED$"):
        alone.endpoint.configurations.creator.namesake(one)

    assert set(alone.endpoint.inventory.left) == {"oc-run-0"}


def test_no_namesake_of_a_given_one(alone: Bench) -> None:
    """The content of a configuration from a pool is not known."""
    with pytest.raises(
        NothingToDelete,
        match=r"^the content of a configuration that the profile gives is not known$",
    ):
        alone.endpoint.configurations.creator.namesake(Configuration("sid"))


def test_a_namesake_of_the_202(world: World, alone: Bench) -> None:
    """The 202 may name the twin where the operation does not."""
    one = alone.endpoint.configurations.one()
    world.related, world.early = lambda number: None, {"configurationId": "twin"}

    assert alone.endpoint.configurations.creator.namesake(one).sid == "twin"


@pytest.mark.parametrize(
    ("again", "left"),
    [
        pytest.param("same", {"oc-run-0"}, id="replayed"),
        pytest.param("new", {"oc-run-0", "oc-run-0+1"}, id="made-again"),
        pytest.param("refused", {"oc-run-0"}, id="refused"),
    ],
)
def test_a_create_sent_again(world: World, alone: Bench, again: str, left: set[str]) -> None:
    """A configuration that a replayed create makes by a breach is removed, too."""
    configurations = alone.endpoint.configurations
    payload = configurations.creator.payloads.new()
    world.named(0, "oc-run-0")
    world.named(1, "oc-run-0")
    operation = configurations.creator.begin(payload, KEY)
    configurations.creator.conclude(operation, payload)
    first = operation.accepted
    if again == "same":
        alone.script.on("POST /Configurations", (202, {"statusUrl": f"{PLANE}/Operations/op0"}))
    world.refuse = [(409, {}) if again == "refused" else None]

    exchange = configurations.creator.create_again(payload, KEY, first)

    assert (exchange.key, exchange.call) == (KEY, Call("create", "oc-run-0"))
    assert json.loads(exchange.request_body or b"") == payload
    assert set(alone.endpoint.inventory.left) == left
    assert alone.endpoint.ownership.owns("sid1") is (again == "new")


@pytest.mark.parametrize("how", ["begin", "namesake"])
def test_a_single_create_that_made_nothing_is_no_deletion(
    world: World, alone: Bench, how: str
) -> None:
    """A refusal leaves the budget of deletions as it was."""
    creator, one = alone.endpoint.configurations.creator, alone.endpoint.configurations.one()
    world.refuse = [(400, {})]
    before = left_of(alone)

    with pytest.raises(NothingToDelete):
        creator.begin(creator.payloads.new(), KEY) if how == "begin" else creator.namesake(one)

    assert left_of(alone) == before


def test_a_changed_create_without_a_response_keeps_no_room(world: World, alone: Bench) -> None:
    """Once the list shows that it made nothing its room serves others, and nothing is left."""
    configurations, inventory = alone.endpoint.configurations, alone.endpoint.inventory
    payload = configurations.creator.payloads.new()
    operation = configurations.creator.begin(payload, KEY)
    configurations.creator.conclude(operation, payload)
    alone.script.on("POST /Configurations", TransportFault.CUT)

    with pytest.raises(Inconclusive):
        configurations.creator.create_again(
            payload | {"description": "another"}, KEY, operation.accepted
        )

    assert inventory.holding() == 2
    assert configurations.creator.recover(DEFAULT_SCOPE)
    assert inventory.holding() == 1
    deletable(alone, "sid0", (404, {}))
    assert configurations.clean_up() == []


def test_room_is_not_made_of_what_others_create(world: World, alone: Bench) -> None:
    """A create that another thread follows is neither lost nor taken for its own."""
    configurations = alone.endpoint.configurations
    world.related = lambda _: None
    alone.script.on(ALL, world.listed)
    recovered: list[bool] = []

    def ended(_: Sent) -> Said:
        recovered.append(configurations.creator.recover(DEFAULT_SCOPE))
        return 200, {"operationId": "op0", "status": "COMPLETED", "related": None}

    def create(sent: Sent) -> Said:
        said = world._create(sent)
        alone.script.on("GET /Operations/op0", ended)
        return said

    alone.script.on("POST /Configurations", create)
    alone.script.on("GET /Configurations/sid0", lambda _: (200, {"displayName": world.names()[0]}))

    (made,) = configurations.take(1)

    assert recovered
    assert not any(recovered)
    assert made.sid == "sid0"


def test_a_name_that_holds_the_mark_of_twins_is_announced_whole(world: World, alone: Bench) -> None:
    """A generated displayName may hold it; that of a twin is the name of both."""
    creator, inventory = alone.endpoint.configurations.creator, alone.endpoint.inventory
    payload = creator.payloads.new({"displayName": " a+b"})
    made = creator.conclude(creator.begin(payload, KEY), payload)

    twin = creator.namesake(made)

    assert (made.name, twin.name) == ("oc-run-0 a+b", "oc-run-0 a+b+1")
    assert inventory.announced == {DEFAULT_SCOPE: {"oc-run-0 a+b"}}
    assert inventory.owner("sid0", "oc-run-0 a+b") == 0
