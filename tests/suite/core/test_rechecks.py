"""Rechecks: a state that was right at first must be right later, too; each once, in a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Account, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from tests.suite.core.world import ALL, page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

EFFORT = replace(EFFORTS["quick"], watch_s=5.0, watched=10)
KEY = "aaaaaaaa-2222-4333-8444-555555555555"


@pytest.fixture
def rechecked(start: Callable[..., Bench]) -> Bench:
    """A bench that rechecks after five seconds."""
    return start(effort=EFFORT, provision=Provision("pool", pool=("p0", "p1")))


def poll(status: str, name: str) -> Said:
    """An operation as a poll shows it."""
    url = f"http://target.example/v2/ControlPlane/Operations/{name}"
    done = "2026-11-23T00:00:05Z" if status in ("COMPLETED", "FAILED") else None
    return 200, {
        "operationId": name,
        "status": status,
        "createdAt": "2026-11-23T00:00:00Z",
        "completedAt": done,
        "statusUrl": url,
    }


def ended(
    bench: Bench,
    sid: str,
    *later: Said,
    fetched: Said = (404, {}),
    status: str = "COMPLETED",
    key: str | None = None,
    **scope: int,
) -> Operation:
    """A delete that ended, with what later polls and fetches will show."""
    name = f"op-{sid}"
    bench.endpoint.ownership.allow(sid, scope=Scope(**scope))
    bench.script.on(
        f"DELETE /Configurations/{sid}", (202, {}, {"Operation-Id": name, "Retry-After": "1"})
    )
    bench.script.on(f"GET /Operations/{name}", poll(status, name), *later)
    bench.script.on(f"GET /Configurations/{sid}", fetched)
    configuration = Configuration(sid, scope=Scope(**scope))
    accepted = bench.endpoint.client.delete(configuration, key=key)
    operation = bench.endpoint.poller.accept(accepted, configuration)
    bench.endpoint.poller.finish([operation])
    return operation


def test_completed_stays_completed(rechecked: Bench) -> None:
    """Once due, each operation is polled and its configuration fetched, once."""
    operation = ended(rechecked, "a", poll("COMPLETED", "op-a"))
    sent, now = len(rechecked.script.sent), rechecked.clock.now
    rechecked.endpoint.rechecks.completed([operation])
    assert len(rechecked.script.sent) == sent

    rechecked.endpoint.rechecks.settle()
    rechecked.endpoint.rechecks.settle()

    assert rechecked.script.lines()[sent:] == ["GET /Operations/op-a", "GET /Configurations/a"]
    assert rechecked.script.sent[-1].at == now + 5
    assert rechecked.breaches() == {}
    assert rechecked.checks()["DELETED-FETCH"] == 1


@pytest.mark.parametrize(
    ("later", "fetched", "breaches"),
    [
        pytest.param(
            poll("PENDING", "op-a"),
            (404, {}),
            {"OP-STATUS-ORDER": ["expected COMPLETED or what may follow it; saw PENDING"]},
            id="reopened",
        ),
        pytest.param(
            poll("COMPLETED", "op-a"),
            (200, {}),
            {"DELETED-FETCH": ["expected 404; saw 200"]},
            id="came-back",
        ),
        pytest.param(poll("COMPLETED", "op-a"), (500, {}), {}, id="an-error-says-nothing"),
        pytest.param(
            (404, {}),
            (404, {}),
            {"OP-RETAINED": ["expected the ended operation; saw 404"]},
            id="forgotten",
        ),
        pytest.param(TransportFault.TIMEOUT, (200, {}), {}, id="no-second-look"),
    ],
)
def test_completed_changes(
    rechecked: Bench, later: Said, fetched: Said, breaches: dict[str, list[str]]
) -> None:
    """A change after the end is a breach; a recheck without a response is not."""
    rechecked.endpoint.rechecks.completed([ended(rechecked, "a", later, fetched=fetched)])

    rechecked.endpoint.rechecks.settle()

    found = {
        one: texts
        for one, texts in rechecked.breaches().items()
        if one.startswith(("OP-S", "OP-R", "DELETED"))
    }
    assert found == breaches
    if "DELETED-FETCH" in breaches:
        assert rechecked.steps("DELETED-FETCH") == [
            ("DELETE a", 202),
            ("GET op-a", 200),
            ("GET a", 200),
        ]


def test_recheck_in_its_scope(start: Callable[..., Bench]) -> None:
    """Account and region are those of the delete."""
    accounts = tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    bench = start(effort=EFFORT, accounts=accounts, regions=("http://one.example",))
    operation = ended(bench, "a", account=1, region=1)
    bench.endpoint.rechecks.completed([operation])
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(
        lambda e: recorded.append((e.call.operation, e.account, e.region))
    )

    bench.endpoint.rechecks.settle()

    assert recorded == [("operation", 1, 1), ("fetch", 1, 1)]


def test_failed_stays_failed(rechecked: Bench) -> None:
    """A FAILED operation is polled again; its configuration is not fetched."""
    operation = ended(rechecked, "a", poll("COMPLETED", "op-a"), status="FAILED")
    sent = len(rechecked.script.sent)
    rechecked.endpoint.rechecks.failed([operation])

    rechecked.endpoint.rechecks.settle()

    assert rechecked.script.lines()[sent:] == ["GET /Operations/op-a"]
    assert rechecked.breaches()["OP-STATUS-ORDER"] == [
        "expected FAILED or what may follow it; saw COMPLETED"
    ]


def test_a_spread_sample_is_looked_at(start: Callable[..., Bench]) -> None:
    """Of many COMPLETED operations a spread sample is rechecked, the newest among them."""
    bench = start(effort=replace(EFFORT, watched=3))
    many = [ended(bench, f"s{number}") for number in range(7)]
    failed = ended(bench, "f", status="FAILED")
    bench.endpoint.rechecks.completed(many)
    bench.endpoint.rechecks.failed([failed])
    sent = len(bench.script.sent)

    bench.endpoint.rechecks.settle()

    assert sorted(line for line in bench.script.lines()[sent:] if "Operations" in line) == [
        f"GET /Operations/op-{name}" for name in ("f", "s0", "s3", "s6")
    ]


def test_a_look_that_is_due_does_not_wait(rechecked: Bench) -> None:
    """A recheck that is due does not wait."""
    rechecked.endpoint.rechecks.completed([ended(rechecked, "a")])
    rechecked.clock.now += 5
    rechecked.clock.slept.clear()

    rechecked.endpoint.rechecks.settle()

    assert rechecked.clock.slept == []


@pytest.mark.parametrize(
    ("moved", "looks"),
    [
        pytest.param(7 * 86400 - 3600, 2, id="within-the-week"),
        pytest.param(7 * 86400 - 3599, 0, id="after"),
    ],
)
def test_the_week_of_an_operation(rechecked: Bench, moved: int, looks: int) -> None:
    """Past nearly seven days an operation need not exist any more."""
    rechecked.endpoint.coordinator.advance(100)
    rechecked.endpoint.rechecks.completed([ended(rechecked, "a")])
    sent = len(rechecked.script.sent)
    rechecked.endpoint.coordinator.advance(moved)

    rechecked.endpoint.rechecks.settle()

    assert len(rechecked.script.sent) - sent == looks


def test_last_rechecks_wait_for_who_moves_the_clock(rechecked: Bench) -> None:
    """An operation that another worker's clock makes too old is not asked for at the end."""
    coordinator = rechecked.endpoint.coordinator
    rechecked.endpoint.rechecks.completed([ended(rechecked, "a")])
    rechecked.script.on(ALL, page())
    assert coordinator.clock.enter("gw1", alone=True, seconds=0)
    sent = len(rechecked.script.sent)
    closing = Thread(target=rechecked.endpoint.close)
    closing.start()
    closing.join(0.2)
    coordinator.advance(8 * 86400)
    coordinator.clock.leave("gw1", alone=True)
    closing.join(20)

    assert not closing.is_alive()
    assert "GET /Operations/op-a" not in rechecked.script.lines()[sent:]


