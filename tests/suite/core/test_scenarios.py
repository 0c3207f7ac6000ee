"""The shared steps of the contract tests: an accepted delete, a replay against its original, what is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from orchestrator_contract.rules.replay import judge_replay

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.parallel import Parallel
from orchestrator_contract.profile import Account, Provision, Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Scenarios

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

PLANE = "http://target.example/v2/ControlPlane"
KEY = "11111111-2222-4333-8444-555555555555"
NIL = "00000000-0000-0000-0000-000000000000"
USED = {"code": 17534}
DELETE, FETCH = "DELETE /Configurations/sid", "GET /Configurations/sid"


def accepted(operation: str = "op_1", **body: Any) -> Said:
    """A 202 that names an operation."""
    return 202, {"statusUrl": f"{PLANE}/Operations/{operation}", **body}, {"Retry-After": "1"}


def poll(status: str, operation: str = "op_1") -> Said:
    """An operation as a poll shows it."""
    done = "2026-11-23T00:00:05Z" if status in ("COMPLETED", "FAILED") else None
    return 200, {
        "operationId": operation,
        "status": status,
        "createdAt": "2026-11-23T00:00:00Z",
        "completedAt": done,
        "error": None,
        "statusUrl": f"{PLANE}/Operations/{operation}",
        "related": None,
    }


def page(*sids: object) -> Said:
    """The last page of the list."""
    return 200, {
        "configurations": [{"id": sid} for sid in sids],
        "meta": {"key": "configurations", "pageSize": 1000},
    }


@pytest.fixture
def steps(bench: Bench) -> Scenarios:
    """The steps on the scripted endpoint, on which one configuration may be deleted."""
    bench.endpoint.ownership.allow("sid")
    return Scenarios(bench.endpoint)


@pytest.fixture
def pooled(start: Callable[..., Bench]) -> Bench:
    """A bench whose configurations come from a pool."""
    return start(provision=Provision("pool", pool=("s0", "s1", "s2", "s3")))


ONE = Configuration("sid")


def judged(bench: Bench, *requirements: str) -> dict[str, tuple[int, list[str]]]:
    """Checks and problems of these requirements, where there was a check."""
    records = bench.endpoint.findings.records
    return {
        one: (records[one].checks, records[one].problems)
        for one in requirements
        if one in records and records[one].checks
    }


# -------------------------------------------------------------------- deleting


@pytest.mark.parametrize(
    ("said", "pauses"),
    [
        pytest.param([accepted()], [], id="at-once"),
        pytest.param([(409, {}), accepted()], [0.2], id="after-a-conflict"),
        pytest.param([(500, {}), accepted()], [0.2], id="after-an-error"),
        pytest.param(
            [(409, {}), (500, {}), (500, {}), accepted()], [0.2, 0.5, 1.0], id="after-three"
        ),
    ],
)
@pytest.mark.parametrize("key", [KEY, None])
def test_accepted(
    bench: Bench, steps: Scenarios, said: list[Said], pauses: list[float], key: str | None
) -> None:
    """A conflict or an error may pass: the delete is tried again, each time with a new key where it has one."""
    bench.script.on(DELETE, *said)

    operation = steps.accepted(ONE, key=key, trigger=Trigger({"X-T": "1"}))

    assert (operation.id, operation.sid) == ("op_1", "sid")
    assert bench.clock.slept == pauses
    keys = [sent.headers.get("idempotency-key") for sent in bench.script.sent]
    assert len(set(keys)) == (len(said) if key else 1)
    assert keys[0] == key
    assert all(sent.headers["x-t"] == "1" for sent in bench.script.sent)
    assert judged(bench, "DEL-ACCEPTED", "KEY-FORMAT-ACCEPTED") == {
        "DEL-ACCEPTED": (1, []),
        **({"KEY-FORMAT-ACCEPTED": (1, [])} if key else {}),
    }


def test_accepted_where_the_configuration_is(start: Callable[..., Bench]) -> None:
    """A delete goes to the account and region of its configuration."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    bench.endpoint.ownership.allow("sid", scope=Scope(1, 1))
    bench.script.on(DELETE, (202, {}, {"Operation-Id": "op_1", "Retry-After": "1"}))

    exchange = Scenarios(bench.endpoint).accepted(Configuration("sid", scope=Scope(1, 1))).accepted

    assert (exchange.account, exchange.region, exchange.call) == (1, 1, Call("delete", "sid"))
    assert bench.script.sent[0].origin.host == "one.example"


