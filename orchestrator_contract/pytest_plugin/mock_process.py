"""The embedded mock, the default target: a process of its own, known by its profile only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestrator_contract.profile import (
    Account,
    Conversations,
    Limits,
    Profile,
    ProfileError,
    Provision,
    Trigger,
)

_CREDENTIALS = {
    "MOCK_USER_1": "SKmock00000000000000000000000000001",
    "MOCK_PASSWORD_1": "mock-secret-one",
    "MOCK_USER_2": "SKmock00000000000000000000000000002",
    "MOCK_PASSWORD_2": "mock-secret-two",
}


@dataclass(slots=True)
class EmbeddedMock:
    """A running mock."""

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]
    profile: Path

    @classmethod
    def start(cls, *options: str) -> EmbeddedMock:
        """Start the mock on free loopback ports and wait until it answers.

        Raises:
            ProfileError: it did not start.
        """
        for name, value in _CREDENTIALS.items():
            os.environ.setdefault(name, value)
        folder = tempfile.TemporaryDirectory(prefix="orchestrator-contract-")
        path = Path(folder.name, "mock.toml")
        process = subprocess.Popen(  # our own module
            [
                sys.executable,
                "-m",
                "orchestrator_contract.mock",
                "--port",
                "0",
                "--exit-with-stdin",
                "--write-profile",
                str(path),
                "--operation-seconds",
                "0.03",
                "--create-seconds",
                "0.01",
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        try:
            json.loads(line)
        except ValueError:
            process.kill()
            folder.cleanup()
            raise ProfileError(
                "the embedded mock did not start; try: python -m orchestrator_contract.mock"
            ) from None
        return cls(process, folder, path)

    @staticmethod
    def described() -> Profile:
        """The profile of a mock that is not started, for a plan."""
        accounts = tuple(
            Account(
                _CREDENTIALS[f"MOCK_USER_{n}"],
                _CREDENTIALS[f"MOCK_PASSWORD_{n}"],
                (f"MOCK_USER_{n}", f"MOCK_PASSWORD_{n}"),
            )
            for n in (1, 2)
        )
        fault = Trigger({"X-Mock-Fault": "…"})
        return Profile(
            "embedded mock",
            "http://127.0.0.1",
            accounts=accounts,
            regions=("http://127.0.0.1",),
            provision=Provision("create"),
            conversations=Conversations(("…",) * 16),
            faults=dict.fromkeys((409, 429, 500, 503), fault),
            operation_failure=fault,
            clock_url="http://127.0.0.1/__clock",
            limits=Limits(100_000, 0, 20_000, 20),
        )

    def stop(self) -> None:
        """End the process at once; it has nothing to clean up."""
        self.process.kill()
        with self.process:
            pass  # leaving the context closes the pipes and waits
        self.folder.cleanup()
