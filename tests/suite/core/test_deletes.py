"""Deletes that tests share: accepted, completed, repeated, and handed out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.profile import Account, Provision, Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Deletes

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

PLANE = "http://target.example/v2/ControlPlane"
PLAIN = "aaaaaaaa-2222-4333-8444-555555555555"
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


@pytest.fixture
def deletes(bench: Bench) -> Deletes:
    """Deletes on the scripted endpoint, whose one configuration may be deleted."""
    bench.endpoint.ownership.allow("sid")
    return Deletes(bench.endpoint)


@pytest.fixture
def pooled(start: Callable[..., Bench]) -> Bench:
    """A bench whose configurations come from a pool."""
    return start(provision=Provision("pool", pool=("s0", "s1", "s2", "s3")))


ONE = Configuration("sid")
MAYBE = "an earlier delete without a clear response may have been carried out before this"


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
    bench: Bench, deletes: Deletes, said: list[Said], pauses: list[float], key: str | None
) -> None:
    """A conflict or an error may pass: the delete is sent again, under a new key if it has one."""
    bench.script.on(DELETE, *said)

    operation = deletes.accept(ONE, key=key, trigger=Trigger({"X-T": "1"}))

    assert (operation.id, operation.sid) == ("op_1", "sid")
    assert [pause for pause in bench.clock.slept if pause] == pauses
    keys = [sent.headers.get("idempotency-key") for sent in bench.script.sent]
    assert len(set(keys)) == (len(said) if key else 1)
    assert keys[0] == key
    assert all(sent.headers["x-t"] == "1" for sent in bench.script.sent)
    assert judged(bench, "DEL-ACCEPTED", "KEY-FORMAT-ACCEPTED") == {
        "DEL-ACCEPTED": (1, []),
        **({"KEY-FORMAT-ACCEPTED": (1, [])} if key else {}),
    }


def test_accepted_where_the_configuration_is(start: Callable[..., Bench]) -> None:
    """A delete goes to the scope of its configuration."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    bench.endpoint.ownership.allow("sid", scope=Scope(1, 1))
    bench.script.on(DELETE, (202, {}, {"Operation-Id": "op_1", "Retry-After": "1"}))

    exchange = Deletes(bench.endpoint).accept(Configuration("sid", scope=Scope(1, 1))).accepted

    assert (exchange.account, exchange.region, exchange.call) == (1, 1, Call("delete", "sid"))
    assert bench.script.sent[0].origin.host == "one.example"


@pytest.mark.parametrize(
    ("said", "key", "key_under_test", "why", "judgement"),
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
            f"{MAYBE} 404",
            {},
            id="gone-after-an-error",
        ),
        pytest.param(
            [(500, {}), (409, {})],
            None,
            False,
            f"{MAYBE} 409",
            {},
            id="a-conflict-after-an-error",
        ),
        pytest.param(
            [(503, {}), (404, {})],
            KEY,
            False,
            f"{MAYBE} 404",
            {},
            id="gone-after-an-outage",
        ),
        pytest.param(
            [(503, {}), (409, {})],
            KEY,
            False,
            f"{MAYBE} 409",
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
            {
                "KEY-FORMAT-ACCEPTED": (
                    1,
                    ["expected 202: the key is new; saw 409: the key counts as used"],
                )
            },
            id="a-new-key-counts-as-used",
        ),
        pytest.param(
            [(422, USED)],
            KEY,
            True,
            f"the new key {KEY} was refused as already used",
            {
                "KEY-FORMAT-ACCEPTED": (
                    1,
                    ["expected 202: the key is new; saw 422: the key counts as used"],
                )
            },
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
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202: the key is new; saw 400"])},
            id="the-nil-key-is-refused",
        ),
        pytest.param(
            [(422, {})],
            KEY,
            True,
            f"the key {KEY} was refused with 422",
            {"KEY-FORMAT-ACCEPTED": (1, ["expected 202: the key is new; saw 422"])},
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
    deletes: Deletes,
    said: list[Said],
    key: str | None,
    key_under_test: bool,
    why: str,
    judgement: dict[str, tuple[int, list[str]]],
) -> None:
    """A refusal is a breach, unless an earlier try may have been carried out."""
    bench.script.on(DELETE, *said)

    with pytest.raises(Inconclusive) as caught:
        deletes.accept(ONE, key=key, key_under_test=key_under_test)

    assert str(caught.value) == why
    assert judged(bench, "DEL-ACCEPTED", "KEY-FORMAT-ACCEPTED") == judgement
    for requirement in judgement:
        # Every try that the scenario made is shown, of very many the last; what the client itself
        # repeated is one of them.
        assert bench.steps(requirement)[-1] == ("DELETE sid", said[-1][0])
        assert len(bench.steps(requirement)) == min(
            6, len(bench.script.sent) - sum(one[0] == 503 for one in said)
        )
    # A conflict that stays is given more turns than an error: others may come and go.
    assert len(bench.script.sent) == (
        44 if said == [(409, {})] else 4 if said == [(500, {})] else len(said)
    )


