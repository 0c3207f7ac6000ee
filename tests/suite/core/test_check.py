"""The words of a check: looking at configurations, and what counts as exists, unchanged and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.check import Check, secrets_of
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.profile import Account, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from tests.suite.core.operations import accepted, poll
from tests.suite.core.world import page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

DELETE, FETCH = "DELETE /Configurations/sid", "GET /Configurations/sid"
LIST = "GET /Configurations?pageSize=1000"
TWO_BY_TWO: dict[str, Any] = {
    "accounts": tuple(Account(f"u{i}", f"pass{i}", ("U", "P")) for i in (1, 2)),
    "regions": ("http://one.example",),
}
NO_EFFECT = "ERR-409-NO-EFFECT"


@pytest.fixture
def check(bench: Bench) -> Check:
    """The words, on the scripted endpoint."""
    return Check(bench.endpoint)


@pytest.fixture
def one() -> Configuration:
    """An existing configuration."""
    return Configuration("sid")


def judged(bench: Bench, *requirements: str) -> dict[str, tuple[int, list[str]]]:
    """Checks and problems of these requirements, where there was a check."""
    records = bench.endpoint.findings.records
    return {
        one: (records[one].checks, records[one].problems)
        for one in requirements
        if one in records and records[one].checks
    }


def completed(bench: Bench, sid: str, scope: Scope = DEFAULT_SCOPE) -> Operation:
    """A COMPLETED delete."""
    name, configuration = f"op-{sid}", Configuration(sid, scope=scope)
    bench.endpoint.ownership.allow(sid, scope=scope)
    bench.script.on(f"DELETE /Configurations/{sid}", accepted(None, name))
    bench.script.on(f"GET /Operations/{name}", poll("COMPLETED", operationId=name, related=None))
    exchange = bench.endpoint.client.delete(configuration)
    operation = bench.endpoint.poller.accept(exchange, configuration)
    bench.endpoint.poller.poll(operation)
    return operation


# -------------------------------------------------------------------- looking


@pytest.mark.parametrize(
    ("said", "exists", "pauses"),
    [
        pytest.param([(200, {})], True, 0, id="exists"),
        pytest.param([(404, {})], False, 0, id="deleted"),
        pytest.param([(500, {}), (200, {})], True, 1, id="exists-after-an-error"),
        pytest.param([(500, {}), (403, {}), (404, {})], False, 2, id="deleted-after-errors"),
        pytest.param([(500, {})], None, 3, id="errors-only"),
    ],
)
def test_look(
    bench: Bench, check: Check, one: Configuration, said: list[Said], exists: bool, pauses: int
) -> None:
    """A fetch that does not tell is sent three times, a tenth of a second apart."""
    bench.script.on(FETCH, *said)

    found, exchange = check.look(one)

    assert (found, exchange.status) == (exists, said[-1][0])
    assert bench.clock.slept == [0.1] * pauses


def test_look_in_its_scope(start: Callable[..., Bench]) -> None:
    """Account and region are those of the configuration."""
    bench = start(**TWO_BY_TWO)
    bench.script.on(FETCH, (200, {}))

    _, exchange = Check(bench.endpoint).look(Configuration("sid", scope=Scope(1, 1)))

    assert exchange.scope == Scope(1, 1)


@pytest.mark.parametrize(
    ("age_s", "shows_after_s", "exists"),
    [
        pytest.param(0.0, 3.0, True, id="shows-in-time"),
        pytest.param(0.0, 99.0, False, id="never-shows"),
        pytest.param(5.0, 3.0, False, id="had-to-show"),
    ],
)
def test_look_for_a_new_one_waits_for_the_read_lag(
    bench: Bench, check: Check, age_s: float, shows_after_s: float, exists: bool
) -> None:
    """A replica may miss a configuration for five seconds after its create."""
    began = bench.clock.now
    new = Configuration("sid", created=began - age_s)
    bench.script.on(
        FETCH, lambda _: (200 if bench.clock.now - began >= shows_after_s else 404, {"id": "sid"})
    )

    assert check.look_for(new)[0] is exists
    assert bench.clock.now - began <= 5.0


def test_shown(bench: Bench, check: Check, one: Configuration) -> None:
    """A fetch must show an existing configuration before its delete can be seen."""
    bench.script.on(FETCH, (200, {"id": "sid"}), (404, {}), (500, {}))

    check.shown(one)
    assert one.shown == {"id": "sid"}
    for status in (404, 500):
        text = rf"^a fetch does not show the existing configuration \({status}\)$"
        with pytest.raises(Inconclusive, match=text):
            check.shown(one)


# -------------------------------------------------------------------- unchanged


def test_unchanged(bench: Bench, check: Check, one: Configuration) -> None:
    """A configuration that is deleted after a refused request is a breach, shown step by step."""
    refused = bench.exchange("delete", (409, {}))
    bench.script.on(FETCH, (200, {}), (404, {}), (500, {}))

    assert check.unchanged(one, after=refused)
    assert not check.unchanged(one, after=refused)
    with pytest.raises(Inconclusive, match=r"^a fetch does not tell whether it exists \(500\)$"):
        check.unchanged(one, after=refused)

    assert judged(bench, NO_EFFECT) == {NO_EFFECT: (2, ["expected sid exists; saw it is deleted"])}
    assert bench.steps(NO_EFFECT) == [("DELETE sid", 409), ("GET sid", 404)]


SHOWN = {
    "id": "sid",
    "displayName": "a",
    "statusCallbacks": [{"url": "http://x/1"}, {"url": "http://x/2"}],
    "channelSettings": {"SMS": {"statusTimeouts": {"closed": 60}}},
    "version": 1,
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"version": 2, "updatedAt": "now"}, "", id="what-the-endpoint-writes"),
        pytest.param(
            {"statusCallbacks": SHOWN["statusCallbacks"][::-1]},  # type: ignore[index]
            "",
            id="another-order",
        ),
        pytest.param({"channelSettings": {**SHOWN["channelSettings"], "RCS": {}}}, "", id="more"),  # type: ignore[dict-item]
        pytest.param({"id": "other", "displayName": "b"}, "", id="another-configuration"),
        pytest.param({"displayName": "b"}, "displayName 'b' instead of 'a'", id="name"),
        pytest.param({"statusCallbacks": []}, "statusCallbacks [] instead of", id="callbacks"),
        pytest.param({"channelSettings": None}, "channelSettings None instead of", id="settings"),
    ],
)
def test_content_is_unchanged(
    bench: Bench, check: Check, one: Configuration, change: dict[str, Any], problem: str
) -> None:
    """The configuration as written is compared with the one shown."""
    one.shown = SHOWN
    bench.script.on(FETCH, (200, {**SHOWN, **change}))

    assert check.unchanged(one) is (not problem)

    problems = bench.breaches().get("EFFECT-NO-OTHER", [])
    assert len(problems) == bool(problem)
    assert all(f"expected sid exists, unchanged; saw {problem}" in one for one in problems)


@pytest.mark.parametrize(
    ("call", "status", "requirement"),
    [
        (Call("delete", "sid"), 404, "SID-UNKNOWN-NO-EFFECT"),
        (Call("delete", "sid"), 409, "ERR-409-NO-EFFECT"),
        (Call("delete", "sid"), 429, "ERR-429-NO-EFFECT"),
        (Call("delete", "sid"), 500, "EFFECT-NO-OTHER"),
        (Call("delete", "sid", malformed_sid=True), 404, "SID-MALFORMED-NO-EFFECT"),
        (Call("delete", "sid", credentials="wrong"), 404, "AUTH-WRONG"),
        (Call("delete", "sid", credentials="other account"), 404, "AUTH-OTHER-ACCOUNT"),
        (Call("operation", "op_1"), 200, "OP-FAILED-NO-EFFECT"),
        (Call("update", "sid"), 202, "EFFECT-ONLY-BY-DELETE"),
    ],
)
def test_requirement_follows_the_request(
    bench: Bench, call: Call, status: int, requirement: str
) -> None:
    """Which requirement is breached by a lost configuration follows from the last request."""
    exchange = bench.exchange(call.operation, (status, {}), call=call)

    assert deletion.no_effect_requirement([exchange]) == requirement
    assert deletion.no_effect_requirement([]) == "EFFECT-NO-OTHER"


def test_lost_control_configuration_is_replaced(start: Callable[..., Bench]) -> None:
    """A lost configuration is known to be deleted; a lost control configuration is another one from then on."""
    bench = start(provision=Provision("pool", pool=("s0", "s1", "s2", "s3")))
    check, targets = Check(bench.endpoint), bench.endpoint.targets
    control = targets.control
    other = bench.endpoint.configurations.one()
    for one in (other, control):
        bench.script.on(f"GET /Configurations/{one.sid}", (404, {}))

    check.unchanged(other)
    assert targets.control is control
    check.unchanged(control)

    assert targets.control is not control
    assert all(bench.endpoint.inventory.is_gone(one) for one in (other, control))


def test_one_sid_in_two_accounts(start: Callable[..., Bench]) -> None:
    """A configuration is compared with how it was shown itself, not with its namesake elsewhere."""
    bench = start(**TWO_BY_TWO)
    check = Check(bench.endpoint)
    names = {"u1": "oc-run-0", "u2": "oc-run-1"}
    bench.script.on(
        "GET /Configurations/1", lambda sent: (200, {"id": "1", "displayName": names[sent.user]})
    )
    both = [Configuration("1", "oc-run-0"), Configuration("1", "oc-run-1", Scope(1))]
    for one in both:
        check.shown(one)

    assert all(check.unchanged(one) for one in both)


def test_secrets_of_a_configuration() -> None:
    """Long content and the name identify it; short values stand in a refusal by chance."""
    shown = {
        "displayName": "a",
        "description": "a long enough description",
        "statusCallbacks": [{"url": "http://callback.example"}, 5],
        "conversationsV1Bridge": {"serviceId": "IS" + "0" * 32},
        "memoryStoreId": None,
    }

    assert secrets_of(Configuration("sid", "oc-run-0", shown=shown)) == [
        "a long enough description",
        "http://callback.example",
        "IS" + "0" * 32,
        "oc-run-0",
    ]
    assert secrets_of(Configuration("sid")) == []


# -------------------------------------------------------------------- deleted


@pytest.mark.parametrize(
    ("word", "requirement", "line"),
    [
        pytest.param("deleted", "DELETED-FETCH", FETCH, id="fetch"),
        pytest.param("not_found_again", "DELETED-DELETE", DELETE, id="delete"),
    ],
)
@pytest.mark.parametrize(
    ("said", "problem", "sent"),
    [
        pytest.param([(404, {})], None, 1, id="not-found"),
        pytest.param([(500, {}), (404, {})], None, 2, id="not-found-after-an-error"),
        pytest.param([(200, {})], "expected 404; saw 200", 1, id="exists"),
        pytest.param([(500, {})], "expected 404; saw 500", 4, id="an-error-that-stays"),
    ],
)
def test_deleted(
    bench: Bench,
    check: Check,
    word: str,
    requirement: str,
    line: str,
    said: list[Said],
    problem: str | None,
    sent: int,
) -> None:
    """After COMPLETED a fetch and another delete return 404; a 500 passes within three more tries."""
    operation = completed(bench, "sid")
    before = len(bench.script.sent)
    bench.script.on(line, *said)

    assert getattr(check, word)(operation) is (problem is None)

    assert len(bench.script.sent) - before == sent
    assert judged(bench, requirement) == {requirement: (1, [problem] if problem else [])}
    if problem:
        method = line.partition(" ")[0]
        assert bench.steps(requirement) == [
            ("DELETE sid", 202),
            ("GET op-sid", 200),
            (f"{method} sid", said[-1][0]),
        ]


def test_conflict_in_place_of_not_found_passes(bench: Bench, check: Check) -> None:
    """A conflict with other work is waited out, under new keys, until one has outlasted that."""
    operation = completed(bench, "sid")
    bench.script.on(DELETE, (409, {}), (409, {}), (404, {}))
    assert check.not_found_again(operation, key=bench.endpoint.key())
    keys = [sent.headers.get("idempotency-key") for sent in bench.script.sent[-3:]]
    assert len(set(keys)) == 3

    bench.script.on(DELETE, (409, {}))
    assert not check.not_found_again(operation)
    sent = len(bench.script.sent)
    assert not check.not_found_again(operation)
    assert len(bench.script.sent) == sent + 1
    assert bench.breaches()["DELETED-DELETE"] == ["expected 404; saw 409"]


def test_deleted_in_its_scope(start: Callable[..., Bench]) -> None:
    """Fetch and delete go to the scope of the configuration, the delete under the key it is given."""
    bench = start(**TWO_BY_TWO)
    check, operation = Check(bench.endpoint), completed(bench, "sid", Scope(1, 1))
    bench.script.on(FETCH, (404, {}))
    bench.script.on(DELETE, (404, {}))
    key = bench.endpoint.key()
    seen: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: seen.append((e.method, e.scope, e.key)))

    check.deleted(operation)
    check.not_found_again(operation, key=key)
    check.not_found_again(operation)

    scope = Scope(1, 1)
    assert seen == [("GET", scope, None), ("DELETE", scope, key), ("DELETE", scope, None)]


@pytest.mark.parametrize(
    ("listed", "fetched", "breaches"),
    [
        pytest.param(["keep"], [], {}, id="none-listed"),
        pytest.param(["b", "keep"], [], {"DELETED-LIST": ["b"]}, id="one-listed"),
        pytest.param(["b", "a", "keep"], [], {"DELETED-LIST": ["b", "a"]}, id="both-listed"),
        pytest.param([5, "x"], [(404, {})], {"EFFECT-NO-OTHER": ["keep"]}, id="another-deleted"),
        pytest.param(
            ["x"], [(200, {})], {"CTRL-READ-AFTER-CREATE": ["keep"]}, id="another-not-listed"
        ),
    ],
)
def test_not_listed(
    bench: Bench,
    check: Check,
    listed: list[object],
    fetched: list[Said],
    breaches: dict[str, list[str]],
) -> None:
    """After COMPLETED the list holds none of the deleted, and all others; of a missing one a fetch decides."""
    operations = [completed(bench, "a"), completed(bench, "b")]
    bench.endpoint.client.observers.clear()  # one of them looks at every page
    bench.script.on(LIST, page(*({"id": sid} for sid in listed)))
    bench.script.on("GET /Configurations/keep", *fetched)

    check.not_listed(operations, exist=[Configuration("keep")])

    texts = {
        "DELETED-LIST": "expected no {}; saw it is listed",
        "EFFECT-NO-OTHER": "expected {} exists; saw it is deleted",
        "CTRL-READ-AFTER-CREATE": "expected {} in the list; saw 1 missing",
    }
    found = {one: problems for one, problems in bench.breaches().items() if one in texts}
    assert found == {
        requirement: [texts[requirement].format(sid) for sid in sids]
        for requirement, sids in breaches.items()
    }
    both = breaches.get("DELETED-LIST", [])
    assert bench.checks()["DELETED-LIST"] == {0: 1, 1: 2, 2: 2}[len(both)]
    assert bench.checks()["EFFECT-NO-OTHER"] == 1
    if both:
        assert bench.steps("DELETED-LIST")[:2] == [("DELETE b", 202), ("GET op-b", 200)]


def test_not_listed_on_any_page(start: Callable[..., Bench]) -> None:
    """The list is read to its end, in pages of the given size, in the scope of the deletes."""
    bench = start(**TWO_BY_TWO)
    operation = completed(bench, "a", Scope(1, 1))
    first = {"configurations": [{"id": "x"}], "meta": {"nextToken": "t"}}
    bench.script.on("GET /Configurations?pageSize=2", (200, first))
    bench.script.on("GET /Configurations?pageSize=2&pageToken=t", page({"id": "a"}))
    seen: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: seen.append(e.scope))

    Check(bench.endpoint).not_listed([operation], size=2)

    assert seen == [Scope(1, 1)] * 2
    assert bench.breaches()["DELETED-LIST"] == ["expected no a; saw it is listed"]
    assert bench.steps("DELETED-LIST")[-1] == ("GET Configurations?pageSize=2&pageToken=t'", 200)


def test_not_listed_says_nothing_of_an_unreadable_list(bench: Bench, check: Check) -> None:
    """Without operations only existing ones are looked for; a list without end is inconclusive."""
    bench.script.on(LIST, page({"id": "keep"}), (500, {}))

    check.not_listed([], exist=[Configuration("keep")])
    assert judged(bench, "DELETED-LIST", "EFFECT-NO-OTHER") == {"EFFECT-NO-OTHER": (1, [])}
    with pytest.raises(Inconclusive):
        check.not_listed([completed(bench, "a")])
