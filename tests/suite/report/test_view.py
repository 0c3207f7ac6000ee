"""Reports show a breach as it was recorded, whatever its texts hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.report import report_model
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement import RequirementResult, Verdict

ID = "OP-STATUS-ORDER"


@pytest.fixture
def findings() -> Findings:
    """An empty ledger."""
    return Findings(catalogue.load(), Redactor())


def exchange(path: str, note: str = "") -> Exchange:
    """A call that was answered."""
    return Exchange(
        call=Call("other"),
        method="GET",
        url=f"http://127.0.0.1:9/{path}",
        request_headers=(),
        request_body=None,
        at=datetime(2026, 11, 23, tzinfo=UTC),
        sent=0.0,
        response=Response(200, "", [], b""),
        note=note,
    )


def shown_findings(findings: Findings) -> list[report_model.Finding]:
    """Return the findings that reports show of the requirement."""
    return report_model.findings(
        RequirementResult(catalogue.load()[ID], Verdict.BREACHED, "", findings.records[ID])
    )


def test_a_breach_of_several_steps_comes_whole_from_another_process(findings: Findings) -> None:
    """It is shown with all its steps, or only counted."""
    other = Findings(catalogue.load(), Redactor())
    for number in range(11):
        findings.check(ID, False, expected="a", seen=str(number), exchanges=[exchange(str(number))])
    for name in ("of the worker", "late"):
        other.check(
            ID,
            False,
            expected="a",
            seen=name,
            exchanges=[exchange(path) for path in ("first", "second", "third")],
        )

    findings.merge(other.dump())

    shown = shown_findings(findings)
    assert len(shown) == 12
    assert shown[-1].seen == "200: of the worker"
    assert [step.request.rpartition("/")[2] for step in shown[-1].steps] == [
        "first",
        "second",
        "third",
    ]
    assert (findings.records[ID].breaches, len(findings.records[ID].problems)) == (13, 13)


@pytest.mark.parametrize("text", ["a; saw b", "step 1 of 2: a", "expected a; saw b", ": ", ""])
def test_texts_stay_what_they_are(findings: Findings, text: str) -> None:
    """Place, expectation and observation stay apart, whatever they say."""
    findings.check(
        ID, False, where=text, expected="x" + text, seen="y" + text, exchanges=[exchange("x")]
    )

    (shown,) = shown_findings(findings)

    assert (shown.where, shown.expected, shown.seen, len(shown.steps)) == (
        text,
        "x" + text,
        "200: y" + text,
        1,
    )


def test_entries_of_a_recording_are_named(findings: Findings) -> None:
    """A breach stands where its last step does, and each step names its own entry."""
    findings.check(
        ID,
        False,
        where="$.status",
        expected="a",
        seen="b",
        exchanges=[exchange("x", "entry 3"), exchange("y", "entry 5")],
    )

    (shown,) = shown_findings(findings)

    assert shown.where == "entry 5: $.status"
    assert [step.note for step in shown.steps] == ["entry 3", "entry 5"]


def test_a_story_is_shown_line_by_line(findings: Findings) -> None:
    """The shortest history stands beside the observation, safe to show."""
    findings.check(ID, False, expected="a", seen="b", exchanges=[exchange("x")])
    findings.story(ID, ["create\x1b", "delete"])

    (shown,) = shown_findings(findings)

    assert (shown.seen, shown.story) == ("200: b", ["create\\x1b", "delete"])


@pytest.mark.parametrize(
    ("status", "body", "seen", "shown"),
    [
        pytest.param(500, b"Boom\n at x", "not JSON", '500 "Boom at x": not JSON', id="text"),
        pytest.param(202, b'{"a": 1}', "none", '202 {"a": 1}: none', id="json"),
        pytest.param(410, b'{"a": 1}', "410", '410 {"a": 1}', id="status-alone"),
        pytest.param(
            400, b"<p>", "400: it was used", '400: it was used: "<p>"', id="status-and-more"
        ),
        pytest.param(404, b"", "empty", "404: empty", id="no-body"),
        pytest.param(404, b"", "404", "404", id="no-body-status-alone"),
        pytest.param(200, b"x" * 500, "long", f'200 "{"x" * 100}…": long', id="long"),
    ],
)
def test_seen_has_the_response(
    findings: Findings, status: int, body: bytes, seen: str, shown: str
) -> None:
    """The status and the beginning of the body stand before what is wrong with them."""
    found = exchange("x")
    found.response = Response(status, "", [], body)

    findings.check(ID, False, expected="a", seen=seen, exchanges=[exchange("first"), found])

    (finding,) = shown_findings(findings)
    assert finding.seen == shown
    assert findings.records[ID].problems == [f"expected a; saw {seen}"]


def test_seen_without_a_response(findings: Findings) -> None:
    """Without a response its cause is what was seen."""
    found = exchange("x")
    found.response, found.fault_text = None, "timed out after 10 s"

    findings.check(ID, False, expected="a", seen=found.outcome(), exchanges=[found])
    findings.check(ID, False, expected="a", exchanges=[found])

    assert [finding.seen for finding in shown_findings(findings)] == [
        "no response (timed out after 10 s)"
    ] * 2
