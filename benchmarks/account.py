"""Whole runs where operations or responses take long, beside what these alone would take."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import RequirementResult, Unmeasured
from benchmarks.servers import PROJECT, mock

#: Configurations that exist at once like Twilio, where of ten two are the owner's; elsewhere as
#: many requests and operations are taken to run at once.
_SLOTS = 8
_LONGEST_S = 1500


@dataclass(frozen=True)
class _Run:
    effort: str
    #: Seconds that it may take.
    goal: int
    #: The mock's options.
    options: tuple[str, ...]
    #: Seconds that what it waits for takes, one after the other, from its log.
    alone: Callable[[Sequence[dict[str, Any]]], float]


def _operations(create_s: float, delete_s: float) -> Callable[[Sequence[dict[str, Any]]], float]:
    """For how many seconds the creates and deletes of a run hold slots."""

    def seconds(log: Sequence[dict[str, Any]]) -> float:
        accepted = [one for one in log if one["status"] == 202]
        creates = len([one for one in accepted if one["method"] == "POST"])
        deleted = {one["path"] for one in accepted if one["method"] == "DELETE"}
        return creates * create_s + len(deleted) * delete_s

    return seconds


def _delete_requests(log: Sequence[dict[str, Any]]) -> float:
    return len([one for one in log if one["method"] == "DELETE"]) * 0.8


_LIKE_TWILIO, _MEAN = ("--like-twilio",), _operations(4.0, 3.0)
_OF_3_S = ("--operation-seconds", "3", "--create-seconds", "3")
_DELETES_OF_800_MS = ("--variant", "delete-responses-80-ms", "--time-scale", "10")

_RUNS = {
    "like a real account, `quick`": _Run("quick", 60, _LIKE_TWILIO, _MEAN),
    "like a real account, `standard`": _Run("standard", 360, _LIKE_TWILIO, _MEAN),
    "operations of 3 s, `standard`": _Run("standard", 150, _OF_3_S, _operations(3.0, 3.0)),
    "each DELETE 800 ms, `standard`": _Run("standard", 240, _DELETES_OF_800_MS, _delete_requests),
}


def compare(folder: Path) -> Iterator[RequirementResult]:
    """A row for each run.

    Raises:
        Unmeasured: a run did not pass.
    """
    for name, run in _RUNS.items():
        path = folder / "requests.jsonl"
        with mock(*run.options, "--log", str(path)) as server:
            seconds = _run(folder, run.effort, server.profile)
        log = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        path.unlink()
        yield RequirementResult(
            name,
            f"{seconds:.0f} s ({len(log)} requests)",
            f"these alone, {_SLOTS} at once: {run.alone(log) / _SLOTS:.0f} s; {run.goal} s allowed",
            run.goal / seconds,
            1.0,
        )


def _run(folder: Path, effort: str, target: Path) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--seed", "1"]
    command += [f"--effort={effort}", f"--target={target}", f"--report={folder / 'report'}"]
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, timeout=_LONGEST_S, check=False
    )
    if done.returncode:
        raise Unmeasured(f"the {effort} run ended with {done.returncode}")
    return time.perf_counter() - started
