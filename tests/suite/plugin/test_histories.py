"""A defect that a history shows: the report shows a short history, and the next run tries it first."""

from __future__ import annotations

import re
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
        # create, update by another account, delete to the end, list
        ("deleted-listed-other-account", 4),
        # create, PATCH, PUT, delete, fetch
        pytest.param("completed-kept:patch-then-put", 5, marks=pytest.mark.slow),
        # create, delete, delete to the end (409), retry of that
        pytest.param("deleted-delete-202-after-409:own-operation", 4, marks=pytest.mark.slow),
        # create, delete to fail to the end, update, replay
        pytest.param("key-unknown-failed-updated", 4, marks=pytest.mark.slow),
    ],
)
def test_a_history_is_shrunk(
    run: Callable[..., Any], start_mock: Callable[..., Any], defect: str, shortest: int
) -> None:
    """The history in the report has at most one step more than the shortest."""
    mock = start_mock("--defect", defect)

    done = run("--target", mock.profile, "--effort", "standard", "-k", "test_histories")

    assert done.code == 1
    steps = shortest_story((done.report / "conformance.md").read_text("utf-8"))
    assert shortest <= len(steps) <= shortest + 1, steps


def test_a_failed_example_is_tried_first(
    run: Callable[..., Any], start_mock: Callable[..., Any], tmp_path: Path
) -> None:
    """A run with the folder of the last report needs few requests to find the same again."""
    mock = start_mock("--defect", "malformed-sid-500:far-plane")
    options = "--target", mock.profile, "--effort", "standard", "-k", "generated_malformed_sid"
    kept = "--report", tmp_path

    first = run(*options)
    (tmp_path / ".hypothesis").symlink_to(first.report / ".hypothesis")
    again = run(*options, "--seed", "2", "--effort", "quick")

    assert (first.code, again.code) == (1, 1)
    requests = [done.conformance()["counts"]["requests"] for done in (first, again)]
    assert requests[1] < requests[0] / 2
