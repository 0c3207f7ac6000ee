"""Whole runs where operations or responses take long, beside what these alone would take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import runs
from benchmarks.results import Row

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


def compare(folder: Path) -> Iterator[Row]:
    """A row for each run.

    Raises:
        Unmeasured: a run did not pass.
    """
    for name, run in _RUNS.items():
        path = folder / "requests.jsonl"
        with runs.mock(*run.options, "--log", str(path)) as server:
            options = (f"--effort={run.effort}", f"--target={server.profile}")
            seconds = runs.run(folder, *options, longest_s=_LONGEST_S).seconds
        log = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        path.unlink()
        yield Row(
            name,
            f"{seconds:.0f} s ({len(log)} requests)",
            f"these alone, {_SLOTS} at once: {run.alone(log) / _SLOTS:.0f} s; {run.goal} s allowed",
            run.goal / seconds,
            1.0,
        )
