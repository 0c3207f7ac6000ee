"""The compared servers, each a process on loopback, and wrk, which loads them."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.results import Unmeasured
from orchestrator_contract.contract import schemas
from orchestrator_contract.pytest_plugin.process import EmbeddedMock

PROJECT = Path(__file__).parents[1]
PRISM_RELEASE = "5.16.0"
_START_S = 60


@contextmanager
def mock(*options: str) -> Iterator[EmbeddedMock]:
    """The embedded mock as `pytest` starts it, with further *options*."""
    server = EmbeddedMock.start(*options)
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def _listening(command: Sequence[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        patience = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > patience:
                raise Unmeasured(f"{Path(command[0]).name} did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def starlette() -> Iterator[str]:
    """A bare Starlette answer on uvicorn, with the mock's parser and loop; its base URL."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.hello:app",
        "--port",
        str(port),
        "--no-access-log",
    ]
    with _listening(
        [*command, "--log-level", "critical", "--http", "httptools", "--loop", "auto"], port
    ) as base:
        yield base


def install_prism(folder: Path, seconds: float) -> Path:
    """Prism's program: an installed one, else installed into *folder* in *seconds*.

    Raises:
        Unmeasured: there is no npm, or it can't install it.
    """
    found, npm = shutil.which("prism"), shutil.which("npm")
    if found:
        return Path(found)
    if npm is None:
        raise Unmeasured("npm is not installed")
    (folder / "package.json").write_text("{}", "utf-8")
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        f"@stoplight/prism-cli@{PRISM_RELEASE}",
    ]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds, check=True)
    except (subprocess.SubprocessError, OSError):
        raise Unmeasured("npm could not install Prism") from None
    return folder / "node_modules" / ".bin" / "prism"


@contextmanager
def prism(program: Path) -> Iterator[str]:
    """Prism's mock of the OpenAPI file, without a log, which slows it; its base URL."""
    port = _free_port()
    document = str(schemas.schema_root() / "openapi.yaml")
    command = [
        str(program),
        "mock",
        document,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--verboseLevel",
        "silent",
    ]
    with _listening(command, port) as base:
        yield base


def wrk(url: str, method: str, headers: Mapping[str, str], folder: Path, seconds: int = 2) -> float:
    """Requests a second that *url* answers to eight connections kept open.

    Raises:
        Unmeasured: wrk is not installed, or got no answers.
    """
    program = shutil.which("wrk")
    if program is None:
        raise Unmeasured("wrk is not installed")
    script = folder / f"{method}.lua"
    script.write_text(f'wrk.method = "{method}"\n', "utf-8")
    lines = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = [program, "-t1", "-c8", f"-d{seconds}s", "-s", str(script), *lines, url]
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 20, check=False
    ).stdout
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    if rate is None or not float(rate[1]):
        raise Unmeasured("wrk got no answers")
    return float(rate[1])