@pytest.mark.parametrize(
    ("said", "key", "forms", "why", "judgement"),
    [
        pytest.param(
            [(404, {})],
            KEY,
            False,
            "the delete of an existing configuration was answered 404",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 404"])},
            id="not-found",
        ),
        pytest.param(
            [(200, {})],
            None,
            False,
            "the delete of an existing configuration was answered 200",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 200"])},
            id="another-success",
        ),
        pytest.param(
            [(409, {})],
            None,
            False,
            "the delete of an existing configuration was answered 409",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 409"])},
            id="a-conflict-that-stays",
        ),
        pytest.param(
            [(500, {})],
            KEY,
            False,
            "the delete of an existing configuration was answered 500",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 500"])},
            id="an-error-that-stays",
        ),
        pytest.param(
            [(500, {}), (404, {})],
            None,
            False,
            "after 500 the delete was answered 404: it may have been carried out",
            {},
            id="gone-after-an-error",
        ),
        pytest.param(
            [(500, {}), (409, {})],
            None,
            False,
            "after 500 the delete was answered 409: it may have been carried out",
            {},
            id="a-conflict-after-an-error",
        ),
        pytest.param(
            [(503, {}), (404, {})],
            KEY,
            False,
            "after 503 the delete was answered 404: it may have been carried out",
            {},
            id="gone-after-an-outage",
        ),
        pytest.param(
            [(503, {}), (409, {})],
            KEY,
            False,
            "after 503 the delete was answered 409: it may have been carried out",
            {},
            id="a-conflict-after-an-outage",
        ),
        pytest.param(
            [(409, {}), (404, {})],
            None,
            False,
            "the delete of an existing configuration was answered 404",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 404"])},
            id="gone-after-a-conflict",
        ),
        pytest.param(
            [(500, {}), (400, {})],
            None,
            False,
            "the delete of an existing configuration was answered 400",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 400"])},
            id="refused-after-an-error",
        ),
        pytest.param(
            [(409, USED)],
            KEY,
            False,
            f"the new key {KEY} was refused as already used",
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202: the key is new; saw 409: it was used"])},
            id="a-new-key-counts-as-used",
        ),
        pytest.param(
            [(422, USED)],
            KEY,
            True,
            f"the new key {KEY} was refused as already used",
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202: the key is new; saw 422: it was used"])},
            id="a-new-form-counts-as-used",
        ),
        pytest.param(
            [(503, {}), (422, USED)],
            KEY,
            False,
            "the delete of an existing configuration was answered 422",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 422"])},
            id="used-by-the-try-before",
        ),
        pytest.param(
            [(422, USED)],
            NIL,
            True,
            f"the key {NIL} was refused with 422",
            {},
            id="a-key-that-others-may-use",
        ),
        pytest.param(
            [(400, {})],
            NIL,
            True,
            f"the key {NIL} was refused with 400",
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202; saw 400"])},
            id="the-nil-key-is-refused",
        ),
        pytest.param(
            [(422, {})],
            KEY,
            True,
            f"the key {KEY} was refused with 422",
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202; saw 422"])},
            id="a-form-is-refused",
        ),
        pytest.param(
            [(403, {})],
            KEY,
            True,
            "the delete of an existing configuration was answered 403",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 403"])},
            id="refused-for-something-else",
        ),
        pytest.param(
            [(422, USED)],
            None,
            False,
            "the delete of an existing configuration was answered 422",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 422"])},
            id="used-without-a-key",
        ),
        pytest.param(
            [(409, {}), (400, {})],
            NIL,
            True,
            "the delete of an existing configuration was answered 400",
            {"DEL-ACCEPTED": (1, ["expected 202; saw 400"])},
            id="the-second-try-has-a-plain-key",
        ),
    ],
)
def test_not_accepted(
    bench: Bench,
    steps: Scenarios,
    said: list[Said],
    key: str | None,
    forms: bool,
    why: str,
    judgement: dict[str, tuple[int, list[str]]],
) -> None:
    """A delete that is not accepted is a breach of what it shows, unless an earlier try may have been carried out."""
    bench.script.on(DELETE, *said)

    with pytest.raises(Inconclusive) as caught:
        steps.accepted(ONE, key=key, forms=forms)

    assert str(caught.value) == why
    assert judged(bench, "DEL-ACCEPTED", "KEY-FORMAT-ACCEPTED") == judgement
    for requirement in judgement:
        # Every try that the scenario made is shown, of very many the last; what the client itself repeated is one of them.
        assert bench.steps(requirement)[-1] == ("DELETE sid", said[-1][0])
        assert len(bench.steps(requirement)) == min(
            6, len(bench.script.sent) - sum(one[0] == 503 for one in said)
        )
    # A conflict that stays is given more turns than an error: others may come and go.
    assert len(bench.script.sent) == (
        44 if said == [(409, {})] else 4 if said == [(500, {})] else len(said)
    )


def test_turns_after_conflicts_are_given_once(bench: Bench, steps: Scenarios) -> None:
    """Where a conflict did not pass however often the delete was tried again, the next one is given up soon."""
    bench.script.on(DELETE, (409, {}))
    for _ in range(2):
        with pytest.raises(Inconclusive):
            steps.accepted(ONE)
    assert len(bench.script.sent) == 44 + 4


