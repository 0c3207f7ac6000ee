"""Rules of the operation: each poll is judged alone, and beside those before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.http.exchange import Call
from orchestrator_contract.profile import Account
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.operations import judge_poll
from orchestrator_contract.scope import Scope
from tests.suite.core.operations import END, LONG, ORIGIN, PLANE, SID, URL, accepted, begun, poll

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


@pytest.mark.parametrize(
    "polls",
    [
        pytest.param(
            [poll(), poll(), poll("COMPLETED"), poll("COMPLETED")], id="pending-to-completed"
        ),
        pytest.param([poll("RUNNING"), poll("FAILED"), poll("FAILED")], id="running-to-failed"),
        pytest.param([poll(), poll("RUNNING"), poll("CANCELLED")], id="running-to-cancelled"),
        pytest.param([poll("COMPLETED")], id="instant"),
        pytest.param(
            [poll(), poll("PAUSED"), poll("RUNNING"), poll("?"), poll("COMPLETED")],
            id="words-of-no-known-order",
        ),
        pytest.param(
            [poll(related=None), poll(related={"other": "x"})], id="related-may-be-left-out"
        ),
        pytest.param(
            [poll(createdAt=END), poll("COMPLETED", createdAt=END)], id="ended-as-it-was-created"
        ),
        pytest.param(
            [
                poll(createdAt="2026-11-23T00:00:00Z"),
                poll(createdAt="2026-11-23T01:00:00.000+01:00"),
            ],
            id="one-instant-in-two-forms",
        ),
        pytest.param(
            [poll(statusUrl="http://other.example/y/op_1/")], id="statusUrl-by-another-path"
        ),
        pytest.param(
            [poll(statusUrl="http://other.example/", operationId=None)], id="no-id-at-all"
        ),
        pytest.param([poll(), (429, None), (503, None), poll()], id="throttled-between"),
        pytest.param(
            [poll("COMPLETED"), poll("COMPLETED", completedAt="2026-11-23T00:00:05.000Z")],
            id="fraction-of-zeros",
        ),
    ],
)
def test_conformant_history(bench: Bench, polls: list[Said]) -> None:
    """An operation's allowed transitions are no breach."""
    operation = begun(bench)
    for said in polls:
        judge_poll(bench.endpoint.findings, operation, bench.exchange("operation", said, "GET"))

    assert bench.breaches() == {}


def polled(bench: Bench, *polls: Said, apart: float = 3.0) -> Operation:
    """An operation after these polls, that many seconds apart."""
    operation = begun(bench, SID, "op_1", *polls)
    for _ in polls:
        bench.clock.now += apart
        bench.endpoint.poller.poll(operation)
    return operation


ACCEPT, GET = ("DELETE " + SID, 202), ("GET op_1", 200)


