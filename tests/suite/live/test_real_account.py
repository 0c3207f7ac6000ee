"""A plain profile on a mock like a real account: ten configurations, two of them the owner's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: What one account without faults, clock and conversations can't show.
UNVERIFIED = {
    "ERR-429-BODY",
    "ERR-429-RETRY-AFTER",
    "ERR-429-STATUS",
    "ERR-429-NO-EFFECT",
    "ERR-429-RETRY-PROCESSED",
    "ERR-500-BODY",
    "ERR-500-STATUS",
    "ERR-503-BODY",
    "ERR-503-RETRY-AFTER",
    "ERR-503-STATUS",
    # A delete is not refused there while an update runs.
    "ERR-409-NO-EFFECT",
    "OP-FAILED-NO-EFFECT",
    "OP-FAILED-STATUS",
    "KEY-REPLAY-FAILED",
    "OP-RETAINED",
    "KEY-TTL-MIN",
    "KEY-TTL-MAX",
    "KEY-SCOPE-ACCOUNT",
    "AUTH-OTHER-ACCOUNT",
    "KEY-SCOPE-REGION",
    "CONV-202",
    "CONV-OPERATION",
    "CONV-KEY",
    "CONV-DELETED",
}
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_plain_profile(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any], effort: str
) -> None:
    """All that such an account can show is verified; the owner's are neither touched nor crowded."""
    log = tmp_path / "log.jsonl"
    mock = start_mock("--like-twilio", "--log", str(log))
    owned = mock.names()

    run = run_suite("--target", mock.profile, "--effort", effort, "--seed", "1", timeout_s=1500)

    verdicts = run.verdicts()
    assert run.code == 0
    assert {one for one, verdict in verdicts.items() if verdict == "unverified"} == UNVERIFIED
    assert {verdicts[one] for one in verdicts.keys() - UNVERIFIED} == {"passed"}
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert max(line["configurations"] for line in lines) <= 8 + len(owned)
    accepted = [one["path"] for one in lines if one["method"] in CHANGES and one["status"] == 202]
    assert not [path for path in accepted if path.rpartition("/")[2] in owned.values()]
    assert mock.names() == owned
