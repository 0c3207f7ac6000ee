"""The mock as a process, for tools that have never heard of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def mock() -> Iterator[Callable[..., str]]:
    """Starts mocks with further options; gives their base URL."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> str:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "orchestrator_contract.mock",
                "--port",
                "0",
                "--regions",
                "1",
                "--retry-after",
                "0",
                "--exit-with-stdin",
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        assert process.stdout is not None
        return str(json.loads(process.stdout.readline())["base_url"])

    yield start
    for process in started:
        process.communicate(timeout=15)
