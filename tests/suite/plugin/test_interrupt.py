"""Ctrl-C, SIGTERM and a closed terminal: an interrupted run cleans up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin import session as sessions
from orchestrator_contract.pytest_plugin.outcomes import OUTCOMES, give_lines
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.report import ReportError

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "created", [pytest.param(1, id="before-the-first-test"), pytest.param(12, id="in-the-middle")]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_run_cleans_up(
    start_mock: Callable[..., Any],
    tmp_path: Path,
    suite_environment: dict[str, str],
    created: int,
    number: signal.Signals,
) -> None:
    """Each signal is 2, after the run has deleted its configurations and written a report."""
    mock = start_mock("--operation-seconds", "0.5", "--create-seconds", "0.5")
    report = tmp_path / "report"

    output = interrupted(
        mock, report, suite_environment, lambda: len(mock.names()) >= created, number
    )

    assert "Traceback" not in output
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert verdict(report) == "incomplete"
    assert list(report.rglob("*journal*")) == []


def test_interrupted_while_workers_start(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str]
) -> None:
    """Configurations that the controller created before its workers are deleted, too."""
    mock = start_mock()
    report = tmp_path / "report"

    output = interrupted(
        mock, report, suite_environment, lambda: bool(mock.names()), signal.SIGINT, "-n", "2"
    )

    # A worker's interpreter that is cut off while it reads its first lines says so in words of its
    # own; the run's own end in none.
    assert "INTERNALERROR" not in output
    assert "orchestrator_contract/" not in output.partition("Traceback")[2]
    assert verdict(report) == "incomplete"
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert list(report.rglob("*journal*")) == []


def test_terminated_with_its_workers(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str]
) -> None:
    """A SIGTERM to the whole group: workers delete what is theirs, or the controller does."""
    mock = start_mock("--operation-seconds", "0.5", "--create-seconds", "0.5")
    report = tmp_path / "report"

    output = interrupted(
        mock,
        report,
        suite_environment,
        lambda: len(mock.names()) >= 12,
        signal.SIGTERM,
        "-n",
        "2",
        group=True,
    )

    assert "Traceback" not in output
    assert verdict(report) == "incomplete"
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert list(report.rglob("*journal*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_with_workers(
    start_mock: Callable[..., Any],
    tmp_path: Path,
    suite_environment: dict[str, str],
    number: signal.Signals,
) -> None:
    """An interrupt of the controller alone passes nothing that no worker reported."""
    mock = start_mock("--operation-seconds", "0.5", "--create-seconds", "0.5")
    report = tmp_path / "report"

    output = interrupted(
        mock, report, suite_environment, lambda: len(mock.names()) >= 8, number, "-n", "2"
    )

    assert "Traceback" not in output
    assert verdict(report) == "incomplete"
    rows = json.loads((report / "conformance.json").read_text("utf-8"))["requirements"]
    assert len(rows) > 90
    assert {row["verdict"] for row in rows} == {"unverified"}
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert list(report.rglob("*journal*")) == []


def test_a_worker_is_killed(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str]
) -> None:
    """A killed worker is 3: it is not waited for, and its configurations are deleted."""
    mock, report, killed = (
        start_mock("--operation-seconds", "0.3", "--create-seconds", "0.3"),
        tmp_path / "report",
        [],
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--target",
        str(mock.profile),
        "--report",
        str(report),
        "-n",
        "2",
    ]

    with subprocess.Popen(
        [*command, "--effort", "quick"],
        cwd=PROJECT,
        env=suite_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while len(mock.names()) < 8 and process.poll() is None:
            time.sleep(0.02)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        killed = [
            int(child)
            for child in children
            if b"sys.stdin" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        os.kill(killed[-1], signal.SIGKILL)
        output, _ = process.communicate(timeout=120)

    assert process.returncode == 3, output
    assert "INTERNALERROR" not in output
    assert verdict(report) == "incomplete"
    assert "a worker process crashed" in output
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert list(report.rglob("*journal*")) == []


def verdict(report: Path) -> str:
    """The report's verdict on the endpoint."""
    found: dict[str, str] = json.loads((report / "conformance.json").read_text("utf-8"))
    return found["verdict"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(
            KeyboardInterrupt(),
            2,
            "interrupted while cleaning up; this deletes what is left: --cleanup JOURNAL",
            id="second-ctrl-c",
        ),
        pytest.param(
            ReportError(Path("reports"), "No space left on device"),
            4,
            "--report: reports can't be written: No space left on device",
            id="full-disk",
        ),
    ],
)
def test_an_end_that_fails(error: BaseException, code: int, said: str) -> None:
    """A second Ctrl-C, and a report that can't be written, end the session with one message."""

    def finish() -> None:
        raise error

    run = SimpleNamespace(
        process=SimpleNamespace(opened=True),
        is_worker=False,
        result=None,
        finish=finish,
        options=SimpleNamespace(report="reports"),
        interrupted=lambda: (
            "interrupted while cleaning up; this deletes what is left: --cleanup JOURNAL"
        ),
    )
    session: Any = SimpleNamespace(config=SimpleNamespace(stash={RUN: run, OUTCOMES: None}))

    with pytest.raises(pytest.exit.Exception) as caught:
        sessions._end(session, 2)

    assert (caught.value.returncode, caught.value.msg) == (code, said)


def test_interrupted_while_creates_are_unanswered(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str]
) -> None:
    """Creates without a response when SIGINT came are cleaned up after, too."""
    mock = start_mock("--variant", "slow-creates", "--create-seconds", "1.5")
    report = tmp_path / "report"

    def announced() -> bool:
        return any('"creating"' in journal.read_text() for journal in report.rglob("journal*"))

    output = interrupted(mock, report, suite_environment, announced, signal.SIGINT)
    time.sleep(1.5)

    assert "Traceback" not in output
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert list(report.rglob("*journal*")) == []


def test_an_instruction_without_a_line() -> None:
    """An interrupt at an instruction without a line, which pytest can't show, is shown."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    nowhere = compile("interrupt()", "nowhere", "exec").replace(co_linetable=b"")
    with pytest.raises(KeyboardInterrupt) as caught:
        FunctionType(nowhere, {"interrupt": interrupt})()
    with pytest.raises(TypeError):
        caught.getrepr()

    give_lines(caught)

    assert [entry.name for entry in caught.traceback] == [
        "test_an_instruction_without_a_line",
        "interrupt",
    ]
    assert "KeyboardInterrupt" in str(caught.getrepr(funcargs=True))


def interrupted(
    mock: Any,
    report: Path,
    env: dict[str, str],
    due: Callable[[], bool],
    number: signal.Signals,
    *options: str,
    group: bool = False,
) -> str:
    """The output of a run that gets signal *number* once *due* holds, and ends with 2.

    With *group* its workers get it, too.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--target",
        str(mock.profile),
        "--report",
        str(report),
        *options,
    ]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=group,
        # A shell's background job ignores SIGINT, what nohup starts SIGHUP, and so would all that
        # they start.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
    ) as process:
        deadline = time.monotonic() + 90
        while not due() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.1)
        assert process.poll() is None, process.communicate()[0]
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        output, _ = process.communicate(timeout=120)

    assert process.returncode == 2, output
    return output
