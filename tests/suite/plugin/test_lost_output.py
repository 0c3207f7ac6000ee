"""Output that can't be written any more ends no run: its reports and its exit code stand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin.terminal import PatientFile

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize("full", [False, True], ids=["nobody-reads", "full-disk"])
def test_a_run_without_output(
    start_mock: Callable[..., Any], tmp_path: Path, suite_environment: dict[str, str], full: bool
) -> None:
    """A run without readers, or on a full disk, ends as it would have, with its reports."""
    mock, report = start_mock(), tmp_path / "report"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--target",
        str(mock.profile),
        "--report",
        str(report),
        "-p",
        "no:cacheprovider",
    ]
    command += ["--requirement", "DEL-STATUS", "--effort", "quick", "-v"]
    reading, writing = os.pipe()
    os.close(reading)

    with Path("/dev/full").open("wb") as device, os.fdopen(writing, "wb") as pipe:
        finished = subprocess.run(
            command,
            cwd=PROJECT,
            env=suite_environment,
            stdin=subprocess.DEVNULL,
            stdout=device if full else pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )

    assert (finished.returncode, finished.stderr) == (0, "")
    assert '"verdict": "conformant"' in (report / "conformance.json").read_text("utf-8")
    assert (mock.names(1), mock.names(2)) == ([], [])


def test_what_can_be_written_is_written(tmp_path: Path) -> None:
    """A file that works gets everything, and says what it is."""
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        patient = PatientFile(file)
        assert patient.write("one\n") == 4
        patient.flush()
        assert (patient.encoding, patient.isatty()) == ("utf-8", False)

        assert (tmp_path / "log").read_text("utf-8") == "one\n"
