"""Breaches grouped by the exchanges that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results import causes
from orchestrator_contract.results.causes import Stage, grouped, stage
from orchestrator_contract.results.evidence import Breach, Evidence
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement import (
    MAX_TRAILS,
    RequirementFindings,
    RequirementResult,
    Verdict,
)

Trails = Sequence[tuple[str, ...]]


def row(
    name: str, trails: Trails, verdict: Verdict = Verdict.BREACHED, last: Sequence[str] = ()
) -> RequirementResult:
    """Return a requirement whose breaches rest on these exchanges, and end with *last*."""
    ends = [text.split() for text in last]
    shown = [
        Breach("", "", "", (Evidence(f"curl -X {method} u", int(*status) or None, {}, ""),))
        for method, *status in ends
    ]
    found = RequirementFindings(len(trails), len(trails), shown=shown, trails=list(trails))
    return RequirementResult(catalogue.load()[name], verdict, "", found)


def groups(*rows: RequirementResult, new: Sequence[str] = ()) -> list[list[str]]:
    """Return the ids of each group, the lead first."""
    known = list(catalogue.load().requirements)
    ordered = sorted(rows, key=lambda one: known.index(one.requirement.id))
    return [[one.requirement.id for one in rows] for rows in grouped(ordered, new)]


def test_named_requirements_exist() -> None:
    """Every id in the tables of the module is one of the catalogue."""
    tables = [causes._MESSAGE, causes._STATUS, causes._SHAPE, causes._RELIED_ON]
    tables += [causes._REPLAYS, causes._REUSES]

    assert frozenset().union(*tables) <= catalogue.load().requirements.keys()


@pytest.mark.parametrize(
    ("name", "steps", "expected"),
    [
        ("HTTP-COMPLETE", 1, Stage.MESSAGE),
        ("DEL-STATUS", 1, Stage.STATUS),
        ("HTTP-JSON", 1, Stage.SHAPE),
        ("DEL-202-BODY", 1, Stage.SHAPE),
        ("ERR-MORE-INFO", 1, Stage.CONTENT),
        ("KEY-REPLAY", 2, Stage.SEQUENCE),
        ("DEL-ACCEPTED", 2, Stage.SEQUENCE),
        ("DELETED-LIST", 0, Stage.SEQUENCE),
    ],
)
def test_stage(name: str, steps: int, expected: Stage) -> None:
    """Message, status, shape, content, sequence: in this order."""
    assert stage(catalogue.load()[name], steps) is expected


def test_one_exchange_that_is_wrong_in_several_ways() -> None:
    """The status leads, then documented before derived requirements."""
    assert groups(
        row("KEY-REPLAY", [("a", "b")]),
        row("DEL-ACCEPTED", [("b",)]),
        row("DEL-STATUS", [("b",)]),
    ) == [["DEL-STATUS", "DEL-ACCEPTED", "KEY-REPLAY"]]
    assert groups(row("HTTP-CONTENT-TYPE", [("b",)]), row("HTTP-JSON", [("b",)])) == [
        ["HTTP-JSON", "HTTP-CONTENT-TYPE"]
    ]


def test_what_follows_from_one_exchange() -> None:
    """Breaches that rest on the same exchanges are one group, however they are linked."""
    assert groups(
        row("DELETED-LIST", [("d1", "list1"), ("d2", "list2")]),
        row("DELETED-FETCH", [("d1", "fetch1")]),
        row("KEY-SCOPE-REGION", [("k", "d2", "list2")]),
    ) == [["DELETED-FETCH", "DELETED-LIST", "KEY-SCOPE-REGION"]]


def test_two_mistakes_stay_apart() -> None:
    """A header missing in every 202 explains neither replays nor later fetches."""
    accepted = [(f"d{number}",) for number in range(20)]

    assert groups(
        row("DEL-202-HEADERS", [*accepted, ("r",)]),
        row("KEY-REPLAY", [("d1", "r")]),
        row("DELETED-FETCH", [("d2", "p", "f")]),
    ) == [["DEL-202-HEADERS"], ["KEY-REPLAY"], ["DELETED-FETCH"]]


def test_a_wrong_header_of_replays_only() -> None:
    """A shape that is wrong exactly where a replay differs is the replay's mistake."""
    assert groups(
        row("DEL-202-HEADERS", [("r1",), ("r2",)]),
        row("KEY-REPLAY", [("d1", "r1"), ("d2", "r2")]),
    ) == [["DEL-202-HEADERS", "KEY-REPLAY"]]


def test_what_later_requests_rely_on() -> None:
    """A 202 that names another operation explains what its polls show."""
    assert groups(
        row("DEL-202-LINKS-AGREE", [("d1",), ("d2",)]),
        row("OP-ID", [("d1", "p1"), ("d2", "p2")]),
    ) == [["DEL-202-LINKS-AGREE", "OP-ID"]]


