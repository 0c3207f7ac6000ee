"""Runs on the mock like a real account, beside its operations alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import RequirementResult, Unmeasured
from benchmarks.servers import PROJECT, mock

#: Seconds that each effort may take there.
_GOALS = {"quick": 60, "standard": 360}
#: Configurations that a run may hold: of ten, two are the owner's.
_SLOTS = 8
#: Mean seconds of a create and of a delete there.
_CREATE_S, _DELETE_S = 4.0, 3.0
_LONGEST_S = 1500


def compare(folder: Path) -> Iterator[RequirementResult]:
    """A row for each effort.

    Raises:
        Unmeasured: a run did not pass.
    """
    for effort, goal in _GOALS.items():
        log = folder / f"{effort}.jsonl"
        with mock("--like-twilio", "--log", str(log)) as twilio:
            seconds = _run(folder, effort, twilio.profile)
        requests = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        alone = _slot_seconds(requests) / _SLOTS
        yield RequirementResult(
            f"like a real account, `{effort}`",
            f"{seconds:.0f} s ({len(requests)} requests)",
            f"its operations alone, over {_SLOTS} slots: {alone:.0f} s; {goal} s allowed",
            goal / seconds,
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


def _slot_seconds(requests: Sequence[dict[str, Any]]) -> float:
    """Seconds for which each create and delete of a run holds a slot."""
    accepted = [one for one in requests if one["status"] == 202]
    creates = len([one for one in accepted if one["method"] == "POST"])
    deleted = {one["path"] for one in accepted if one["method"] == "DELETE"}
    return creates * _CREATE_S + len(deleted) * _DELETE_S