def test_turns_after_conflicts_are_given_once(bench: Bench, deletes: Deletes) -> None:
    """Once a conflict has outlasted all pauses, later ones are given up sooner."""
    bench.script.on(DELETE, (409, {}))
    for _ in range(2):
        with pytest.raises(Inconclusive):
            deletes.accept(ONE)
    assert len(bench.script.sent) == 44 + 4


@pytest.mark.parametrize("status", [404, 409])
def test_not_accepted_after_a_doubtful_delete(bench: Bench, deletes: Deletes, status: int) -> None:
    """A delete of another test that was answered 500 may have been carried out."""
    bench.script.on(DELETE, (status, {}))
    bench.endpoint.ownership.touch(ONE.sid, 0, 0, clear=False)

    with pytest.raises(Inconclusive, match=f"^{MAYBE} {status}$"):
        deletes.accept(ONE)

    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("status", "key_under_test", "breached"),
    [(400, True, False), (422, True, False), (401, True, True), (400, False, True)],
)
def test_a_form_of_a_key_may_be_refused(
    bench: Bench, deletes: Deletes, status: int, key_under_test: bool, breached: bool
) -> None:
    """With the key under test its refusal is no undocumented status."""
    bench.script.on(DELETE, (status, {}))

    with pytest.raises(Inconclusive):
        deletes.accept(ONE, key=KEY, key_under_test=key_under_test)

    assert ("DEL-STATUS" in bench.breaches()) is breached


def test_deleted(pooled: Bench) -> None:
    """Deletes under new keys are followed to COMPLETED; their configurations are known to be deleted."""
    deletes = Deletes(pooled.endpoint)
    for number in range(2):
        pooled.script.on(f"DELETE /Configurations/s{number}", accepted(f"op_{number}"))
        pooled.script.on(
            f"GET /Operations/op_{number}",
            poll("PENDING", f"op_{number}"),
            poll("COMPLETED", f"op_{number}"),
        )

    done = deletes.completed(2)

    assert [operation.sid for operation in done] == ["s0", "s1"]
    keys = {
        sent.headers["idempotency-key"]
        for sent in pooled.script.sent
        if sent.line.startswith("DELETE")
    }
    assert len(keys) == 2
    assert all(pooled.endpoint.inventory.is_gone(one.configuration) for one in done)
    assert judged(pooled, "OP-COMPLETES", "OP-TERMINATES") == {
        "OP-COMPLETES": (2, []),
        "OP-TERMINATES": (2, []),
    }


def test_deleted_without_keys(pooled: Bench) -> None:
    """Without *keyed* a delete has no key."""
    pooled.script.on("DELETE /Configurations/s0", accepted())
    pooled.script.on("GET /Operations/op_1", poll("COMPLETED"))

    (operation,) = Deletes(pooled.endpoint).completed(keyed=False)

    assert operation.accepted.key is None


