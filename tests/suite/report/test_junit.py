"""--junitxml: properties and messages, well-formed whatever the endpoint sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import parse

from orchestrator_contract.contract import catalogue

PROJECT = Path(__file__).parents[3]
VERDICTS = {"passed", "breached", "waived", "known", "unverified"}


def run(folder: Path, *options: str, env: dict[str, str] | None = None) -> Any:
    """The root of the XML that a short run writes."""
    path = folder / "junit.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"--junitxml={path}",
        "--report",
        str(folder),
        "--effort",
        "quick",
        "--seed",
        "1",
        "-p",
        "no:cacheprovider",
        "-q",
        *options,
    ]
    subprocess.run(command, cwd=PROJECT, env=env, check=False, capture_output=True, timeout=300)
    return parse(path).getroot()


@contextmanager
def hostile(name: str, profile: Path) -> Iterator[dict[str, str]]:
    """Start a hostile endpoint, write its *profile*, give its credentials."""
    env = {**os.environ, "HOSTILE_USER": "hostile-user", "HOSTILE_PASSWORD": "hostile-password"}
    command = [
        sys.executable,
        "-m",
        "orchestrator_contract.adequacy.hostile",
        name,
        "--port",
        "0",
        "--write-profile",
        str(profile),
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())
        yield env
        # Leaving the context closes the pipes, which is the signal to end, and waits.


def shape(root: Any) -> None:
    """Check the usual shape: a suite with counts, cases with one outcome."""
    assert root.tag == "testsuites"
    (endpoint,) = root
    cases = endpoint.findall("testcase")
    assert int(endpoint.get("tests")) == len(cases) > 0
    assert int(endpoint.get("failures")) == len(endpoint.findall("testcase/failure"))
    assert int(endpoint.get("skipped")) == len(endpoint.findall("testcase/skipped"))
    assert int(endpoint.get("errors")) == len(endpoint.findall("testcase/error")) == 0
    for case in cases:
        assert case.get("name")
        assert case.get("classname")
        assert float(case.get("time")) >= 0
        assert {child.tag for child in case} <= {
            "properties",
            "failure",
            "skipped",
            "system-out",
            "system-err",
        }


def properties(case: Any) -> dict[str, str]:
    """The properties of a test, each of which stands there once."""
    found = [(one.get("name"), one.get("value")) for one in case.iter("property")]
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param([], id="alone"),
        pytest.param(["-n", "2"], id="two-workers", marks=pytest.mark.slow),
    ],
)
def test_properties(tmp_path: Path, workers: list[str]) -> None:
    """Each test tells its requirements, their level and the verdict."""
    root = run(tmp_path, "--requirement", "HTTP-CONTENT-ENCODING,AUTH-MISSING", *workers)

    shape(root)
    for case in root.iter("testcase"):
        told = properties(case)
        assert {"requirement", "level", "verdict"} == set(told)
        assert told["verdict"] == "passed"
    assert any(
        "AUTH-MISSING" in properties(case)["requirement"].split(",")
        for case in root.iter("testcase")
    )


@pytest.mark.parametrize(
    ("name", "workers"),
    [
        pytest.param("text-nul", ["-n", "2"], id="controls-by-workers"),
        pytest.param("text-cdata", [], id="cdata"),
    ],
)
def test_hostile(tmp_path: Path, name: str, workers: list[str]) -> None:
    """Hostile text does not break the XML; breaches are failures with messages."""
    profile = tmp_path / "hostile.toml"

    with hostile(name, profile) as env:
        root = run(
            tmp_path,
            "--target",
            str(profile),
            "--requirement",
            "DEL-202-BODY,DEL-202-LINKS-AGREE",
            *workers,
            env=env,
        )

    shape(root)
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed
    for case in failed:
        told, text = case.find("failure").get("message"), case.find("failure").text
        assert re.match(r"[A-Z0-9]+(-[A-Z0-9]+)+: expected .+; seen ", told)
        assert "\n" not in told
        name = told.partition(":")[0]
        assert text.startswith(f"{name} ({catalogue.load()[name].level}): ")
        assert catalogue.load()[name].title in text
        assert "\n  request:  curl -isS" in text
        assert f"\n  repeat:   pytest --target {profile} --requirement {name} " in text
    assert {properties(case)["verdict"] for case in failed} == {"breached"}
    assert {properties(case)["verdict"] for case in root.iter("testcase")} <= VERDICTS


def test_foreign_readers(tmp_path: Path) -> None:
    """Two readers of JUnit that are not ours see the same failures, with their messages."""
    junitparser = pytest.importorskip(
        "junitparser", reason="junitparser is not installed (dev extra)"
    )
    xunitparser = pytest.importorskip(
        "xunitparser", reason="xunitparser is not installed (dev extra)"
    )
    profile = tmp_path / "hostile.toml"
    with hostile("text-cdata", profile) as env:
        run(tmp_path, "--target", str(profile), "--requirement", "DEL-202-BODY", env=env)

    path = tmp_path / "junit.xml"
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    with path.open(encoding="utf-8") as file:
        cases, result = xunitparser.parse(file)

    first = [case.result[0].message for case in suite if case.result]
    second = [case.message for case in cases if not case.good]
    assert first == second
    assert len(first) == suite.failures == len(result.failures) > 0
    assert all("DEL-202-BODY" in message for message in first)
