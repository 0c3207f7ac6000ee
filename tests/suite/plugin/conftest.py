"""The suite as its users run it, against mocks and tiny servers; runs share their imports."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator_contract.adequacy import forked

PROJECT = Path(__file__).parents[3]
ACCOUNTS = {
    "MOCK_USER_1": "SKmeta00000000000000000000000000001",
    "MOCK_PASSWORD_1": "m3ta/secret+one=&%41",
    "MOCK_USER_2": "SKmeta00000000000000000000000000002",
    "MOCK_PASSWORD_2": "m3ta/secret+two=&%42",
}
#: Generous: what takes longer hangs.
TIMEOUT_S = 180


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change a run, and with the mock's accounts."""
    return (
        {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TWILIO_"))}
        | ACCOUNTS
        | more
    )


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

    def rows(self) -> dict[str, dict[str, Any]]:
        """Each requirement's row."""
        return {row["id"]: row for row in self.conformance()["requirements"]}

    def verdicts(self) -> dict[str, str]:
        """Each requirement's verdict."""
        return {one: row["verdict"] for one, row in self.rows().items()}


@dataclass
class Mock:
    """A mock endpoint in a process of its own."""

    process: subprocess.Popen[str]
    base_url: str
    profile: Path

    def names(self, account: int = 1) -> list[str]:
        """The display names of all configurations of an account, in the first region."""
        found: list[str] = []
        query = "pageSize=1000"
        with requests.Session() as session:
            session.trust_env = False
            session.auth = (ACCOUNTS[f"MOCK_USER_{account}"], ACCOUNTS[f"MOCK_PASSWORD_{account}"])
            while query:
                page = session.get(
                    f"{self.base_url}/v2/ControlPlane/Configurations?{query}", timeout=10
                ).json()
                # The mock comes with configurations that answer with faults.
                found += [
                    name
                    for item in page["configurations"]
                    if not (name := item["displayName"]).startswith("mock fault")
                ]
                token = page["meta"].get("nextToken")
                query = f"pageSize=1000&pageToken={token}" if token else ""
        return found

    def changed(self, name: str, change: Callable[[str], str]) -> Path:
        """A copy of the profile with *change* done to its text."""
        path = self.profile.with_name(name)
        path.write_text(change(self.profile.read_text(encoding="utf-8")), encoding="utf-8")
        return path

    def stop(self) -> None:
        """End the process; closing its stdin is the signal."""
        self.process.communicate()


@pytest.fixture
def suite_environment() -> dict[str, str]:
    """The environment of a run that is started as a process of its own."""
    return environment()


@pytest.fixture(scope="session")
def runner() -> Iterator[ProcessPoolExecutor]:
    """A process that has everything imported and forks for each run."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), forked.preload) as pool:
        yield pool


@pytest.fixture(scope="module")
def run(
    runner: ProcessPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Finished]:
    """Run the contract suite with these arguments, at quick effort unless they say otherwise."""

    def start(*arguments: object, env: dict[str, str] | None = None) -> Finished:
        folder = tmp_path_factory.mktemp("run")
        given = [*map(str, arguments)]
        effort = [] if "--effort" in given else ["--effort", "quick"]
        command = [
            "tests/contract",
            "--report",
            str(folder / "report"),
            "--seed",
            "1",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            *effort,
            *given,
        ]
        log = folder / "output.txt"
        code = runner.submit(
            forked.run, command, PROJECT, env or environment(), log, TIMEOUT_S
        ).result()
        return Finished(code, log.read_text("utf-8", "replace"), folder / "report")

    return start


@pytest.fixture(scope="module")
def start_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mock]]:
    """Start mocks with the given options; all of them end with the module."""
    started: list[Mock] = []

    def start(*options: str) -> Mock:
        profile = tmp_path_factory.mktemp("mock") / "mock.toml"
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
        assert process.stdout is not None
        mock = Mock(process, json.loads(process.stdout.readline())["base_url"], profile)
        started.append(mock)
        return mock

    yield start

    for mock in started:
        mock.stop()


@dataclass
class Canned:
    """A server that acts on each connection as a function says."""

    act: Callable[[socket.socket, int], None]
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    #: Connections accepted.
    accepted: int = 0

    def __post_init__(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(
                target=self._answer, args=(connection, self.accepted), daemon=True
            ).start()

    def _answer(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                self.act(connection, number)
            except OSError:
                return

    def close(self) -> None:
        """Stop listening."""
        # A blocked accept is woken by the shutdown only.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def read_head(connection: socket.socket) -> bytes:
    """One request's head; empty when the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    return data


def answering(*parts: bytes) -> Callable[[socket.socket, int], None]:
    """Gives these bytes to the first request of each connection, and closes it."""

    def act(connection: socket.socket, number: int) -> None:
        if read_head(connection):
            for part in parts:
                connection.sendall(part)

    return act


@pytest.fixture
def canned() -> Iterator[Callable[[Callable[[socket.socket, int], None]], Canned]]:
    """Start tiny servers; all of them end with the test."""
    started: list[Canned] = []

    def start(act: Callable[[socket.socket, int], None]) -> Canned:
        started.append(Canned(act))
        return started[-1]

    yield start

    for server in started:
        server.close()
