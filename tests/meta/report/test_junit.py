"""--junitxml: properties of each test, well-formed whatever the endpoint sent, with and without workers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import parse

PROJECT = Path(__file__).parents[3]
VERDICTS = {"passed", "breached", "waived", "unverified"}


def run(folder: Path, *options: str, env: dict[str, str] | None = None) -> Any:
    """The root of the XML that a short run writes."""
    path = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", f"--junitxml={path}", "--report", str(folder), "--effort", "quick",
               "--seed", "1", "-p", "no:cacheprovider", "-q", *options]
    subprocess.run(command, cwd=PROJECT, env=env, check=False, capture_output=True, timeout=300)
    return parse(path).getroot()


def shape(root: Any) -> None:
    """The usual schema: suites, suite with counts, cases with names, properties and at most one outcome."""
    assert root.tag == "testsuites"
    (suite,) = root
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases) > 0
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert int(suite.get("errors")) == len(suite.findall("testcase/error")) == 0
    for case in cases:
        assert case.get("name")
        assert case.get("classname")
        assert float(case.get("time")) >= 0
        assert {child.tag for child in case} <= {"properties", "failure", "skipped", "system-out", "system-err"}


def properties(case: Any) -> dict[str, str]:
    """The properties of a test, each of which stands there once."""
    found = [(one.get("name"), one.get("value")) for one in case.iter("property")]
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize("workers", [pytest.param([], id="alone"), pytest.param(["-n", "2"], id="two-workers")])
def test_properties(tmp_path: Path, workers: list[str]) -> None:
    """Each test tells its requirements, their level and the verdict."""
    root = run(tmp_path, "--requirement", "HTTP-ENCODING,AUTH-MISSING", *workers)

    shape(root)
    for case in root.iter("testcase"):
        told = properties(case)
        assert {"requirement", "level", "verdict"} == set(told)
        assert told["verdict"] == "passed"
    assert any("AUTH-MISSING" in properties(case)["requirement"].split(",") for case in root.iter("testcase"))


@pytest.mark.parametrize("name", ["text-nul", "text-cdata", "json-lone-surrogates"])
def test_hostile(start_hostile: Callable[[str], Any], tmp_path: Path, name: str) -> None:
    """What the endpoint sends does not break the XML, and its breaches are failures with a verdict."""
    endpoint = start_hostile(name)

    root = run(tmp_path, "--target", str(endpoint.profile), "--requirement", "DEL-202-BODY,DEL-202-LINKS", "-n", "2", env=endpoint.env)

    shape(root)
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed
    assert {properties(case)["verdict"] for case in failed} == {"breached"}
    assert {properties(case)["verdict"] for case in root.iter("testcase")} <= VERDICTS
