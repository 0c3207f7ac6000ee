"""Workers on other hosts take part in the one run, or say why they can't."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

KINDS = [pytest.param("loopback", marks=pytest.mark.slow), "namespaces"]


def everything(hosts: Any, output: str) -> str:
    """All that a run wrote."""
    files = [path for path in (hosts.folder / "report").rglob("*") if path.is_file()]
    return "\n".join([output, *(path.read_text("utf-8", "replace") for path in files)])


@pytest.mark.parametrize("kind", KINDS)
def test_one_run_on_two_hosts(
    start_hosts: Callable[[str], Any], secrets_of_hosts: list[str], kind: str
) -> None:
    """Both hosts run tests, one budget, journal and verdict; nothing secret is written anywhere."""
    hosts = start_hosts(kind)
    profile = hosts.endpoint()

    done = hosts.run(
        "--tx",
        "popen",
        "--tx",
        hosts.worker(),
        f"--target={profile}",
        *hosts.options,
        "--debug=" + str(hosts.folder / "debug.log"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((hosts.folder / "report" / "conformance.json").read_text("utf-8"))
    assert report["verdict"] == "conformant"
    for worker in ("gw0", "gw1"):
        assert re.search(rf"\[{worker}\] .*PASSED", done.stdout)
    # An emptied journal is removed: what either host created is known to be deleted.
    assert list((hosts.folder / "report").glob("journal-*")) == []
    written = everything(hosts, done.stdout + done.stderr) + (hosts.folder / "debug.log").read_text(
        "utf-8", "replace"
    )
    assert [value for value in secrets_of_hosts if value in written] == []
    assert re.findall(r"\b[0-9a-f]{64}\b", written) == []


@pytest.mark.parametrize("kind", ["loopback", pytest.param("namespaces", marks=pytest.mark.slow)])
def test_one_budget_on_two_hosts(start_hosts: Callable[[str], Any], kind: str) -> None:
    """What [limits] allows is allowed to all hosts together."""
    hosts = start_hosts(kind)
    profile = hosts.endpoint()
    text = profile.read_text("utf-8").replace("requests = 100000", "requests = 60")
    profile.write_text(text, encoding="utf-8")

    done = hosts.run(
        "--tx",
        "popen",
        "--tx",
        hosts.worker(),
        f"--target={profile}",
        "--requirement=OP,DELETED,SID",
        *hosts.options,
    )

    report = json.loads((hosts.folder / "report" / "conformance.json").read_text("utf-8"))
    assert (done.returncode, report["verdict"]) == (0, "incomplete"), done.stdout + done.stderr
    assert "budget" in report["reason"]
    assert report["counts"]["requests"] <= 60


@pytest.mark.parametrize(
    ("env", "said"),
    [
        pytest.param(
            {"MOCK_PASSWORD_1": "wrong"},
            "refuses the given credentials with 401",
            id="wrong-password",
        ),
        pytest.param(
            {"MOCK_USER_2": "other"},
            "the credentials on .* are not those of the controller",
            id="other-account",
        ),
        pytest.param(
            {"MOCK_USER_2": ""}, "the environment variable MOCK_USER_2 is not set", id="no-account"
        ),
    ],
)
def test_worker_that_cannot_take_part(loopback: Any, env: dict[str, str], said: str) -> None:
    """The session ends with exit code 4 before the first test, and one message names the host and the reason."""
    profile = loopback.endpoint()

    done = loopback.run("--tx", loopback.worker(**env), f"--target={profile}", *loopback.options)

    assert done.returncode == 4, done.stdout + done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "passed" not in done.stdout


def test_unreachable_coordinator(namespaces: Any) -> None:
    """A worker that finds nobody where the coordinator is said to be says so, instead of hanging."""
    profile = namespaces.endpoint()

    done = namespaces.run(
        "--tx", namespaces.worker(), f"--target={profile}", "--coordinator=127.0.0.1"
    )

    assert done.returncode == 4
    assert re.search(
        r"worker gw0 on 10\.77\.0\.2 can't take part: .* can't reach the coordinator at 127\.0\.0\.1:\d+: Connection refused",
        done.stderr,
    )
    assert (
        json.loads((namespaces.folder / "report" / "conformance.json").read_text("utf-8"))[
            "verdict"
        ]
        == "incomplete"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tx", "socket=192.0.2.1:8888"], "can't reach the embedded mock"),
        (["--tx", "socket=127.0.0.1:1", "--target=http://127.0.0.1:9"], "can't be reached"),
        (
            ["--tx", "socket=127.0.0.1:8888", "--target=http://127.0.0.1:9", "--report", "docs"],
            "write --option=VALUE as one word",
        ),
        (
            [
                "--tx",
                "socket=127.0.0.1:8888",
                "--target=http://127.0.0.1:9",
                "--coordinator=0.0.0.0",
            ],
            "name one address",
        ),
        (
            ["--tx", "socket=127.0.0.1:8888", "--target=http://127.0.0.1:9", "--coordinator=a:b"],
            "expected HOST or HOST:PORT",
        ),
        (
            [
                "--tx",
                "socket=127.0.0.1:8888",
                "--target=http://127.0.0.1:9",
                "--coordinator=192.0.2.1",
            ],
            "can't listen on 192.0.2.1",
        ),
        (
            ["--tx", "ssh=user@nowhere.invalid", "--target=http://127.0.0.1:9"],
            "name it with --coordinator",
        ),
    ],
)
def test_wrong_usage(loopback: Any, options: list[str], said: str) -> None:
    """What can't work is one clear message and exit code 4, before anything is sent."""
    done = loopback.run(*options)

    assert (done.returncode, "Traceback" in done.stderr) == (4, False), done.stdout + done.stderr
    assert said in done.stderr


def test_worker_that_is_not_there(loopback: Any) -> None:
    """A worker that can't be started ends the session with exit code 4, and leaves nothing on the endpoint."""
    profile = loopback.endpoint()

    done = loopback.run("--tx", "socket=127.0.0.1:1", f"--target={profile}", *loopback.options)

    assert done.returncode == 4, done.stdout + done.stderr
    assert "a worker can't be started: ConnectionRefusedError" in done.stderr
    assert list((loopback.folder / "report").glob("journal-*")) == []


def test_worker_without_a_checkout(loopback: Any) -> None:
    """A worker whose folder holds no tests is named, instead of a run that judges nothing."""
    profile = loopback.endpoint()

    done = loopback.run(
        "--tx",
        "popen",
        "--tx",
        loopback.worker().partition("//")[0],
        f"--target={profile}",
        *loopback.options,
    )

    assert done.returncode == 4, done.stdout + done.stderr
    assert "can't take part: it finds" in done.stderr


def test_option_is_shown(loopback: Any) -> None:
    """--help says how the coordinator's address is given."""
    assert "--coordinator=HOST[:PORT]" in loopback.run("--help").stdout