@pytest.mark.parametrize("status", [404, 409])
def test_not_accepted_after_a_doubtful_delete(bench: Bench, steps: Scenarios, status: int) -> None:
    """A delete that another test sent, and that 500 answered, may have been carried out."""
    bench.script.on(DELETE, (status, {}))
    bench.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)

    with pytest.raises(
        Inconclusive,
        match=f"^after .+ the delete was answered {status}: it may have been carried out$",
    ):
        steps.accepted(ONE)

    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("status", "forms", "breached"),
    [(400, True, False), (422, True, False), (401, True, True), (400, False, True)],
)
def test_a_form_of_a_key_may_be_refused(
    bench: Bench, steps: Scenarios, status: int, forms: bool, breached: bool
) -> None:
    """Where the key's form is under test, refusing it is KEY-FORMAT-ACCEPTED' to judge and no undocumented status."""
    bench.script.on(DELETE, (status, {}))

    with pytest.raises(Inconclusive):
        steps.accepted(ONE, key=KEY, forms=forms)

    assert ("DEL-STATUS" in bench.breaches()) is breached


def test_deleted(pooled: Bench) -> None:
    """Deletes under fresh keys are followed to COMPLETED; their configurations count as gone."""
    steps = Scenarios(pooled.endpoint)
    for number in range(2):
        pooled.script.on(f"DELETE /Configurations/s{number}", accepted(f"op_{number}"))
        pooled.script.on(
            f"GET /Operations/op_{number}",
            poll("PENDING", f"op_{number}"),
            poll("COMPLETED", f"op_{number}"),
        )
    gone: list[Configuration] = []
    pooled.endpoint.inventory.gone = lambda *which: gone.extend(which)  # type: ignore[method-assign]

    done = steps.deleted(2)

    assert [operation.sid for operation in done] == ["s0", "s1"]
    keys = {
        sent.headers["idempotency-key"]
        for sent in pooled.script.sent
        if sent.line.startswith("DELETE")
    }
    assert len(keys) == 2
    assert [one.sid for one in gone] == ["s0", "s1"]
    assert judged(pooled, "OP-COMPLETES", "OP-TERMINATES") == {
        "OP-COMPLETES": (2, []),
        "OP-TERMINATES": (2, []),
    }


def test_deleted_without_keys(pooled: Bench) -> None:
    """One is deleted unless more are asked for, without a key if so asked."""
    pooled.script.on("DELETE /Configurations/s0", accepted())
    pooled.script.on("GET /Operations/op_1", poll("COMPLETED"))

    (operation,) = Scenarios(pooled.endpoint).deleted(keyed=False)

    assert operation.accepted.key is None


def test_what_is_taken_for_deletes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payloads and place are those of the configurations that are made."""
    asked: list[Any] = []

    def take(number: int, **options: Any) -> list[Configuration]:
        asked.append((number, options))
        raise Inconclusive("none")

    monkeypatch.setattr(bench.endpoint.configurations, "take", take)
    for options in ({}, {"payloads": [{"a": 1}], "scope": Scope(1, 2)}):
        with pytest.raises(Inconclusive, match="none"):
            Scenarios(bench.endpoint).deleted(3, **options)

    assert asked == [
        (3, {"payloads": (), "account": 0, "region": 0}),
        (3, {"payloads": [{"a": 1}], "account": 1, "region": 2}),
    ]


def operation_of(
    bench: Bench, sid: str, status: str, key: str | None = None, **scope: int
) -> Operation:
    """An accepted delete whose operation stands at *status*."""
    name = f"op-{sid}"
    bench.endpoint.ownership.allow(sid, scope=Scope(**scope))
    bench.script.on(
        f"DELETE /Configurations/{sid}", (202, {}, {"Operation-Id": name, "Retry-After": "1"})
    )
    bench.script.on(f"GET /Operations/{name}", poll(status, name))
    configuration = Configuration(sid, scope=Scope(**scope))
    return bench.endpoint.poller.accept(
        bench.endpoint.client.delete(configuration, key=key), Configuration(sid)
    )


def test_completed(bench: Bench, steps: Scenarios) -> None:
    """What ends otherwise than COMPLETED each of three times is a breach, with all it was told; its configuration is not gone."""
    gone: list[Configuration] = []
    bench.endpoint.inventory.gone = lambda *which: gone.extend(which)  # type: ignore[method-assign]
    good, bad = operation_of(bench, "a", "COMPLETED"), operation_of(bench, "b", "FAILED")

    assert steps.completed([good, bad], [Configuration("a"), Configuration("b")]) == [good]

    assert judged(bench, "OP-COMPLETES") == {
        "OP-COMPLETES": (2, ["expected COMPLETED; saw FAILED, then FAILED, then FAILED"])
    }
    assert bench.steps("OP-COMPLETES") == [("DELETE b", 202), ("GET op-b", 200)] * 3
    assert [one.sid for one in gone] == ["a"]


def test_completed_when_sent_again(bench: Bench, steps: Scenarios) -> None:
    """A failure that passes is none: the delete that COMPLETED takes its place, under another key."""
    bad = operation_of(bench, "a", "FAILED", key=steps.endpoint.key())
    good = operation_of(bench, "a", "COMPLETED", key=steps.endpoint.key())
    # The end is looked at once more before the next try.
    bench.script.on(
        "GET /Operations/op-a",
        poll("FAILED", "op-a"),
        poll("FAILED", "op-a"),
        poll("COMPLETED", "op-a"),
    )

    done = steps.completed([bad], [Configuration("a")])

    assert [(one.sid, one.status) for one in done] == [("a", "COMPLETED")]
    assert len({one.accepted.key for one in (bad, good, *done)}) == 3
    assert judged(bench, "OP-COMPLETES") == {"OP-COMPLETES": (1, [])}
    assert bench.seen("OBS-FAILED") == {"FAILED, then COMPLETED": 1}


def test_completed_but_for_one_that_is_gone(bench: Bench, steps: Scenarios) -> None:
    """What FAILED and is not there any more is a breach of its own, and costs the others nothing."""
    good, bad = operation_of(bench, "a", "COMPLETED"), operation_of(bench, "b", "FAILED")
    bench.script.on("DELETE /Configurations/b", (404, {}))

    assert steps.completed([good, bad]) == [good]

    assert judged(bench, "OP-COMPLETES", "DEL-ACCEPTED") == {
        "OP-COMPLETES": (1, []),
        "DEL-ACCEPTED": (1, ["expected 202; saw 404"]),
    }


def test_none_completed(bench: Bench, steps: Scenarios) -> None:
    """Where no delete ends COMPLETED, what follows it can't be checked."""
    with pytest.raises(Inconclusive, match=r"^no delete was seen to end COMPLETED$"):
        steps.completed([operation_of(bench, "a", "FAILED")])


