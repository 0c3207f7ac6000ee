"""A spent budget: what it cut off is unverified, and nothing of the run stays behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("requests", "workers"),
    [
        pytest.param(60, (), id="soon"),
        pytest.param(300, (), id="late"),
        pytest.param(150, ("-n", "2"), id="two-workers"),
    ],
)
def test_nothing_stays_behind(
    run: Callable[..., Any], start_mock: Callable[..., Any], requests: int, workers: tuple[str, ...]
) -> None:
    """However soon the requests are spent, enough of them are left to remove what was created."""
    mock = start_mock("--operation-seconds", "0.03")
    text = mock.profile.read_text("utf-8")
    assert "requests = 100000" in text
    mock.profile.write_text(text.replace("requests = 100000", f"requests = {requests}"), "utf-8")

    done = run("--target", mock.profile, *workers)

    report = done.conformance()
    assert (done.code, report["verdict"]) == (0, "incomplete"), done.output
    assert "budget" in report["reason"]
    assert report["counts"]["requests"] <= requests
    assert (mock.names(1), mock.names(2)) == ([], [])


@pytest.mark.parametrize("requests", [3, 7, 8, 9, 10, 12, 16, 24, 32])
def test_nothing_stays_behind_of_next_to_nothing(
    run: Callable[..., Any], start_mock: Callable[..., Any], requests: int
) -> None:
    """A budget too small for removing a configuration creates none, and the run says so."""
    mock = start_mock("--operation-seconds", "0.03")
    profile = mock.changed(
        f"{requests}.toml", lambda text: text.replace("requests = 100000", f"requests = {requests}")
    )

    done = run("--target", profile)

    report = done.conformance()
    assert report["verdict"] == "incomplete"
    assert "budget" in report["reason"]
    assert report["counts"]["requests"] <= requests
    assert (mock.names(1), mock.names(2)) == ([], [])
