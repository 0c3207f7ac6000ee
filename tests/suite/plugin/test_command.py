"""The command `orchestrator-contract`: any folder, a starter profile, the mock."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract import __version__, cli, starter_profile
from orchestrator_contract.profile import ProfileError, from_file

PROJECT = Path(__file__).parents[3]
URL = "https://api.vendor.example"


@pytest.fixture
def command(tmp_path: Path, suite_environment: dict[str, str]) -> Callable[..., Any]:
    """Run the command in an empty folder, without a terminal."""

    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orchestrator_contract", *map(str, arguments)],
            cwd=tmp_path,
            env=suite_environment | {"PYTHONPATH": str(PROJECT)},
            text=True,
            timeout=180,
            check=False,
            **{"stdin": subprocess.DEVNULL, "capture_output": True, **options},
        )

    return run


# -------------------------------------------------------------------- runs


def test_any_folder(command: Callable[..., Any], tmp_path: Path) -> None:
    """Without --target the embedded mock is judged; reports and pytest's cache are left."""
    done = command("--effort", "quick", "--requirement", "SID-UNKNOWN")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformant: 1 passed" in done.stdout
    assert "test_404" not in done.stdout
    report = json.loads((tmp_path / "conformance-report" / "conformance.json").read_text("utf-8"))
    tests = {test for row in report["requirements"] for test in row["tests"]}
    assert tests
    assert all(test.startswith("tests/contract/test_") for test in tests)
    assert {path.name for path in tmp_path.iterdir()} <= {
        *(".pytest_cache", ".hypothesis", "conformance-report")
    }


def test_options_of_pytest(command: Callable[..., Any]) -> None:
    """They are passed on, and so are pytest's exit codes."""
    listed = command("--collect-only", "-q", "-k", "unknown_sid")
    assert (listed.returncode, "tests/contract/test_404_unknown_sid.py::" in listed.stdout) == (
        0,
        True,
    )

    assert command("-k", "no_such_test").returncode == 5
    assert command("--no-such-option").returncode == 4


def test_configuration_of_the_folder(command: Callable[..., Any], tmp_path: Path) -> None:
    """The folder's own pytest settings and conftest.py are not the suite's."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", "utf-8")
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n", "utf-8")

    done = command("--collect-only", "-q", "-k", "unknown_sid")

    assert done.returncode == 0, done.stdout + done.stderr


def test_lines_to_paste(
    command: Callable[..., Any], start_mock: Callable[..., Any], tmp_path: Path
) -> None:
    """Each line that repeats a finding can be pasted where the run was started."""
    mock = start_mock("--defect", "error-code-string:404")
    (tmp_path / "my profile.toml").write_text(mock.profile.read_text("utf-8"), "utf-8")
    chosen = ("--target", "my profile.toml", "--requirement", "ERR-404-BODY", "--effort", "quick")

    done = command(*chosen, "--seed", "3")
    line = re.search(r"check: +(.*)", done.stdout)
    assert (done.returncode, line is not None) == (1, True), done.stdout
    assert line is not None
    program, *arguments = shlex.split(line[1])
    again = command(*arguments)

    assert program == "orchestrator-contract"
    assert again.returncode == 1
    assert "ERR-404-BODY" in again.stdout
    for name in ("conformance.md", "conformance.html"):
        text = (tmp_path / "conformance-report" / name).read_text("utf-8")
        assert "orchestrator-contract --target" in text
        assert "pytest --target" not in text


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows the suite's options and no more than a screen; --version is the suite's."""
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("init [URL]", "mock [options]", "--target", "-n N"))
    assert len(shown.splitlines()) < 60

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"orchestrator-contract {__version__}\n"


