"""Times runs of `pytest` itself, in one process and in two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import MappingProxyType

from benchmarks.results import Row, Unmeasured, within
from orchestrator_contract.pytest_plugin.process import EmbeddedMock

PROJECT = Path(__file__).parents[1]
#: Real operations take their time; on the embedded mock starting and computing fill most of a run.
_REAL = ("--operation-seconds", "1", "--create-seconds", "0.3")


@contextmanager
def mock(*options: str) -> Iterator[EmbeddedMock]:
    """The embedded mock as `pytest` starts it, with further *options*."""
    server = EmbeddedMock.start(*options)
    try:
        yield server
    finally:
        server.stop()


def keep_bytecode(folder: Path) -> None:
    """Let programs started from here keep their compiled modules in *folder*.

    Everybody's second run finds them, unless the environment forbids it, as it does in many
    containers.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    run(folder, "--collect-only")


@dataclass(frozen=True, slots=True)
class Run:
    """The end of one run of the suite."""

    #: Process start and reports included.
    seconds: float
    #: Requests that its report counts; 0 without one.
    requests: int


def run(
    folder: Path,
    *options: str,
    codes: Container[int] = (0,),
    longest_s: float = 300,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """One run of the suite, on its embedded mock unless *options* name a target.

    Raises:
        Unmeasured: it ended with none of *codes*.
        subprocess.TimeoutExpired: it took far too long.
    """
    report = folder / "report" / "conformance.json"
    report.unlink(missing_ok=True)
    # Options with paths are one word each: an existing path that is a word of its own is a test
    # path to pytest until it knows the options, and outside the project it then loads every plugin
    # that is installed.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--seed=1"]
    command += [f"--report={report.parent}", *options]
    environment = os.environ | variables
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, timeout=longest_s, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode not in codes:
        raise Unmeasured(f"a run of the suite ended with {done.returncode}")
    counts = json.loads(report.read_text("utf-8"))["counts"] if report.is_file() else {}
    return Run(seconds, counts.get("requests", 0))


def processes(folder: Path, seconds: float) -> list[Row]:
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
        alone, two = run(folder, *options), run(folder, *options, "-n", "2")
        pairs.append((alone.seconds, two.seconds))
    return pairs


def _beside(what: str, pairs: list[tuple[float, float]], goal: float | None) -> Row:
    one, two = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(first / second for first, second in pairs)
    return Row(what, f"{two:.1f} s (of {len(pairs)})", f"one process: {one:.1f} s", ratio, goal)


def times(folder: Path, seconds: float) -> list[Row]:
    """Rows for a quick run and for the collection alone."""
    until = time.monotonic() + seconds
    quick: list[float] = []
    collected: list[float] = []
    while len(quick) < 1 or (
        len(quick) < 5 and time.monotonic() + quick[-1] + collected[-1] < until
    ):
        quick.append(run(folder, "--effort", "quick").seconds)
        collected.append(run(folder, "--collect-only").seconds)
    return [
        within("`pytest --effort quick`", quick, 5),
        within("`pytest --collect-only`", collected, 1.5),
    ]
