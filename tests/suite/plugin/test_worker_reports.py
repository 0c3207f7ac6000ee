"""A run that ends early, or loses a worker: nothing passes that was not wholly judged."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.pytest_plugin.run import WorkerReports, carry
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.evidence import Breach
from orchestrator_contract.results.findings import Findings, Found

TESTS = {"a": ("DEL-STATUS",), "b": ("DEL-STATUS", "OP-BODY"), "c": ("DELETED-FETCH",)}


@pytest.fixture
def findings() -> Findings:
    """An empty ledger."""
    return Findings(catalogue.load(), Redactor())


def report(nodeid: str, *found: Found, when: str = "call", passed: bool = True) -> Any:
    """The report of a test, as a worker sends it."""
    one = SimpleNamespace(
        nodeid=nodeid, when=when, passed=passed, user_properties=[("verdict", "any")]
    )
    carry(one, found)  # type: ignore[arg-type]
    one.user_properties = json.loads(json.dumps(one.user_properties))
    return one


def why(findings: Findings, requirement: str) -> list[str]:
    """The reasons for which a requirement is unverified."""
    return findings.records[requirement].unverified if requirement in findings.records else []


def test_all_told(findings: Findings) -> None:
    """Nothing is added where each test ended, here or on a worker that handed over."""
    heard = WorkerReports()
    heard.hear("", report("a", Found("DEL-STATUS", Breach("", "202", "200"), 1)))
    heard.hear("gw0", report("b", Found("OP-BODY", Breach("", "x", "y"), 1)))
    heard.hear("gw0", report("c", when="setup", passed=False))
    heard.handed_over("gw0")

    heard.settle(findings, TESTS)

    assert findings.records == {}


def test_a_test_that_did_not_end(findings: Findings) -> None:
    """Its requirements are unverified, whatever others saw of them."""
    heard = WorkerReports()
    heard.hear("", report("a"))
    heard.hear("", report("b", when="setup"))
    heard.hear("", report("c", when="???", passed=False))

    heard.settle(findings, TESTS)

    for requirement in ("DEL-STATUS", "OP-BODY", "DELETED-FETCH"):
        assert [
            text for text in why(findings, requirement) if "not all of its tests were run" in text
        ]


def test_a_worker_that_is_lost(findings: Findings) -> None:
    """Breaches that its tests reported stand; all else that it judged is unverified."""
    heard = WorkerReports()
    heard.hear("gw0", report("a"))
    heard.hear("gw1", report("b", Found("OP-BODY", Breach("$.status", "one of x", "'y'"), 1)))
    heard.hear("gw0", report("c"))
    heard.handed_over("gw0")

    heard.settle(findings, TESTS)

    record = findings.records["OP-BODY"]
    assert (record.breaches, record.problems, record.tests) == (
        1,
        ["$.status: expected one of x; saw 'y'"],
        ["b"],
    )
    assert (
        "a worker that ran a test of it ended without handing over"
        in why(findings, "DEL-STATUS")[0]
    )
    assert why(findings, "DELETED-FETCH") == []


@pytest.mark.parametrize(
    "breach",
    [
        Breach("", "202", "200"),
        Breach("$.a", "one of x; saw z", "y: expected q"),
        Breach("headers $.b", "", ""),
        Breach("", "expected a", "expected b; saw c"),
    ],
)
def test_a_breach_that_was_told_of(findings: Findings, breach: Breach) -> None:
    """A breach that only a report tells of is the one that was found, whatever its texts hold."""
    heard = WorkerReports()
    heard.hear("gw0", report("b", Found("OP-BODY", breach, 1)))

    heard.settle(findings, TESTS)

    assert findings.records["OP-BODY"].shown == [replace(breach, test="b")]
