"""The command `orchestrator-contract`: any folder, a starter profile, the mock."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract import __version__, cli, starter_profile
from orchestrator_contract.profile import ProfileError, from_file

PROJECT = Path(__file__).parents[3]
URL = "https://api.vendor.example"
#: The command as a checkout has it.
CHECKOUT = (sys.executable, "-m", "orchestrator_contract")


@pytest.fixture
def command(tmp_path: Path, suite_environment: dict[str, str]) -> Callable[..., Any]:
    """Run the command in an empty folder, without a terminal."""

    def run(
        *arguments: object, program: Sequence[str] = CHECKOUT, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *map(str, arguments)],
            cwd=tmp_path,
            env=suite_environment | {"PYTHONPATH": str(PROJECT)} | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


# -------------------------------------------------------------------- runs


@pytest.mark.parametrize("cached", [True, False], ids=["cache", "no-cache"])
def test_any_folder(command: Callable[..., Any], tmp_path: Path, cached: bool) -> None:
    """Without --target the embedded mock is judged; reports and pytest's cache are left."""
    more = () if cached else ("-p", "no:cacheprovider")

    done = command("--effort", "quick", "--requirement", "SID-UNKNOWN", *more)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformant: 1 passed" in done.stdout
    assert "test_404" not in done.stdout
    report = json.loads((tmp_path / "conformance-report" / "conformance.json").read_text("utf-8"))
    tests = {test for row in report["requirements"] for test in row["tests"]}
    assert tests
    assert all(test.startswith("tests/contract/test_") for test in tests)
    assert {path.name for path in tmp_path.iterdir()} <= {
        *(".hypothesis", "conformance-report", *([".pytest_cache"] * cached))
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
    """Each report has the line that repeats a finding where the run was started."""
    mock = start_mock("--defect", "error-code-string:404")
    (tmp_path / "my profile.toml").write_text(mock.profile.read_text("utf-8"), "utf-8")
    chosen = ("--target", "my profile.toml", "--requirement", "ERR-404-BODY", "--effort", "quick")

    done = command(*chosen, "--seed", "3", "--junitxml", "junit.xml", "--sarif", "found.sarif")
    line = re.search(r"check: +(.*)", done.stdout)
    assert (done.returncode, line is not None) == (1, True), done.stdout
    assert line is not None
    program, *arguments = shlex.split(line[1])
    again = command(*arguments)

    assert program == "orchestrator-contract"
    assert again.returncode == 1
    assert "ERR-404-BODY" in again.stdout
    reports = (tmp_path / "conformance-report" / f"conformance.{end}" for end in ("md", "html"))
    for path in (*reports, tmp_path / "junit.xml", tmp_path / "found.sarif"):
        assert line[1] in unescape(path.read_text("utf-8"))


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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a new environment that holds the wheel and what it asks pip for."""
    folder = tmp_path_factory.mktemp("wheel")
    python = folder / "venv" / "bin" / "python"
    for step in (
        f"{sys.executable} -m pip wheel -q --no-deps -w {folder}/dist {PROJECT}",
        f"{sys.executable} -m venv {folder}/venv",
        f"{python} -m pip install -q {folder}/dist/*.whl",
    ):
        done = subprocess.run(["sh", "-c", step], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no wheel can be installed here: {done.stderr[-300:]}")
    return python.with_name("orchestrator-contract")


@pytest.mark.slow
@pytest.mark.parametrize("by_url", [pytest.param(False, id="mock"), pytest.param(True, id="url")])
def test_wheel(
    installed: Path,
    command: Callable[..., Any],
    start_mock: Callable[..., Any],
    tmp_path: Path,
    suite_environment: dict[str, str],
    by_url: bool,
) -> None:
    """An installed wheel holds all that a run takes, and finds what a checkout finds."""
    target = ["--target", start_mock().base_url] if by_url else []
    user, password = (suite_environment[f"MOCK_{name}_1"] for name in ("USER", "PASSWORD"))
    names = {"TWILIO_API_KEY": user, "TWILIO_API_SECRET": password}
    found = []
    for where in ({"program": [str(installed)], "PYTHONPATH": ""}, {}):
        done = command("--effort", "quick", "--seed", "1", *target, **names, **where)
        assert done.returncode == 0, done.stdout + done.stderr
        text = (tmp_path / "conformance-report" / "conformance.json").read_text("utf-8")
        report = json.loads(text)
        rows = {row["id"]: row["verdict"] for row in report["requirements"]}
        found.append((report["verdict"], rows))

    assert found[0] == found[1]
    assert found[0][0] == ("incomplete" if by_url else "conformant")


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
        pytest.param(["api.example.com"], "did you mean 'https://api.example.com'?", id="bare"),
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