PLAIN = "aaaaaaaa-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("key", "scope", "again"),
    [
        pytest.param(PLAIN, {}, True, id="plain-key"),
        pytest.param(PLAIN.upper(), {}, False, id="capitals"),
        pytest.param(None, {}, False, id="no-key"),
        pytest.param("x", {}, False, id="malformed-key"),
        pytest.param(PLAIN, {"account": 1}, False, id="another-account"),
        pytest.param(PLAIN, {"region": 1}, False, id="another-region"),
    ],
)
def test_an_ended_operation_is_used_again(
    start: Callable[..., Bench], key: str | None, scope: dict[str, int], again: bool
) -> None:
    """In a quick run one that COMPLETED under a plain key at home serves later tests, until the clock is moved."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    steps = Scenarios(bench.endpoint)
    operation = operation_of(bench, "a", "COMPLETED", key, **scope)
    steps.completed([operation])
    fresh: list[Any] = []
    steps.deleted = lambda number=1, **_: fresh.append(number) or []  # type: ignore[method-assign, func-returns-value]

    assert steps.ended(5) == ([operation] if again else [])
    assert fresh == ([] if again else [1])
    bench.endpoint.coordinator.advance(60)
    assert steps.ended(5) == []


def test_other_efforts_delete_anew(start: Callable[..., Bench]) -> None:
    """Beyond a quick run each test has operations of its own."""
    bench = start(effort="standard")
    steps = Scenarios(bench.endpoint)
    steps.completed([operation_of(bench, "a", "COMPLETED", PLAIN)])
    fresh: list[Any] = []
    steps.deleted = lambda number=1, **_: fresh.append(number) or []  # type: ignore[method-assign, func-returns-value]

    steps.ended(5)
    steps.ended()

    assert fresh == [5, 1]


def test_each(steps: Scenarios) -> None:
    """Results come in order, without those that proved unverifiable, unless all did."""

    def half(number: int) -> int:
        if number % 2:
            raise Inconclusive(f"odd {number}")
        return number

    assert steps.each(half, range(5)) == [0, 2, 4]
    assert steps.each(half, []) == []
    with pytest.raises(Inconclusive, match="odd 3"):
        steps.each(half, [3, 5, 7])


@pytest.mark.parametrize("width", [1, 4])
def test_each_runs_so_many_at_a_time(
    bench: Bench, steps: Scenarios, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """The width is the client's to keep."""
    widths: list[int] = []

    def parallel(
        _: Parallel, function: Callable[[Any], Any], items: list[Any], width: int
    ) -> list[Any]:
        widths.append(width)
        return [function(item) for item in items]

    monkeypatch.setattr(Parallel, "__call__", parallel)

    steps.each(str, [1, 2], width)
    steps.each(str, [1, 2])

    assert widths == [width, 8]


# -------------------------------------------------------------------- replays

