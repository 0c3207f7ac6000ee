"""The mock's first messages: its purpose, its credentials, and errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.mock import cli
from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS
from orchestrator_contract.mock.target_profile import Described

COLLECTION = "/v2/ControlPlane/Configurations"
PROJECT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set in the environment."""
    for name in [one for one in os.environ if one.startswith(("MOCK_", "TWILIO_"))]:
        monkeypatch.delenv(name)


def test_root(mock: Any) -> None:
    """GET / says what answers, without credentials."""
    answer = mock.call("GET", "/", account=0)

    assert answer.status == 200
    assert "test double" in answer.document["service"]
    assert f"{COLLECTION}/" in answer.document["paths"]
    assert "--help" in answer.document["help"]
    assert mock.call("DELETE", "/", account=0).status == 404


@pytest.mark.parametrize("name", ["42", "", "429, 500", "OPERATION", "é"])
def test_unknown_fault(mock: Any, name: str) -> None:
    """An unknown fault is refused with the names of those that are known; nothing is deleted."""
    sid = mock.create()

    answer = mock.delete(sid, headers={"X-Mock-Fault": name})

    assert answer.status == 400
    assert f"{name} is unknown" in answer.document["message"]
    assert "429, 500, 503, 409, operation" in answer.document["message"]
    mock.settle()
    assert mock.fetch(sid).status == 200


def test_a_fault_once_refused_can_be_asked_for(mock: Any) -> None:
    """A refused fault leaves its key free."""
    sid, key = mock.create(), "6f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"

    refused = mock.delete(sid, headers={"X-Mock-Fault": "nonesuch"}, key=key)

    assert (refused.status, mock.delete(sid, key=key).status) == (400, 202)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"seconds=60", "not JSON", id="form"),
        pytest.param(b"[60]", "no object with a member seconds", id="list"),
        pytest.param({"second": 60}, "no object with a member seconds", id="misspelt"),
        pytest.param({"seconds": "60"}, '"60" and no number', id="text"),
        pytest.param({"seconds": True}, "true and no number", id="boolean"),
        pytest.param({"seconds": -1}, "-1, the clock goes forward only", id="back"),
        pytest.param(b'{"seconds": NaN}', "nan, the clock goes forward only", id="nan"),
        pytest.param({"seconds": 1e12}, "at most 316224000", id="far"),
    ],
)
def test_clock_says_what_is_wrong(mock: Any, body: Any, reason: str) -> None:
    """A clock that is not moved says why, and how it is moved."""
    answer = mock.call("POST", "/__clock", body=body, account=0)

    assert answer.status == 400
    assert reason in answer.document["message"]
    assert 'POST {"seconds": 86401}' in answer.document["message"]


def test_reserved_are_not_listed(mock: Any) -> None:
    """The list holds what the user created and nothing that the mock is made of."""
    sid = mock.create()

    page = mock.call("GET", COLLECTION).document

    assert [one["id"] for one in page["configurations"]] == [sid]
    assert mock.fetch("conv_configuration_0mockfault4290000000000000").status == 200


def test_help_names_the_credentials() -> None:
    """--help has the built-in pairs and the variants of --like-twilio."""
    shown = subprocess.run(
        [sys.executable, "-m", "orchestrator_contract.mock", "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout

    for user, secret in zip(DEFAULT_USERS, DEFAULT_SECRETS, strict=True):
        assert f"{user} with {secret}" in shown
    assert "create-id-nowhere" in shown


def test_start_names_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built-in credentials are printed, those of the environment are not."""
    monkeypatch.setenv("MOCK_USER_2", "user-of-my-own")
    monkeypatch.setenv("MOCK_PASSWORD_2", "secret-of-my-own")

    lines = list(cli.credential_lines(Described(["http://127.0.0.1:1"])))

    assert lines == [
        f"export MOCK_USER_1={DEFAULT_USERS[0]} MOCK_PASSWORD_1={DEFAULT_SECRETS[0]}",
        "MOCK_USER_2, MOCK_PASSWORD_2: as the environment has them",
    ]


def test_start_is_for_people() -> None:
    """A mock that is started on a terminal says what it is, and which variables to set."""
    command = [sys.executable, "-m", "orchestrator_contract.mock", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        process.terminate()
        _, told = process.communicate(timeout=30)

    assert announced["base_url"].startswith("http://127.0.0.1:")
    assert told.splitlines()[:3] == [
        "mock control plane: a TEST DOUBLE on loopback, nothing is kept",
        "credentials:",
        f"  export MOCK_USER_1={DEFAULT_USERS[0]} MOCK_PASSWORD_1={DEFAULT_SECRETS[0]}",
    ]


def test_unknown_without(capsys: pytest.CaptureFixture[str]) -> None:
    """A variant that the preset does not have can't be left out."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["--like-twilio", "--without", "gzip", "--port", "0"])

    assert ended.value.code == 2
    assert "unknown without 'gzip'; see --help" in capsys.readouterr().err


def test_log(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Each request is a line that says who asked for what, the status, and what the account holds."""
    log = tmp_path / "log" / "requests.jsonl"
    mock = serve("--log", str(log))
    sid = mock.create()
    mock.call("DELETE", f"{COLLECTION}/{sid}", headers={"Idempotency-Key": "not a key"})
    mock.call("GET", COLLECTION, auth=("x", "y"))

    lines = [json.loads(line) for line in log.read_text().splitlines()]

    created, refused, stranger = lines[0], lines[-2], lines[-1]
    assert (created["route"], created["status"], created["configurations"]) == ("create", 202, 1)
    assert (refused["method"], refused["path"]) == ("DELETE", f"{COLLECTION}/{sid}")
    assert (refused["key"], refused["status"]) == ("not a key", 400)
    assert (stranger["account"], stranger["status"]) == (None, 401)


def test_profile_works(served: dict[str, Any], tmp_path: Path) -> None:
    """``pytest --target FILE`` runs on the profile, with the variables set as the start prints them."""
    names = [f"MOCK_{what}_{number}" for number in (1, 2) for what in ("USER", "PASSWORD")]
    pairs = [value for pair in zip(DEFAULT_USERS, DEFAULT_SECRETS, strict=True) for value in pair]
    command = [sys.executable, "-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider"]
    command += ["--target", served["profile"], "--report", str(tmp_path / "report")]

    done = subprocess.run(
        [*command, "--effort", "quick", "--requirement", "SID-UNKNOWN"],
        cwd=PROJECT,
        env={**os.environ, **dict(zip(names, pairs, strict=True))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report" / "conformance.json").read_text())
    verdicts = {one["id"]: one["verdict"] for one in report["requirements"]}
    assert verdicts["SID-UNKNOWN"] == "passed"
