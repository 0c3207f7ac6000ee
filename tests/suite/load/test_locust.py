"""Locust itself: a master and two workers against the mock with an intermittent defect."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orchestrator_contract.load
from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS

pytestmark = pytest.mark.slow
FILE = Path(orchestrator_contract.load.__path__[0], "locustfile.py")
ENVIRONMENT = os.environ | {
    f"MOCK_{what}_{number}": values[number - 1]
    for number in (1, 2)
    for what, values in (("USER", DEFAULT_USERS), ("PASSWORD", DEFAULT_SECRETS))
}


@pytest.fixture(autouse=True)
def _locust() -> None:
    """Locust is an extra. It is looked for, not imported: importing it would patch this process."""
    found = subprocess.run(
        [sys.executable, "-m", "locust", "--version"], capture_output=True, timeout=60, check=False
    )
    if found.returncode:
        pytest.skip("locust is not installed (extra load)")


@pytest.fixture
def mock(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The profile of a running mock with the options of the test's parameter."""
    path = tmp_path / "mock.toml"
    command = [
        sys.executable,
        "-m",
        "orchestrator_contract.mock",
        "--port",
        "0",
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        [*command, "--write-profile", str(path), *request.param],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield path
        process.stdin.close()
        process.wait(10)


def locust(*options: str) -> subprocess.Popen[str]:
    """One Locust process."""
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(FILE), *options],
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def distributed(target: Path, folder: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, conformance.json and output of a master with two workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    workers = [locust("--worker", "--master-port", port) for _ in range(2)]
    master = locust(
        "--master",
        "--master-bind-host",
        "127.0.0.1",
        "--master-bind-port",
        port,
        "--expect-workers",
        "2",
        "--headless",
        "-u",
        "10",
        "-r",
        "10",
        "-t",
        "6s",
        "--target",
        str(target),
        "--report",
        str(folder),
    )
    try:
        output = master.communicate(timeout=120)[0]
        for worker in workers:
            worker.communicate(timeout=30)
    finally:
        for process in (master, *workers):
            if process.poll() is None:
                process.kill()
                process.communicate()
    return master.returncode, json.loads((folder / "conformance.json").read_text()), output


@pytest.mark.parametrize(
    "mock", [["--defect", "accepted-incomplete:1-in-50"]], indirect=True, ids=["one-in-50"]
)
def test_two_workers_find_a_rare_defect(mock: Path, tmp_path: Path) -> None:
    """A 202 that is bare now and then is found, by the requirement that it breaches, and the gate fails."""
    code, report, output = distributed(mock, tmp_path / "report")

    assert "Traceback" not in output
    assert code == 1
    assert report["verdict"] == "nonconformant"
    rows = {row["id"]: row for row in report["requirements"]}
    assert rows["DEL-202-BODY"]["verdict"] == "breached"
    assert any(note.startswith("load: ") for note in report["notes"])
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "conformance.json",
        "conformance.html",
        "conformance.md",
    }


@pytest.mark.parametrize("mock", [["--rate-limit", "60"]], indirect=True, ids=["rate-limited"])
def test_rate_limit_is_found_and_no_breach(mock: Path, tmp_path: Path) -> None:
    """A conformant endpoint with a rate limit is not accused, and the report says where the limit was met."""
    code, report, output = distributed(mock, tmp_path / "report")

    assert "Traceback" not in output
    assert code == 0, [row for row in report["requirements"] if row["verdict"] == "breached"]
    assert report["counts"]["breached"] == 0
    assert any("first 429 came at" in note for note in report["notes"])


def test_unusable_target(tmp_path: Path) -> None:
    """Where nothing listens the run ends with 4 and a report that says why."""
    target = tmp_path / "nobody.toml"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        target.write_text(
            f'[target]\nbase_url = "http://127.0.0.1:{closed.getsockname()[1]}"\n'
            '[[accounts]]\nusername_env = "MOCK_USER_1"\npassword_env = "MOCK_PASSWORD_1"\n[provision]\nmode = "create"\n'
        )
        process = locust(
            "--headless",
            "-u",
            "2",
            "-t",
            "30s",
            "--target",
            str(target),
            "--report",
            str(tmp_path / "report"),
        )

        output = process.communicate(timeout=60)[0]

    assert process.returncode == 4, output
    assert (
        "can't be reached"
        in json.loads((tmp_path / "report" / "conformance.json").read_text())["reason"]
    )
