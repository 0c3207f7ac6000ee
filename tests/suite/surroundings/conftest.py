"""Other people's pytest plugins, in a folder that only these tests put on the path."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin.process import EmbeddedMock

PROJECT = Path(__file__).parents[3]
PLUGINS = Path(__file__).with_name("plugins.txt")
#: Generous: what takes longer hangs.
TIMEOUT_S = 300


@dataclass(frozen=True)
class Finished:
    """A run that has ended, in a folder of its own."""

    code: int
    output: str
    folder: Path

    def verdicts(self) -> dict[str, str]:
        """The verdict on the endpoint, as "", and each requirement's."""
        path = self.folder / "conformance-report" / "conformance.json"
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rows = {row["id"]: row["verdict"] for row in document["requirements"]}
        return {"": document["verdict"], **rows}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock against other processes: several workers may want to install."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def plugins() -> Path:
    """The folder that the plugins are installed in; it is kept for later sessions."""
    version = sha256(f"{sys.version}{PLUGINS.read_text('utf-8')}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"orchestrator-contract-plugins-{version}")
    folder.mkdir(exist_ok=True)
    with locked(folder / "lock"):
        if not (folder / "complete").exists():
            install(folder)
            (folder / "complete").touch()
    return folder


def install(folder: Path) -> None:
    """Install the plugins, without what this environment has already: pytest, for one."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
    done = subprocess.run(
        [*command, "--target", str(folder), "-r", str(PLUGINS)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the plugins can't be installed here: {done.stderr[-300:]}")


def run_in(folder: Path, *arguments: str, path: Iterable[Path]) -> Finished:
    """Run the command in *folder*, at quick effort, with these folders of packages."""
    # Read after the fixture of a mock, which sets its credentials.
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TWILIO_"))}
    env["PYTHONPATH"] = os.pathsep.join(map(str, path))
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator_contract", "--effort=quick", "--seed=1", *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Finished(done.returncode, done.stdout, folder)


@pytest.fixture
def run(tmp_path: Path, plugins: Path) -> Callable[..., Finished]:
    """Run the command in an empty folder, beside all plugins."""
    return lambda *arguments: run_in(tmp_path, *arguments, path=(PROJECT, plugins))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run on the embedded mock without any of the plugins."""
    return run_in(tmp_path_factory.mktemp("alone"), path=[PROJECT])


@pytest.fixture
def start_mock() -> Iterator[Callable[..., Path]]:
    """Start mocks with the given options, each known by its profile."""
    started: list[EmbeddedMock] = []

    def start(*options: str) -> Path:
        started.append(EmbeddedMock.start(*options))
        return started[-1].profile

    yield start

    for mock in started:
        mock.stop()
