"""Keys that one run plants and a later one judges, on a target whose clock can't be moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

HOUR = 3600
LATER = ("KEY-TTL-MIN", "KEY-TTL-MAX")


def without_clock(profile: Path) -> Path:
    """The mock's profile as that of an endpoint whose clock can't be moved."""
    text = profile.read_text(encoding="utf-8")
    kept = [part for part in text.split("\n[") if not part.startswith("clock]")]
    path = profile.with_name("no-clock.toml")
    path.write_text("\n[".join(kept), encoding="utf-8")
    return path


def pass_time(mock: Any, file: Path, hours: float) -> None:
    """Let *hours* pass for the endpoint, and for the file."""
    with requests.Session() as session:
        session.trust_env = False
        session.post(
            f"{mock.base_url}/__clock", json={"seconds": int(hours * HOUR)}, timeout=10
        ).raise_for_status()
    data = json.loads(file.read_text(encoding="utf-8"))
    for planted in data["keys"]:
        planted["at"] = (datetime.fromisoformat(planted["at"]) - timedelta(hours=hours)).isoformat()
    file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(
    ("defect", "verdicts"),
    [
        pytest.param((), ("passed", "passed"), id="conformant"),
        pytest.param(("--defect", "key-ttl:1-hour"), ("breached", "passed"), id="dies-early"),
        pytest.param(("--defect", "key-ttl:unlimited"), ("passed", "breached"), id="never-dies"),
    ],
)
def test_planted_then_judged(
    tmp_path: Path,
    start_mock: Callable[..., Any],
    run_suite: Callable[..., Any],
    defect: tuple[str, ...],
    verdicts: tuple[str, str],
) -> None:
    """Planted keys are judged by age in later runs; until then they are unverified."""
    mock = start_mock(*defect)
    file = tmp_path / "keys.json"
    common = (
        "--target",
        without_clock(mock.profile),
        "--effort",
        "quick",
        "--ttl-ledger",
        file,
        "--requirement",
        ",".join(LATER),
    )

    first = run_suite(*common, report="first")
    pass_time(mock, file, 23)
    young = run_suite(*common, report="young")
    pass_time(mock, file, 3)
    old = run_suite(*common, report="old")

    assert set(first.verdicts().values()) == {"unverified"}
    assert all("planted now" in row["reason"] for row in first.conformance()["requirements"])
    assert young.verdicts()["KEY-TTL-MIN"] == verdicts[0], young.output
    assert young.verdicts()["KEY-TTL-MAX"] == "unverified"
    assert old.verdicts()["KEY-TTL-MAX"] == verdicts[1], old.output
    ages = [
        datetime.now(UTC) - datetime.fromisoformat(p["at"])
        for p in json.loads(file.read_text(encoding="utf-8"))["keys"]
    ]
    assert max(ages) < timedelta(hours=24)
    assert "mock-secret" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"base_url": "http://127.0.0.1:1"}, "another target", id="other-target"),
        pytest.param({"account": "0" * 12}, "another account", id="other-account"),
        pytest.param({"ttl_ledger": ""}, "no ledger", id="no-ledger"),
        pytest.param({"keys": [{}]}, "damaged", id="entry-damaged"),
        pytest.param(None, "damaged", id="file-damaged"),
    ],
)
def test_foreign_or_damaged_file(
    tmp_path: Path,
    start_mock: Callable[..., Any],
    run_suite: Callable[..., Any],
    change: dict[str, Any] | None,
    says: str,
) -> None:
    """A foreign or damaged ledger is 4, before anything is sent, and stays as it is."""
    mock = start_mock()
    file = tmp_path / "keys.json"
    head = {
        "ttl_ledger": "orchestrator-contract",
        "base_url": mock.base_url,
        "account": "?",
        "keys": [],
    }
    file.write_text(json.dumps(head | change) if change else '{"ttl_led', encoding="utf-8")
    before = file.read_bytes()
    if change and "account" not in change and "base_url" not in change:
        # Past the account's label: that is what the suite itself would write.
        from orchestrator_contract.coordination.journal import account_label
        from orchestrator_contract.profile import Account

        user = "SKmock00000000000000000000000000001"
        file.write_text(
            json.dumps(head | {"account": account_label(Account(user, "x", ("a", "b")))} | change),
            encoding="utf-8",
        )
        before = file.read_bytes()

    done = run_suite("--target", mock.profile, "--ttl-ledger", file)

    assert done.code == 4
    assert says in done.output
    assert "Traceback" not in done.output
    assert file.read_bytes() == before