def test_the_oldest_keys(rechecked: Bench) -> None:
    """The first three COMPLETED under plain keys are the oldest, until the clock moves."""
    rechecks = rechecked.endpoint.rechecks
    assert rechecks.oldest_keys() == []
    odd = [ended(rechecked, "a"), ended(rechecked, "b", key=KEY.upper())]
    plain = [
        ended(rechecked, f"c{number}", key=KEY.replace("2", str(number))) for number in range(5)
    ]
    rechecked.endpoint.coordinator.advance(50)

    rechecks.completed(odd)
    assert rechecks.oldest_keys() == []
    rechecks.completed([*odd, *plain])
    rechecks.completed([ended(rechecked, "d", key=KEY)])

    assert rechecks.oldest_keys() == plain[:3]
    rechecked.endpoint.coordinator.advance(1)
    assert rechecks.oldest_keys() == []


ONE = Configuration("k", "name")


def keep(bench: Bench, *requirements: str, configuration: Configuration = ONE) -> None:
    """Have a configuration rechecked, for these requirements."""
    if configuration.name:
        bench.endpoint.inventory.left[configuration.name] = configuration
    for requirement in requirements:
        bench.endpoint.rechecks.unchanged(
            requirement, configuration, [bench.exchange("delete", (409, {}))]
        )