@pytest.mark.parametrize(
    ("polls", "requirement", "problem", "steps"),
    [
        pytest.param(
            [poll(operationId="op_2")],
            "OP-ID",
            "expected operationId op_1; saw op_2",
            [ACCEPT, GET],
            id="id-of-another",
        ),
        pytest.param(
            [poll(operationId=LONG)],
            "OP-ID",
            f"expected operationId op_1; saw {LONG[:80]}",
            [ACCEPT, GET],
            id="long-id",
        ),
        pytest.param(
            [poll(statusUrl=f"{PLANE}/Operations/op_2")],
            "OP-ID",
            f"$.statusUrl: expected a statusUrl of operation op_1; saw {PLANE}/Operations/op_2",
            [ACCEPT, GET],
            id="statusUrl-of-another",
        ),
        pytest.param(
            [poll(statusUrl=f"{ORIGIN}/{'u' * 200}")],
            "OP-ID",
            f"$.statusUrl: expected a statusUrl of operation op_1; saw {ORIGIN}/{'u' * 98}",
            [ACCEPT, GET],
            id="long-statusUrl",
        ),
        pytest.param(
            [poll(statusUrl=f"http://other.example/{'u' * 200}/op_1")],
            "OP-STATUS-URL-ORIGIN",
            f"$.statusUrl: expected an address on the target's own origins; saw http://other.example/{'u' * 139}",
            [ACCEPT, GET],
            id="statusUrl-elsewhere",
        ),
        pytest.param(
            [poll(statusUrl="/Operations/op_1")],
            "OP-STATUS-URL-ORIGIN",
            "$.statusUrl: expected an address on the target's own origins; saw /Operations/op_1",
            [ACCEPT, GET],
            id="relative-statusUrl",
        ),
        pytest.param(
            [poll(related={"configurationId": "other"})],
            "OP-RELATED",
            f"$.related: expected configurationId {SID}; saw 'other'",
            [ACCEPT, GET],
            id="related-to-another",
        ),
        pytest.param(
            [poll("COMPLETED", createdAt="2026-11-23T00:00:06Z")],
            "OP-TIMESTAMPS",
            f"expected createdAt not after completedAt; saw 2026-11-23T00:00:06Z and {END}",
            [ACCEPT, GET],
            id="ended-before-it-began",
        ),
        pytest.param(
            [
                poll(
                    "COMPLETED",
                    createdAt="2026-11-23T00:00:05.000000002Z",
                    completedAt="2026-11-23T00:00:05.000000001Z",
                )
            ],
            "OP-TIMESTAMPS",
            "expected createdAt not after completedAt; saw 2026-11-23T00:00:05.000000002Z and 2026-11-23T00:00:05.000000001Z",
            [ACCEPT, GET],
            id="ended-a-nanosecond-before-it-began",
        ),
        pytest.param(
            [poll(), poll(createdAt="2026-11-22T00:00:00Z")],
            "OP-TIMESTAMPS",
            "$.createdAt: expected createdAt as it was; saw 2026-11-22T00:00:00Z",
            [ACCEPT, GET, GET],
            id="created-moves",
        ),
        pytest.param(
            [poll("COMPLETED"), poll("COMPLETED", completedAt="2026-11-23T00:00:09Z")],
            "OP-TIMESTAMPS",
            "$.completedAt: expected completedAt as it was; saw 2026-11-23T00:00:09Z",
            [ACCEPT, GET, GET],
            id="completed-moves",
        ),
        pytest.param(
            [poll(), poll(), poll(createdAt="2026-11-22T00:00:00Z")],
            "OP-TIMESTAMPS",
            "$.createdAt: expected createdAt as it was; saw 2026-11-22T00:00:00Z",
            [ACCEPT, GET, GET],
            id="created-moves-later",
        ),
        pytest.param(
            [poll("COMPLETED"), poll("COMPLETED", completedAt=None)],
            "OP-TIMESTAMPS",
            "$.completedAt: expected completedAt as it was; saw none any more",
            [ACCEPT, GET, GET],
            id="completed-is-forgotten",
        ),
        pytest.param(
            [poll("RUNNING"), poll()],
            "OP-STATUS-ORDER",
            "expected RUNNING or what may follow it; saw PENDING",
            [ACCEPT, GET, GET],
            id="backwards",
        ),
        pytest.param(
            [poll("COMPLETED", completedAt=None), poll()],
            "OP-STATUS-ORDER",
            "expected COMPLETED or what may follow it; saw PENDING",
            [ACCEPT, GET, GET],
            id="reopened",
        ),
        pytest.param(
            [poll("COMPLETED"), poll("FAILED")],
            "OP-STATUS-ORDER",
            "expected COMPLETED or what may follow it; saw FAILED",
            [ACCEPT, GET, GET],
            id="completed-then-failed",
        ),
        pytest.param(
            [poll("FAILED"), poll("COMPLETED")],
            "OP-STATUS-ORDER",
            "expected FAILED or what may follow it; saw COMPLETED",
            [ACCEPT, GET, GET],
            id="failed-then-completed",
        ),
        pytest.param(
            [poll("CANCELLED"), poll("RUNNING")],
            "OP-STATUS-ORDER",
            "expected CANCELLED or what may follow it; saw RUNNING",
            [ACCEPT, GET, GET],
            id="cancelled-then-running",
        ),
        pytest.param(
            [(404, {})],
            "OP-FETCH",
            "expected 200; saw 404",
            [ACCEPT, ("GET op_1", 404)],
            id="not-found",
        ),
        pytest.param(
            [(500, {})],
            "OP-FETCH",
            "expected 200; saw 500",
            [ACCEPT, ("GET op_1", 500)],
            id="server-error",
        ),
        pytest.param(
            [(204,)],
            "OP-FETCH",
            "expected 200; saw 204",
            [ACCEPT, ("GET op_1", 204)],
            id="no-content",
        ),
        pytest.param(
            [poll(), (404, {})],
            "OP-FETCH",
            "expected 200; saw 404",
            [ACCEPT, ("GET op_1", 404)],
            id="lost-on-the-way",
        ),
        pytest.param(
            [poll("COMPLETED"), (404, {})],
            "OP-RETAINED",
            "expected the ended operation; saw 404",
            [ACCEPT, ("GET op_1", 404)],
            id="lost-after-its-end",
        ),
        pytest.param(
            [poll("COMPLETED"), (500, {})],
            "OP-FETCH",
            "expected 200; saw 500",
            [ACCEPT, ("GET op_1", 500)],
            id="server-error-after-its-end",
        ),
    ],
)
def test_breach_of_a_history(
    bench: Bench, polls: list[Said], requirement: str, problem: str, steps: list[tuple[str, int]]
) -> None:
    """A poll that can't follow those before it breaches one requirement, shown step by step."""
    polled(bench, *polls)

    breaches = {
        one: texts
        for one, texts in bench.breaches().items()
        if one not in {"OP-BODY", "OP-COMPLETED-AT"}
    }
    assert breaches == {requirement: [problem]}
    assert bench.steps(requirement) == steps