LINKS = {"Operation-Id": "op_1", "Location": f"{PLANE}/Operations/op_1", "Retry-After": "1"}
BODY = {"statusUrl": f"{PLANE}/Operations/op_1", "related": {"configurationId": "sid"}, "extra": 1}


@pytest.mark.parametrize(
    ("again", "difference", "others"),
    [
        pytest.param((202, BODY, LINKS), None, {}, id="the-same"),
        pytest.param(
            (202, BODY, {**LINKS, "Retry-After": "9", "Date": "x"}),
            None,
            {},
            id="other-headers-may-differ",
        ),
        pytest.param(
            (202, {**BODY, "extra": 2}, LINKS),
            None,
            {"KEY-REPLAY-BODY"},
            id="an-undocumented-member",
        ),
        pytest.param(
            (202, {**BODY, "related": None}, LINKS),
            "related None instead of {'configurationId': 'sid'}",
            set(),
            id="related",
        ),
        pytest.param(
            (202, BODY, {**LINKS, "Location": "/v2/ControlPlane/Operations/op_1"}),
            f"Location '/v2/ControlPlane/Operations/op_1' instead of '{PLANE}/Operations/op_1'",
            set(),
            id="location",
        ),
        pytest.param(
            (202, BODY, {**LINKS, "Operation-Id": "op_2"}),
            "Operation-Id 'op_2' instead of 'op_1'",
            set(),
            id="operation-id",
        ),
        pytest.param(
            (202, {**BODY, "statusUrl": f"{PLANE}/Operations/op_2"}, LINKS),
            f"statusUrl '{PLANE}/Operations/op_2' instead of '{PLANE}/Operations/op_1'",
            set(),
            id="status-url",
        ),
        pytest.param(
            (409, {}, {}),
            f"status 409 instead of 202; statusUrl None instead of '{PLANE}/Operations/op_1'; related None instead of "
            f"{{'configurationId': 'sid'}}; Operation-Id None instead of 'op_1'; Location None instead of '{PLANE}/Operations/op_1'",
            set(),
            id="another-status",
        ),
        pytest.param(
            (202, {}, {"Operation-Id": "op_2", "Retry-After": "1"}),
            "",
            {"KEY-ONE-OPERATION"},
            id="a-second-operation",
        ),
        pytest.param((202, {}, {"Retry-After": "1"}), "", set(), id="no-operation-named"),
    ],
)
def test_replay(
    bench: Bench, steps: Scenarios, again: Said, difference: str | None, others: set[str]
) -> None:
    """A replay has the original's status, links and related; another operation is a breach of its own, another member an advisory one."""
    bench.script.on(DELETE, (202, BODY, LINKS), again)
    original = bench.endpoint.poller.accept(
        bench.endpoint.client.delete(Configuration("sid"), key=KEY), "sid"
    )

    exchange = steps.replay(original)

    assert isinstance(again, tuple)
    assert exchange.status == again[0]
    breaches = {one: texts for one, texts in bench.breaches().items() if one.startswith("KEY-")}
    assert breaches.keys() == {*others, *(["KEY-REPLAY"] if difference is not None else [])}
    if difference:
        assert breaches["KEY-REPLAY"] == [f"expected the original response; saw {difference}"]
    assert all(
        bench.steps(one) == [("DELETE sid", 202), ("DELETE sid", again[0])] for one in breaches
    )
    first, second = bench.script.sent
    assert (first.line, first.headers, second.new_connection) == (
        second.line,
        second.headers,
        False,
    )
    assert judged(bench, "KEY-ONE-OPERATION").get("KEY-ONE-OPERATION", (0,))[0] == (again[0] == 202)
    assert judged(bench, "KEY-REPLAY-BODY").get("KEY-REPLAY-BODY", (0,))[0] == (difference is None)


def test_what_a_second_operation_is_told_as(bench: Bench, steps: Scenarios) -> None:
    """Both operations are named, by every name that they have."""
    first = bench.exchange(
        "delete",
        (
            202,
            {"statusUrl": "http://x/op_3"},
            {"Operation-Id": "op_1", "Location": "http://x/op_2"},
        ),
    )
    second = bench.exchange(
        "delete", (202, {}, {"Operation-Id": "op_5", "Location": "http://x/op_4"})
    )

    assert not judge_replay(bench.endpoint.findings, first, second, "KEY-TTL-MIN")

    assert bench.breaches()["KEY-ONE-OPERATION"] == [
        "expected operation op_1, op_2, op_3; saw operation op_4, op_5"
    ]
    assert bench.breaches()["KEY-TTL-MIN"][0].startswith(
        "expected the original response; saw statusUrl None instead of 'http://x/op_3'; "
    )


