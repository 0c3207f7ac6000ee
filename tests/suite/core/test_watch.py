"""Second looks: what was right at once is looked at again, when it is due, in a sample, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Account, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

EFFORT = replace(EFFORTS["quick"], watch_s=5.0, watched=10)
KEY = "aaaaaaaa-2222-4333-8444-555555555555"


@pytest.fixture
def watched(start: Callable[..., Bench]) -> Bench:
    """A bench that looks again after five seconds."""
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
    accepted = bench.endpoint.client.delete(Configuration(sid), key=key, **scope)  # type: ignore[arg-type]
    operation = bench.endpoint.poller.accept(accepted, Configuration(sid))
    bench.endpoint.poller.finish([operation])
    return operation


def test_what_stays_as_it_was(watched: Bench) -> None:
    """After the watch time each operation is polled and its configuration fetched, once."""
    operation = ended(watched, "a", poll("COMPLETED", "op-a"))
    sent, now = len(watched.script.sent), watched.clock.now
    watched.endpoint.rechecks.ended([operation])
    assert len(watched.script.sent) == sent

    watched.endpoint.rechecks.settle()
    watched.endpoint.rechecks.settle()

    assert watched.script.lines()[sent:] == ["GET /Operations/op-a", "GET /Configurations/a"]
    assert watched.script.sent[-1].at == now + 5
    assert watched.breaches() == {}
    assert watched.checks()["DELETED-FETCH"] == 1


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
            {"DELETED-FETCH": ["expected 404, as before; saw 200"]},
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
def test_what_does_not_stay(
    watched: Bench, later: Said, fetched: Said, breaches: dict[str, list[str]]
) -> None:
    """What changes after its end is a breach; that there was no second look is none."""
    watched.endpoint.rechecks.ended([ended(watched, "a", later, fetched=fetched)])

    watched.endpoint.rechecks.settle()

    found = {
        one: texts
        for one, texts in watched.breaches().items()
        if one.startswith(("OP-S", "OP-R", "DELETED"))
    }
    assert found == breaches
    if "DELETED-FETCH" in breaches:
        assert watched.steps("DELETED-FETCH") == [
            ("DELETE a", 202),
            ("GET op-a", 200),
            ("GET a", 200),
        ]


def test_the_second_look_goes_where_the_first_went(start: Callable[..., Bench]) -> None:
    """Account and region are those of the delete."""
    accounts = tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    bench = start(effort=EFFORT, accounts=accounts, regions=("http://one.example",))
    operation = ended(bench, "a", account=1, region=1)
    bench.endpoint.rechecks.ended([operation])
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(
        lambda e: recorded.append((e.call.operation, e.account, e.region))
    )

    bench.endpoint.rechecks.settle()

    assert recorded == [("operation", 1, 1), ("fetch", 1, 1)]


def test_what_failed_stays_failed(watched: Bench) -> None:
    """A FAILED operation is polled again; its configuration is not asked for."""
    operation = ended(watched, "a", poll("COMPLETED", "op-a"), status="FAILED")
    sent = len(watched.script.sent)
    watched.endpoint.rechecks.failed([operation])

    watched.endpoint.rechecks.settle()

    assert watched.script.lines()[sent:] == ["GET /Operations/op-a"]
    assert watched.breaches()["OP-STATUS-ORDER"] == [
        "expected FAILED or what may follow it; saw COMPLETED"
    ]


def test_a_spread_sample_is_looked_at(start: Callable[..., Bench]) -> None:
    """Of many that ended only so many are looked at again, the newest among them; of each kind apart."""
    bench = start(effort=replace(EFFORT, watched=3))
    many = [ended(bench, f"s{number}") for number in range(7)]
    failed = ended(bench, "f", status="FAILED")
    bench.endpoint.rechecks.ended(many)
    bench.endpoint.rechecks.failed([failed])
    sent = len(bench.script.sent)

    bench.endpoint.rechecks.settle()

    assert sorted(line for line in bench.script.lines()[sent:] if "Operations" in line) == [
        f"GET /Operations/op-{name}" for name in ("f", "s0", "s3", "s6")
    ]


def test_a_look_that_is_due_does_not_wait(watched: Bench) -> None:
    """Time that has passed already is not waited for again."""
    watched.endpoint.rechecks.ended([ended(watched, "a")])
    watched.clock.now += 5
    watched.clock.slept.clear()

    watched.endpoint.rechecks.settle()

    assert watched.clock.slept == []


@pytest.mark.parametrize(
    ("moved", "looks"),
    [
        pytest.param(7 * 86400 - 3600, 2, id="within-the-week"),
        pytest.param(7 * 86400 - 3599, 0, id="after"),
    ],
)
def test_the_week_of_an_operation(watched: Bench, moved: int, looks: int) -> None:
    """Once the endpoint's clock was moved by nearly seven days an operation need not be there any more."""
    watched.endpoint.coordinator.advance(100)
    watched.endpoint.rechecks.ended([ended(watched, "a")])
    sent = len(watched.script.sent)
    watched.endpoint.coordinator.advance(moved)

    watched.endpoint.rechecks.settle()

    assert len(watched.script.sent) - sent == looks


