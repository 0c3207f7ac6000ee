"""The mock as a process: its announcement, its profile, its options."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS, accounts_from

COMMAND = [sys.executable, "-m", "orchestrator_contract.mock"]
UNKNOWN = "/v2/ControlPlane/Configurations/conv_configuration_00000000000000000000000000"


def test_announcement(served: dict[str, Any]) -> None:
    """The one line names one base URL per region, and each answers."""
    for origin in (served["base_url"], *served["regions"]):
        answer = requests.delete(
            origin + UNKNOWN, auth=(DEFAULT_USERS[0], DEFAULT_SECRETS[0]), timeout=10
        )

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/json"


def test_regions_have_their_own_state(served: dict[str, Any]) -> None:
    """Each port has its own configurations, and its statusUrl leads back to it."""
    session = requests.Session()
    session.auth = (DEFAULT_USERS[0], DEFAULT_SECRETS[0])
    payload = {
        "displayName": "one",
        "description": "",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": "m",
    }
    path = "/v2/ControlPlane/Configurations"

    accepted = session.post(served["regions"][0] + path, json=payload, timeout=10).json()

    assert accepted["statusUrl"].startswith(served["regions"][0] + "/")
    sid = accepted["related"]["configurationId"]
    requests.post(served["base_url"] + "/__clock", json={"seconds": 1}, timeout=10)
    assert session.get(f"{served['regions'][0]}{path}/{sid}", timeout=10).status_code == 200
    assert session.get(f"{served['base_url']}{path}/{sid}", timeout=10).status_code == 404


def test_profile(served: dict[str, Any]) -> None:
    """The written profile is TOML and describes this process."""
    profile = tomllib.loads(Path(served["profile"]).read_text())

    assert profile["target"]["base_url"] == served["base_url"]
    assert [region["base_url"] for region in profile["regions"]] == served["regions"]
    assert [account["username_env"] for account in profile["accounts"]] == [
        "MOCK_USER_1",
        "MOCK_USER_2",
    ]
    assert set(profile["faults"]) == {"429", "500", "503", "409"}
    assert profile["operation_failure"]["headers"] == {"X-Mock-Fault": "operation"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(["--host", "0.0.0.0"], "not a loopback address", id="public-host"),
        pytest.param(["--defect", "nonesuch"], "unknown defect", id="unknown-defect"),
        pytest.param(
            ["--defect", "key-per:connection,key-per:accept"],
            "are cases of one defect",
            id="cases-of-one-defect",
        ),
        pytest.param(
            ["--defect", "malformed-sid-500:control,malformed-sid-no-response:nul"],
            "can't be had together",
            id="defects-that-clash",
        ),
        pytest.param(["--variant", "nonesuch"], "unknown variant", id="unknown-variant"),
        pytest.param(["--regions", "0"], "at least 1", id="no-region"),
    ],
)
def test_bad_command_line(arguments: list[str], text: str) -> None:
    """A bad option is explained on stderr; nothing is started or announced."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert text in done.stderr
    assert done.stdout == ""


def test_help_names_the_reserved_sids() -> None:
    """--help tells how to provoke each fault, and that this is a test double."""
    done = subprocess.run(
        [*COMMAND, "--help"], capture_output=True, text=True, timeout=30, check=True
    )

    assert "conv_configuration_0mockfault429" in done.stdout
    assert "TEST DOUBLE" in done.stdout


def test_accounts_from_environment() -> None:
    """Variables replace the built-in pairs; the API key of the user is one more name of account 1."""
    accounts = accounts_from(
        {
            "MOCK_USER_1": "u",
            "MOCK_PASSWORD_1": "p",
            "TWILIO_API_KEY": "SK1",
            "TWILIO_API_SECRET": "s",
        }
    )

    assert accounts == {"SK1": (1, "s"), "u": (1, "p"), DEFAULT_USERS[1]: (2, DEFAULT_SECRETS[1])}
