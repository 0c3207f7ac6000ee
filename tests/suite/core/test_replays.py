"""Replays: the original response, its operation, and its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.http.exchange import Call
from orchestrator_contract.rules import idempotency
from orchestrator_contract.rules.idempotency import same_response

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

PLANE = "http://target.example/v2/ControlPlane"
LINKS = {"Operation-Id": "op_1", "Location": f"{PLANE}/Operations/op_1", "Retry-After": "1"}
BODY = {"statusUrl": f"{PLANE}/Operations/op_1", "related": {"configurationId": "sid"}, "extra": 1}


@pytest.mark.parametrize(
    ("again", "difference", "others"),
    [
        pytest.param((202, BODY, LINKS), None, set(), id="the-same"),
        pytest.param(
            (202, BODY, {**LINKS, "Retry-After": "9", "Date": "x"}),
            None,
            set(),
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
            f"status 409 instead of 202; statusUrl None instead of '{PLANE}/Operations/op_1'; "
            "related None instead of {'configurationId': 'sid'}; "
            "Operation-Id None instead of 'op_1'; "
            f"Location None instead of '{PLANE}/Operations/op_1'",
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
def test_same_response(bench: Bench, again: Said, difference: str | None, others: set[str]) -> None:
    """A replay has the original's status, links and related, and names its operation."""
    first, second = bench.exchange("delete", (202, BODY, LINKS)), bench.exchange("delete", again)

    assert same_response(bench.endpoint.findings, first, second, "KEY-REPLAY") is (
        difference is None
    )

    breaches = bench.breaches()
    assert breaches.keys() == {*others, *(["KEY-REPLAY"] if difference is not None else [])}
    if difference:
        assert breaches["KEY-REPLAY"] == [f"expected the original response; saw {difference}"]
    steps = [("DELETE sid", 202), ("DELETE sid", second.status)]
    assert all(bench.steps(one) == steps for one in breaches)
    assert bench.checks().get("KEY-ONE-OPERATION", 0) == (second.status == 202)
    assert bench.checks().get("KEY-REPLAY-BODY", 0) == (difference is None)


def test_second_operation(bench: Bench) -> None:
    """Each operation is shown by one name."""
    first, second = (
        bench.exchange("delete", (202, {}, {"Operation-Id": name, "Location": f"http://x/{name}"}))
        for name in ("op_1", "op_5")
    )

    same_response(bench.endpoint.findings, first, second, "KEY-TTL-MIN")

    assert bench.breaches()["KEY-ONE-OPERATION"] == ["expected one operation; saw 2: op_1, op_5"]
    assert bench.breaches()["KEY-TTL-MIN"][0].startswith(
        "expected the original response; saw Operation-Id 'op_5' instead of 'op_1'"
    )


def test_other_body(bench: Bench) -> None:
    """The beginning of the other body is shown."""
    first, second = (bench.exchange("delete", (202, {"a": text})) for text in ("x", "y" * 200))

    assert same_response(bench.endpoint.findings, first, second, "KEY-REPLAY")

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
def test_operations_are_compared_if_both_were_accepted(
    bench: Bench, first: Said, second: Said
) -> None:
    """Only two 202s can name two operations."""
    original, again = (bench.exchange("delete", said) for said in (first, second))

    same = same_response(bench.endpoint.findings, original, again, "KEY-REPLAY")

    assert same is (first == second)
    assert bench.checks().keys() == {"KEY-REPLAY"}


def test_replay_of_a_create(bench: Bench) -> None:
    """It lands on the requirements of the create; its body is not compared."""
    call = Call("create", "n")
    original, again = (bench.exchange("create", (202, {}), call=call) for _ in range(2))

    assert same_response(bench.endpoint.findings, original, again, "KEY-REPLAY")

    assert bench.checks().keys() == {"CTRL-KEY"}


@pytest.mark.parametrize(
    ("state", "age_s", "requirement"),
    [
        ("", 0, "KEY-REPLAY"),
        ("PENDING", 0, "KEY-REPLAY"),
        ("COMPLETED", 3600, "KEY-REPLAY-ENDED"),
        ("FAILED", 0, "KEY-REPLAY-FAILED"),
        ("COMPLETED", 3601, "KEY-TTL-MIN"),
    ],
)
def test_requirement_follows_state_and_age(state: str, age_s: float, requirement: str) -> None:
    """The state of the operation decides what a replay checks; past an hour the age does."""
    assert idempotency.replay_requirement(state, age_s) == requirement


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