def test_what_another_body_is_told_as(bench: Bench, steps: Scenarios) -> None:
    """The beginning of the other body is shown."""
    first, second = (bench.exchange("delete", (202, {"a": text})) for text in ("x", "y" * 200))

    assert judge_replay(bench.endpoint.findings, first, second, "KEY-REPLAY")

    assert bench.breaches() == {
        "KEY-REPLAY-BODY": ["expected the same body; saw " + '{"a": "' + "y" * 113]
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((404, {}), (404, {}), id="errors"),
        pytest.param((202, {}), (404, {}), id="an-error-after"),
        pytest.param((404, {}), (202, {}), id="an-error-before"),
    ],
)
def test_operations_are_compared_where_there_are_two(
    bench: Bench, steps: Scenarios, first: Said, second: Said
) -> None:
    """Only two acceptances can name two operations."""
    holds = judge_replay(
        bench.endpoint.findings,
        bench.exchange("delete", first),
        bench.exchange("delete", second),
        "KEY-REPLAY",
    )

    assert holds is (first == second)
    assert not judged(bench, "KEY-ONE-OPERATION", "KEY-REPLAY-BODY")


def test_replays_of_creates_name_no_operation_of_a_delete(bench: Bench, steps: Scenarios) -> None:
    """What the requirements say of a delete's operation is not held against a create."""
    assert judge_replay(
        bench.endpoint.findings,
        bench.exchange("create", (202, {})),
        bench.exchange("create", (202, {})),
        "CTRL-KEY",
    )

    assert not judged(bench, "KEY-ONE-OPERATION", "KEY-REPLAY-BODY")


def test_a_replay_goes_where_the_original_went(start: Callable[..., Bench]) -> None:
    """Account, region and key are those of the original; a fresh connection where that is asked for."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    steps = Scenarios(bench.endpoint)
    operation = operation_of(bench, "sid", "PENDING", KEY, account=1, region=1)

    exchange = steps.replay(operation, requirement="KEY-TTL-MIN", new_connection=True)

    assert (exchange.account, exchange.region, exchange.key, exchange.call) == (
        1,
        1,
        KEY,
        Call("delete", "sid"),
    )
    assert bench.script.sent[-1].new_connection
    assert judged(bench, "KEY-TTL-MIN", "KEY-REPLAY") == {"KEY-TTL-MIN": (1, [])}


@pytest.mark.parametrize(
    ("said", "sent", "status"),
    [
        pytest.param([(500, {}), accepted()], 2, 202, id="one"),
        pytest.param([(500, {})], 4, 500, id="for-ever"),
        pytest.param([(404, {})], 1, 404, id="none"),
    ],
)
def test_an_error_in_place_of_a_replay(
    bench: Bench, steps: Scenarios, said: list[Said], sent: int, status: int
) -> None:
    """A 500 is documented and may pass: the replay is sent up to three times more, and what comes then counts."""
    bench.script.on(DELETE, accepted(), *said)
    original = bench.endpoint.poller.accept(
        bench.endpoint.client.delete(Configuration("sid"), key=KEY), "sid"
    )

    assert steps.replay(original).status == status
    assert len(bench.script.sent) == 1 + sent


@pytest.mark.parametrize(
    ("said", "names"),
    [
        pytest.param(
            (202, {"statusUrl": "http://x/a"}, {"Location": "/b/", "Operation-Id": "c"}),
            {"a", "b", "c"},
            id="all",
        ),
        pytest.param((202, {"statusUrl": 5}, {"Location": "/"}), set(), id="none"),
        pytest.param((202, {}, {"Operation-Id": ""}), set(), id="empty"),
    ],
)
def test_operation_names(bench: Bench, said: Said, names: set[str]) -> None:
    """Every link of a 202 names its operation."""
    assert bench.exchange("delete", said).operation_names == names


# -------------------------------------------------------------------- what is there


@pytest.mark.parametrize(
    ("said", "there", "asked"),
    [
        pytest.param([(200, {})], True, 1, id="there"),
        pytest.param([(404, {})], False, 1, id="gone"),
        pytest.param([(500, {}), (200, {})], True, 2, id="there-after-an-error"),
        pytest.param([(500, {})], None, 3, id="not-to-be-seen"),
        pytest.param([(500, {}), (403, {}), (404, {})], False, 3, id="gone-after-errors"),
    ],
)
def test_is_there(
    bench: Bench, steps: Scenarios, said: list[Said], there: bool | None, asked: int
) -> None:
    """A fetch decides; one that says neither yes nor no is tried three times, a tenth of a second apart."""
    bench.script.on(FETCH, *said)

    found, exchange = steps.existence.is_there(ONE)

    assert found is there
    assert exchange.status == said[-1][0]
    assert len(bench.script.sent) == asked
    assert bench.clock.slept[:2] == [0.1] * min(asked - 1 if there is not None else asked, 2)


def test_there_where_it_is(start: Callable[..., Bench]) -> None:
    """Account and region are those of the configuration."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    bench.script.on(FETCH, (200, {}))

    _, exchange = Scenarios(bench.endpoint).existence.is_there(
        Configuration("sid", scope=Scope(1, 1))
    )

    assert (exchange.account, exchange.region) == (1, 1)


