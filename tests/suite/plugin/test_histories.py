"""A defect that a history shows: the report shows a short history, and the next run tries it first."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def shortest_story(report: str) -> list[str]:
    """The steps of the shortest history in the Markdown report."""
    stories = report.split("The shortest history that shows it:")[1:]
    steps = [re.findall(r"(?m)^\d+\. .*$", one.partition("\n\n#")[0]) for one in stories]
    return min(steps, key=len)


@pytest.mark.parametrize(
    ("defect", "shortest"),
    [
        # create, delete, replay
        ("key-unknown:mixed-case", 3),
        # create, delete
        pytest.param("key-refused:repeated-digit", 2, marks=pytest.mark.slow),
        # create, delete, replay on a new connection
        pytest.param("key-per:connection", 3, marks=pytest.mark.slow),
    ],
)
def test_a_history_is_shrunk(
    run: Callable[..., Any], start_mock: Callable[..., Any], defect: str, shortest: int
) -> None:
    """The history in the report has at most one step more than the shortest."""
    mock = start_mock("--defect", defect)

    done = run(
        *("--target", mock.profile, "--effort", "standard", "--seed", "1"),
        *("-k", "test_histories and not days"),
    )

    assert done.code == 1
    steps = shortest_story((done.report / "conformance.md").read_text("utf-8"))
    assert shortest <= len(steps) <= shortest + 1, steps


def test_a_failed_example_is_tried_first(
    run: Callable[..., Any], start_mock: Callable[..., Any], tmp_path: Path
) -> None:
    """A quick run finds what a standard one has found, with the folder of its report."""
    mock = start_mock("--defect", "malformed-sid-500:far-plane")
    options = "--target", mock.profile, "-k", "generated_malformed_sid"
    first = run(*options, "--effort", "standard")
    shutil.copytree(first.report / ".hypothesis", tmp_path / ".hypothesis")

    again = run(*options, "--effort", "quick", "--seed", "2", "--report", tmp_path)

    assert (first.code, again.code) == (1, 1)
