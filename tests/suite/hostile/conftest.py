"""Hostile endpoints as processes: started with credentials, asked what they saw, ended with their stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

USER = "hostile-user"
#: Has a different spelling in each of JSON, HTML, URLs and base64, so that redaction has to know
#: them all.
PASSWORD = 'S3cr3t/+p@ss:w&rd"<e>'


@dataclass
class Hostile:
    """One running hostile endpoint."""

    process: subprocess.Popen[str]
    base_url: str
    canary: str
    profile: Path
    env: dict[str, str]

    def seen_by_canary(self) -> dict[str, int]:
        """How many requests reached the other origin, and how many of them with credentials."""
        return self._ask(f"{self.canary}/seen")

    def foreign_deletes(self) -> int:
        """How many deletes were aimed at configurations that were there before."""
        return self._ask(f"{self.base_url}/__foreign_deletes")["count"]

    @staticmethod
    def _ask(url: str) -> dict[str, int]:
        with requests.Session() as session:
            session.trust_env = False
            answer: dict[str, int] = session.get(url, timeout=10).json()
        return answer


@pytest.fixture
def credentials() -> tuple[str, str]:
    """The user name and password that every hostile endpoint accepts."""
    return USER, PASSWORD


@pytest.fixture
def start_hostile(tmp_path: Path) -> Iterator[Callable[[str], Hostile]]:
    """Start hostile endpoints by name; all of them end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> Hostile:
        profile = tmp_path / f"{name}.toml"
        env = {**os.environ, "HOSTILE_USER": USER, "HOSTILE_PASSWORD": PASSWORD}
        command = [
            sys.executable,
            "-m",
            "orchestrator_contract.adequacy.hostile",
            name,
            "--port",
            "0",
        ]
        command += ["--write-profile", str(profile), "--exit-with-stdin"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        started.append(process)
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        return Hostile(process, ready["base_url"], ready["canary"], profile, env)

    yield start

    for process in started:
        # Leaving the context closes the pipes, which is the signal to end, and waits.
        with process:
            pass
