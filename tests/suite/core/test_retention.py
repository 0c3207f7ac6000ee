"""Large responses are let go of, and what is read of them later stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.http import exchange as module
from orchestrator_contract.http.json_text import MAX_VALUES, parse_json
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules.idempotency import differences, same_response

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

Large = Callable[..., Any]


@pytest.fixture
def large(bench: Bench) -> Large:
    """Exchanges whose answers hold much beside what the contract names."""

    def make(pad: str = "x", **members: Any) -> Any:
        body = {
            "statusUrl": "http://a/b",
            "status": "PENDING",
            "pad": pad * 100_000,
            "many": [{"n": n} for n in range(5000)],
        }
        return bench.exchange(
            "delete", (202, body | members, {"Operation-Id": "op", "X-Pad": "y" * 9000}), key="k"
        )

    return make


def test_old_large_answers_are_let_go_of(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are whole, of older ones little is left."""
    one = large()
    monkeypatch.setattr(module, "_MOST_RETAINED", 2.5 * one.weight)
    keep = module.Retention()
    exchanges = [large() for _ in range(10)]

    for exchange in exchanges:
        keep.keep(exchange)

    assert [exchange.weight == one.weight for exchange in exchanges] == [False] * 8 + [True] * 2
    assert max(exchange.weight for exchange in exchanges[:8]) < one.weight / 50


def test_small_answers_stay(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small bodies are always kept, however little room there is."""
    monkeypatch.setattr(module, "_MOST_RETAINED", 1)
    keep, small = (
        module.Retention(),
        [bench.exchange("delete", (202, {"statusUrl": "http://a/b"})) for _ in range(3)],
    )

    for exchange in small:
        keep.keep(exchange)

    assert all(
        exchange.response.body == b'{"statusUrl": "http://a/b"}'
        for exchange in small
        if exchange.response
    )


def test_what_is_read_later(large: Large) -> None:
    """Members and header fields of the contract, and what a report shows, are the same afterwards."""
    exchange, whole = large(), large()

    exchange.shed()

    assert (exchange.object["status"], exchange.object["statusUrl"]) == ("PENDING", "http://a/b")
    assert exchange.headers["operation-id"] == "op"
    assert (exchange.text, exchange.shown_headers(), exchange.status) == (
        whole.text,
        whole.shown_headers(),
        202,
    )


def test_two_answers_that_say_the_same(large: Large, bench: Bench) -> None:
    """They do when one was let go of, and whatever the order of members; where the rest differs they don't."""
    shed = large()
    shed.shed()

    assert shed.fingerprint == large().fingerprint
    assert shed.fingerprint != large(pad="z").fingerprint
    assert (
        bench.exchange("delete", (202, b'{"a":1,"b":2}')).fingerprint
        == bench.exchange("delete", (202, b'{"b": 2, "a": 1}')).fingerprint
    )
    assert (
        bench.exchange("delete", (202, b'{"a":1}')).fingerprint
        != bench.exchange("delete", (202, b'{"a":"1"}')).fingerprint
    )
    assert (
        bench.exchange("delete", (202, b"x")).fingerprint
        != bench.exchange("delete", (202, b"y")).fingerprint
    )


LONG = "x" * 1_200_000


@pytest.mark.parametrize(
    ("then", "now", "what"),
    [
        pytest.param(
            {"statusUrl": f"http://a/op?{LONG}y"},
            {"statusUrl": f"http://a/op?{LONG}z"},
            "statusUrl",
            id="a-query",
        ),
        pytest.param(
            {"statusUrl": f"http://a/{LONG}y"},
            {"statusUrl": f"http://a/{LONG}z"},
            "statusUrl",
            id="a-path",
        ),
        pytest.param(
            {"related": {"note": f"{LONG}y"}},
            {"related": {"note": f"{LONG}z"}},
            "related",
            id="a-text",
        ),
        pytest.param(
            {"related": {f"k{n}": "v" for n in range(5000)}},
            {"related": {f"k{n}": "v" for n in range(5001)}},
            "related",
            id="members",
        ),
        pytest.param(
            {"related": {"n": [1] * 5000}},
            {"related": {"n": [1] * 4999 + [2]}},
            "related",
            id="items",
        ),
    ],
)
def test_a_replay_of_what_was_let_go_of(
    large: Large, bench: Bench, then: dict[str, Any], now: dict[str, Any], what: str
) -> None:
    """Long bodies are equal only if they were equal on the wire."""
    original, both = large(**then), large(**then)
    original.shed()
    both.shed()

    for same in (large(**then), both):
        assert differences(original, same) == []
        assert same_response(bench.endpoint.findings, original, same, "KEY-REPLAY")
    assert [text.partition(" ")[0] for text in differences(original, large(**now))] == [what]
    assert "KEY-ONE-OPERATION" not in bench.breaches()
    assert large(**then).operation_names == original.operation_names
    assert max(map(len, original.operation_names)) < 200


def test_what_says_one_thing_in_two_ways(bench: Bench) -> None:
    """Short parts are compared by value: 1 and 1.0 are one number."""
    one, two = (
        bench.exchange("delete", (202, b'{"related": {"n": %s}}' % number))
        for number in (b"1", b"1.0")
    )

    assert differences(one, two) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + b"[]," * MAX_VALUES + b"0]", id="arrays"),
        pytest.param(b"[" + b"0," * (MAX_VALUES + 1) + b"0]", id="numbers"),
        pytest.param(
            json.dumps(dict.fromkeys(map(str, range(MAX_VALUES + 2)), 0)).encode(), id="members"
        ),
    ],
)
def test_too_many_values(body: bytes) -> None:
    """A text of more values than any answer has is not read: that would take seconds each time."""
    assert parse_json(body).error == f"more than {MAX_VALUES} values"


def test_a_reason_and_a_name_that_tell_the_password(bench: Bench) -> None:
    """Every part of an answer's head is cleaned before anything is stored."""
    bench.script.on("GET /Configurations/sid", lambda sent: (200, {}, {"X-pass-word": "1"}))
    seen: list[Any] = []
    bench.endpoint.client.observers.append(seen.append)

    bench.endpoint.client.fetch(Configuration("sid"))

    assert "pass-word" not in str(seen[0].response.headers)
