"""The sign of life while a run waits: on a terminal, in a log, and with -q."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.coordination import progress
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.pytest_plugin import terminal
from orchestrator_contract.pytest_plugin.terminal import Ticker

PROJECT = Path(__file__).parents[3]
TEST = "tests/contract/test_delete_and_update.py::test_late_update_does_not_restore"


def read_all(descriptor: int) -> str:
    """The terminal's output until its other side is closed."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def on_screen(text: str) -> str:
    """The last state of each line, backspaces carried out."""
    lines = []
    for raw in text.replace("\r", "").split("\n"):
        line: list[str] = []
        at = 0
        for char in raw:
            if char == "\b":
                at -= 1
                continue
            line[at : at + 1] = [char]
            at += 1
        lines.append("".join(line).rstrip())
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("quiet", "shown"),
    [pytest.param([], True, id="ordinary"), pytest.param(["-q"], False, id="quiet")],
)
def test_on_a_terminal(
    start_mock: Callable[..., Any],
    tmp_path: Path,
    suite_environment: dict[str, str],
    quiet: list[str],
    shown: bool,
) -> None:
    """A long wait is named while it lasts, and wiped afterwards; -q does not show it."""
    mock = start_mock("--operation-seconds", "2.5")
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "--effort",
        "quick",
        *quiet,
        "--target",
        str(mock.profile),
        "--report",
        str(tmp_path / "report"),
        TEST,
    ]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=suite_environment | {"COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        text = read_all(ours)
    os.close(ours)

    assert process.returncode == 0, text
    assert ("(polling 1 delete, " in text) == shown
    assert "polling" not in on_screen(text)


def test_in_a_log(start_mock: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Where nothing can be wiped, nothing is written for a wait of a few seconds."""
    mock = start_mock("--operation-seconds", "1.5")

    done = run("--target", str(mock.profile), "--effort", "quick", "-k", "test_late_update")

    assert done.code == 0
    assert "\b" not in done.output
    assert "polling" not in done.output


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe, which is no terminal; the ticker closes its own side."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def test_sign_of_life(monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]) -> None:
    """In a log a very long step is reported by a line a minute."""
    monkeypatch.setattr(progress, "LONG_S", 0.0)
    monkeypatch.setattr(terminal, "_SILENT_S", 0.05)
    monkeypatch.setattr(terminal, "_TICK_S", 0.01)
    steps = Steps()
    ticker = Ticker(steps, pipe[1], lambda: 80)

    with steps.step("polling 3 deletes"):
        time.sleep(0.3)
    ticker.pytest_terminal_summary()

    lines = [line for line in read_all(pipe[0]).splitlines() if line]
    assert len(lines) >= 2
    assert all(line.startswith("  still polling 3 deletes after ") for line in lines)


def test_innermost_long_step() -> None:
    """The innermost step that lasts long is shown, not a short one within it."""
    steps = Steps()
    with steps.step("outer"), steps.step("inner"):
        later = time.monotonic() + progress.LONG_S
        with steps.step("short"):
            shown = steps.long(later)
            assert shown is not None
            assert shown.text == "inner"
            assert steps.long(later - progress.LONG_S - 1) is None
    assert steps.long(later + 100) is None
