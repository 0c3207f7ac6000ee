"""Configurations that a profile gives: each is handed to one process of a run only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract import profile
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.profile import Provision
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement import Verdict, judge_requirement
from orchestrator_contract.scope import Scope

SIDS = [f"conv_configuration_{n}" for n in range(6)]


def workers(provision: Provision, number: int = 2) -> list[Endpoint]:
    """The suites of *number* processes of one run."""
    target = replace(profile.from_url("http://127.0.0.1:9"), provision=provision)
    coordinator = Coordinator(100, 0, 100, None)
    return [
        Endpoint(Settings(target, EFFORTS["quick"], 1, "meta", f"gw{n}"), coordinator)
        for n in range(number)
    ]


def from_pool(_: Path) -> Provision:
    """A pool."""
    return Provision("pool", pool=tuple(SIDS))


def from_command(folder: Path) -> Provision:
    """A command that prints the same SIDs each time."""
    listing = folder / "sids"
    listing.write_text("\n".join(SIDS), encoding="utf-8")
    return Provision(
        "command", command=(sys.executable, "-c", f"print(open({str(listing)!r}).read())")
    )


@pytest.mark.parametrize(
    "given", [pytest.param(from_pool, id="pool"), pytest.param(from_command, id="command")]
)
def test_each_sid_once(given: Callable[[Path], Provision], tmp_path: Path) -> None:
    """Two processes share what is given, and what one gives back is its own again."""
    one, other = (endpoint.configurations for endpoint in workers(given(tmp_path)))

    taken = [*one.take(2), *other.take(2), *one.take(1), *other.take(1)]

    assert sorted(configuration.sid for configuration in taken) == SIDS
    with pytest.raises(NothingToDelete):
        one.take(1)
    one.give_back(taken[0])
    assert one.take(1)[0].sid == taken[0].sid


@pytest.mark.parametrize(
    ("given", "unused"),
    [pytest.param(from_pool, 0, id="pool"), pytest.param(from_command, 3, id="command")],
)
def test_what_a_command_printed_in_vain(
    given: Callable[[Path], Provision], unused: int, tmp_path: Path
) -> None:
    """Unused SIDs of a command are counted over all processes; a pool's are not."""
    one, other = (endpoint.configurations for endpoint in workers(given(tmp_path)))
    taken = [*one.take(2), *other.take(2)]
    one.give_back(taken[0])

    for provisioner in (one, other):
        provisioner.given.end()

    assert one.client.coordinator.unused([]) == unused


def test_other_accounts_are_one_way_less() -> None:
    """A pool without a second account leaves nothing unverified that was checked otherwise."""
    with pytest.raises(Inconclusive):
        workers(from_pool(Path()), 1)[0].configurations.take(1, scope=Scope(1))


@pytest.mark.parametrize(
    ("checked", "verdict"),
    [
        pytest.param(True, Verdict.PASSED, id="checked"),
        pytest.param(False, Verdict.UNVERIFIED, id="unchecked"),
    ],
)
def test_one_way_less(*, checked: bool, verdict: Verdict) -> None:
    """It leaves a requirement unverified, with the reason, only where nothing else checked it."""
    findings = Findings(catalogue.load(), Redactor())
    if checked:
        findings.check("SID-UNKNOWN", True)

    findings.unverified(["SID-UNKNOWN"], "no second account")
    merged = Findings(catalogue.load(), Redactor())
    merged.merge(findings.dump())

    row = judge_requirement(
        merged.catalogue["SID-UNKNOWN"],
        merged.records["SID-UNKNOWN"],
        profile.from_url("http://127.0.0.1:9"),
    )
    assert row.verdict is verdict
    assert checked or "no second account" in row.reason


def test_given_and_deleted(
    run: Callable[..., Any], start_mock: Callable[..., Any], tmp_path: Path
) -> None:
    """A printed SID that the suite deleted on purpose is not reported as missing."""
    mock = start_mock()
    profile_with_command = mock.changed(
        "command.toml",
        lambda text: text.replace(
            'mode = "create"',
            f'mode = "command"\ncommand = {json.dumps([sys.executable, str(creator(tmp_path)), mock.base_url])}',
        ),
    )

    finished = run(
        "--target", profile_with_command, "--requirement", "OP-FAILED", "--effort", "standard"
    )

    assert finished.code == 0, finished.output
    assert set(finished.verdicts().values()) == {"passed"}


def test_six_of_a_pool(
    run: Callable[..., Any],
    start_mock: Callable[..., Any],
    suite_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """Six SIDs verify more than half of the contract; the rest names its reason."""
    mock = start_mock("--operation-seconds", "0.03")
    command = [sys.executable, creator(tmp_path), mock.base_url]
    made = subprocess.run(command, env=suite_environment, capture_output=True, check=True)
    pool = f"pool = {json.dumps(made.stdout.decode().split()[:6])}"
    profile_with_pool = mock.changed(
        "pool.toml", lambda text: text.replace('mode = "create"', f'mode = "pool"\n{pool}')
    )

    finished = run("--target", profile_with_pool)

    assert finished.code == 0, finished.output
    verdicts = [*finished.verdicts().values()]
    assert verdicts.count("passed") >= 57
    assert {*verdicts} == {"passed", "unverified"}
    assert len(mock.names()) >= 4  # those beside the pool


def creator(folder: Path) -> Path:
    """A vendor's program, which creates ten configurations and prints their ids."""
    program = folder / "create.py"
    program.write_text(
        "import os, sys, time, uuid, requests\n"
        "session = requests.Session()\n"
        "session.trust_env = False\n"
        "session.auth = os.environ['MOCK_USER_1'], os.environ['MOCK_PASSWORD_1']\n"
        "body = {'description': 'given', 'conversationGroupingType': 'GROUP_BY_PROFILE', 'memoryStoreId': 'mem_store_x'}\n"
        "for _ in range(10):\n"
        "    name = {'displayName': uuid.uuid4().hex}\n"
        "    made = session.post(sys.argv[1] + '/v2/ControlPlane/Configurations', json=body | name, timeout=10).json()\n"
        "    while (operation := session.get(made['statusUrl'], timeout=10).json())['status'] != 'COMPLETED':\n"
        "        time.sleep(0.01)\n"
        "    print(operation['related']['configurationId'])\n",
        encoding="utf-8",
    )
    return program
