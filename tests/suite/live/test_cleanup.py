"""`--cleanup` deletes only what the journal of a killed run names."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.coordination import journal

OTHERS = ("somebody-elses", "oc-like-ours")
_QUICK = ("--effort", "quick", "--seed", 1)


def journals(folder: Path) -> list[Path]:
    """The journals that runs left below *folder*."""
    return sorted(folder.rglob("journal-*.jsonl"))


def end(process: subprocess.Popen[bytes], signals: tuple[int, ...], after: float) -> None:
    """Send a run *signals* once it has worked for *after* seconds."""
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        for one in signals:
            process.send_signal(one)
    process.wait(60)


def with_others(mock: Any) -> dict[str, str]:
    """Have somebody else's configurations on the endpoint; their SIDs by name."""
    for name in OTHERS:
        mock.create(name)
    deadline = time.monotonic() + 10
    while not set(OTHERS) <= set(mock.names()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    found: dict[str, str] = mock.names()
    return found


@pytest.mark.parametrize(
    "number",
    [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 20))],
    ids="kill-{}".format,
)
def test_after_kill(
    number: int,
    tmp_path: Path,
    start_mock: Callable[..., Any],
    spawn_suite: Callable[..., Any],
    run_suite: Callable[..., Any],
) -> None:
    """After kill -9 at any moment --cleanup deletes all of the run's, and nothing else."""
    mock = start_mock()
    others = with_others(mock)
    process = spawn_suite("--target", mock.profile, *_QUICK)
    deadline = time.monotonic() + 60
    while not journals(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)

    end(process, (signal.SIGKILL,), after=random.Random(number).uniform(0, 4))

    for path in journals(tmp_path):
        done = run_suite("--cleanup", path, "--target", mock.profile)
        assert done.code == 0, done.output
        again = run_suite("--cleanup", path, "--target", mock.profile)
        assert again.code == 0, again.output
        assert "deleted  " not in again.output
    assert mock.names() == others


@pytest.mark.parametrize(
    "workers", [pytest.param((), id="one-process"), pytest.param(("-n", 2), id="xdist")]
)
def test_interrupt_leaves_nothing(
    workers: tuple[object, ...],
    tmp_path: Path,
    start_mock: Callable[..., Any],
    spawn_suite: Callable[..., Any],
) -> None:
    """Ctrl-C once ends a run gently: nothing of it is left, without --cleanup."""
    mock = start_mock()
    others = with_others(mock)
    process = spawn_suite("--target", mock.profile, *_QUICK, *workers)
    deadline = time.monotonic() + 60
    while not journals(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)

    end(process, (signal.SIGINT,), after=2.5 if not workers else 5)

    # -2: all was done, and the interpreter about to end, when the signal came.
    assert process.returncode in (0, 2, -signal.SIGINT)
    assert mock.names() == others


