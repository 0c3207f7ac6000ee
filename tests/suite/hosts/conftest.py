"""Two hosts: network namespaces where they can be made, and a checkout of its own for the worker on the second."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PROJECT = Path(__file__).parents[3]
ACCOUNTS = {
    "MOCK_USER_1": "SKhosts0000000000000000000000000001",
    "MOCK_PASSWORD_1": "h0sts/secret+one",
    "MOCK_USER_2": "SKhosts0000000000000000000000000002",
    "MOCK_PASSWORD_2": "h0sts/secret+two",
}


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change a run, and with the mock's accounts."""
    clean = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PYTEST_", "TWILIO_", "PYTHONPATH"))
    }
    return clean | ACCOUNTS | {"PYTHONUNBUFFERED": "1"} | more


@dataclass
class Hosts:
    """Where the controller and the endpoint are (`near`), and where the other worker is (`far`)."""

    #: Commands that run another one on that host.
    near: list[str]
    far: list[str]
    #: The far host's address as the near one sees it.
    address: str
    folder: Path
    #: What the command line needs beyond the worker.
    options: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, where: list[str], *command: str, ready: str, env: dict[str, str] | None = None
    ) -> str:
        """Start a process and wait for a line of its output that holds *ready*; the line."""
        output = self.folder / f"process-{len(self.processes)}.txt"
        with output.open("w", encoding="utf-8") as file:  # not a pipe, which nobody would empty
            process = subprocess.Popen(
                [*where, sys.executable, *command],
                cwd=self.checkout if where is self.far else PROJECT,
                env=env or environment(),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.processes.append(process)
        while process.poll() is None:
            line = next(
                (
                    line
                    for line in output.read_text("utf-8", "replace").splitlines()
                    if ready in line
                ),
                None,
            )
            if line is not None:
                return line
            time.sleep(0.05)
        raise AssertionError(
            f"{command} ended with {process.returncode}: {output.read_text('utf-8', 'replace')}"
        )

    @property
    def checkout(self) -> Path:
        """The far host's copy of the project."""
        return self.folder / "far"

    def copy(self) -> None:
        """Make that copy."""
        for name in ("orchestrator_contract", "schemas", "tests/contract"):
            shutil.copytree(
                PROJECT / name, self.checkout / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(PROJECT / name, self.checkout / name)

    def endpoint(self) -> Path:
        """Start a mock that both hosts reach by the same loopback addresses; its profile."""
        profile = self.folder / "mock.toml"
        self.start(
            self.near,
            "-m",
            "orchestrator_contract.mock",
            "--port",
            "0",
            "--write-profile",
            str(profile),
            "--exit-with-stdin",
            ready="base_url",
        )
        if self.near:
            forward, ports = str(Path(__file__).with_name("forward.py")), ports_of(profile)
            self.start(self.near, forward, "10.77.0.1", "127.0.0.1", *ports, ready="ready")
            self.start(self.far, forward, "127.0.0.1", "10.77.0.1", *ports, ready="ready")
        return profile

    def worker(self, **env: str) -> str:
        """Start execnet's server on the far host; what --tx calls the worker there."""
        # The script prints the port that it has taken.
        line = self.start(
            self.far,
            "-m",
            "execnet.script.socketserver",
            f"{self.address}:0",
            ready="Accept loop",
            env=environment(**env),
        )
        port = line.rpartition(",")[2].strip(" )\n")
        return f"socket={self.address}:{port}//chdir={self.checkout}"

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the suite on the near host, with these workers."""
        return subprocess.run(
            [
                *self.near,
                sys.executable,
                "-m",
                "pytest",
                "-v",
                "-p",
                "no:cacheprovider",
                "--dist",
                "load",
                f"--report={self.folder / 'report'}",
                "--effort=quick",
                "--seed=1",
                *options,
            ],
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def stop(self) -> None:
        """End everything that was started."""
        for process in self.processes:
            process.kill()
            process.communicate()


def ports_of(profile: Path) -> list[str]:
    """The ports that a mock's profile names."""
    lines = [
        line.split('"')[1]
        for line in profile.read_text(encoding="utf-8").splitlines()
        if line.startswith("base_url")
    ]
    return [str(urlsplit(line).port) for line in lines]


def ip(*words: str) -> None:
    """Run iproute2."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Hosts]:
    """One machine, whose second loopback address is where the coordinator is reached."""
    hosts = Hosts([], ["env"], "127.0.0.1", tmp_path, ["--coordinator=127.0.0.2"])
    hosts.copy()
    yield hosts
    hosts.stop()


@pytest.fixture
def namespaces(tmp_path: Path) -> Iterator[Hosts]:
    """Two network namespaces with a cable between them."""
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    one, two = f"oc-{os.getpid()}-a", f"oc-{os.getpid()}-b"
    try:
        ip("netns", "add", one)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr!r}")
    try:
        ip("netns", "add", two)
        ip("-n", one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", two)
        for name, address in ((one, "10.77.0.1/24"), (two, "10.77.0.2/24")):
            ip("-n", name, "addr", "add", address, "dev", "cable")
            for link in ("lo", "cable"):
                ip("-n", name, "link", "set", link, "up")
        hosts = Hosts(
            ["ip", "netns", "exec", one], ["ip", "netns", "exec", two], "10.77.0.2", tmp_path
        )
        hosts.copy()
        yield hosts
        hosts.stop()
    finally:
        for name in (one, two):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def start_hosts(request: pytest.FixtureRequest) -> Callable[[str], Hosts]:
    """Two hosts of the named kind."""
    return lambda kind: request.getfixturevalue(kind)


@pytest.fixture
def secrets_of_hosts() -> list[str]:
    """The passwords that the hosts' environments hold."""
    return [value for name, value in ACCOUNTS.items() if "PASSWORD" in name]
