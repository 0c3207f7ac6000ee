r"""Schemathesis' own command line judges the mock by the OpenAPI file; what it accuses wrongly is pinned.

To look at it by hand::

    python -m orchestrator_contract.mock --retry-after 0
    schemathesis run schemas/openapi.yaml --url http://127.0.0.1:8080 \
        --auth SKmock00000000000000000000000000001:mock-secret-one --seed 1 --max-examples 25
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS

OPENAPI = Path(__file__).parents[3] / "schemas" / "openapi.yaml"
KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Accusation:
    """One check that failed, with the exchange that it failed on."""

    check: str
    method: str
    uri: str
    key: str | None
    authorized: bool
    status: int
    #: The error code in the body; None when there is none.
    code: int | None


def accusations(report: Path) -> Iterator[Accusation]:
    """Every failed check in an NDJSON report."""
    for line in report.read_text("utf-8").splitlines():
        event = json.loads(line)
        recorder = event.get("ScenarioFinished", {}).get("recorder", {})
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] == "failure":
                    yield accusation(check["name"], recorder["interactions"][case])


def accusation(check: str, interaction: dict[str, Any]) -> Accusation:
    """The failed *check* of one interaction."""
    request, response = interaction["request"], interaction["response"]
    headers = {name.lower(): values[0] for name, values in request["headers"].items()}
    content = response["content"]
    body = base64.b64decode(content["$base64"]) if content else b""
    try:
        code = json.loads(body).get("code")
    except ValueError:
        code = None
    return Accusation(
        check,
        request["method"],
        request["uri"],
        headers.get("idempotency-key"),
        headers.get("authorization") == authorization(),
        response["status_code"],
        code,
    )


def authorization() -> str:
    """The header that --auth makes."""
    return "Basic " + base64.b64encode(f"{DEFAULT_USERS[0]}:{DEFAULT_SECRETS[0]}".encode()).decode()


#: Why the mock is right and the tool is not.
EXCUSES: dict[str, Callable[[Accusation], bool]] = {
    # It sends the same example key with several payloads. 17534 is what the contract has for that.
    "key-reused": lambda a: (
        a.check == "positive_data_acceptance" and (a.status, a.code) == (422, 17534)
    ),
    # It sends "0" as a key, which breaks the schema's pattern, and calls it valid.
    "key-no-uuid": lambda a: (
        a.check == "positive_data_acceptance"
        and (a.status, a.code) == (400, 530002)
        and a.key is not None
        and KEY.fullmatch(a.key) is None
    ),
    # It makes up page tokens. They are opaque: valid are those that a page gave.
    "token-made-up": lambda a: (
        a.check == "positive_data_acceptance"
        and (a.status, a.code) == (400, 530004)
        and "pageToken=" in a.uri
    ),
    # It expects a filter that is no memory store's id to be refused. An empty page is an answer,
    # too: no source says which.
    "filter-unknown": lambda a: (
        a.check == "negative_data_rejection" and a.method == "GET" and "memoryStoreId=" in a.uri
    ),
    # DELETE documents neither 401 nor what 17534 and a malformed key are answered with; all are
    # silent, not forbidden.
    "delete-401": lambda a: (
        a.check == "status_code_conformance"
        and a.method == "DELETE"
        and not a.authorized
        and (a.status, a.code) == (401, 20003)
    ),
    "delete-17534": lambda a: (
        a.check == "status_code_conformance"
        and a.method == "DELETE"
        and (a.status, a.code) == (422, 17534)
    ),
    "delete-bad-key": lambda a: (
        a.check == "status_code_conformance"
        and a.method == "DELETE"
        and (a.status, a.code) == (400, 530002)
        and a.key is not None
        and KEY.fullmatch(a.key) is None
    ),
}


def judged(url: str, folder: Path, *options: str) -> tuple[list[Accusation], dict[str, Any]]:
    """The findings of schemathesis at *url*, and its summary."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            str(OPENAPI),
            "--url",
            url,
            "--auth",
            f"{DEFAULT_USERS[0]}:{DEFAULT_SECRETS[0]}",
            "--seed",
            "1",
            "--no-shrink",
            "--generation-database",
            "none",
            "--output-sanitize",
            "false",
            "--continue-on-failure",
            "--report",
            "json,ndjson",
            "--report-json-path",
            str(folder / "report.json"),
            "--report-ndjson-path",
            str(folder / "report.ndjson"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    summary = json.loads((folder / "report.json").read_text("utf-8"))
    assert summary["operations"]["tested"] >= 6
    assert not summary["errors"]
    return list(accusations(folder / "report.ndjson")), summary


def excused(found: list[Accusation]) -> set[str]:
    """Names of the excuses that *found* needs; an accusation without one is a failure."""
    names = set()
    for one in found:
        name = next((name for name, holds in EXCUSES.items() if holds(one)), None)
        assert name is not None, f"not a known wrong accusation: {one}"
        names.add(name)
    return names


def test_examples_and_links(mock: Callable[..., str], tmp_path: Path) -> None:
    """The examples, and chains of calls along the links, bring up nothing but known wrong accusations."""
    found, summary = judged(
        mock(), tmp_path, "--phases", "examples,stateful", "--max-examples", "2"
    )

    assert summary["test_cases"]["generated"] > 20
    excused(found)


@pytest.mark.slow
def test_all_phases(mock: Callable[..., str], tmp_path: Path) -> None:
    """Boundary values, fuzzing and negative cases, too: the wrong accusations are those that are written down."""
    found, summary = judged(mock(), tmp_path, "--max-examples", "25")

    assert summary["test_cases"]["generated"] > 300
    assert excused(found) >= {"key-reused", "key-no-uuid", "token-made-up", "delete-401"}


@pytest.mark.parametrize("defect", ["error-html:404", "create-accepted:related-number"])
def test_referee_is_not_blind(mock: Callable[..., str], tmp_path: Path, defect: str) -> None:
    """A defect in the mock is more than a known wrong accusation: the referee sees the body."""
    found, _ = judged(
        mock("--defect", defect), tmp_path, "--phases", "examples,stateful", "--max-examples", "2"
    )

    assert {one.check for one in found if not any(holds(one) for holds in EXCUSES.values())}
