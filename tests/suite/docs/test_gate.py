"""The GitHub action: its script is run, and gets its inputs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator_contract.pytest_plugin.process import EmbeddedMock

from .conftest import PROJECT

ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Ended:
    """The end of a run of the gate."""

    code: int
    outputs: dict[str, str]
    summary: str
    log: str


def gate(folder: Path, *, python: str = sys.executable, **inputs: str) -> Ended:
    """Run the script in *folder* as GitHub does."""
    output, summary = folder / "github-output", folder / "github-summary"
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "GITHUB_", "INPUT_", "TWILIO_"))
    }
    env = (
        inherited
        | {
            "PYTHON": python,
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        | {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    )
    run = subprocess.run(
        [str(PROJECT / "scripts" / "gate.sh")],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = output.read_text(encoding="utf-8").splitlines()
    return Ended(
        run.returncode,
        dict(line.split("=", 1) for line in lines),
        summary.read_text(encoding="utf-8"),
        run.stdout + run.stderr,
    )


def verdicts(folder: Path) -> dict[str, str]:
    """The verdict on each requirement that was judged."""
    report = json.loads(
        (folder / "conformance-report" / "conformance.json").read_text(encoding="utf-8")
    )
    return {row["id"]: row["verdict"] for row in report["requirements"]}


@pytest.fixture(scope="module")
def broken_mock() -> Iterator[Path]:
    """The profile of a mock whose 404 is a list."""
    mock = EmbeddedMock.start("--defect", "error-list:404", "--variant", "method-404")
    yield mock.profile
    mock.stop()


def test_a_conformant_endpoint_passes(tmp_path: Path) -> None:
    """Exit code 0, the verdict as an output, the report on the summary page."""
    ended = gate(
        tmp_path,
        effort="quick",
        requirement="SID-UNKNOWN,ERR-404",
        report="out/report",
        yes="false",
    )

    assert (ended.code, ended.outputs) == (
        0,
        {"verdict": "conformant", "exit-code": "0", "report": "out/report"},
    ), ended.log
    assert ended.summary == (tmp_path / "out/report/conformance.md").read_text(encoding="utf-8")
    assert (
        json.loads((tmp_path / "out/report/conformance.json").read_text(encoding="utf-8"))["effort"]
        == "quick"
    )


def test_a_breach_fails(tmp_path: Path, broken_mock: Path) -> None:
    """Exit code 1; the summary page names the requirement; an advisory breach warns."""
    ended = gate(
        tmp_path,
        target=str(broken_mock),
        effort="quick",
        requirement="ERR-404,SID-METHOD-NOT-ALLOWED",
        strict="false",
    )

    assert (ended.code, ended.outputs["verdict"], ended.outputs["exit-code"]) == (
        1,
        "nonconformant",
        "1",
    ), ended.log
    assert "ERR-404-BODY" in ended.summary
    assert verdicts(tmp_path) == {"ERR-404-BODY": "breached", "SID-METHOD-NOT-ALLOWED": "warned"}
    pasted = re.search(r"^  check: +(.*)$", ended.log, re.MULTILINE)
    assert pasted
    assert pasted[1] in ended.summary
    program, *words = shlex.split(pasted[1])
    again = [sys.executable, "-m", program.replace("-", "_"), *words]
    assert subprocess.run(again, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_strict_reaches_the_suite(tmp_path: Path, broken_mock: Path) -> None:
    """With strict an advisory breach fails the run."""
    ended = gate(
        tmp_path,
        target=str(broken_mock),
        effort="quick",
        requirement="SID-METHOD-NOT-ALLOWED",
        strict="true",
    )

    assert ended.code == 1, ended.log
    assert verdicts(tmp_path) == {"SID-METHOD-NOT-ALLOWED": "breached"}


@pytest.mark.parametrize("folder", ["known", "first"])
def test_other_inputs_reach_the_suite(tmp_path: Path, broken_mock: Path, folder: str) -> None:
    """Seed, workers, JUnit, SARIF and a baseline, which may be the report that is replaced."""
    common = {
        "target": str(broken_mock),
        "effort": "quick",
        "requirement": "ERR-404-BODY",
        "seed": "7",
        "workers": "2",
    }
    first = gate(tmp_path, **common, report="first", junit="a.xml", sarif="a.sarif")

    known = gate(
        tmp_path, **common, baseline="first/conformance.json", fail_on="new", report=folder
    )

    assert (first.code, known.code) == (1, 0), first.log + known.log
    assert "created: 2/2 workers" in first.log or "2 workers" in first.log
    report = json.loads((tmp_path / folder / "conformance.json").read_text(encoding="utf-8"))
    assert (report["seed"], report["comparison"]["open"]) == (7, ["ERR-404-BODY"])
    (run,) = json.loads((tmp_path / "a.sarif").read_text(encoding="utf-8"))["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["ERR-404-BODY"]
    assert 'message="ERR-404-BODY: expected' in (tmp_path / "a.xml").read_text(encoding="utf-8")


def test_a_run_without_a_verdict_shows_its_message(tmp_path: Path) -> None:
    """A missing profile ends with 4 and its message, despite an older report."""
    (tmp_path / "conformance-report").mkdir()
    (tmp_path / "conformance-report" / "conformance.json").write_text(
        '{"verdict": "conformant"}', encoding="utf-8"
    )

    ended = gate(tmp_path, target="no-such.toml")

    assert (ended.code, ended.outputs["verdict"], ended.outputs["exit-code"]) == (4, "none", "4"), (
        ended.log
    )
    told, block = ended.summary.split("\n\n", 1)
    assert told == "The contract suite ended with exit code 4 and wrote no report:"
    assert block.startswith("    ERROR: no-such.toml: ")
    assert all(line.startswith("    ") for line in block.splitlines())
    assert "no-such.toml" in ended.log


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param("no-clock.toml", "could not be verified: needs clock", id="unverified"),
        pytest.param("http://127.0.0.1:9", "http://127.0.0.1:9 can't be reached", id="unreachable"),
    ],
)
def test_a_run_that_judged_nothing_says_why(
    tmp_path: Path, broken_mock: Path, target: str, said: str
) -> None:
    """Exit code 4, the verdict incomplete, and the reason on the summary page."""
    text = re.sub(r"\[clock\]\n.*\n", "", broken_mock.read_text(encoding="utf-8"))
    (tmp_path / "no-clock.toml").write_text(text, encoding="utf-8")

    ended = gate(tmp_path, target=target, effort="quick", requirement="KEY-TTL-MAX")

    outputs = {"verdict": "incomplete", "exit-code": "4", "report": "conformance-report"}
    assert (ended.code, ended.outputs) == (4, outputs), ended.log
    assert said in ended.summary
    assert "onformant" not in ended.summary


@pytest.mark.parametrize("begin", ["ERROR: ", ""])
def test_a_long_message_is_cut(tmp_path: Path, begin: str) -> None:
    """The exit code and the message's beginning are there however long the log is."""
    broken = tmp_path / "python"
    broken.write_text(f"#!/bin/sh\necho '{begin}{'x' * 200_000}'\nexit 4\n", encoding="utf-8")
    broken.chmod(0o755)

    ended = gate(tmp_path, python=str(broken))

    assert (ended.code, ended.outputs["exit-code"]) == (4, "4")
    assert f"\n\n    {begin}xxx" in ended.summary
    assert 3_900 < len(ended.summary) < 4_200


def test_inputs_reach_the_script() -> None:
    """Each input reaches the script's step; python-version the one before it."""
    steps = ACTION["runs"]["steps"]
    given = {name.lower().replace("_", "-"): value for name, value in steps[-1]["env"].items()}
    script = (PROJECT / "scripts" / "gate.sh").read_text(encoding="utf-8")

    assert given == {
        f"input-{name}": f"${{{{ inputs.{name} }}}}"
        for name in ACTION["inputs"]
        if name != "python-version"
    }
    assert steps[0]["with"] == {"python-version": "${{ inputs.python-version }}"}
    assert all(name in script for name in steps[-1]["env"])


def test_outputs_come_from_the_script() -> None:
    """Each output is one that the script writes."""
    script = (PROJECT / "scripts" / "gate.sh").read_text(encoding="utf-8")

    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.gate.outputs.{name} }}}}"
        assert f'"{name}=' in script
