"""Ctrl-C: a run that is interrupted cleans up after itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "created", [pytest.param(1, id="before-the-first-test"), pytest.param(12, id="in-the-middle")]
)
def test_interrupted_run_cleans_up(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str], created: int
) -> None:
    """SIGINT is exit code 2; what the run created is deleted, and a report says what was seen."""
    mock = start_mock("--operation-seconds", "0.5", "--create-seconds", "0.5")
    report = tmp_path / "report"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--target", str(mock.profile), "--report", str(report)]
    with subprocess.Popen(
        command, cwd=PROJECT, env=suite_environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = time.monotonic() + 90
        while len(mock.names()) < created and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None, process.communicate()[0]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)

    assert process.returncode == 2, output
    assert "Traceback" not in output
    assert (mock.names(1), mock.names(2)) == ([], [])
    assert (report / "conformance.json").is_file()
    assert list(report.rglob("*journal*")) == []
