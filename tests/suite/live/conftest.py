"""The suite as its users run it: a process of its own, against a mock in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

PROJECT = Path(__file__).parents[3]
#: The mock's built-in accounts, under the names that its profile uses.
ACCOUNTS = {
    "MOCK_USER_1": "SKmock00000000000000000000000000001",
    "MOCK_PASSWORD_1": "mock-secret-one",
    "MOCK_USER_2": "SKmock00000000000000000000000000002",
    "MOCK_PASSWORD_2": "mock-secret-two",
}
#: Generous: what takes longer hangs.
TIMEOUT_S = 180


def environment() -> dict[str, str]:
    """This process's environment without what would change a run, and with the mock's accounts."""
    return {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TWILIO_"))
    } | ACCOUNTS


def suite_command(*arguments: object) -> list[str]:
    """The command line of a run of the suite."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"]
    return [*command, *map(str, arguments)]


@dataclass
class Finished:
    """A run that has ended."""

    code: int
    output: str
    report: Path

    def conformance(self) -> dict[str, Any]:
        """The content of its conformance.json."""
        found: dict[str, Any] = json.loads(
            (self.report / "conformance.json").read_text(encoding="utf-8")
        )
        return found

    def verdicts(self) -> dict[str, str]:
        """Each requirement's verdict."""
        return {row["id"]: row["verdict"] for row in self.conformance()["requirements"]}


@pytest.fixture
def run_suite(tmp_path: Path) -> Callable[..., Finished]:
    """Run the suite with these arguments, without a terminal."""

    def run(
        *arguments: object,
        report: str = "report",
        env: dict[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Finished:
        folder = tmp_path / report
        done = subprocess.run(
            suite_command("--report", folder, *arguments),
            cwd=PROJECT,
            env=environment() | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Finished(done.returncode, done.stdout, folder)

    return run


@pytest.fixture
def spawn_suite(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Start the suite with these arguments and leave it running; at the end it is killed."""
    started: list[subprocess.Popen[Any]] = []

    def spawn(*arguments: object, **streams: Any) -> subprocess.Popen[Any]:
        folder = tmp_path / f"spawned-{len(started)}"
        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        } | streams
        process = subprocess.Popen(
            suite_command("--report", folder, *arguments),
            cwd=PROJECT,
            env=environment(),
            start_new_session=True,
            **streams,
        )
        started.append(process)
        return process

    yield spawn

    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@dataclass
class Mock:
    """A mock endpoint in a process of its own."""

    process: subprocess.Popen[str]
    base_url: str
    profile: Path

    def call(self, method: str, path: str, account: int = 1, **options: Any) -> requests.Response:
        """One request to the control plane with an account's credentials."""
        auth = (ACCOUNTS[f"MOCK_USER_{account}"], ACCOUNTS[f"MOCK_PASSWORD_{account}"])
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, f"{self.base_url}/v2/ControlPlane{path}", auth=auth, timeout=10, **options
            )

    def names(self, account: int = 1) -> dict[str, str]:
        """The display names of all configurations, each with its SID."""
        found: dict[str, str] = {}
        query = "pageSize=1000"
        while query:
            page = self.call("GET", f"/Configurations?{query}", account).json()
            found |= {item["displayName"]: item["id"] for item in page["configurations"]}
            token = page["meta"].get("nextToken")
            query = f"pageSize=1000&pageToken={token}" if token else ""
        return found

    def create(self, name: str, account: int = 1) -> str:
        """Create a configuration; the operation's id."""
        payload = {
            "displayName": name,
            "description": "somebody else's",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
        }
        response = self.call("POST", "/Configurations", account, json=payload)
        assert response.status_code == 202
        return str(response.headers["Operation-Id"])


@pytest.fixture
def start_mock(tmp_path: Path) -> Iterator[Callable[..., Mock]]:
    """Start mocks with the given options; all of them end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Mock:
        profile = tmp_path / f"mock-{len(started)}.toml"
        command = [
            sys.executable,
            "-m",
            "orchestrator_contract.mock",
            "--port",
            "0",
            "--exit-with-stdin",
        ]
        process = subprocess.Popen(
            [*command, "--write-profile", str(profile), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        )
        started.append(process)
        assert process.stdout is not None
        return Mock(process, json.loads(process.stdout.readline())["base_url"], profile)

    yield start

    for process in started:
        # Leaving the context closes the pipes, which is the signal to end, and waits.
        with process:
            pass