def test_must_be_shown(bench: Bench, steps: Scenarios) -> None:
    """What exists and is not shown can't be seen to be deleted."""
    bench.script.on(FETCH, (200, {}), (404, {}), (500, {}))

    steps.existence.must_be_shown(ONE)
    for status in (404, 500):
        with pytest.raises(
            Inconclusive, match=rf"^a fetch does not show the existing configuration \({status}\)$"
        ):
            steps.existence.must_be_shown(ONE)


def test_kept(bench: Bench, steps: Scenarios) -> None:
    """A configuration that is gone after a request that may not delete it is a breach, shown step by step."""
    refused = bench.exchange("delete", (404, {}))
    bench.script.on(FETCH, (200, {}), (404, {}), (500, {}))

    assert steps.existence.kept("ERR-409-NO-EFFECT", ONE, [refused])
    assert not steps.existence.kept("ERR-409-NO-EFFECT", ONE, [refused])
    with pytest.raises(
        Inconclusive, match=r"^whether the configuration is still there can't be seen \(500\)$"
    ):
        steps.existence.kept("ERR-409-NO-EFFECT", ONE, [refused])

    assert judged(bench, "ERR-409-NO-EFFECT") == {
        "ERR-409-NO-EFFECT": (2, ["expected sid still there; saw gone"])
    }
    assert bench.steps("ERR-409-NO-EFFECT") == [("DELETE sid", 404), ("GET sid", 404)]


def test_a_lost_bystander_is_replaced(pooled: Bench) -> None:
    """What is lost is not cleaned up, and a lost bystander is none any more; another configuration's loss leaves it."""
    steps = Scenarios(pooled.endpoint)
    control_configuration = pooled.endpoint.control_configuration
    other = pooled.endpoint.configurations.one()
    noted: list[Configuration] = []
    pooled.endpoint.inventory.gone = lambda *which: noted.extend(which)  # type: ignore[method-assign]
    for one in (other, control_configuration):
        pooled.script.on(f"GET /Configurations/{one.sid}", (404, {}))

    steps.existence.kept("ERR-409-NO-EFFECT", other, [])
    assert pooled.endpoint.control_configuration is control_configuration
    steps.existence.kept("ERR-409-NO-EFFECT", control_configuration, [])

    assert pooled.endpoint.control_configuration is not control_configuration
    assert noted == [other, control_configuration]


def test_what_another_account_s_of_that_number_looks_like(start: Callable[..., Bench]) -> None:
    """What a configuration is compared with is what it showed itself, not what one of that SID showed in another account."""
    bench = start(accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)))
    steps = Scenarios(bench.endpoint)
    ours, theirs = Configuration("1", "oc-run-0"), Configuration("1", "oc-run-1", Scope(1))
    bench.script.on(
        "GET /Configurations/1",
        lambda sent: (
            200,
            {"id": "1", "displayName": {"u1": "oc-run-0", "u2": "oc-run-1"}[sent.user]},
        ),
    )

    steps.existence.must_be_shown(ours)
    steps.existence.must_be_shown(theirs)

    assert steps.existence.kept("EFFECT-NO-OTHER", ours, [])
    assert steps.existence.kept("EFFECT-NO-OTHER", theirs, [])
    assert judged(bench, "EFFECT-NO-OTHER") == {"EFFECT-NO-OTHER": (2, [])}


@pytest.mark.parametrize(
    ("step", "requirement", "line"),
    [
        pytest.param("gone", "DELETED-FETCH", FETCH, id="fetch"),
        pytest.param("not_again", "DELETED-DELETE", DELETE, id="delete"),
    ],
)
@pytest.mark.parametrize(
    ("said", "problem", "asked"),
    [
        pytest.param([(404, {})], None, 1, id="gone"),
        pytest.param([(500, {}), (404, {})], None, 2, id="gone-after-an-error"),
        pytest.param([(200, {})], "expected 404; saw 200", 1, id="there"),
        pytest.param([(500, {})], "expected 404; saw 500", 4, id="an-error-that-stays"),
    ],
)
def test_after_completed(
    bench: Bench,
    steps: Scenarios,
    step: str,
    requirement: str,
    line: str,
    said: list[Said],
    problem: str | None,
    asked: int,
) -> None:
    """After COMPLETED a fetch and another delete answer 404; a passing error is asked three times more."""
    operation = operation_of(bench, "sid", "COMPLETED")
    bench.endpoint.poller.finish([operation])
    before = len(bench.script.sent)
    bench.script.on(line, *said)

    getattr(steps.existence, step)(operation)

    assert len(bench.script.sent) - before == asked
    assert judged(bench, requirement) == {requirement: (1, [problem] if problem else [])}
    if problem:
        assert bench.steps(requirement) == [
            ("DELETE sid", 202),
            ("GET op-sid", 200),
            (f"{line.split(maxsplit=1)[0]} sid", said[-1][0]),
        ]