def test_options_of_the_taken_configurations(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payloads and scope are those of the configurations that are made."""
    asked: list[Any] = []

    def take(number: int, **options: Any) -> list[Configuration]:
        asked.append((number, options))
        raise Inconclusive("none")

    monkeypatch.setattr(bench.endpoint.configurations, "take", take)
    for options in ({}, {"payloads": [{"a": 1}], "scope": Scope(1, 2)}):
        with pytest.raises(Inconclusive, match="none"):
            Deletes(bench.endpoint).completed(3, **options)

    assert asked == [
        (3, {"payloads": (), "scope": Scope(0, 0), "least": 1}),
        (3, {"payloads": [{"a": 1}], "scope": Scope(1, 2), "least": 1}),
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
    exchange = bench.endpoint.client.delete(configuration, key=key)
    return bench.endpoint.poller.accept(exchange, configuration)


def test_completed(bench: Bench, deletes: Deletes) -> None:
    """A delete that FAILED three times is a breach that shows all of them."""
    good, bad = operation_of(bench, "a", "COMPLETED"), operation_of(bench, "b", "FAILED")

    assert deletes.complete([good, bad]) == [good]

    assert judged(bench, "OP-COMPLETES") == {
        "OP-COMPLETES": (2, ["expected COMPLETED; saw FAILED, then FAILED, then FAILED"])
    }
    assert bench.steps("OP-COMPLETES") == [("DELETE b", 202), ("GET op-b", 200)] * 3
    gone = [bench.endpoint.inventory.is_gone(one.configuration) for one in (good, bad)]
    assert gone == [True, False]


def test_completed_when_sent_again(bench: Bench, deletes: Deletes) -> None:
    """A delete that FAILED once is sent again under another key; that one counts."""
    bad = operation_of(bench, "a", "FAILED", key=bench.endpoint.key())
    good = operation_of(bench, "a", "COMPLETED", key=bench.endpoint.key())
    # The end is looked at once more before the next try.
    bench.script.on(
        "GET /Operations/op-a",
        poll("FAILED", "op-a"),
        poll("FAILED", "op-a"),
        poll("COMPLETED", "op-a"),
    )

    done = deletes.complete([bad])

    assert [(one.sid, one.status) for one in done] == [("a", "COMPLETED")]
    assert len({one.accepted.key for one in (bad, good, *done)}) == 3
    assert judged(bench, "OP-COMPLETES") == {"OP-COMPLETES": (1, [])}
    assert bench.seen("OBS-FAILED") == {"FAILED, then COMPLETED": 1}


def test_completed_but_for_one_that_is_gone(bench: Bench, deletes: Deletes) -> None:
    """A delete that FAILED and can't be repeated does not keep the others from being used."""
    good, bad = operation_of(bench, "a", "COMPLETED"), operation_of(bench, "b", "FAILED")
    bench.script.on("DELETE /Configurations/b", (404, {}))

    assert deletes.complete([good, bad]) == [good]

    assert judged(bench, "OP-COMPLETES", "DEL-ACCEPTED") == {
        "OP-COMPLETES": (1, []),
        "DEL-ACCEPTED": (1, ["expected 202; saw 404"]),
    }


def test_none_completed(bench: Bench, deletes: Deletes) -> None:
    """If no delete ends COMPLETED, nothing that follows can be checked."""
    with pytest.raises(Inconclusive, match=r"^no delete was seen to end COMPLETED$"):
        deletes.complete([operation_of(bench, "a", "FAILED")])


# -------------------------------------------------------------------- handed out


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
def test_drawn(
    start: Callable[..., Bench], key: str | None, scope: dict[str, int], again: bool
) -> None:
    """A COMPLETED delete under a plain key in the default scope is drawn until the clock moves."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    deletes = Deletes(bench.endpoint)
    operation = operation_of(bench, "a", "COMPLETED", key, **scope)
    deletes.complete([operation])
    made = making(bench, deletes)

    assert (deletes.draw() == [operation]) is again
    bench.endpoint.coordinator.advance(60)
    assert deletes.draw() == made[-1:]


def test_draws_take_turns(start: Callable[..., Bench]) -> None:
    """As many are made as draws are expected, but a few at most, and one given alone is not drawn."""
    bench = start(effort="standard")
    deletes = Deletes(bench.endpoint)
    made = making(bench, deletes)
    deletes.expect(9)

    drawn = [one for _ in range(4) for one in deletes.draw(2)]
    alone = deletes.draw_alone()
    drawn += deletes.draw()

    assert [drawn.count(one) for one in made] == [3, 3, 3, 0]
    assert alone is made[-1]


def test_draws_of_one_test(start: Callable[..., Bench]) -> None:
    """No more are made than are expected to be drawn."""
    bench = start(effort="standard")
    deletes = Deletes(bench.endpoint)
    made = making(bench, deletes)
    deletes.expect(1)

    deletes.draw()

    assert len(made) == 1


def test_withheld(bench: Bench, deletes: Deletes) -> None:
    """A delete whose key may stand for another request by now is not given again."""
    first = operation_of(bench, "a", "COMPLETED", PLAIN)
    deletes.complete([first])
    made = making(bench, deletes)

    deletes.withhold(first)

    assert deletes.draw() == made
    assert deletes.is_withheld(first)


def making(bench: Bench, deletes: Deletes) -> list[Operation]:
    """The COMPLETED deletes that *deletes* makes from now on."""
    made: list[Operation] = []

    def completed(number: int = 1, **_: Any) -> list[Operation]:
        new = [operation_of(bench, f"n{len(made) + n}", "COMPLETED", PLAIN) for n in range(number)]
        made.extend(new)
        return deletes.complete(new)

    deletes.completed = completed  # type: ignore[method-assign]
    return made


# -------------------------------------------------------------------- repeated


def test_repeat_in_its_scope(start: Callable[..., Bench]) -> None:
    """Scope and key are those of the first request; on a new connection another client sends it."""
    bench = start(
        accounts=tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://one.example",),
    )
    operation = operation_of(bench, "sid", "PENDING", KEY, account=1, region=1)

    exchange = Deletes(bench.endpoint).repeat(operation, connection="new")

    assert (exchange.scope, exchange.key, exchange.call) == (
        Scope(1, 1),
        KEY,
        Call("delete", "sid"),
    )
    assert bench.script.sent[-1].new_connection
    assert bench.script.sent[-1].headers["user-agent"] == "another-client/1.0"


def test_repeat_is_the_same_request(bench: Bench, deletes: Deletes) -> None:
    """On a reused connection request line and headers are those of the first, its trigger included."""
    bench.script.on(DELETE, accepted())
    operation = deletes.accept(ONE, key=KEY, trigger=Trigger({"X-T": "1"}))

    deletes.repeat(operation)

    first, second = bench.script.sent
    assert (first.line, first.headers, second.new_connection) == (
        second.line,
        second.headers,
        False,
    )


@pytest.mark.parametrize(
    ("said", "sent", "status"),
    [
        pytest.param([(500, {}), accepted()], 2, 202, id="one"),
        pytest.param([(500, {})], 4, 500, id="lasting"),
        pytest.param([(404, {})], 1, 404, id="none"),
    ],
)
def test_repeat_past_500(
    bench: Bench, deletes: Deletes, said: list[Said], sent: int, status: int
) -> None:
    """A 500 is documented and may pass: the request is sent up to three times more."""
    bench.script.on(DELETE, accepted(), *said)
    operation = deletes.accept(ONE, key=KEY)

    assert deletes.repeat(operation).status == status
    assert len(bench.script.sent) == 1 + sent


# -------------------------------------------------------------------- completed later


def test_later_findings_belong_to_the_test_that_had_it_accepted(
    bench: Bench, deletes: Deletes
) -> None:
    """A delete that is completed beside others is judged under its own test."""
    findings = bench.endpoint.findings
    bench.script.on(DELETE, accepted())
    bench.script.on("GET /Operations/op_1", poll("COMPLETED"))
    findings.begin("tests/x.py::test_a", [])
    deletes.later(deletes.accept(ONE))
    findings.end()
    findings.begin("tests/x.py::test_b", [])

    bench.endpoint.beside.join()

    assert findings.records["OP-COMPLETES"].tests == ["tests/x.py::test_a"]
