"""Prism, a validating proxy, stands between a client and the mock and checks both sides by the OpenAPI file.

It judges no bodies of polls, and with --errors it answers bad requests itself, so that the suite
can't be run through it. To look at it by hand::

    npx @stoplight/prism-cli@5.16.0 proxy schemas/openapi.yaml http://127.0.0.1:8080 --errors
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator_contract.mock.faults import FAULTS, reserved_sid
from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS

pytestmark = pytest.mark.slow
RELEASE = "5.16.0"
OPENAPI = Path(__file__).parents[3] / "schemas" / "openapi.yaml"
COLLECTION = "/v2/ControlPlane/Configurations"
PAYLOAD = {
    "displayName": "one",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prism, installed for these tests."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("prism")
    (folder / "package.json").write_text("{}")
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        f"@stoplight/prism-cli@{RELEASE}",
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        pytest.skip(f"npm could not install @stoplight/prism-cli@{RELEASE}; offline?")
    return folder / "node_modules" / ".bin" / "prism"


@pytest.fixture
def proxied(program: Path, mock: Callable[..., str]) -> Iterator[Callable[..., str]]:
    """Starts Prism before a mock with further options; gives Prism's base URL."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            str(program),
            "proxy",
            str(OPENAPI),
            mock(*options),
            "--errors",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        started.append(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return f"http://127.0.0.1:{port}"
            time.sleep(0.1)
        raise AssertionError("Prism did not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A client with account 1's credentials."""
    with requests.Session() as made:
        made.auth = (DEFAULT_USERS[0], DEFAULT_SECRETS[0])
        yield made


def key() -> dict[str, str]:
    """A header with a fresh key."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def objection(answer: requests.Response) -> str:
    """Prism's violations for an exchange; empty if it passed."""
    try:
        body: Any = answer.json()
    except ValueError:
        return answer.text
    kind = body.get("type") if isinstance(body, dict) else None
    return json.dumps(body) if isinstance(kind, str) and "prism" in kind else ""


def test_whole_life_passes(proxied: Callable[..., str], session: requests.Session) -> None:
    """Create, fetch, list, update, patch, delete, replay, poll and every documented refusal conform on both sides."""
    base = proxied("--operation-seconds", "0.5")
    answers = []

    def call(method: str, path: str, **options: Any) -> requests.Response:
        answers.append(session.request(method, base + path, timeout=30, **options))
        return answers[-1]

    def settled(accepted: requests.Response) -> None:
        operation = accepted.headers["Operation-Id"]
        for _ in range(200):
            if (
                call("GET", f"/v2/ControlPlane/Operations/{operation}").json()["status"]
                != "PENDING"
            ):
                return
            time.sleep(0.05)
        raise AssertionError("the operation did not end")

    created = call("POST", COLLECTION, json=PAYLOAD, headers=key())
    settled(created)
    item = f"{COLLECTION}/{created.json()['related']['configurationId']}"
    call("GET", item)
    page = call("GET", f"{COLLECTION}?pageSize=2").json()
    call("GET", f"{COLLECTION}?pageSize=2&pageToken={page['meta']['nextToken']}")
    settled(call("PUT", item, json=PAYLOAD, headers=key()))
    settled(call("PATCH", item, json={"description": "two"}))
    own = key()
    accepted = call("DELETE", item, headers=own)
    assert call("DELETE", item, headers=own).json() == accepted.json()
    assert call("DELETE", item).status_code == 409
    settled(accepted)
    assert call("DELETE", item).status_code == 404
    for fault in FAULTS:
        call("DELETE", f"{COLLECTION}/{reserved_sid(fault)}")
    settled(answers[-1])

    assert {answer.status_code for answer in answers} == {200, 202, 404, 409, 429, 500, 503}
    assert [text for answer in answers if (text := objection(answer))] == []


@pytest.mark.parametrize(
    ("method", "path", "options", "where"),
    [
        pytest.param(
            "DELETE",
            f"/{reserved_sid('409')}",
            {"headers": {"Idempotency-Key": "no-uuid"}},
            "idempotency-key",
            id="malformed-key",
        ),
        pytest.param("POST", "", {"json": {}}, "displayName", id="empty-payload"),
        pytest.param("DELETE", "/%20", {}, "sid", id="odd-sid"),
    ],
)
def test_bad_request_is_the_clients(
    proxied: Callable[..., str],
    session: requests.Session,
    method: str,
    path: str,
    options: dict[str, Any],
    where: str,
) -> None:
    """Prism attributes violations in a bad request to the request, not to the mock."""
    answer = session.request(method, proxied() + COLLECTION + path, timeout=30, **options)

    assert answer.status_code == 422
    (violation, *_) = answer.json()["validation"]
    assert violation["location"][0] != "response"
    assert where in violation["message"]


def test_missing_credentials_are_the_clients(proxied: Callable[..., str]) -> None:
    """Prism itself turns away who brings no credentials: DELETE documents no 401."""
    answer = requests.delete(f"{proxied()}{COLLECTION}/{reserved_sid('409')}", timeout=30)

    assert answer.status_code == 401
    assert "prism" in answer.json()["type"]


def test_referee_is_not_blind(proxied: Callable[..., str], session: requests.Session) -> None:
    """A defective 202 does not get past Prism."""
    base = proxied("--defect", "accepted-status-url:number")

    answer = session.delete(f"{base}{COLLECTION}/{reserved_sid('operation')}", timeout=30)

    assert "statusUrl" in objection(answer)


def test_blind_spot(proxied: Callable[..., str], session: requests.Session) -> None:
    """Prism lets an operation without status pass: its silence about polls proves nothing."""
    base = proxied("--defect", "operation-missing:status")
    accepted = session.delete(f"{base}{COLLECTION}/{reserved_sid('operation')}", timeout=30)

    answer = session.get(
        f"{base}/v2/ControlPlane/Operations/{accepted.headers['Operation-Id']}", timeout=30
    )

    assert "status" not in answer.json()
    assert objection(answer) == ""