def test_an_operation_that_is_lost_for_a_while(bench: Bench) -> None:
    """A 404 after the end, and then a 200, breach OP-RETAINED and OP-FETCH."""
    polled(bench, poll("COMPLETED"), (404, {}), poll("COMPLETED"))

    assert bench.breaches() == {
        "OP-RETAINED": ["expected the ended operation; saw 404"],
        "OP-FETCH": ["expected 200 each time; saw 404, and then 200"],
    }
    assert bench.steps("OP-FETCH") == [ACCEPT, ("GET op_1", 404), ("GET op_1", 200)]


def test_operation_that_a_replica_does_not_know_yet(bench: Bench) -> None:
    """Right after the 202 another replica may not know the operation yet."""
    polled(bench, poll("COMPLETED"), (404, {}), poll("COMPLETED"), apart=0.3)

    assert "OP-FETCH" not in bench.breaches()


def test_what_a_poll_checks(bench: Bench) -> None:
    """The polls of a full lifecycle check every requirement of the operation."""
    polled(bench, poll(), poll("COMPLETED"), poll("COMPLETED"))

    counted = {one: number for one, number in bench.checks().items() if one.startswith("OP-")}
    assert counted == {
        "OP-BODY": 3,
        "OP-COMPLETED-AT": 3,
        "OP-ERROR": 3,
        "OP-FETCH": 3,
        "OP-ID": 6,
        "OP-STATUS-URL-ORIGIN": 3,
        "OP-RELATED": 3,
        "OP-RETAINED": 1,
        "OP-TIMESTAMPS": 5,
        "OP-STATUS-ORDER": 2,
    }
    assert bench.seen("OBS-STATUS-WORDS") == {"PENDING": 1, "COMPLETED": 2}
    assert bench.seen("OBS-FAILED-ERROR") == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [pytest.param(None, "null", id="null"), pytest.param({"title": "no"}, "given", id="given")],
)
def test_the_error_of_a_failed_operation_is_observed(
    bench: Bench, error: object, said: str
) -> None:
    """FAILED may come with or without an error."""
    polled(bench, poll("FAILED", error=error))

    assert bench.seen("OBS-FAILED-ERROR") == {said: 1}


def test_an_unknown_word_is_no_observation(bench: Bench) -> None:
    """The schema judges undocumented status values."""
    operation = polled(bench, poll("DONE"), poll(5), poll([]), poll({}), poll(None))

    assert operation.status == "DONE"

    assert bench.seen("OBS-STATUS-WORDS") == {}
    assert "OP-BODY" in bench.breaches()


@pytest.mark.parametrize(
    ("after", "polls", "breached", "asked"),
    [
        pytest.param(0.9, [(404, {})], False, "1", id="before-retry-after"),
        pytest.param(1.0, [(404, {})], True, "1", id="after-retry-after"),
        pytest.param(0.0, [(404, {})], True, "0", id="at-once-where-it-may-be-asked-at-once"),
        pytest.param(1.9, [(404, {})], False, "30", id="within-two-seconds"),
        pytest.param(2.0, [(404, {})], True, "30", id="after-two-seconds"),
        pytest.param(
            1.9, [(404, {})], False, "soon", id="within-two-seconds-where-retry-after-says-nothing"
        ),
        pytest.param(0.1, [poll(), (404, {})], True, "1", id="after-it-was-seen"),
        pytest.param(0.1, [(500, {})], True, "1", id="another-status"),
    ],
)
def test_an_operation_may_appear_a_moment_later(
    bench: Bench, after: float, polls: list[Said], breached: bool, asked: str
) -> None:
    """An operation may be missing until Retry-After, two seconds at most, and never once it was seen."""
    bench.script.on("GET /Operations/op_1", *polls)
    operation = bench.accepted(SID, (202, {"statusUrl": URL}, {"Retry-After": asked}))
    for _ in polls:
        bench.clock.now += after
        bench.endpoint.poller.poll(operation)

    assert ("OP-FETCH" in bench.breaches()) is breached
    assert bench.seen("OBS-TRANSPORT") == (
        {} if breached else {"operation not found right after its 202": 1}
    )


def test_an_operation_without_an_id_is_compared_with_none(bench: Bench) -> None:
    """If the 202 gives no id, the polls are compared with none."""
    bench.script.at("GET /?o=1", poll(operationId="op_7", statusUrl=f"{PLANE}/Operations/op_8"))
    operation = bench.accepted(SID, accepted(statusUrl=f"{ORIGIN}/?o=1"))
    bench.endpoint.poller.poll(operation)

    assert operation.id == ""
    assert "OP-ID" not in bench.checks()


