"""A mock that judges its clients, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS


@dataclass
class JudgingMock:
    """A running ``--judge-clients``."""

    process: subprocess.Popen[str]
    base_url: str
    auth: tuple[str, str] = (DEFAULT_USERS[0], DEFAULT_SECRETS[0])

    def report(self) -> dict[str, Any]:
        """The judge's present report."""
        answer: dict[str, Any] = requests.get(self.base_url + "/__client_report", timeout=10).json()
        return answer

    def found(self) -> dict[str, int]:
        """Rule -> number of findings."""
        return {row["rule"]: row["count"] for row in self.report()["findings"]}

    def stop(self) -> str:
        """Ends the process; what it wrote on stderr."""
        return self.process.communicate(timeout=15)[1]


@pytest.fixture
def judging() -> Iterator[Callable[..., JudgingMock]]:
    """Starts judging mocks with further options."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> JudgingMock:
        command = [
            sys.executable,
            "-m",
            "orchestrator_contract.mock",
            "--port",
            "0",
            "--regions",
            "1",
        ]
        process = subprocess.Popen(
            [*command, "--exit-with-stdin", "--judge-clients", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return JudgingMock(process, json.loads(process.stdout.readline())["base_url"])

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
