"""A run against an endpoint with four mistakes, as its user sees it in every report."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import html5lib
import pytest
from defusedxml.ElementTree import parse
from jsonschema import Draft7Validator

from orchestrator_contract.contract import catalogue
from orchestrator_contract.pytest_plugin.process import EmbeddedMock

PROJECT = Path(__file__).parents[3]
#: Four mistakes, and the requirement that each is most directly about.
MISTAKES = {
    "concurrent-deletes-502": "DEL-STATUS",
    "completed-kept": "DELETED-FETCH",
    "malformed-key-no-response": "KEY-MALFORMED-NO-5XX",
    "error-html:404": "HTTP-JSON",
}


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite with its output as a terminal of 200 columns shows it."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


@dataclass(frozen=True)
class Ended:
    """The output and the files of a run."""

    output: str
    folder: Path


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Run the suite against a mock with the four mistakes."""
    folder = tmp_path_factory.mktemp("run")
    mock = EmbeddedMock.start("--defect", ",".join(MISTAKES))
    files = (f"--junitxml={folder / 'junit.xml'}", f"--sarif={folder / 'found.sarif'}")
    options = ("--effort", "quick", "--seed", "1", "--report", str(folder), *files)
    for _ in range(4):
        done = run("--target", str(mock.profile), *options)
        if "DEL-STATUS" in done.stdout:
            break  # on a busy machine deletes at one moment may arrive one after the other
    mock.stop()
    assert done.returncode == 1, done.stdout + done.stderr
    return Ended(done.stdout, folder)


def ids(ended: Ended, *verdicts: str) -> list[str]:
    """Return the ids of the requirements with these verdicts."""
    report = json.loads((ended.folder / "conformance.json").read_text("utf-8"))
    return [row["id"] for row in report["requirements"] if row["verdict"] in verdicts]


def test_one_lead_a_mistake(ended: Ended) -> None:
    """Each mistake has one block, and every other breach stands in one of them."""
    leads = re.findall(r"^BREACHED (\S+) ", ended.output, re.MULTILINE)
    also = re.findall(r"^  also:     (\S+) ", ended.output, re.MULTILINE)

    assert sorted(leads) == sorted(MISTAKES.values())
    assert sorted(leads + also) == sorted(ids(ended, "breached", "warned"))
    assert len(also) > len(leads)


def test_the_page_has_the_same_leads(ended: Ended) -> None:
    """The HTML shows at most one lead breach for each mistake."""
    text = (ended.folder / "conformance.html").read_text("utf-8")
    root = html5lib.HTMLParser(namespaceHTMLElements=False).parse(text)
    shown = [e for e in root.iter("details") if "breach" in (e.get("class") or "").split()]

    assert sorted(e.get("id", "") for e in shown) == sorted(f"b-{one}" for one in MISTAKES.values())


def test_each_finding_is_said_once(ended: Ended) -> None:
    """The contract's section shows the findings; pytest's FAILURES does not repeat them."""
    assert "= FAILURES =" not in ended.output
    assert re.search(r"\d+ failed, \d+ passed", ended.output)
    seen = re.search(r"^  seen: +(404 .*)$", ended.output, re.MULTILINE)
    assert seen
    assert seen[1].startswith('404 "<!doctype html>')
    assert ": not JSON: " in seen[1]


def test_short_summary(ended: Ended) -> None:
    """Pytest's summary has a line for each finding, which begins with a requirement's id."""
    said = re.findall(r"^FAILED (\S+)(?: \(\d+ tests\))? - expected ", ended.output, re.MULTILINE)

    assert (
        {"KEY-MALFORMED-NO-5XX", "HTTP-JSON", "DELETED-FETCH"}
        <= set(said)
        <= set(ids(ended, "breached"))
    )
    assert len(said) == len(set(said)) == len(re.findall("^FAILED", ended.output, re.MULTILINE))


def test_junit(ended: Ended) -> None:
    """Each failure has an id first, a title, a request and a command to repeat it."""
    root = parse(ended.folder / "junit.xml").getroot()
    assert root is not None
    failures = list(root.iter("failure"))

    assert failures
    for failure in failures:
        name, text = failure.get("message", "").partition(":")[0], failure.text or ""
        assert catalogue.load()[name].title in text
        assert f" --requirement {name} --effort quick --seed 1" in text
    assert any("\n  request:  curl -isS" in (failure.text or "") for failure in failures)


def test_sarif(ended: Ended, sarif_schema: Draft7Validator) -> None:
    """Every breach is a result, at a contract test; the published schema accepts the file."""
    document = json.loads((ended.folder / "found.sarif").read_text("utf-8"))
    (found,) = document["runs"]

    assert [one.message for one in sarif_schema.iter_errors(document)] == []
    assert sorted(one["ruleId"] for one in found["results"] if one["level"] == "error") == sorted(
        ids(ended, "breached")
    )
    for one in found["results"]:
        place = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (PROJECT / place).is_file()
        assert place.startswith("tests/contract/")


@pytest.mark.parametrize(
    ("asked", "suggestion"),
    [
        ("DEL-STATSU", "; did you mean 'DEL-STATUS'?"),
        ("key-replay", "; did you mean 'KEY-REPLAY'?"),
        ("XYZ", ""),
    ],
)
def test_misspelt_requirement(asked: str, suggestion: str) -> None:
    """An id that names nothing is refused, with the closest one."""
    done = run("--plan", "--requirement", asked)

    assert done.returncode == 4
    message = f"--requirement: no requirement is or begins with {asked!r}{suggestion}"
    assert message in done.stderr.splitlines()[0]
    assert ("did you mean" in done.stderr) is bool(suggestion)


def test_sarif_that_cannot_be_written(tmp_path: Path) -> None:
    """A SARIF file that can't be written ends the session before anything is sent."""
    done = run("--sarif", str(tmp_path), "--report", str(tmp_path / "report"), "-k", "test_pages")

    assert done.returncode == 4
    assert f"--sarif: {tmp_path} can't be written" in done.stderr
