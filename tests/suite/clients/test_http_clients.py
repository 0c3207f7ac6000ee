"""HTTP clients in use, each with care and without: the judge tells them apart."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.mock.faults import reserved_sid

PYTHON = Path(__file__).with_name("python_clients.py")
NODE = Path(__file__).with_name("node_clients.mjs")
#: What a client does that needs no key, waits for nothing and sees no end.
CARELESS = {
    "CLIENT-KEY-MISSING",
    "CLIENT-KEY-CHANGED",
    "CLIENT-WAIT-429",
    "CLIENT-WAIT-202",
    "CLIENT-POLL-FOLLOWS",
}
#: Part of the project's environment, or of the system.
AT_HAND = ["requests", "urllib3", "aiohttp", "http.client", "urllib.request", "curl", "wget"]
#: Installed for the test: niquests replaces urllib3 where it is.
FROM_PYPI = ["httpx", "niquests", "pycurl"]
FROM_NPM = ["axios", "got", "ky", "node-fetch", "superagent", "undici"]
OF_NODE = ["fetch", "http"]

Run = Callable[..., dict[str, Any]]


def run(command: list[str], mock: Any, folder: Path | None = None) -> dict[str, Any]:
    """The response that a client reports."""
    done = subprocess.run(
        [*command, mock.base_url, *mock.auth, reserved_sid("429")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def careful(judging: Callable[..., Any], command: list[str], folder: Path | None = None) -> None:
    """The client, used with care, is clean, also where its responses are compressed."""
    mock = judging("--create-seconds", "0", "--variant", "deflate")

    said = run([*command, "careful"], mock, folder)

    assert set(said["429"]) == {429}
    assert (said["ended"], said["head"]) == ("COMPLETED", 404)
    assert mock.found() == {}, mock.report()


def careless(
    judging: Callable[..., Any],
    command: list[str],
    folder: Path | None = None,
    found: set[str] | None = None,
) -> None:
    """The client, used without care, is faulty for what it did, and for nothing else."""
    mock = judging("--create-seconds", "0", "--operation-seconds", "30")

    said = run([*command, "careless"], mock, folder)

    assert said["ended"] == "PENDING"
    assert set(mock.found()) == (CARELESS if found is None else found), mock.report()


def at_hand(client: str) -> list[str]:
    """The command of a client that need not be installed."""
    if client in ("curl", "wget") and shutil.which(client) is None:
        pytest.skip(f"{client} is not installed")
    return [sys.executable, str(PYTHON), client]


@pytest.mark.parametrize("client", AT_HAND)
def test_careful_client(judging: Callable[..., Any], client: str) -> None:
    """A client that waits, keeps its keys and sees the end is clean."""
    careful(judging, at_hand(client))


@pytest.mark.parametrize("client", AT_HAND)
def test_careless_client(judging: Callable[..., Any], client: str) -> None:
    """The same client in a hurry is faulty."""
    careless(judging, at_hand(client))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with the clients that the project does not need itself."""
    folder = tmp_path_factory.mktemp("python-clients")
    venv.create(folder, with_pip=True)
    interpreter = str(folder / "bin" / "python")
    install(
        [interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", *FROM_PYPI],
        folder,
    )
    return interpreter


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the clients of npm are installed."""
    program = shutil.which("npm")
    if program is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("node-clients")
    (folder / "package.json").write_text("{}")
    options = ["--no-audit", "--no-fund", "--ignore-scripts"]
    install([program, "install", *options, *FROM_NPM], folder)
    return folder


def install(command: list[str], folder: Path) -> None:
    """Install packages, or skip where that can't be done."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        pytest.skip(f"{Path(command[0]).name} could not install the clients; offline?")


@pytest.mark.slow
@pytest.mark.parametrize("use", [careful, careless])
@pytest.mark.parametrize("client", FROM_PYPI)
def test_client_of_pypi(
    judging: Callable[..., Any], python: str, client: str, use: Callable[..., None]
) -> None:
    """Clients of PyPI are judged by what is done with them."""
    use(judging, [python, str(PYTHON), client])


@pytest.mark.slow
@pytest.mark.parametrize("use", [careful, careless])
@pytest.mark.parametrize("client", OF_NODE + FROM_NPM)
def test_client_of_node(
    judging: Callable[..., Any], npm: Path, client: str, use: Callable[..., None]
) -> None:
    """Clients of Node are judged by what is done with them."""
    use(judging, ["node", str(NODE), client], npm)


@pytest.mark.slow
def test_client_that_retries_at_once(judging: Callable[..., Any], npm: Path) -> None:
    """superagent's own retry keeps the key and does not wait."""
    mock = judging("--create-seconds", "0")

    run(["node", str(NODE), "superagent-retry", "careful"], mock, npm)

    assert set(mock.found()) == {"CLIENT-WAIT-429"}
