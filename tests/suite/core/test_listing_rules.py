"""Every page of the list is judged: it holds nothing deleted, and nothing of another account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import listing
from orchestrator_contract.rules.listing import DeletedListRule

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

GONE = {"DELETED-LIST": ["expected no a; saw it is listed"]}


@pytest.fixture
def rule(bench: Bench) -> DeletedListRule:
    """A rule that has seen nothing; account 1 has created b."""
    return DeletedListRule(bench.endpoint.findings, lambda sid, _shown: {"b": 1}.get(sid))


def page(
    bench: Bench,
    *sids: Any,
    sent: float,
    query: str = "",
    leads_to: str | None = None,
    **scope: Any,
) -> Exchange:
    """A page with these, asked for at *sent*."""
    meta = {"nextToken": leads_to} if leads_to else {}
    one = bench.exchange(
        "list", (200, {"configurations": [{"id": sid} for sid in sids], "meta": meta}), **scope
    )
    one.sent, one.url = sent, f"{one.url}?{query}"
    return one


def ends(
    bench: Bench,
    rule: DeletedListRule,
    status: str = "COMPLETED",
    related: Any = None,
    **scope: Any,
) -> None:
    """A poll of the delete of a, sent at 10 and read at 11."""
    accepted = bench.exchange("delete", (202, {}), **scope)
    poll = bench.exchange("operation", (200, {"status": status, "related": related}), **scope)
    poll.sent, poll.elapsed = 10.0, 1.0
    rule.polled(Operation(accepted, Configuration("a"), "op", "http://target.example/op"), poll)


@pytest.mark.parametrize(
    ("sent", "scope", "found"),
    [
        pytest.param(10.5, {}, {}, id="asked-for-before-the-end-was-read"),
        pytest.param(11.0, {}, {}, id="at-that-moment"),
        pytest.param(11.1, {}, GONE, id="after-it"),
        pytest.param(11.1, {"account": 1}, {}, id="of-another-account"),
        pytest.param(11.1, {"region": 1}, {}, id="of-another-region"),
        pytest.param(11.1, {"account": None}, {}, id="without-credentials"),
    ],
)
def test_a_list_after_the_end(
    bench: Bench,
    rule: DeletedListRule,
    sent: float,
    scope: dict[str, Any],
    found: dict[str, list[str]],
) -> None:
    """A list that was requested after COMPLETED was read must not hold the SID; it is one breach."""
    ends(bench, rule)

    for _ in range(2):
        rule(page(bench, 5, "c", "a", sent=sent, **scope))

    assert bench.breaches() == found
    assert bench.checks() == ({"DELETED-LIST": 1} if found else {})


@pytest.mark.parametrize(
    ("status", "related"),
    [("FAILED", None), ("PENDING", None), ("COMPLETED", {"configurationId": "c"})],
    ids=["failed", "pending", "about-another"],
)
def test_not_deleted(bench: Bench, rule: DeletedListRule, status: str, related: Any) -> None:
    """Only a COMPLETED operation about this configuration deletes it."""
    ends(bench, rule, status, related)

    rule(page(bench, "a", sent=20.0))

    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("begun", "token", "found"),
    [(20.0, "t", GONE), (5.0, "t", {}), (20.0, "unknown", {})],
    ids=["begun-after", "begun-before", "begun-who-knows-when"],
)
def test_later_pages(
    bench: Bench, rule: DeletedListRule, begun: float, token: str, found: dict[str, list[str]]
) -> None:
    """A walk may show the list as it was when it began."""
    ends(bench, rule)
    rule(page(bench, "c", sent=begun, leads_to="s"))
    rule(page(bench, "d", sent=begun + 1, query="pageToken=s", leads_to="t"))

    rule(page(bench, "a", sent=30.0, query=f"pageSize=3&pageToken={token}"))

    assert bench.breaches() == found


def test_configuration_of_another_account(bench: Bench, rule: DeletedListRule) -> None:
    """A list holds nothing that another account has created."""
    rule(page(bench, "b", "x", sent=1.0, account=1))
    assert bench.breaches() == {}

    rule(page(bench, "b", "x", sent=1.0, account=0))

    assert bench.breaches() == {
        "AUTH-READ-OTHER-ACCOUNT": [
            "expected nothing of another account in the list, as b is; saw it is listed"
        ]
    }


def test_memory_is_bounded(
    bench: Bench, rule: DeletedListRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the newest deletions and tokens are remembered."""
    monkeypatch.setattr(listing, "_MOST", 3)
    accepted, poll = (
        bench.exchange("delete", (202, {})),
        bench.exchange("operation", (200, {"status": "COMPLETED"})),
    )
    poll.sent = 10.0
    for number in range(9):
        rule.polled(
            Operation(accepted, Configuration(f"s{number}"), "op", "http://target.example/op"), poll
        )
        rule(page(bench, sent=1.0, leads_to=f"t{number}"))

    rule(page(bench, *(f"s{number}" for number in range(9)), sent=20.0))

    assert bench.breaches() == {
        "DELETED-LIST": [f"expected no s{number}; saw it is listed" for number in (6, 7, 8)]
    }
    assert len(rule._walks) == 3