def test_announced_namesake_is_found(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """An announced second configuration of one name, whose id never became known, is deleted."""
    mock = start_mock()
    others = with_others(mock)
    mock.create("oc-0a1b2c3d-0")
    path = tmp_path / "journal-0a1b2c3d.jsonl"
    lines = [
        {"journal": "orchestrator-contract", "run": "0a1b2c3d", "bases": [mock.base_url]},
        {"name": "oc-0a1b2c3d-0", "state": "creating", "account": 0, "region": 0},
        {"name": "oc-0a1b2c3d-0", "state": "deleted", "account": 0, "region": 0},
        {"name": "oc-0a1b2c3d-0+1", "state": "creating", "account": 0, "region": 0},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 0, done.output
    assert mock.names() == others


def test_one_number_in_two_accounts(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """One SID in two accounts is two configurations: each is deleted in its own."""
    mock = start_mock("--variant", "configuration-id-counted")
    names = {
        1: ["oc-0a1b2c3d-0", "somebody-elses"],
        2: ["oc-0a1b2c3d-1", "oc-like-ours", "oc-0a1b2c3d-2"],
    }
    for account, some in names.items():
        for number, name in enumerate(some, 1):
            mock.create(name, account)
            deadline = time.monotonic() + 10
            while mock.names(account).get(name) != str(number):
                assert time.monotonic() < deadline
                time.sleep(0.05)
    others = [
        {name: sid for name, sid in mock.names(account).items() if "0a1b2c3d" not in name}
        for account in names
    ]
    path = tmp_path / "journal-0a1b2c3d.jsonl"
    lines = [
        {"journal": "orchestrator-contract", "run": "0a1b2c3d", "bases": [mock.base_url]},
        {"name": "oc-0a1b2c3d-0", "sid": "1", "state": "created", "account": 0, "region": 0},
        {"name": "oc-0a1b2c3d-1", "sid": "1", "state": "created", "account": 1, "region": 0},
        {"name": "oc-0a1b2c3d-2", "sid": "3", "state": "created", "account": 1, "region": 0},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 0, done.output
    assert "nothing is left" in done.output
    assert [mock.names(account) for account in names] == others
    assert journal.read(path).leftovers == ()


def test_cut_journal_is_resumed(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """A journal that a crash cut short is mended; a name without an id is looked up."""
    mock = start_mock()
    others = with_others(mock)
    mock.create("oc-0a1b2c3d-0")
    path = tmp_path / "journal-0a1b2c3d.jsonl"
    bases = [mock.base_url]
    lines = [
        {"journal": "orchestrator-contract", "run": "0a1b2c3d", "bases": bases},
        {"name": "oc-0a1b2c3d-0", "state": "creating", "account": 0, "region": 0},
        {"name": "oc-0a1b2c3d-1", "state": "creating", "account": 0, "region": 0},
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"name": "oc-0a1b2', encoding="utf-8")

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 0, done.output
    assert "deleted  " in done.output
    assert "never created" in done.output
    assert [one.name for one in journal.read(path).leftovers] == ["oc-0a1b2c3d-1"]
    assert mock.names() == others


def test_what_a_delete_keeps_is_left(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """A configuration that exists after its delete COMPLETED is named as left, with 1."""
    mock = start_mock("--defect", "completed-kept")
    mock.create("oc-0a1b2c3d-0")
    path = tmp_path / "journal-0a1b2c3d.jsonl"
    lines = [
        {"journal": "orchestrator-contract", "run": "0a1b2c3d", "bases": [mock.base_url]},
        {"name": "oc-0a1b2c3d-0", "state": "creating", "account": 0, "region": 0},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 1, done.output
    assert re.search(r"^LEFT     conv_configuration_\w+  oc-0a1b2c3d-0$", done.output, re.MULTILINE)
    assert "deleted  " not in done.output
    assert [one.name for one in journal.read(path).leftovers] == ["oc-0a1b2c3d-0"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        pytest.param(None, "is no journal", id="no-journal"),
        pytest.param(
            {"bases": ["http://127.0.0.1:9"]}, "which --target does not name", id="other-target"
        ),
        pytest.param({"accounts": ["0" * 12]}, "other credentials", id="other-account"),
    ],
)
def test_journal_of_something_else(
    header: dict[str, Any] | None,
    says: str,
    tmp_path: Path,
    start_mock: Callable[..., Any],
    run_suite: Callable[..., Any],
) -> None:
    """A journal of another target or account is 4, and nothing is deleted."""
    mock = start_mock()
    others = with_others(mock)
    path = tmp_path / "some.jsonl"
    entry = {
        "name": "oc-x",
        "state": "created",
        "sid": others[OTHERS[0]],
        "account": 0,
        "region": 0,
    }
    head = (
        {"journal": "orchestrator-contract", "run": "r", "bases": [mock.base_url]} | header
        if header
        else {"a": 1}
    )
    path.write_text(f"{json.dumps(head)}\n{json.dumps(entry)}\n", encoding="utf-8")

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 4
    assert says in done.output
    assert "Traceback" not in done.output
    assert mock.names() == others


def test_plan_of_a_cleanup_deletes_nothing(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """--plan promises to send nothing: beside --cleanup it is 4."""
    mock = start_mock()
    others = with_others(mock)
    path = tmp_path / "some.jsonl"
    head = {"journal": "orchestrator-contract", "run": "r", "bases": [mock.base_url]}
    entry = {"state": "created", "sid": others[OTHERS[0]], "name": OTHERS[0]}
    lines = [head, entry | {"account": 0, "region": 0}]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")

    done = run_suite("--cleanup", path, "--plan", "--target", mock.profile)

    assert done.code == 4
    assert "--plan can't be used together" in done.output
    assert mock.names() == others


def test_unreachable_target(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """A target that is gone ends the cleanup with 4, and the journal still names what is left."""
    mock = start_mock()
    path = tmp_path / "some.jsonl"
    entry = {
        "name": "oc-x",
        "state": "created",
        "sid": "conv_configuration_0",
        "account": 0,
        "region": 0,
    }
    head = {"journal": "orchestrator-contract", "run": "r", "bases": [mock.base_url]}
    path.write_text(f"{json.dumps(head)}\n{json.dumps(entry)}\n", encoding="utf-8")
    mock.process.kill()
    mock.process.wait()

    done = run_suite("--cleanup", path, "--target", mock.profile)

    assert done.code == 4
    assert "can't be reached" in done.output
    assert len(journal.read(path).leftovers) == 1


def test_two_runs_on_one_account(
    start_mock: Callable[..., Any], spawn_suite: Callable[..., Any]
) -> None:
    """Two runs at once on one account accuse nothing, and delete their own only."""
    mock = start_mock()
    others = with_others(mock)
    # One seed for both: keys are a run's own all the same. Moving the clock would age the other
    # run's keys.
    chosen = (*_QUICK, "-m", "not clock")

    runs = [spawn_suite("--target", mock.profile, *chosen) for _ in range(2)]

    assert [process.wait(120) for process in runs] == [0, 0]
    assert mock.names() == others
