"""Beside the pytest plugins that people have installed verdict and exit code stay the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
StartMock = Callable[..., Path]
#: Each plugin writes its own report, or acts on each test.
ALL = (
    *("--html=plugins/page.html", "--alluredir=plugins/allure"),
    *("--json-report", "--json-report-file=plugins/report.json"),
    *("--cov=orchestrator_contract", "--cov-report=xml:plugins/coverage.xml"),
    "--timeout=200",
)
RERUNS = ("--reruns", "2")
#: The plugins as pytest's header names them.
NAMES = {"allure-pytest", "asyncio", "cov", "html", "json-report", "randomly", "rerunfailures"}
NAMES |= {"sugar", "timeout", "xdist"}
DEFECT, BREACHED = "error-code-string:404", "ERR-404-BODY"


def written(folder: Path) -> str:
    """All text that a run left."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text("utf-8", "replace") for path in files)


def test_conformant_endpoint(run: Run, alone: Any) -> None:
    """All verdicts are the same, each plugin's report is written, and no secret is in one."""
    done = run(*ALL, *RERUNS)

    assert (alone.code, done.code) == (0, 0), done.output
    assert done.verdicts() == alone.verdicts()
    assert "breached" not in done.verdicts().values()
    names = {path.name for path in (done.folder / "plugins").iterdir()}
    assert names >= {"page.html", "report.json", "coverage.xml", "allure"}
    assert "mock-secret" not in done.output + written(done.folder)
    assert "INTERNALERROR" not in done.output
    (active,) = re.findall(r"^plugins: (.*)$", done.output, re.MULTILINE)
    assert {re.sub(r"-[\d.]+$", "", one) for one in active.split(", ")} >= NAMES


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((*ALL, *RERUNS), id="rerun"),
        pytest.param(ALL, id="not-rerun", marks=pytest.mark.slow),
        pytest.param(("-p", "no:randomly"), id="in-order", marks=pytest.mark.slow),
        pytest.param((*ALL, *RERUNS, "-n", "2"), id="workers", marks=pytest.mark.slow),
    ],
)
def test_planted_breach(
    run: Run, alone: Any, start_mock: StartMock, options: tuple[str, ...]
) -> None:
    """The planted breach is found, and nothing else: a test that is run again accuses nothing."""
    done = run("--target", str(start_mock("--defect", DEFECT)), *options)

    assert done.code == 1, done.output
    expected = alone.verdicts() | {"": "nonconformant", BREACHED: "breached"}
    assert done.verdicts() == expected, done.output


def test_order_follows_from_the_seed(run: Run) -> None:
    """A plugin that shuffles tests changes nothing about the order of a run."""
    chosen = ("--seed", "7", "--requirement", "SID-UNKNOWN,DEL-STATUS", "--collect-only", "-q")

    first, second = (
        [line for line in run(*chosen, *more).output.splitlines() if "::" in line]
        for more in (("-p", "randomly", "-p", "no:randomly"), ())
    )

    assert len(first) > 3
    assert first == second


def test_ended_by_a_timeout(run: Run, start_mock: StartMock) -> None:
    """A test that pytest-timeout ends leaves its requirements unverified, and breaks nothing."""
    slow = start_mock("--operation-seconds", "3")

    done = run("--target", str(slow), "--requirement", "DELETED-FETCH,SID-UNKNOWN", "--timeout=1")

    assert done.code in (0, 4), done.output
    assert done.verdicts()[""] == "incomplete"
    assert "Timeout" in done.output