@pytest.mark.parametrize(
    ("said", "checked", "problem"),
    [
        pytest.param((200, {}), True, None, id="there"),
        pytest.param((404, {}), True, "expected k exists; saw it is deleted", id="gone"),
        pytest.param((500, {}), False, None, id="an-error-says-nothing"),
        pytest.param(TransportFault.TIMEOUT, False, None, id="no-response-says-nothing"),
    ],
)
def test_unchanged(rechecked: Bench, said: Said, checked: bool, problem: str | None) -> None:
    """A refused delete is not carried out later, either."""
    rechecked.script.on("GET /Configurations/k", said)
    keep(rechecked, "ERR-409-NO-EFFECT")

    rechecked.endpoint.rechecks.settle()

    assert rechecked.clock.slept[-1] == 5
    assert rechecked.checks().get("ERR-409-NO-EFFECT", 0) == checked
    assert rechecked.breaches().get("ERR-409-NO-EFFECT") == ([problem] if problem else None)
    if problem:
        assert rechecked.steps("ERR-409-NO-EFFECT") == [("DELETE sid", 409), ("GET k", 404)]
        assert "name" not in rechecked.endpoint.inventory.left


def test_a_loss_is_one_breach(rechecked: Bench) -> None:
    """A lost configuration breaches the first of the requirements that ask for it."""
    keep(rechecked, "ERR-429-NO-EFFECT", "ERR-409-NO-EFFECT", "ERR-429-NO-EFFECT")
    rechecked.script.on("GET /Configurations/k", (200, {}), (404, {}))
    rechecked.endpoint.rechecks.settle()
    assert rechecked.checks()["ERR-429-NO-EFFECT"] == rechecked.checks()["ERR-409-NO-EFFECT"] == 1
    assert rechecked.script.lines() == ["GET /Configurations/k"]

    keep(rechecked, "ERR-429-NO-EFFECT", "ERR-409-NO-EFFECT")
    rechecked.endpoint.rechecks.settle()

    assert rechecked.breaches()["ERR-429-NO-EFFECT"] == ["expected k exists; saw it is deleted"]
    assert rechecked.checks()["ERR-409-NO-EFFECT"] == 1


def test_the_newest_refusal_sets_the_time(rechecked: Bench) -> None:
    """A configuration that is handed over twice is rechecked once, at the later time."""
    rechecked.script.on("GET /Configurations/k", (200, {}))
    rechecked.script.on("GET /Configurations/other", (200, {}))
    keep(rechecked, "ERR-409-NO-EFFECT")
    keep(rechecked, "ERR-409-NO-EFFECT", configuration=Configuration("other", "other"))
    rechecked.clock.now += 3
    now = rechecked.clock.now
    keep(rechecked, "ERR-429-NO-EFFECT")

    rechecked.endpoint.rechecks.settle()

    assert sorted(rechecked.script.lines()) == [
        "GET /Configurations/k",
        "GET /Configurations/other",
    ]
    assert max(sent.at for sent in rechecked.script.sent) == now + 5


