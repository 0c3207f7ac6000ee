"""Twilio's official Node SDK against the mock: the record of what it does."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.mock.faults import reserved_sid

#: The newest release on npm when docs/clients.md was written.
RELEASE = "6.2.0"
SCRIPT = Path(__file__).with_name("node_sdk.cjs")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the SDK is installed."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node-sdk")
    (folder / "package.json").write_text("{}")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"twilio@{RELEASE}"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode:
        pytest.skip(f"npm could not install twilio@{RELEASE}; offline?")
    return folder


@pytest.mark.slow
def test_node_sdk(judging: Callable[..., Any], project: Path) -> None:
    """All calls work and the delete sends its key; with autoRetry a 429 is repeated sooner than Retry-After says."""
    mock = judging("--operation-seconds", "0.05", "--variant", "responses-30-80-ms")

    done = subprocess.run(
        ["node", str(SCRIPT), mock.base_url, *mock.auth, reserved_sid("429")],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == {
        "version": RELEASE,
        "update": "COMPLETED",
        "fetched": "renamed",
        "listed": 3,
        "deletes": ["COMPLETED"] * 3,
        "gone": 20404,
        "throttled": 20429,
    }
    found = {row["rule"]: row for row in mock.report()["findings"]}
    # The script itself polls at once (CLIENT-WAIT-202): waiting is left to the SDK's user.
    assert set(found) == {"CLIENT-WAIT-202", "CLIENT-WAIT-429"}
    assert found["CLIENT-WAIT-429"]["count"] == 2
