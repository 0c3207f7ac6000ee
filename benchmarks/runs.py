"""Wall times of `pytest` itself, and what a second process of pytest-xdist gives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.results import RequirementResult, within
from benchmarks.servers import PROJECT, mock

_LONGEST_S = 300
#: Real operations take their time; on the embedded mock starting and computing fill most of a run.
_REAL = ("--operation-seconds", "1", "--create-seconds", "0.3")


def keep_bytecode(folder: Path) -> None:
    """Let programs started from here keep their compiled modules in *folder*.

    Everybody's second run finds them, unless the environment forbids it, as it does in many
    containers.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    run(folder, "--collect-only")


def run(folder: Path, *options: str) -> float:
    """Seconds that one run of the suite on its embedded mock takes.

    Raises:
        subprocess.SubprocessError: it took far too long, or did not pass.
    """
    # Options with paths are one word each: an existing path that is a word of its own is a test
    # path to pytest until it knows the options, and outside the project it then loads every plugin
    # that is installed.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--seed",
        "1",
        f"--report={folder / 'report'}",
    ]
    started = time.perf_counter()
    subprocess.run(
        [*command, *options], cwd=PROJECT, capture_output=True, timeout=_LONGEST_S, check=True
    )
    return time.perf_counter() - started


def processes(folder: Path, seconds: float) -> list[RequirementResult]:
    """Rows for the default run in one process and in two, on two mocks, in turns.

    One mock is the embedded one, the other as slow as real endpoints are.
    """
    until = time.monotonic() + seconds
    pairs = _pairs(folder, until - seconds * 0.6)
    with mock(*_REAL) as slow:
        real = _pairs(folder, until, f"--target={slow.profile}")
    return [
        _beside("`pytest -n 2`, operations of 1 s", real, 1.6),
        _beside("`pytest -n 2`, embedded mock", pairs, None),
        within("`pytest` (`standard`)", [alone for alone, _ in pairs], 15),
    ]


def _pairs(folder: Path, until: float, *options: str) -> list[tuple[float, float]]:
    """Seconds of runs in one process and in two, at least one pair, at most three."""
    pairs: list[tuple[float, float]] = []
    while len(pairs) < 1 or (len(pairs) < 3 and time.monotonic() + sum(pairs[-1]) < until):
        pairs.append((run(folder, *options), run(folder, *options, "-n", "2")))
    return pairs


def _beside(what: str, pairs: list[tuple[float, float]], goal: float | None) -> RequirementResult:
    one, two = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(first / second for first, second in pairs)
    return RequirementResult(
        what, f"{two:.1f} s (of {len(pairs)})", f"one process: {one:.1f} s", ratio, goal
    )


def times(folder: Path, seconds: float) -> list[RequirementResult]:
    """Rows for a quick run and for the collection alone."""
    until = time.monotonic() + seconds
    quick: list[float] = []
    collected: list[float] = []
    while len(quick) < 1 or (
        len(quick) < 5 and time.monotonic() + quick[-1] + collected[-1] < until
    ):
        quick.append(run(folder, "--effort", "quick"))
        collected.append(run(folder, "--collect-only"))
    return [
        within("`pytest --effort quick`", quick, 5),
        within("`pytest --collect-only`", collected, 1.5),
    ]
