"""Drives the mock without a socket, and starts it as a process where the wire matters."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from orchestrator_contract.mock import cli, options, registry
from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.options import Judging
from orchestrator_contract.mock.clock import Clock
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.server import bind
from orchestrator_contract.mock.settings import (
    DEFAULT_SECRETS,
    DEFAULT_USERS,
    Settings,
    accounts_from,
    store_of,
)
from orchestrator_contract.mock.state import World
from orchestrator_contract.mock.target_profile import Described, profile_text

COLLECTION = "/v2/ControlPlane/Configurations"
PAYLOAD = {
    "displayName": "one",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
}


def basic(user: str, password: str) -> bytes:
    """The value of a Basic Authorization header."""
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


class Driver:
    """One behaviour in one world, called straight."""

    def __init__(
        self, behaviour: type[Behaviour] = Behaviour, clock: Clock | None = None, **settings: Any
    ) -> None:
        origins = ("http://127.0.0.1:1001", "http://127.0.0.1:1002")
        self.settings = Settings(origins=origins, accounts=accounts_from({}), **settings)
        self.behaviour = behaviour(World(clock), self.settings)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        key: str | None = None,
        body: Any = None,
        account: int = 1,
        region: int = 0,
        password: str | None = None,
    ) -> Request:
        """A request with the credentials of *account*, or with another password of account 1; 0 sends none."""
        raw, _, query = path.partition("?")
        lines = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]
        if account:
            lines.append(
                (b"authorization", basic(DEFAULT_USERS[account - 1], DEFAULT_SECRETS[account - 1]))
            )
        if password is not None:
            lines.append((b"authorization", basic(DEFAULT_USERS[0], password)))
        if key is not None:
            lines.append((b"idempotency-key", key.encode("latin-1")))
        request = Request(method, raw.encode("latin-1"), query.encode(), lines)
        request.region = region
        if body is not None:
            request.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return request

    def send(self, *requests: Request) -> list[Response]:
        """The answers to *requests*, handled at once."""

        async def together() -> list[Response]:
            return await asyncio.gather(*(self.behaviour.handle(one) for one in requests))

        return asyncio.run(together())

    def call(self, method: str, path: str, **options: Any) -> Response:
        """The answer to one request."""
        return self.send(self.request(method, path, **options))[0]

    def create(self, *, settle: bool = True, **options: Any) -> str:
        """The SID of a new configuration, visible unless *settle* is off."""
        answer = self.call("POST", COLLECTION, body=PAYLOAD, **options)
        if settle:
            self.advance(self.settings.create_seconds)
        return str(answer.document["related"]["configurationId"])

    def delete(self, sid: str, **options: Any) -> Response:
        """The answer to a DELETE of *sid*."""
        return self.call("DELETE", f"{COLLECTION}/{sid}", **options)

    def fetch(self, sid: str, **options: Any) -> Response:
        """The answer to a GET of *sid*."""
        return self.call("GET", f"{COLLECTION}/{sid}", **options)

    def poll(self, accepted: Response, **options: Any) -> Response:
        """The answer to a GET of the operation that *accepted* names."""
        return self.call(
            "GET", "/v2/" + accepted.document["statusUrl"].partition("/v2/")[2], **options
        )

    def settle(self) -> None:
        """Lets every running operation end."""
        self.advance(max(self.settings.operation_seconds, self.settings.create_seconds) + 0.001)

    def advance(self, seconds: float) -> None:
        """Moves the clock."""
        self.behaviour.world.clock.advance(seconds)


@pytest.fixture
def drive() -> Callable[..., Driver]:
    """Makes drivers."""
    return Driver


@pytest.fixture
def mock() -> Driver:
    """A conformant mock in a fresh world."""
    return Driver()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A mock process on free ports: what it announced."""
    profile = tmp_path_factory.mktemp("mock") / "profile.toml"
    command = [
        sys.executable,
        "-m",
        "orchestrator_contract.mock",
        "--port",
        "0",
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        [*command, "--write-profile", str(profile)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(10)


class Served:
    """A mock that listens in a thread of this process, and a client of one account in one region."""

    def __init__(self, *argv: str) -> None:
        registry.load()
        arguments = options.parser().parse_args([*argv, "--port", "0"])
        self.sockets = bind("127.0.0.1", 0, options.regions(arguments))
        listens = threading.Event()
        self.told: list[Described] = []

        def ready(mock: Described) -> None:
            self.told.append(mock)
            listens.set()

        self.server = cli.prepare(arguments, self.sockets, Judging(), ready)
        self.thread = threading.Thread(target=self.server.run, args=(self.sockets,), daemon=True)
        self.thread.start()
        assert listens.wait(10)
        self.base_url, *self.regions = self.told[0].origins
        self.session = requests.Session()
        self.session.auth = (DEFAULT_USERS[0], DEFAULT_SECRETS[0])

    @property
    def profile(self) -> dict[str, Any]:
        """The target profile that it would write."""
        return tomllib.loads(profile_text(self.told[0]))

    def stop(self) -> None:
        """Ends the server."""
        self.session.close()
        self.server.should_exit = True
        self.thread.join(10)
        for one in self.sockets:
            one.close()

    def call(self, method: str, path: str, base: str = "", **options: Any) -> requests.Response:
        """The response to one request, on the first region unless *base* is another."""
        return self.session.request(method, (base or self.base_url) + path, timeout=10, **options)

    def post(self, name: str = "one", base: str = "", **members: Any) -> requests.Response:
        """The response to a create."""
        body = {**PAYLOAD, "displayName": name, **members}
        return self.call("POST", COLLECTION, base, json=body)

    def listed(self, base: str = "") -> dict[str, Any]:
        """The configurations that the list shows, by their names."""
        page = self.call("GET", f"{COLLECTION}?pageSize=1000", base).json()
        return {one["displayName"]: one for one in page["configurations"]}

    def operation(self, accepted: requests.Response, seconds: float = 5) -> dict[str, Any]:
        """The operation of a 202, once it has ended."""
        assert accepted.status_code == 202, accepted.text
        path = "/v2/" + accepted.json()["statusUrl"].partition("/v2/")[2]
        base = accepted.url.partition("/v2/")[0]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found: dict[str, Any] = self.call("GET", path, base).json()
            if found["status"] in ("COMPLETED", "FAILED"):
                return found
            time.sleep(0.01)
        raise AssertionError(f"{path} does not end")

    def create(self, name: str = "one", base: str = "", **members: Any) -> str:
        """The id of a new configuration, which is looked up by its name."""
        assert self.operation(self.post(name, base, **members))["status"] == "COMPLETED"
        return str(self.listed(base)[name]["id"])

    def store(self, account: int = 1, region: int = 0) -> str:
        """The memory store of *account* in *region*."""
        return store_of(account, region)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts mocks with options of the command line."""
    started: list[Served] = []

    def start(*argv: str) -> Served:
        started.append(Served(*argv))
        return started[-1]

    yield start
    for one in started:
        one.stop()