def test_another_delete_has_its_own_key_and_the_same_place(start: Callable[..., Bench]) -> None:
    """After COMPLETED the SID is asked for where it was."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    steps = Scenarios(bench.endpoint)
    operation = operation_of(bench, "sid", "COMPLETED", account=1, region=1)
    bench.script.on(FETCH, (404, {}))
    bench.script.on(DELETE, (404, {}))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(
        lambda e: recorded.append((e.method, e.account, e.region, e.key))
    )

    steps.existence.gone(operation)
    steps.existence.not_again(operation, keyed=True)
    steps.existence.not_again(operation)

    key = recorded[1][3]
    assert recorded == [("GET", 1, 1, None), ("DELETE", 1, 1, key), ("DELETE", 1, 1, None)]
    assert bench.endpoint.well_formed_key(key)


@pytest.mark.parametrize(
    ("listed", "fetched", "breaches"),
    [
        pytest.param(page("keep"), [], {}, id="gone-and-kept"),
        pytest.param(
            page("b", "keep"),
            [],
            {"DELETED-LIST": ["expected no b; saw it is listed"]},
            id="one-is-listed",
        ),
        pytest.param(
            page("b", "a", "keep"),
            [],
            {
                "DELETED-LIST": [
                    "expected no b; saw it is listed",
                    "expected no a; saw it is listed",
                ]
            },
            id="both-are-listed",
        ),
        pytest.param(
            page(5, "x"),
            [(404, {})],
            {"EFFECT-NO-OTHER": ["expected keep still there; saw gone"]},
            id="another-is-gone",
        ),
        pytest.param(page("x"), [(200, {})], {}, id="another-is-not-listed-but-there"),
    ],
)
def test_unlisted(
    bench: Bench,
    steps: Scenarios,
    listed: Said,
    fetched: list[Said],
    breaches: dict[str, list[str]],
) -> None:
    """After COMPLETED the list holds none of the deleted and all others; where it does not, a fetch decides."""
    operations = [operation_of(bench, "a", "COMPLETED"), operation_of(bench, "b", "COMPLETED")]
    bench.endpoint.poller.finish(operations)
    bench.endpoint.client.observers.clear()  # one of them looks at every list
    bench.script.on("GET /Configurations?pageSize=1000", listed)
    bench.script.on("GET /Configurations/keep", *fetched)

    steps.existence.unlisted(operations, kept=[Configuration("keep")])

    assert {
        one: texts
        for one, texts in bench.breaches().items()
        if one.startswith(("DELETED-", "EFFECT-"))
    } == breaches
    both = breaches.get("DELETED-LIST", [])
    checks = judged(bench, "DELETED-LIST", "EFFECT-NO-OTHER")
    assert checks["DELETED-LIST"][0] == {0: 1, 1: 2, 2: 2}[len(both)]
    assert checks["EFFECT-NO-OTHER"][0] == 1
    if both:
        assert bench.steps("DELETED-LIST")[:3] == [
            ("DELETE b", 202),
            ("GET op-b", 200),
            ("GET Configurations?pageSize=1000'", 200),
        ]
    if "EFFECT-NO-OTHER" in breaches:
        assert bench.steps("EFFECT-NO-OTHER") == [
            ("GET Configurations?pageSize=1000'", 200),
            ("GET keep", 404),
        ]


def test_unlisted_on_every_page(start: Callable[..., Bench]) -> None:
    """The list is walked to its end, in pages of the given size, where the deletes were."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    steps = Scenarios(bench.endpoint)
    operation = operation_of(bench, "a", "COMPLETED", account=1, region=1)
    bench.script.on(
        "GET /Configurations?pageSize=2",
        (200, {"configurations": [{"id": "x"}], "meta": {"nextToken": "t"}}),
    )
    bench.script.on("GET /Configurations?pageSize=2&pageToken=t", page("a"))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append((e.account, e.region)))

    steps.existence.unlisted([operation], size=2)

    assert recorded == [(1, 1), (1, 1)]
    assert bench.breaches()["DELETED-LIST"] == ["expected no a; saw it is listed"]
    assert bench.steps("DELETED-LIST") == [
        ("DELETE a", 202),
        ("GET Configurations?pageSize=2&pageToken=t'", 200),
    ]


def test_unlisted_of_nothing(bench: Bench, steps: Scenarios) -> None:
    """Without operations only what is kept is looked for; a list without end says nothing."""
    bench.script.on("GET /Configurations?pageSize=1000", page("keep"), (500, {}))

    steps.existence.unlisted([], kept=[Configuration("keep")])
    assert judged(bench, "DELETED-LIST", "EFFECT-NO-OTHER") == {"EFFECT-NO-OTHER": (1, [])}
    with pytest.raises(Inconclusive):
        steps.existence.unlisted([])