def test_deleted_on_purpose_since(rechecked: Bench) -> None:
    """A configuration that was deleted on purpose is not rechecked."""
    keep(rechecked, "ERR-409-NO-EFFECT")
    rechecked.endpoint.inventory.gone(ONE)
    control = rechecked.endpoint.targets.control
    keep(rechecked, "ERR-409-NO-EFFECT", configuration=control)
    rechecked.endpoint.ownership.touch(control.sid, 0, 0, clear=True)

    asked = len(rechecked.script.sent)

    rechecked.endpoint.rechecks.settle()

    assert len(rechecked.script.sent) == asked


@pytest.mark.parametrize(
    "since", [pytest.param(True, id="since-then"), pytest.param(False, id="before")]
)
def test_doubtful_delete(rechecked: Bench, *, since: bool) -> None:
    """A delete since then that was answered 500 may have deleted the configuration."""
    rechecked.script.on("GET /Configurations/k", (404, {}))
    if not since:
        rechecked.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)
    keep(rechecked, "ERR-409-NO-EFFECT")
    if since:
        rechecked.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)

    rechecked.endpoint.rechecks.settle()

    assert ("ERR-409-NO-EFFECT" in rechecked.breaches()) is not since


def test_a_given_configuration_is_looked_at(rechecked: Bench) -> None:
    """A configuration of a pool has no name, and is rechecked all the same."""
    given = Configuration("k")
    rechecked.script.on("GET /Configurations/k", (404, {}))
    keep(rechecked, "ERR-409-NO-EFFECT", configuration=given)

    rechecked.endpoint.rechecks.settle()

    assert rechecked.breaches().keys() == {"ERR-409-NO-EFFECT"}


def test_unchanged_in_its_scope(start: Callable[..., Bench]) -> None:
    """Account and region are those of the configuration."""
    accounts = tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    bench = start(effort=EFFORT, accounts=accounts, regions=("http://one.example",))
    bench.script.on("GET /Configurations/k", (200, {}))
    keep(bench, "ERR-409-NO-EFFECT", configuration=Configuration("k", "name", Scope(1, 1)))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append((e.account, e.region)))

    bench.endpoint.rechecks.settle()

    assert recorded == [(1, 1)]


def test_one_sid_in_two_accounts(start: Callable[..., Bench]) -> None:
    """One SID in two accounts is two configurations, both rechecked."""
    bench = start(
        effort=EFFORT, accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    )
    here, there = Configuration("1", "here"), Configuration("1", "there", Scope(1))
    bench.script.on(
        "GET /Configurations/1", lambda sent: (404 if sent.user == "u1" else 200, {"id": "1"})
    )
    keep(bench, "ERR-409-NO-EFFECT", configuration=here)
    keep(bench, "ERR-429-NO-EFFECT", configuration=there)
    bench.endpoint.ownership.allow("1", scope=there.scope)
    bench.endpoint.ownership.touch("1", 1, 0, clear=False)  # says nothing of the other one
    assert bench.endpoint.rechecks.holds(here)

    bench.endpoint.rechecks.settle()

    assert {one: texts for one, texts in bench.breaches().items() if one.startswith("ERR")} == {
        "ERR-409-NO-EFFECT": ["expected 1 exists; saw it is deleted"]
    }
    assert bench.checks()["ERR-429-NO-EFFECT"] == 1
    assert not bench.endpoint.inventory.is_gone(there)
    assert [one for _, one, _ in bench.endpoint.rechecks.existed()] == []


def test_deleted_namesake_in_another_account(start: Callable[..., Bench]) -> None:
    """A deleted configuration of another account says nothing of its namesake."""
    bench = start(
        effort=EFFORT, accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    )
    here = Configuration("1", "here")
    bench.script.on("GET /Configurations/1", (200, {}))
    keep(bench, "ERR-409-NO-EFFECT", configuration=here)
    bench.endpoint.inventory.gone(Configuration("1", "there", Scope(1)))

    bench.endpoint.rechecks.settle()

    assert [one for _, one, _ in bench.endpoint.rechecks.existed()] == [here]