def test_the_oldest_keys(watched: Bench) -> None:
    """The first three that ended under plain keys serve as old keys, until the clock is moved."""
    rechecks = watched.endpoint.rechecks
    assert rechecks.oldest_keys() == []
    odd = [ended(watched, "a"), ended(watched, "b", key=KEY.upper())]
    plain = [ended(watched, f"c{number}", key=KEY.replace("2", str(number))) for number in range(5)]
    watched.endpoint.coordinator.advance(50)

    rechecks.ended(odd)
    assert rechecks.oldest_keys() == []
    rechecks.ended([*odd, *plain])
    rechecks.ended([ended(watched, "d", key=KEY)])

    assert rechecks.oldest_keys() == plain[:3]
    watched.endpoint.coordinator.advance(1)
    assert rechecks.oldest_keys() == []


ONE = Configuration("k", "name")


def keep(bench: Bench, *requirements: str, configuration: Configuration = ONE) -> None:
    """Watch that a configuration is kept, for these requirements."""
    if configuration.name:
        bench.endpoint.inventory.left[configuration.name] = configuration
    for requirement in requirements:
        bench.endpoint.rechecks.kept(
            requirement, configuration, [bench.exchange("delete", (409, {}))]
        )


@pytest.mark.parametrize(
    ("said", "checked", "problem"),
    [
        pytest.param((200, {}), True, None, id="there"),
        pytest.param((404, {}), True, "expected k still there; saw gone", id="gone"),
        pytest.param((500, {}), False, None, id="an-error-says-nothing"),
        pytest.param(TransportFault.TIMEOUT, False, None, id="silence-says-nothing"),
    ],
)
def test_what_must_be_kept(watched: Bench, said: Said, checked: bool, problem: str | None) -> None:
    """A refused delete must not be carried out later, either."""
    watched.script.on("GET /Configurations/k", said)
    keep(watched, "ERR-409-NO-EFFECT")

    watched.endpoint.rechecks.settle()

    assert watched.clock.slept[-1] == 5
    assert watched.checks().get("ERR-409-NO-EFFECT", 0) == checked
    assert watched.breaches().get("ERR-409-NO-EFFECT") == ([problem] if problem else None)
    if problem:
        assert watched.steps("ERR-409-NO-EFFECT") == [("DELETE sid", 409), ("GET k", 404)]
        assert "name" not in watched.endpoint.inventory.left


def test_a_loss_is_one_breach(watched: Bench) -> None:
    """Of several requirements that watch one configuration the first is breached by its loss; while it is there all hold."""
    keep(watched, "ERR-429-NO-EFFECT", "ERR-409-NO-EFFECT", "ERR-429-NO-EFFECT")
    watched.script.on("GET /Configurations/k", (200, {}), (404, {}))
    watched.endpoint.rechecks.settle()
    assert watched.checks()["ERR-429-NO-EFFECT"] == watched.checks()["ERR-409-NO-EFFECT"] == 1
    assert watched.script.lines() == ["GET /Configurations/k"]

    keep(watched, "ERR-429-NO-EFFECT", "ERR-409-NO-EFFECT")
    watched.endpoint.rechecks.settle()

    assert watched.breaches()["ERR-429-NO-EFFECT"] == ["expected k still there; saw gone"]
    assert watched.checks()["ERR-409-NO-EFFECT"] == 1


