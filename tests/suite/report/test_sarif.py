"""SARIF, validated against the schema that OASIS publishes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from orchestrator_contract.report import ReportError, as_sarif, prepare, write_all
from orchestrator_contract.results.baseline import Comparison
from orchestrator_contract.results.requirement import Verdict
from orchestrator_contract.results.verdict import Result


def run_of(result: Result) -> dict[str, Any]:
    """Return the only run of the document."""
    (run,) = json.loads(as_sarif(result))["runs"]
    return dict(run)


def test_schema(any_result: Result, sarif_schema: Draft7Validator) -> None:
    """Each situation gives a document that the published schema accepts."""
    document = json.loads(as_sarif(any_result))

    wrong = [f"{e.json_path}: {e.message[:200]}" for e in sarif_schema.iter_errors(document)]

    assert wrong == []


def test_the_schema_refuses_other_documents(calm: Result, sarif_schema: Draft7Validator) -> None:
    """The validator would see a wrong level, so that the test above can fail."""
    document = json.loads(as_sarif(calm))
    document["runs"][0]["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] = "fatal"

    assert not sarif_schema.is_valid(document)


def test_ascii_only(any_result: Result) -> None:
    """Text from the endpoint is escaped, and no half of a surrogate pair is in it."""
    text = as_sarif(any_result)

    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert re.findall("[\ud800-\udfff]", json.dumps(json.loads(text), ensure_ascii=False)) == []


def test_rules_are_the_judged_requirements(breached: Result) -> None:
    """Each requirement is a rule with title, level and source."""
    run = run_of(breached)
    rules = run["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [row.requirement.id for row in breached.rows]
    by_id = {rule["id"]: rule for rule in rules}
    assert by_id["DEL-202-HEADERS"]["defaultConfiguration"]["level"] == "error"
    assert by_id["ERR-429-RETRY-AFTER"]["defaultConfiguration"]["level"] == "warning"
    assert "Source: S2 202 headers; S3" in by_id["DEL-202-HEADERS"]["help"]["text"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_results(breached: Result) -> None:
    """Breaches are errors, warnings are warnings, waived breaches are suppressed notes."""
    found = {one["ruleId"]: one for one in run_of(breached)["results"]}

    assert {name: one["level"] for name, one in found.items()} == {
        "DEL-202-HEADERS": "error",
        "OP-TERMINATES": "error",
        "DELETED-LIST": "error",
        "ERR-429-RETRY-AFTER": "warning",
        "ERR-CODE-MATCHES": "note",
    }
    (suppressed,) = found["ERR-CODE-MATCHES"]["suppressions"]
    assert suppressed["justification"].startswith("waived until 2027-01-01 by ops")
    assert all("suppressions" not in one for one in found.values() if one["level"] != "note")


def test_message(breached: Result) -> None:
    """A result has the expected and the seen, a command and a place."""
    found = next(one for one in run_of(breached)["results"] if one["ruleId"] == "DEL-202-HEADERS")
    text = found["message"]["text"]

    assert "Expected: retry-after: a number\n" in text
    assert 'Seen: 202 "retry-after is missing": retry-after is missing\n' in text
    assert "\nRequest: curl -isS" in text
    assert text.endswith(
        "\nRepeat: pytest --target 'vendor profile.toml' --requirement DEL-202-HEADERS "
        "--effort quick --seed 7"
    )
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "tests/contract/test_life.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},
    }


def test_the_test_that_found_it(causes: Result) -> None:
    """The location is the file of the test that found the breach."""
    shown = causes.rows[1].record.shown
    object.__setattr__(shown[0], "test", "tests/contract/test_races.py::test_x[a]")

    (found, *_) = run_of(causes)["results"]

    place = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "tests/contract/test_races.py"


def test_causes(causes: Result) -> None:
    """The most direct breach stands first, and the others name it."""
    results = run_of(causes)["results"]

    assert [one["ruleId"] for one in results] == [
        "DEL-STATUS",
        "DELETED-DELETE",
        "OP-RETAINED",
        "ERR-429-RETRY-AFTER",
    ]
    named = ["On the same exchanges as DEL-STATUS" in one["message"]["text"] for one in results]
    assert named == [False, True, True, False]


def test_baseline(causes: Result) -> None:
    """With a baseline each result says whether it is new."""
    causes.comparison = Comparison("2026", ("DEL-STATUS",), (), ("DELETED-DELETE",), (), ())

    states = {one["ruleId"]: one["baselineState"] for one in run_of(causes)["results"]}

    assert (states["DEL-STATUS"], states["DELETED-DELETE"]) == ("new", "unchanged")


def test_same_finding_same_fingerprint(breached: Result, hostile: Result) -> None:
    """An alert stays the same over runs, whatever was seen."""
    before = {one["ruleId"]: one["partialFingerprints"] for one in run_of(breached)["results"]}
    hostile.profile = breached.profile
    again = {one["ruleId"]: one["partialFingerprints"] for one in run_of(hostile)["results"]}

    assert before == again
    assert len({json.dumps(one) for one in before.values()}) == len(before)


def test_text_is_neither_link_nor_placeholder(breached: Result) -> None:
    """A message shows what looks like a link or a placeholder of SARIF as it is."""
    for row in breached.of(Verdict.BREACHED):
        object.__setattr__(row.record.shown[0], "seen", "[x](https://evil.example) {0} [1] {a}")

    text = run_of(breached)["results"][0]["message"]["text"]

    assert "\\[x](https://evil.example) {{0}} [1] {a}" in text


@pytest.mark.parametrize("name", ["found.sarif", "deep/found.sarif"])
def test_file(breached: Result, tmp_path: Path, name: str) -> None:
    """The file is written beside the reports, into a folder that is made."""
    prepare(tmp_path / "report", tmp_path / name)

    write_all(breached, tmp_path / "report", tmp_path / name)

    assert (tmp_path / name).read_text("utf-8") == as_sarif(breached)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """It is refused before the run, with the option's name."""
    with pytest.raises(ReportError, match=r"^--sarif: .*: not a regular file"):
        prepare(tmp_path / "report", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"^--sarif: "):
        prepare(tmp_path / "report", tmp_path / "file" / "x.sarif")
