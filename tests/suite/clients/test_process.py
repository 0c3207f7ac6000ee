"""``--judge-clients`` as users run it: over the wire, ended in each of the ways there are."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from orchestrator_contract.mock.faults import reserved_sid

COLLECTION = "/v2/ControlPlane/Configurations"
PAYLOAD = {
    "displayName": "a",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "m",
}


def created(mock: Any, session: requests.Session) -> str:
    """A new configuration's SID."""
    answer = session.post(mock.base_url + COLLECTION, json=PAYLOAD, timeout=10)
    return str(answer.json()["related"]["configurationId"])


@pytest.fixture
def session() -> Any:
    """A plain HTTP client."""
    with requests.Session() as made:
        yield made


@pytest.mark.parametrize(
    "end", [signal.SIGINT, signal.SIGTERM, None], ids=["sigint", "sigterm", "stdin-ends"]
)
def test_summary_at_the_end(
    judging: Callable[..., Any], session: Any, end: signal.Signals | None
) -> None:
    """However the mock is ended, the summary stands on stderr."""
    mock = judging()
    session.delete(f"{mock.base_url}{COLLECTION}/{reserved_sid('409')}", auth=mock.auth, timeout=10)

    if end is not None:
        mock.process.send_signal(end)

    text = mock.stop()
    assert "client: faulty (1 requests, 1 deletes judged)" in text
    assert "CLIENT-KEY-MISSING once" in text
    assert "Traceback" not in text


def test_nothing_changes_for_the_client(judging: Callable[..., Any], session: Any) -> None:
    """Answers are those of the mock without a judge, and the report is no part of what is judged."""
    mock = judging("--create-seconds", "0")
    session.auth = mock.auth
    sid = created(mock, session)

    assert session.get(f"{mock.base_url}{COLLECTION}/{sid}", timeout=10).status_code == 200
    assert mock.report()["requests"] == 2
    assert mock.report()["requests"] == 2


def test_lost_answer_is_noticed(judging: Callable[..., Any], session: Any) -> None:
    """A client that hangs up and asks again with another key has changed the key of a retry."""
    mock = judging("--create-seconds", "0", "--variant", "responses-30-80-ms")
    session.auth = mock.auth
    sid = created(mock, session)
    host, port = mock.base_url.removeprefix("http://").split(":")
    token = requests.auth._basic_auth_str(*mock.auth)
    head = f"DELETE {COLLECTION}/{sid} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
    with socket.create_connection((host, int(port)), 5) as hasty:
        hasty.sendall(f"{head}Idempotency-Key: {uuid.uuid4()}\r\n\r\n".encode())

    headers = {"Idempotency-Key": str(uuid.uuid4())}
    session.delete(f"{mock.base_url}{COLLECTION}/{sid}", headers=headers, timeout=10)

    assert mock.found()["CLIENT-KEY-CHANGED"] == 1


@pytest.mark.parametrize("bait", ["status-url", "redirect"])
def test_baited_credentials_are_seen(judging: Callable[..., Any], session: Any, bait: str) -> None:
    """A client that takes its credentials to a foreign origin is found out, by each bait."""
    mock = judging("--bait", bait, "--retry-after", "0", "--create-seconds", "0")
    session.auth = mock.auth
    url = f"{mock.base_url}{COLLECTION}/{created(mock, session)}"
    accepted = session.delete(
        url, headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=10
    ).json()

    answer = session.get(accepted["statusUrl"], timeout=10, allow_redirects=False)
    if bait == "redirect":
        session.get(answer.headers["Location"], timeout=10)

    assert mock.found() == {"CLIENT-SECRET-ORIGIN": 1}


@pytest.mark.parametrize("bait", ["status-url", "redirect"])
def test_careful_client_resists(judging: Callable[..., Any], session: Any, bait: str) -> None:
    """A client that goes there without credentials, or not at all, is not faulty."""
    mock = judging("--bait", bait, "--retry-after", "0", "--create-seconds", "0")
    session.auth = mock.auth
    url = f"{mock.base_url}{COLLECTION}/{created(mock, session)}"
    accepted = session.delete(
        url, headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=10
    ).json()

    answer = requests.get(accepted["statusUrl"], timeout=10, allow_redirects=False)

    assert answer.status_code in (200, 401)
    assert mock.found() == {}


def careful(mock: Any, session: requests.Session) -> None:
    """Read one page of the list."""
    session.get(mock.base_url + COLLECTION, auth=mock.auth, timeout=10)


def careless(mock: Any, session: requests.Session) -> None:
    """Delete without a key."""
    session.delete(f"{mock.base_url}{COLLECTION}/{reserved_sid('409')}", auth=mock.auth, timeout=10)


def absent(mock: Any, session: requests.Session) -> None:
    """Never call."""


@pytest.mark.parametrize(
    "end", [signal.SIGINT, signal.SIGTERM, None], ids=["sigint", "sigterm", "stdin-ends"]
)
@pytest.mark.parametrize(("client", "code"), [(careful, 0), (careless, 1), (absent, 4)])
def test_exit_code(
    judging: Callable[..., Any],
    session: Any,
    client: Callable[[Any, Any], None],
    code: int,
    end: signal.Signals | None,
) -> None:
    """With --exit-code a CI step fails for a faulty client, and for one that never called."""
    mock = judging("--exit-code")
    client(mock, session)

    if end is not None:
        mock.process.send_signal(end)

    assert "Traceback" not in mock.stop()
    assert mock.process.returncode == code


def test_exit_code_is_asked_for(judging: Callable[..., Any], session: Any) -> None:
    """Without --exit-code the mock ends as it does without a judge."""
    mock = judging()
    careless(mock, session)

    mock.stop()

    assert mock.process.returncode == 0


@pytest.mark.parametrize("option", [("--exit-code",), ("--bait", "redirect")], ids=" ".join)
def test_options_of_the_judge(option: tuple[str, ...]) -> None:
    """An option of the judge without the judge is a wrong command line."""
    command = [sys.executable, "-m", "orchestrator_contract.mock", *option]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert f"{option[0]} needs --judge-clients" in done.stderr