def test_mock(tmp_path: Path, suite_environment: dict[str, str]) -> None:
    """`mock` starts the mock, with the mock's options."""
    with subprocess.Popen(
        [sys.executable, "-m", "orchestrator_contract", "mock", "--port=0", "--exit-with-stdin"],
        cwd=tmp_path,
        env=suite_environment | {"PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["base_url"].startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_wheel(tmp_path: Path, suite_environment: dict[str, str]) -> None:
    """An installed wheel holds all that a run takes, and finds what a checkout finds."""
    built, installed, empty = tmp_path / "dist", tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    pip = [sys.executable, "-m", "pip", "-q"]
    done = subprocess.run(
        [*pip, "wheel", "--no-deps", "-w", built, PROJECT],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no wheel can be built here: {done.stderr[-300:]}")
    (wheel,) = built.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", installed, wheel], check=True)

    verdicts = []
    for source in (installed, PROJECT):
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator_contract", "--effort", "quick", "--seed", "1"],
            cwd=empty,
            env=suite_environment | {"PYTHONPATH": str(source)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((empty / "conformance-report" / "conformance.json").read_text("utf-8"))
        verdicts.append([(row["id"], row["verdict"]) for row in report["requirements"]])

    assert verdicts[0] == verdicts[1]


# -------------------------------------------------------------------- init


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment without credentials."""
    monkeypatch.chdir(tmp_path)
    for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def init(*arguments: str) -> int:
    """The exit code of `init`."""
    try:
        return cli.main(["init", *arguments])
    except SystemExit as end:
        return int(str(end.code))


def test_starter_profile(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is valid as it is written, and the next steps are shown."""
    assert init(URL) == 0

    shown = capsys.readouterr().out
    assert "export TWILIO_API_KEY=... TWILIO_API_SECRET=..." in shown
    assert "orchestrator-contract --target profile.toml --plan" in shown
    with pytest.raises(ProfileError, match="TWILIO_API_KEY is not set"):
        from_file(home / "profile.toml")
    monkeypatch.setenv("TWILIO_API_KEY", "SKone")
    monkeypatch.setenv("TWILIO_API_SECRET", "secret")
    written = from_file(home / "profile.toml")
    assert (written.base_url, written.name, written.provision.mode) == (
        URL,
        "api.vendor.example",
        "create",
    )


def uncommented(text: str) -> list[str]:
    """The profile with each of its commented tables, and each key elsewhere, uncommented alone."""
    found = []
    paragraphs = text.split("\n\n")
    for at, paragraph in enumerate(paragraphs):
        lines = paragraph.splitlines()
        start = next((n for n, line in enumerate(lines) if line.startswith("# [")), None)
        if start is None:
            changed = [
                [*lines[:n], line.removeprefix("# "), *lines[n + 1 :]]
                for n, line in enumerate(lines)
                if re.match(r"# \w+ = ", line)
            ]
        else:
            changed = [[line.removeprefix("# ") for line in lines[start:]]]
        found += [
            "\n\n".join([*paragraphs[:at], "\n".join(one), *paragraphs[at + 1 :]])
            for one in changed
        ]
    return found


def test_each_comment_is_valid(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each capability of the starter profile is there once its comment is taken away."""
    for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET", "OTHER_USER", "OTHER_PASSWORD"):
        monkeypatch.setenv(name, f"value of {name}")
    (home / "ca.pem").write_text("", "utf-8")
    found = uncommented(starter_profile.starter_profile(URL))

    assert len(found) == 17
    refused = []
    for text in found:
        provision = text.partition("[provision]")[2].partition("[limits]")[0]
        mode = next((one for one in ("pool", "command") if f"\n{one} = " in provision), "create")
        changed = text.replace('"create"', f'"{mode}"')
        (home / "one.toml").write_text(changed, "utf-8")
        try:
            from_file(home / "one.toml")
        except ProfileError as error:
            refused.append(str(error))

    assert [one for one in refused if "expected a CA bundle in PEM" not in one] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["not a url"], "is neither an http(s) URL", id="no-url"),
        pytest.param([URL, "--output", "no/such/folder.toml"], "can't be written", id="no-folder"),
        pytest.param([URL, "--output", "taken.toml"], "taken.toml exists; --force", id="exists"),
        pytest.param([URL, "--no-such-option"], "unrecognized arguments", id="wrong-option"),
    ],
)
def test_refused(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """A wrong call is 4 and one message; a file that is there stays as it is."""
    (home / "taken.toml").write_text("mine", "utf-8")

    assert init(*arguments) == 4

    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert [path.name for path in home.iterdir()] == ["taken.toml"]
    assert (home / "taken.toml").read_text("utf-8") == "mine"


def test_credentials_of_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that are set are named; --force replaces a file."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "ACone")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    (home / "profile.toml").write_text("old", "utf-8")

    assert init(URL, "--force") == 0

    text = (home / "profile.toml").read_text("utf-8")
    assert 'username_env = "TWILIO_ACCOUNT_SID"' in text
    assert "secret" not in text.replace("the secrets", "")


def test_asks_for_the_url(tmp_path: Path, suite_environment: dict[str, str]) -> None:
    """On a terminal the URL is asked for."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "orchestrator_contract", "init"],
        cwd=tmp_path,
        env=suite_environment | {"PYTHONPATH": str(PROJECT)},
        stdin=follower,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(leader, f"{URL}\n".encode())
        output, _ = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)

    assert process.returncode == 0
    assert "Base URL of the endpoint: " in output
    assert f'base_url = "{URL}"' in (tmp_path / "profile.toml").read_text("utf-8")


def test_no_terminal_to_ask_on(command: Callable[..., Any]) -> None:
    """Without a terminal the URL has to be named."""
    done = command("init")

    assert (done.returncode, done.stdout) == (4, "")
    assert "name the endpoint's URL" in done.stderr
