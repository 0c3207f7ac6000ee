"""Undocumented statuses that the profile tolerates: held against nothing, and reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import (
    authorization,
    deletion,
    errors,
    idempotency,
    malformed_input,
)

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

    Rule = Callable[[Findings, Bench, Exchange], object]

FIRST = (202, {"related": {"configurationId": "sid"}}, {"Operation-Id": "op_1", "Retry-After": "1"})
YOUNG_S, OLD_S = 3600.0, 26 * 3600.0


def first(bench: Bench, *, account: int = 0) -> Exchange:
    """A delete that was accepted under a key."""
    return bench.exchange("delete", FIRST, key="key", account=account)


#: A rule of each section that a DELETE of another status breaches, by the requirement.
RULES: Mapping[str, Rule] = {
    "DEL-ACCEPTED": lambda f, b, e: deletion.accepted(f, [e]),
    "DELETED-DELETE": lambda f, b, e: deletion.deleted_by_delete(f, b.accepted("sid", FIRST), e),
    "SID-UNKNOWN": lambda f, b, e: malformed_input.not_found(f, e),
    "SID-MALFORMED": lambda f, b, e: malformed_input.malformed_sid_refused(f, e, "kind"),
    "KEY-MALFORMED-NO-5XX": lambda f, b, e: malformed_input.malformed_key_no_5xx(f, e, "kind"),
    "KEY-REPLAY": lambda f, b, e: idempotency.same_response(f, first(b), e, "KEY-REPLAY"),
    "KEY-REPLAY-ENDED": lambda f, b, e: idempotency.same_parts(
        f, first(b), e, idempotency.replay_requirement("COMPLETED")
    ),
    "KEY-FORMAT-ACCEPTED": lambda f, b, e: idempotency.new_key_accepted(f, False, "510", [e]),
    "KEY-SCOPE-ACCOUNT": lambda f, b, e: idempotency.new_in_scope(f, first(b, account=1), e),
    "KEY-TTL-MIN": lambda f, b, e: idempotency.aged_key(f, {"status": 202}, e, YOUNG_S, YOUNG_S),
    "KEY-TTL-MAX": lambda f, b, e: idempotency.expired(f, first(b), e, must_accept=True),
    "ERR-503-STATUS": lambda f, b, e: errors.provoked_status(f, 503, e),
    "AUTH-REFUSED-4XX": lambda f, b, e: authorization.refused(f, e),
}


@pytest.mark.parametrize("tolerated", [True, False], ids=["tolerated", "not-tolerated"])
@pytest.mark.parametrize(("requirement", "rule"), RULES.items(), ids=RULES)
def test_status_is_held_against_nothing(
    start: Callable[..., Bench], requirement: str, rule: Rule, tolerated: bool
) -> None:
    """A tolerated status leaves each requirement open, with the reason; another breaches it."""
    bench = start(tolerated=frozenset({510 if tolerated else 511}))
    findings = bench.endpoint.findings
    credentials = "wrong" if requirement.startswith("AUTH-") else "own"
    strange = bench.exchange("delete", (510, {}), call=Call("delete", "x", credentials=credentials))

    rule(findings, bench, strange)

    assert (requirement in bench.breaches()) is not tolerated
    reason = ["answered 510, which the profile tolerates"] if tolerated else []
    assert findings.records[requirement].unverified == reason
    assert findings.records[requirement].checks == (not tolerated)


@pytest.mark.parametrize(
    ("requirement", "rule", "said"),
    [
        pytest.param(
            "KEY-REUSE-OTHER-SID",
            lambda f, b, e: idempotency.reused(f, first(b), e),
            (210, FIRST[1], FIRST[2]),
            id="the-operation-of-another-request",
        ),
        pytest.param(
            "KEY-TTL-MAX",
            lambda f, b, e: idempotency.expired(f, first(b), e, must_accept=True),
            (410, {"code": 17534}),
            id="a-key-that-counts-as-used",
        ),
        pytest.param(
            "KEY-FORMAT-ACCEPTED",
            lambda f, b, e: idempotency.new_key_accepted(f, False, "used", [e]),
            (410, {"code": 17534}),
            id="a-new-key-that-counts-as-used",
        ),
        pytest.param(
            "HTTP-COMPLETE",
            lambda f, b, e: f.check("HTTP-COMPLETE", False, exchanges=[e]),
            (410, {}),
            id="http",
        ),
    ],
)
def test_content_is_judged_all_the_same(
    start: Callable[..., Bench],
    requirement: str,
    rule: Rule,
    said: tuple[int, Mapping[str, object], Mapping[str, str]],
) -> None:
    """What a response of a tolerated status does or says is a breach as ever."""
    bench = start(tolerated=frozenset({210, 410}))

    rule(bench.endpoint.findings, bench, bench.exchange("delete", said, call=Call("delete", "x")))

    assert list(bench.breaches()) == [requirement]


def test_acceptance_of_wrong_credentials_is_a_breach(start: Callable[..., Bench]) -> None:
    """A success is no refusal, whatever its status."""
    bench = start(tolerated=frozenset({200}))
    call = Call("delete", "x", credentials="wrong")

    authorization.refused(bench.endpoint.findings, bench.exchange("delete", (200, {}), call=call))

    assert list(bench.breaches()) == ["AUTH-WRONG"]


def test_reads_are_not_tolerated(start: Callable[..., Bench]) -> None:
    """The policy is one of DELETE: a fetch of a deleted configuration returns 404."""
    bench = start(tolerated=frozenset({410}))
    operation = bench.accepted("sid", FIRST)

    fetch = bench.exchange("fetch", (410, {}), "GET")
    deletion.deleted_by_fetch(bench.endpoint.findings, operation, fetch)

    assert list(bench.breaches()) == ["DELETED-FETCH"]