def test_the_newest_refusal_sets_the_time(watched: Bench) -> None:
    """A configuration that is watched again is looked at once, after the later time."""
    watched.script.on("GET /Configurations/k", (200, {}))
    watched.script.on("GET /Configurations/other", (200, {}))
    keep(watched, "ERR-409-NO-EFFECT")
    keep(watched, "ERR-409-NO-EFFECT", configuration=Configuration("other", "other"))
    watched.clock.now += 3
    now = watched.clock.now
    keep(watched, "ERR-429-NO-EFFECT")

    watched.endpoint.rechecks.settle()

    assert sorted(watched.script.lines()) == [
        "GET /Configurations/k",
        "GET /Configurations/other",
    ]
    assert max(sent.at for sent in watched.script.sent) == now + 5


def test_what_was_deleted_since_is_not_missed(watched: Bench) -> None:
    """A configuration that was deleted on purpose, or lost as a bystander already, is not looked at."""
    keep(watched, "ERR-409-NO-EFFECT")
    watched.endpoint.inventory.gone(ONE)
    control_configuration = watched.endpoint.control_configuration
    keep(watched, "ERR-409-NO-EFFECT", configuration=control_configuration)
    watched.endpoint.ownership.touch(control_configuration.sid, 0, 0, clear=True)

    asked = len(watched.script.sent)

    watched.endpoint.rechecks.settle()

    assert len(watched.script.sent) == asked


@pytest.mark.parametrize(
    "since", [pytest.param(True, id="since-then"), pytest.param(False, id="before")]
)
def test_what_a_doubtful_delete_may_have_taken(watched: Bench, *, since: bool) -> None:
    """Of a delete that 500 answered nothing is promised, so one that came after the first look excuses a loss."""
    watched.script.on("GET /Configurations/k", (404, {}))
    if not since:
        watched.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)
    keep(watched, "ERR-409-NO-EFFECT")
    if since:
        watched.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)

    watched.endpoint.rechecks.settle()

    assert ("ERR-409-NO-EFFECT" in watched.breaches()) is not since


def test_a_given_configuration_is_looked_at(watched: Bench) -> None:
    """One from a pool has no name, and is watched all the same, where it is."""
    given = Configuration("k")
    watched.script.on("GET /Configurations/k", (404, {}))
    keep(watched, "ERR-409-NO-EFFECT", configuration=given)

    watched.endpoint.rechecks.settle()

    assert watched.breaches().keys() == {"ERR-409-NO-EFFECT"}


def test_kept_where_it_is(start: Callable[..., Bench]) -> None:
    """Account and region are those of the configuration."""
    accounts = tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    bench = start(effort=EFFORT, accounts=accounts, regions=("http://one.example",))
    bench.script.on("GET /Configurations/k", (200, {}))
    keep(bench, "ERR-409-NO-EFFECT", configuration=Configuration("k", "name", Scope(1, 1)))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append((e.account, e.region)))

    bench.endpoint.rechecks.settle()

    assert recorded == [(1, 1)]


def test_one_number_in_two_accounts(start: Callable[..., Bench]) -> None:
    """Where each account counts by itself, the same SID in two of them is watched in both."""
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
    assert bench.endpoint.rechecks.keeps(here)

    bench.endpoint.rechecks.settle()

    assert {one: texts for one, texts in bench.breaches().items() if one.startswith("ERR")} == {
        "ERR-409-NO-EFFECT": ["expected 1 still there; saw gone"]
    }
    assert bench.checks()["ERR-429-NO-EFFECT"] == 1
    assert not bench.endpoint.inventory.is_gone(there)
    assert [one for _, one, _ in bench.endpoint.rechecks.stayed()] == []


def test_a_number_of_nowhere_else_is_kept(start: Callable[..., Bench]) -> None:
    """What was deleted in one account is not what stayed under its SID in another."""
    bench = start(
        effort=EFFORT, accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2))
    )
    here = Configuration("1", "here")
    bench.script.on("GET /Configurations/1", (200, {}))
    keep(bench, "ERR-409-NO-EFFECT", configuration=here)
    bench.endpoint.inventory.gone(Configuration("1", "there", Scope(1)))

    bench.endpoint.rechecks.settle()

    assert [one for _, one, _ in bench.endpoint.rechecks.stayed()] == [here]