def test_replays_in_every_state() -> None:
    """A replay that differs in each state is one mistake, and says nothing of the operation."""
    assert groups(
        row("KEY-REPLAY", [("d1", "r1")]),
        row("KEY-REPLAY-FAILED", [("d2", "p", "r2")]),
        row("DELETED-LIST", [("d1", "p1", "list")]),
    ) == [["KEY-REPLAY", "KEY-REPLAY-FAILED"], ["DELETED-LIST"]]


def test_reuses_of_every_kind() -> None:
    """A key that is taken for another request's is one mistake, whatever the request."""
    assert groups(
        row("DEL-202-RELATED", [("r",)]),
        row("KEY-REUSE-OTHER-SID", [("d", "r")]),
        row("KEY-REUSE-OTHER-CALL", [("c", "x")]),
    ) == [["DEL-202-RELATED", "KEY-REUSE-OTHER-SID", "KEY-REUSE-OTHER-CALL"]]


def test_one_wrong_status_of_deletes() -> None:
    """A DELETE's undocumented status is one mistake, whichever account meets it."""
    wrong = row("DEL-STATUS", [("a",)], last=["DELETE 410"])
    known, other = ["DELETE 410", "DELETE 410"], ["DELETE 410", "DELETE 404"]

    assert groups(wrong, row("AUTH-OTHER-ACCOUNT", [("b",)], last=known)) == [
        ["DEL-STATUS", "AUTH-OTHER-ACCOUNT"]
    ]
    for last in (other, ["GET 410"], []):
        assert len(groups(wrong, row("AUTH-OTHER-ACCOUNT", [("b",)], last=last))) == 2


def test_no_response_is_one_mistake() -> None:
    """Requests without a response are one mistake, whichever requirement meets them."""
    silent = row("HTTP-COMPLETE", [("a",)], last=["DELETE"])

    assert groups(silent, row("KEY-MALFORMED-NO-5XX", [("b",)], last=["DELETE"])) == [
        ["HTTP-COMPLETE", "KEY-MALFORMED-NO-5XX"]
    ]
    assert len(groups(silent, row("KEY-MALFORMED-NO-5XX", [("b",)], last=["DELETE 500"]))) == 2


def test_most_of_the_breaches_decide() -> None:
    """A requirement that is mostly breached elsewhere leads a group of its own."""
    assert groups(
        row("DEL-STATUS", [("a",)]),
        row("KEY-REPLAY", [("x", "a"), ("x", "b"), ("x", "c"), ("x", "d"), ("x", "e"), ("x", "f")]),
    ) == [["DEL-STATUS"], ["KEY-REPLAY"]]


@pytest.mark.parametrize("lesser", [Verdict.WARNED, Verdict.WAIVED])
def test_a_lesser_verdict_never_leads(lesser: Verdict) -> None:
    """A warning or a waived breach leads no breach."""
    assert groups(row("DEL-STATUS", [("a",)], lesser), row("DEL-ACCEPTED", [("a",)])) == [
        ["DEL-ACCEPTED", "DEL-STATUS"]
    ]


def test_a_known_breach_never_leads_a_new_one() -> None:
    """A breach that the baseline does not have leads those that it has."""
    rows = row("DEL-STATUS", [("a",)]), row("DEL-ACCEPTED", [("a",)])

    assert groups(*rows, new=["DEL-ACCEPTED"]) == [["DEL-ACCEPTED", "DEL-STATUS"]]


def test_without_exchanges() -> None:
    """Breaches that no exchange shows, and other verdicts, are not grouped."""
    assert groups(
        row("DELETED-LIST", []), row("DELETED-FETCH", []), row("OP-ID", [("a",)], Verdict.PASSED)
    ) == [["DELETED-FETCH"], ["DELETED-LIST"]]


def test_every_breach_is_in_one_group() -> None:
    """Each breached requirement is shown once."""
    names = list(catalogue.load().requirements)
    rows = [
        row(name, [(f"e{number % 7}", f"e{number % 5}"), (f"e{number % 3}",)] * 40)
        for number, name in enumerate(names)
    ]

    assert sorted(one for group in groups(*rows) for one in group) == sorted(names)


def exchange(number: int) -> Exchange:
    """Return one exchange of several with the same request."""
    at = datetime(2026, 11, 23, microsecond=number, tzinfo=UTC)
    return Exchange(
        Call("delete"),
        "DELETE",
        "http://x/y",
        (),
        None,
        at,
        0.0,
        response=Response(404, "", [], b""),
    )


def test_exchanges_are_told_apart_over_processes() -> None:
    """An exchange has the same fingerprint in each process; few are kept."""
    one, other = (Findings(catalogue.load(), Redactor()) for _ in range(2))
    first, second = exchange(1), exchange(2)
    one.check("DEL-STATUS", False, exchanges=[first])
    one.check("DEL-STATUS", False)
    other.check("DEL-STATUS", False, exchanges=[first, second])
    for number in range(MAX_TRAILS + 10):
        other.check("OP-ID", False, exchanges=[exchange(number)])

    one.merge(other.dump())

    (same,), (again, different) = one.records["DEL-STATUS"].trails
    assert same == again != different
    assert len(one.records["OP-ID"].trails) == MAX_TRAILS
