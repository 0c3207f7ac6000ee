"""The mock behind gateways and proxies, and the suite sent through them."""

from __future__ import annotations

import itertools
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.suite.plugin.conftest import ACCOUNTS, Mock, environment, run, runner, start_mock
from tests.suite.reach.front import Front, Tokens

__all__ = ["ACCOUNTS", "environment", "run", "runner", "start_mock"]

#: What stands for an address that is not loopback: only the proxies of these tests know it.
NAME = "endpoint.test"
FIRST, SECOND = (
    (ACCOUNTS[f"MOCK_USER_{number}"], ACCOUNTS[f"MOCK_PASSWORD_{number}"]) for number in (1, 2)
)
#: The mock's accounts by user name and password, as a profile gives them.
BASIC = "".join(
    f'[[accounts]]\nusername_env = "MOCK_USER_{n}"\npassword_env = "MOCK_PASSWORD_{n}"\n'
    for n in (1, 2)
)
#: Environment variables of the tests; each value is a secret of 24 letters.
SECRETS = {
    f"VENDOR_{name}": f"{name.lower():-<12}".replace("_", "-") + "s3cr3t-w0rds"
    for name in ("CONTEXT", "TOKEN_1", "TOKEN_2", "SECRET_1", "SECRET_2", "PROXY")
} | {"VENDOR_ID_1": "client-one", "VENDOR_ID_2": "client-two"}
BEARER = "".join(f'[[accounts]]\ntoken_env = "VENDOR_TOKEN_{n}"\n' for n in (1, 2))


def oauth(url: str) -> str:
    """Accounts whose tokens come from *url*."""
    return "".join(
        f'[[accounts]]\noauth = {{ token_url = "{url}", client_id_env = "VENDOR_ID_{n}", '
        f'client_secret_env = "VENDOR_SECRET_{n}" }}\n'
        for n in (1, 2)
    )


def tokens(**options: Any) -> Tokens:
    """Token endpoint and gate for the mock's two accounts."""
    pairs = ((1, FIRST), (2, SECOND))
    return Tokens(
        {(SECRETS[f"VENDOR_ID_{n}"], SECRETS[f"VENDOR_SECRET_{n}"]): one for n, one in pairs},
        {SECRETS[f"VENDOR_TOKEN_{n}"]: one for n, one in pairs},
        **options,
    )


@dataclass
class Authority:
    """A private CA with the files that it gives out."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ca = trustme.CA()
        self.bundle = self.folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.bundle)

    def server(self, *names: str, asks: bool = False) -> ssl.SSLContext:
        """The TLS context of a server with these names; it may *ask* for a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.bundle)
        return context

    def client(self, name: str = "client") -> tuple[Path, Path]:
        """The files of a client certificate and its key."""
        made = self._ca.issue_cert(f"{name}@example.com")
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        cert.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        return cert, key


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of the endpoints."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that no endpoint trusts."""
    return Authority(tmp_path_factory.mktemp("other-ca"))


@pytest.fixture(scope="module")
def mock(start_mock: Callable[..., Mock]) -> Mock:
    """A conformant mock."""
    return start_mock("--operation-seconds", "0.03", "--create-seconds", "0.01")


def second_region(mock: Mock) -> str:
    """The base URL of its second region."""
    found = tomllib.loads(mock.profile.read_text("utf-8"))["regions"][0]["base_url"]
    return str(found)


@pytest.fixture(scope="module")
def describe(mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a profile of the mock as it is reached at some URL, with these lines in its parts."""
    numbers, folder = itertools.count(), tmp_path_factory.mktemp("profiles")

    def write(base_url: str, *target: str, accounts: str = BASIC, regions: str = "") -> Path:
        _, provision, rest = mock.profile.read_text("utf-8").partition("[provision]")
        head = f'[target]\nname = "mock"\nbase_url = "{base_url}"\n' + "".join(
            f"{line}\n" for line in target
        )
        path = folder / f"vendor{next(numbers)}.toml"
        path.write_text(f"{head}\n{accounts}\n{regions}\n{provision}{rest}", "utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def front(mock: Mock) -> Iterator[Callable[..., Front]]:
    """Start a gateway in front of the mock; all of them end with the module."""
    started: list[Front] = []

    def start(*gates: Any, upstream: str = mock.base_url, **options: Any) -> Front:
        started.append(Front(int(upstream.rpartition(":")[2]), gates, **options))
        return started[-1]

    yield start

    for one in started:
        one.close()


@dataclass
class RealProxy:
    """proxy.py as a process."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> list[str]:
        """The heads of the requests that it was sent."""
        return [line for line in self.log.read_text("latin-1").splitlines() if line]


@pytest.fixture(scope="module")
def start_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RealProxy]]:
    """Start proxies with these options; all of them end with the module."""
    started: list[subprocess.Popen[bytes]] = []
    folder = tmp_path_factory.mktemp("proxies")

    def start(*options: str) -> RealProxy:
        number = len(started)
        log, ports = folder / f"{number}.log", folder / f"{number}.port"
        log.touch()
        command = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0"]
        command += ["--port-file", str(ports), "--num-workers", "1", "--num-acceptors", "1"]
        command += ["--plugins", "proxy_plugin.MappedNames", "--log-level", "c", *options]
        path = str(Path(__file__).parent)
        env = {**environment(), "PROXY_LOG": str(log), "PYTHONPATH": path}
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL))
        deadline = time.monotonic() + 30
        while not (ports.exists() and ports.read_text().strip()):
            assert time.monotonic() < deadline, "proxy.py did not start"
            time.sleep(0.05)
        return RealProxy(int(ports.read_text().split()[0]), log)

    yield start

    for process in started:
        process.terminate()
        process.wait(10)
