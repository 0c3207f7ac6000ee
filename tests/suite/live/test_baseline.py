"""A run compared with an earlier one, and the gate on new breaches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin.options import RunOptions
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.baseline import Baseline, BaselineError, load
from orchestrator_contract.results.exit_code import exit_code
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude
from orchestrator_contract.results.waivers import Waiver, Waivers

IDS = ("ERR-MORE-INFO", "ERR-CODE-MATCHES", "ERR-STATUS-MATCHES", "ERR-BOUNDS", "OP-ID")


def result(
    baseline: Baseline | None, breached: set[str], checked: set[str] | None = None
) -> Result:
    """The result of a run that found *breached*; what is not *checked* is unverified."""
    findings = Findings(catalogue.load(), Redactor())
    for one in IDS if checked is None else checked:
        findings.check(one, one not in breached, expected="a", seen="b")
    now = datetime.now(UTC)
    return conclude(
        findings,
        Profile("t", "http://127.0.0.1"),
        IDS,
        policy=Policy(),
        seed=0,
        effort="quick",
        started=now,
        finished=now,
        baseline=baseline,
    )


def baseline_of(folder: Path, breached: set[str]) -> Baseline:
    """The baseline that a run with these breaches leaves."""
    path = folder / "conformance.json"
    path.write_text(json.dumps(result(None, breached).as_json()), encoding="utf-8")
    return load(path)


def test_new_fixed_open_unknown(tmp_path: Path) -> None:
    """Each breach of either run is in exactly one class, in the report and in its notes."""
    baseline = baseline_of(tmp_path, {"ERR-MORE-INFO", "ERR-CODE-MATCHES", "OP-ID"})

    report = result(
        baseline, {"ERR-MORE-INFO", "ERR-STATUS-MATCHES"}, set(IDS) - {"OP-ID"}
    ).as_json()

    found = report["comparison"]
    assert (found["new"], found["fixed"], found["open"], found["unknown"]) == (
        ["ERR-STATUS-MATCHES"],
        ["ERR-CODE-MATCHES"],
        ["ERR-MORE-INFO"],
        ["OP-ID"],
    )
    assert (
        "new: ERR-STATUS-MATCHES; fixed: ERR-CODE-MATCHES; still open: ERR-MORE-INFO"
        in report["notes"][-1]
    )


@pytest.mark.parametrize(
    ("breached", "code"),
    [
        pytest.param({"ERR-MORE-INFO"}, 0, id="known"),
        pytest.param(set(), 0, id="none"),
        pytest.param({"ERR-MORE-INFO", "ERR-CODE-MATCHES"}, 1, id="known-and-new"),
        pytest.param({"ERR-BOUNDS"}, 0, id="new-warning"),
    ],
)
def test_gate_on_new(tmp_path: Path, breached: set[str], code: int) -> None:
    """With --fail-on new, known breaches don't fail the gate and new ones do."""
    found = result(baseline_of(tmp_path, {"ERR-MORE-INFO"}), breached)

    assert exit_code(found, replace(Policy(), only_new=True)) == code


def test_renamed_requirements_are_named(tmp_path: Path) -> None:
    """An id that this version does not have is pointed out, with the closest one that it has."""
    found = result(Baseline("2026", frozenset({"ERR-MORE-INF", "ERR-BOUNDS"})), set())

    assert found.notes == [
        "since the baseline of 2026: new: none; fixed: ERR-BOUNDS; still open: none",
        "the baseline's ERR-MORE-INF is no requirement of this version; "
        "did you mean 'ERR-MORE-INFO'?",
    ]


def test_known_breaches_are_excused() -> None:
    """Breaches that the baseline knows are expected with --fail-on new only, after waivers."""
    options = RunOptions(
        "pytest",
        None,
        None,
        Path("report"),
        EFFORTS["quick"],
        Policy(only_new=True),
        0,
        frozenset(),
        waivers=Waivers([Waiver("OP-ID", "Moves.", "A. Reviewer", date.max, re.compile("z"))]),
        baseline=Baseline("2026", frozenset({"OP-ID"})),
    )

    assert options.excuse("OP-ID", "z") == "waived"
    assert [options.excuse(one, "x") for one in ("OP-ID", "OP-BODY")] == ["known", ""]
    assert replace(options, policy=Policy()).excuse("OP-ID", "x") == ""
    assert replace(options, baseline=None).excuse("OP-ID", "x") == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"verdict": "conformant"}', "[" * 100_000])
def test_bad_baseline(tmp_path: Path, text: str) -> None:
    """Anything but a conformance.json is refused."""
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match=r"b\.json"):
        load(path)


def test_on_a_run(start_mock: Callable[..., Any], run_suite: Callable[..., Any]) -> None:
    """Under --fail-on new a known breach is 0 and fails no test; a new one is 1."""
    mock = start_mock("--defect", "error-more-info:404")
    common = (
        "--target",
        mock.profile,
        "--effort",
        "quick",
        "--seed",
        1,
        "--requirement",
        "ERR-MORE-INFO,ERR-CODE-MATCHES",
    )
    first = run_suite(*common, report="first")
    baseline = first.report / "conformance.json"

    known = run_suite(*common, "--baseline", baseline, "--fail-on", "new", report="known")
    text = baseline.read_text(encoding="utf-8")
    baseline.write_text(text.replace('"ERR-MORE-INFO"', '"ERR-MORE-INF"'), encoding="utf-8")
    new = run_suite(*common, "--baseline", baseline, "--fail-on", "new", report="new")

    assert (first.code, known.code, new.code) == (1, 0, 1), known.output
    assert known.conformance()["comparison"]["open"] == ["ERR-MORE-INFO"]
    assert schemas.matches("conformance-report.json", known.conformance())
    assert "still open: ERR-MORE-INFO" in known.output
    assert " failed" not in known.output
    assert " xfailed" in known.output
    assert " failed" in first.output
    assert "version; did you mean 'ERR-MORE-INFO'?\n" in new.output


@pytest.mark.parametrize("arguments", [("--fail-on", "new"), ("--baseline", "none.json")])
def test_usage_errors(run_suite: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    """A missing baseline is a usage error."""
    done = run_suite("--plan", *arguments)

    assert done.code == 4
    assert "--baseline" in done.output
    assert "Traceback" not in done.output
