"""SARIF 2.1.0: breaches and warnings for code-scanning views.

A rule is a requirement that was judged, a result one that was breached, at the contract test that
found it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from orchestrator_contract import __version__
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.report.json_report import text_of
from orchestrator_contract.report.report_model import Card
from orchestrator_contract.results.requirement import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Result

#: The schema of OASIS that the document follows.
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Verdict.BREACHED: "error", Verdict.WARNED: "warning", Verdict.WAIVED: "note"}
_TEXT = 1200
#: The place of a breach that no test found.
_NO_TEST = "orchestrator_contract/contract/catalogue.toml"
# A message may hold links, [text](target), and placeholders, {0} (SARIF 3.11.5, 3.11.6).
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{([0-9]+)\}")


def as_sarif(result: Result) -> str:
    """Return the SARIF document, ASCII only: other characters are escapes."""
    return text_of({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result)]})


def _run(result: Result) -> dict[str, Any]:
    numbers = {row.requirement.id: number for number, row in enumerate(result.rows)}
    return {
        "tool": {
            "driver": {
                "name": "orchestrator-contract",
                "version": __version__,
                "rules": list(map(_rule, result.rows)),
            }
        },
        "automationDetails": {"id": f"orchestrator-contract/{visible(result.profile.name, 120)}/"},
        "invocations": [
            {
                "executionSuccessful": not result.unusable,
                "startTimeUtc": _instant(result.started.isoformat(timespec="milliseconds")),
                "endTimeUtc": _instant(result.finished.isoformat(timespec="milliseconds")),
                "commandLine": result.rerun(),
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": _text(note)}}
                    for note in filter(None, (result.reason, *result.notes))
                ],
            }
        ],
        "results": [
            _result(one, result, numbers[one.row.requirement.id], card)
            for card in report_model.cards(result)
            for one in (card, *card.also)
        ],
        "properties": {"verdict": str(result.overall), "counts": result.counts()},
    }


def _instant(text: str) -> str:
    return text.replace("+00:00", "Z")


def _rule(row: RequirementResult) -> dict[str, Any]:
    one = row.requirement
    return {
        "id": one.id,
        "shortDescription": {"text": _text(one.title)},
        "help": {"text": _text(f"Level: {one.level}. Source: {one.source}.")},
        "defaultConfiguration": {"level": "error" if one.level.gates else "warning"},
        "properties": {
            "tags": [str(one.level), report_model.section(one.id)],
            "verdict": str(row.verdict),
        },
    }


def _result(card: Card, result: Result, number: int, lead: Card) -> dict[str, Any]:
    """Return the result of a *card*, which may be grouped with a *lead*."""
    row, requirement = card.row, card.row.requirement.id
    found: dict[str, Any] = {
        "ruleId": requirement,
        "ruleIndex": number,
        "level": _LEVELS[row.verdict],
        "message": {"text": _message(card, result, lead)},
        "locations": [{"physicalLocation": _place(row)}],
        "partialFingerprints": {"requirement/v1": _fingerprint(result, requirement)},
        "occurrenceCount": max(row.record.breaches, 1),
    }
    if row.verdict is Verdict.WAIVED:
        found["suppressions"] = [{"kind": "external", "justification": _text(row.reason)}]
    if result.comparison is not None:
        known = requirement in result.comparison.open
        found["baselineState"] = "unchanged" if known else "new"
    return found


def _message(card: Card, result: Result, lead: Card) -> str:
    row, found = card.row, card.findings[0] if card.findings else None
    lines = [row.requirement.title]
    if found:
        lines += [f"Expected: {found.wanted}", f"Seen: {found.seen}"]
        lines += [f"Request: {step.request}" for step in found.steps[-1:]]
    else:
        lines.append(f"Seen: {row.reason}")
    lines.append(f"Failed: {card.failed}")
    if lead is not card:
        lines.append(f"On the same exchanges as {lead.row.requirement.id}")
    return "\n".join([*map(_text, lines), f"Repeat: {_text(result.rerun(row.requirement.id))}"])


def _place(row: RequirementResult) -> dict[str, Any]:
    """Return the file of the test that found the breach, else of one that looked for it."""
    found = [breach.test for breach in row.record.shown if breach.test]
    test = next(iter((*found, *sorted(row.record.tests))), "")
    path = test.partition("::")[0]
    uri = path if path.endswith(".py") else _NO_TEST
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 1}}


def _fingerprint(result: Result, requirement: str) -> str:
    """Return what makes the result of two runs the same alert: target and requirement."""
    return hashlib.sha256(
        f"{result.profile.name}\n{requirement}".encode("utf-8", "replace")
    ).hexdigest()


def _text(text: str) -> str:
    """Return *text* for a message, with links and placeholders escaped."""
    escaped = _LINK.sub(r"\\[", visible(text, _TEXT))
    return _PLACEHOLDER.sub(r"{{\1}}", escaped)
