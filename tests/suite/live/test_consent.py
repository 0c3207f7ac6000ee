"""Nothing that is not on this machine is changed before somebody agreed."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import nullcontext
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.http.addresses import is_loopback
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin import plan

#: TEST-NET-1 (RFC 5737): nobody is there, so a request that is sent all the same shows by its
#: timeout only.
ELSEWHERE = "http://192.0.2.1"


@pytest.mark.parametrize(
    ("host", "loops"),
    [
        pytest.param("127.0.0.1", True, id="ipv4"),
        pytest.param("127.9.8.7", True, id="any-of-127"),
        pytest.param("::1", True, id="ipv6"),
        pytest.param("::ffff:127.0.0.1", True, id="mapped"),
        pytest.param("LOCALHOST", True, id="name"),
        pytest.param("192.0.2.1", False, id="other-ipv4"),
        pytest.param("2001:db8::1", False, id="other-ipv6"),
        pytest.param("::ffff:192.0.2.1", False, id="mapped-other"),
        pytest.param("0.0.0.0", False, id="any-address"),
    ],
)
def test_loopback(host: str, loops: bool) -> None:
    """127.0.0.0/8, ::1 and localhost are this machine; nothing else is."""
    assert is_loopback(host) is loops


def test_one_address_elsewhere_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to this machine and to another one is not loopback."""
    responses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
        for address in ("127.0.0.1", "192.0.2.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: responses)

    assert not is_loopback("both.example")


def test_regions_and_clock_count() -> None:
    """Consent is needed for every address that the run may change something at."""
    profile = Profile(
        "t", "http://127.0.0.1:1", regions=(ELSEWHERE,), clock_url="http://192.0.2.2/clock"
    )

    assert plan.distant(profile) == [ELSEWHERE, "http://192.0.2.2/clock"]


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name without an address is an endpoint that can't be used."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(EndpointUnusable, match="can't be reached"):
        plan.distant(Profile("t", "http://nowhere.invalid"))


def test_flag_is_needed_without_terminal(run_suite: Callable[..., Any]) -> None:
    """Without a terminal and without --yes nothing is sent, and the exit code is 4."""
    done = run_suite("--target", ELSEWHERE)

    assert done.code == 4
    assert "--yes" in done.output
    assert "Traceback" not in done.output
    assert not done.report.exists()


@pytest.mark.parametrize("option", ["--plan", "--collect-only"])
def test_looking_needs_no_consent(run_suite: Callable[..., Any], option: str) -> None:
    """An option that sends nothing needs no consent."""
    done = run_suite("--target", ELSEWHERE, option)

    assert done.code == 0
    assert "--yes" not in done.output


def test_what_is_asked_is_safe_to_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of a journal are shown on a line each, with control characters escaped."""
    monkeypatch.setattr(plan, "_terminal", lambda _: nullcontext(True))
    monkeypatch.setattr("sys.stdin", StringIO("no\n"))
    config: Any = SimpleNamespace(option=SimpleNamespace(yes=False))
    will = ["delete it\x1b[2J", "delete that\n::error::x"]

    with pytest.raises(pytest.UsageError, match="not confirmed"):
        plan.get_consent(config, Profile("t", ELSEWHERE), will)

    asked = capsys.readouterr().err
    assert asked.startswith("\ndelete it\\x1b[2J\ndelete that\\n::error::x\n\nThis will change ")


def test_answer_at_the_prompt(spawn_suite: Callable[..., subprocess.Popen[bytes]]) -> None:
    """On a terminal the run says what it would do, and any answer but yes ends it with 4."""
    leader, poller = pty.openpty()
    process = spawn_suite("--target", ELSEWHERE, stdin=poller, stdout=poller, stderr=poller)
    os.close(poller)
    # A hang shows as a failure of this test, not of the whole session.
    timer = threading.Timer(60, process.kill)
    timer.start()
    output, answered = b"", False
    try:
        while chunk := os.read(leader, 4096):
            output += chunk
            if b"[y/N]" in output and not answered:
                answered = os.write(leader, b"no\n") > 0
    except OSError:
        pass  # the other end is closed: the process has ended
    finally:
        timer.cancel()
        os.close(leader)

    assert process.wait() == 4
    assert b"created by POST with names that begin oc-" in output
    assert b"not confirmed; nothing was sent" in output