def test_polls_go_where_the_delete_went(start: Callable[..., Bench]) -> None:
    """An operation is polled with the credentials and in the region of its delete."""
    bench = start(
        accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://elsewhere.example",),
    )
    bench.endpoint.ownership.allow(SID, scope=Scope(1, 1))
    bench.script.on(f"DELETE /Configurations/{SID}", accepted(None, "op_1"))
    bench.script.on("GET /Operations/op_1", poll())
    exchange = bench.endpoint.client.delete(Configuration(SID, scope=Scope(1, 1)))
    operation = bench.endpoint.poller.accept(exchange, Configuration(SID))

    seen = bench.endpoint.poller.poll(operation)

    assert (seen.account, seen.region, seen.call.subject) == (1, 1, "op_1")
    first, second = bench.script.sent
    assert first.origin == second.origin
    assert first.headers["authorization"] == second.headers["authorization"]


@pytest.mark.parametrize(
    ("location", "said", "problem"),
    [
        pytest.param(URL, poll(), None, id="the-same-address"),
        pytest.param(f"{ORIGIN}/other/op_1", poll(), None, id="another-address"),
        pytest.param(
            f"{ORIGIN}/other/op_1",
            poll(operationId="op_2"),
            "expected operation op_1 at Location; saw 200 'op_2'",
            id="another-operation",
        ),
        pytest.param(
            f"{ORIGIN}/other/op_1",
            (404, {}),
            "expected operation op_1 at Location; saw 404 None",
            id="nothing-there",
        ),
        pytest.param(f"{ORIGIN}/other/op_1", (500, {}), None, id="an-error-says-nothing"),
        pytest.param(
            "/other/op_1",
            poll(operationId="o" * 100),
            f"expected operation op_1 at Location; saw 200 '{'o' * 79}",
            id="relative",
        ),
        pytest.param("http://other.example/op_1", None, None, id="elsewhere"),
        pytest.param("http://[", None, None, id="no-url"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_the_other_link(
    bench: Bench, location: str | None, said: Said | None, problem: str | None
) -> None:
    """Location leads to the operation that statusUrl leads to; other servers are not asked."""
    bench.script.on("GET /Operations/op_1", poll())
    bench.script.at("GET /other/op_1", *([said] if said else []))
    operation = bench.accepted(SID, accepted(location, None, statusUrl=URL))
    bench.endpoint.poller.poll(operation)
    before, asked = bench.checks()["DEL-202-LINKS-AGREE"], len(bench.script.sent)
    known = bench.breaches().get("DEL-202-LINKS-AGREE", [])

    bench.endpoint.poller.poll_other_link(operation)

    assert bench.breaches().get("DEL-202-LINKS-AGREE", [])[len(known) :] == (
        [problem] if problem else []
    )
    elsewhere = said is not None and location != URL
    assert len(bench.script.sent) - asked == elsewhere
    assert bench.checks()["DEL-202-LINKS-AGREE"] - before == (elsewhere and said[0] != 500)  # type: ignore[index]
    if problem:
        assert [step for step, _ in bench.steps("DEL-202-LINKS-AGREE")] == [
            "DELETE " + SID,
            "GET op_1",
        ]


def test_the_other_link_is_asked_as_the_first(start: Callable[..., Bench]) -> None:
    """Credentials and region are those of the delete."""
    bench = start(
        accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://elsewhere.example",),
    )
    bench.endpoint.ownership.allow(SID, scope=Scope(1, 1))
    bench.script.on(
        f"DELETE /Configurations/{SID}", accepted(f"{ORIGIN}/other/op_1", "op_1", statusUrl=URL)
    )
    bench.script.at("GET /other/op_1", poll())
    configuration = Configuration(SID, scope=Scope(1, 1))
    exchange = bench.endpoint.client.delete(configuration)
    operation = bench.endpoint.poller.accept(exchange, configuration)
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append((e.call, e.account, e.region)))

    bench.endpoint.poller.poll_other_link(operation)

    assert recorded == [(Call("operation", "op_1", of="delete"), 1, 1)]


def test_newest_status_and_body(bench: Bench) -> None:
    """Status and body are the newest that could be read."""
    operation = polled(bench, poll(), poll("RUNNING"), (500, {"status": "odd"}))
    assert (operation.status, operation.object["status"], operation.done) == (
        "odd",
        "RUNNING",
        False,
    )

    fresh = begun(bench, "other", "op_2")
    assert (fresh.status, fresh.object, fresh.done) == ("", {}, False)
