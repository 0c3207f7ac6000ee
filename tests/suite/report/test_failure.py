"""The message of a contract test that found breaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.report import failure
from orchestrator_contract.results.findings import Findings


def exchange(status: int, body: bytes) -> Exchange:
    """Return a DELETE with its response."""
    return Exchange(
        Call("delete"),
        "DELETE",
        "http://127.0.0.1:9/x",
        (),
        None,
        datetime.now(UTC),
        0.0,
        response=Response(status, "", [], body),
    )


@pytest.fixture
def described() -> Callable[[Findings], failure.Failure]:
    """Describe the breaches of the current test."""

    def describe(findings: Findings) -> failure.Failure:
        return failure.describe(
            findings.end(), findings.catalogue, "pytest --requirement {}".format
        )

    return describe


@pytest.fixture
def findings() -> Findings:
    """Return findings in a test."""
    made = Findings(catalogue.load(), Redactor())
    made.begin("test_x", [])
    return made


def test_line(findings: Findings, described: Callable[[Findings], failure.Failure]) -> None:
    """The line begins with the most direct requirement and names the others."""
    first, again = exchange(202, b"{}"), exchange(500, b"Internal\nServer Error")
    findings.check("KEY-REPLAY", False, expected="it", seen="a", exchanges=[first, again])
    findings.check("KEY-REPLAY", False, expected="it", seen="b", exchanges=[first, again])
    findings.check("HTTP-JSON", False, expected="one JSON text", seen="not JSON", exchanges=[again])
    findings.check("HTTP-CONTENT-TYPE", True)

    assert described(findings).line == (
        'HTTP-JSON: expected one JSON text; seen 500 "Internal Server Error": not JSON; '
        "also KEY-REPLAY"
    )


def test_text(findings: Findings, described: Callable[[Findings], failure.Failure]) -> None:
    """Each requirement has its title, first breach, request and command."""
    for name in ("a", "b", "c"):
        findings.check(
            "OP-ID",
            False,
            where="$.operationId",
            expected="the id",
            seen=name,
            exchanges=[exchange(200, b'{"a": 1}')],
        )
    findings.check("DELETED-LIST", False, expected="it gone\x1b", seen="it is listed")

    assert described(findings).text.splitlines() == [
        f"OP-ID (derived): {catalogue.load()['OP-ID'].title}",
        "  expected: $.operationId: the id",
        '  seen:     200 {"a": 1}: a',
        "  request:  curl -isS --path-as-is -X DELETE http://127.0.0.1:9/x",
        "  further:  2 of this requirement",
        "  repeat:   pytest --requirement OP-ID",
        "",
        f"DELETED-LIST (derived): {catalogue.load()['DELETED-LIST'].title}",
        "  expected: it gone\\x1b",
        "  seen:     it is listed",
        "  repeat:   pytest --requirement DELETED-LIST",
    ]


def test_many_breaches(
    findings: Findings, described: Callable[[Findings], failure.Failure]
) -> None:
    """Breaches past those that are kept with their exchange are counted all the same."""
    for number in range(100):
        findings.check("OP-ID", False, seen=str(number), exchanges=[exchange(200, b"")])

    assert "  further:  99 of this requirement" in described(findings).text


def test_the_next_test_has_its_own(
    findings: Findings, described: Callable[[Findings], failure.Failure]
) -> None:
    """Breaches of one test are no part of the next one's message."""
    findings.check("OP-ID", False, expected="a", seen="b")
    findings.end()
    findings.begin("test_y", [])
    findings.check("OP-BODY", False, expected="a", seen="b")

    assert described(findings).line == "OP-BODY: expected a; seen b"
