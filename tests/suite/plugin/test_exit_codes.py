"""Exit codes from end to end: what is usage, what is the endpoint, and never a traceback."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

Run = Callable[..., Any]
StartMock = Callable[..., Any]
ENV = {"TWILIO_API_KEY": "SKmeta", "TWILIO_API_SECRET": "m3ta-secret"}


def sane(finished: Any) -> None:
    """No traceback, no broken pytest."""
    assert "Traceback" not in finished.output, finished.output
    assert "INTERNALERROR" not in finished.output, finished.output


class _Web(BaseHTTPRequestHandler):
    """A web server that is no control plane."""

    protocol_version = "HTTP/1.1"
    status: ClassVar[int] = 200
    requests: ClassVar[int] = 0

    def response(self) -> None:
        type(self).requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<!doctype html><h1>Welcome</h1>"
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = response

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Callable[[int], tuple[str, type[_Web]]]]:
    """Start web servers that give one status and a page to everything."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int) -> tuple[str, type[_Web]]:
        handler = type("Handler", (_Web,), {"status": status, "requests": 0})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", handler

    yield start

    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def clean(run: Run, start_mock: StartMock) -> tuple[Any, Any]:
    """A run against a conformant mock, and the mock."""
    mock = start_mock()
    return run("--target", mock.profile), mock


def test_conformant(clean: tuple[Any, Any]) -> None:
    """A conformant endpoint is 0, and everything is verified."""
    finished, _ = clean

    sane(finished)
    assert finished.code == 0, finished.output
    assert finished.conformance()["verdict"] == "conformant"
    assert set(finished.verdicts().values()) == {"passed"}


def test_clean_run_leaves_nothing(clean: tuple[Any, Any]) -> None:
    """After a clean run no configuration of it is left, and no journal."""
    finished, mock = clean

    assert (mock.names(1), mock.names(2)) == ([], [])
    assert [path.name for path in finished.report.parent.rglob("*journal*")] == []


def test_xdist_gives_the_same_verdict(run: Run, start_mock: StartMock) -> None:
    """With -n 2 a run finds the same as without."""
    mock = start_mock("--defect", "accepted-status:201")
    some = ("--requirement", "DEL-STATUS,SID-UNKNOWN,KEY-FORMAT-ACCEPTED")

    one = run("--target", mock.profile, *some)
    two = run("--target", mock.profile, *some, "-n", "2")

    sane(two)
    assert (one.code, two.code) == (1, 1), two.output
    assert two.verdicts() == one.verdicts()


def test_breach(run: Run, start_mock: StartMock) -> None:
    """A breached requirement is 1, and its evidence can be read."""
    finished = run(
        "--target",
        start_mock("--defect", "error-code-string:404").profile,
        "--requirement",
        "ERR-404-BODY",
    )

    sane(finished)
    assert finished.code == 1
    row = finished.rows()["ERR-404-BODY"]
    assert row["verdict"] == "breached"
    assert row["evidence"][-1]["request"].startswith("curl ")


@pytest.mark.parametrize(
    "strict", [pytest.param(False, id="a-warning"), pytest.param(True, id="a-failure-with-strict")]
)
def test_advisory_breach(run: Run, start_mock: StartMock, strict: bool) -> None:
    """An advisory breach is a warning and 0; with --strict it fails."""
    mock = start_mock("--variant", "location-relative")

    finished = run(
        "--target",
        mock.profile,
        "--requirement",
        "DEL-202-LOCATION",
        *(["--strict"] if strict else []),
    )

    sane(finished)
    assert finished.code == int(strict), finished.output
    assert finished.verdicts() == {"DEL-202-LOCATION": "breached" if strict else "warned"}


@pytest.mark.parametrize(
    ("policy", "breached"),
    [
        pytest.param("", {"DEL-STATUS", "SID-UNKNOWN", "DELETED-DELETE"}, id="not-tolerated"),
        pytest.param("[policy]\nundocumented_statuses = [410]\n", set(), id="tolerated"),
    ],
)
def test_undocumented_status(
    run: Run, start_mock: StartMock, policy: str, breached: set[str]
) -> None:
    """What the profile tolerates breaches nothing, and is reported all the same."""
    mock = start_mock(
        *("--operation-seconds", "0.03", "--defect", "unknown-sid:410,deleted-delete:410")
    )
    profile = mock.changed("policy.toml", lambda text: text + policy)

    finished = run("--target", profile, "--requirement", "DEL-STATUS,SID,DELETED,KEY-REPLAY")

    sane(finished)
    verdicts = finished.verdicts()
    assert {one for one, verdict in verdicts.items() if verdict == "breached"} == breached
    assert finished.code == bool(breached), finished.output
    assert finished.conformance()["statuses"]["410"]["seen"] > 0
    assert finished.conformance()["statuses"]["410"]["valid"] == 0
    page = (finished.report / "conformance.html").read_text("utf-8")
    assert ("Undocumented statuses that the profile tolerates" in page) == (not breached)


def test_lock_out(run: Run, start_mock: StartMock) -> None:
    """Bad credentials that are locked out leave unverified only what that hides."""
    mock = start_mock("--operation-seconds", "0.03", "--variant", "locks-out-long")

    finished = run("--target", mock.profile, "--effort", "standard", "--requirement", "AUTH,SID")

    sane(finished)
    assert finished.code == 0, finished.output
    hidden = {one: row for one, row in finished.rows().items() if row["verdict"] != "passed"}
    assert {row["verdict"] for row in hidden.values()} == {"unverified"}
    assert all(row["reason"].startswith("429 ") for row in hidden.values()), hidden
    assert len(hidden) <= 2, hidden


@pytest.mark.parametrize(
    ("defect", "breached"),
    [
        ("malformed-key-no-response", "KEY-MALFORMED-NO-5XX"),
        ("malformed-sid-no-response:nul", "SID-MALFORMED"),
    ],
)
def test_no_response_to_malformed_input(
    run: Run, start_mock: StartMock, defect: str, breached: str
) -> None:
    """A connection that is closed without a response breaches one requirement, not two."""
    mock = start_mock("--operation-seconds", "0.03", "--defect", defect)

    finished = run(
        *("--target", mock.profile, "--effort", "standard"),
        *("--requirement", f"{breached},SID-UNKNOWN,HTTP-COMPLETE"),
    )

    sane(finished)
    verdicts = finished.verdicts()
    assert [one for one, verdict in verdicts.items() if verdict == "breached"] == [breached]


def test_closed_port(run: Run) -> None:
    """An unreachable endpoint is 4, and its address is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    finished = run("--target", url)

    sane(finished)
    assert finished.code == 4
    assert f"{url} can't be reached" in finished.output
    assert finished.conformance()["verdict"] == "incomplete"


def test_wrong_password(run: Run, start_mock: StartMock) -> None:
    """Refused credentials are 4, and the variables that gave them are named."""
    mock = start_mock()
    env = {"TWILIO_API_KEY": "SKwrong", "TWILIO_API_SECRET": "wr0ng-s3cret"}

    finished = run("--target", mock.base_url, env=environment_with(env))

    sane(finished)
    assert finished.code == 4
    assert "refuses the given credentials with 401" in finished.output
    assert "TWILIO_API_KEY and TWILIO_API_SECRET" in finished.output
    assert "wr0ng-s3cret" not in finished.output


def environment_with(more: dict[str, str]) -> dict[str, str]:
    """This process's environment and *more*."""
    import os

    return {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TWILIO_", "MOCK_"))
    } | more


@pytest.mark.parametrize(
    "status", [200, 403, 404, 500], ids=lambda status: f"{status}-to-everything"
)
def test_another_server(
    run: Run, web: Callable[[int], tuple[str, type[_Web]]], status: int
) -> None:
    """A web server without configurations is 4: there is nothing to delete."""
    url, _ = web(status)

    finished = run("--target", url, env=environment_with(ENV))

    sane(finished)
    assert finished.code == 4, finished.output
    assert url in finished.output
    assert finished.conformance()["reason"]


def test_by_url(run: Run, start_mock: StartMock) -> None:
    """A URL and the environment's credentials suffice; the rest is unverified and named."""
    mock = start_mock()
    env = {
        "TWILIO_ACCOUNT_SID": "SKmeta00000000000000000000000000001",
        "TWILIO_AUTH_TOKEN": "m3ta/secret+one=&%41",
    }

    finished = run("--target", mock.base_url, env=environment_with(env))

    sane(finished)
    assert finished.code == 0, finished.output
    assert finished.conformance()["verdict"] == "incomplete"
    assert finished.conformance()["target"]["capabilities"] == ["create", "credentials"]
    rows = finished.rows()
    assert rows["KEY-TTL-MAX"]["reason"].startswith("needs clock")
    assert rows["KEY-REPLAY"]["verdict"] == "passed"


def test_unknown_requirement(run: Run) -> None:
    """An unknown --requirement is 4 and is named."""
    finished = run("--requirement", "DEL-STATUS,NO-SUCH")

    sane(finished)
    assert finished.code == 4
    assert "'NO-SUCH'" in finished.output


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("[target\n", "is not TOML", id="no-toml"),
        pytest.param(
            '[target]\nbase_url = "http://127.0.0.1"\ntimeout = 3\n',
            "unknown key target.timeout; expected one of",
            id="typo",
        ),
        pytest.param("[target]\n", "target.base_url is missing", id="no-base-url"),
        pytest.param(
            '[target]\nbase_url = "http://127.0.0.1"\ntimeout_s = "3"\n',
            "target.timeout_s: expected",
            id="wrong-type",
        ),
        pytest.param(
            '[target]\nbase_url = "http://127.0.0.1"\n[[accounts]]\nusername_env = "NOT_SET_1"\npassword_env = "NOT_SET_2"\n',
            "accounts.0.username_env: the environment variable NOT_SET_1 is not set",
            id="unset-variable",
        ),
    ],
)
def test_bad_profile(run: Run, tmp_path: Path, written: str, said: str) -> None:
    """A bad profile is 4 with one message that names the file, the key and what was expected."""
    path = tmp_path / "vendor.toml"
    path.write_text(written)

    finished = run("--target", path)

    sane(finished)
    assert finished.code == 4
    assert f"{path}: " in finished.output
    assert re.sub(r"\s+", " ", said) in re.sub(r"\s+", " ", finished.output)
    assert len([line for line in finished.output.splitlines() if line.strip()]) <= 4, (
        finished.output
    )


def test_missing_profile(run: Run, tmp_path: Path) -> None:
    """A profile that is not there is 4 and is named."""
    finished = run("--target", tmp_path / "nowhere.toml")

    sane(finished)
    assert finished.code == 4
    assert "nowhere.toml: can't be read" in finished.output


def _taken(folder: Path) -> Path:
    """A folder in which a report's place is taken by another folder."""
    (folder / "conformance.json").mkdir(parents=True)
    return folder / "conformance.json"


def _endless(folder: Path) -> Path:
    """A folder in which a report is a device."""
    folder.mkdir()
    (folder / "conformance.html").symlink_to("/dev/full")
    return folder / "conformance.html"


def _impossible(folder: Path) -> Path:
    """A folder in which no file can be made, not even by root."""
    folder.symlink_to("/proc/self")
    return folder


@pytest.mark.parametrize("prepare", [_taken, _endless, _impossible])
@pytest.mark.parametrize(
    "extra", [(), ("-n", "2"), ("--traffic", "none.har")], ids=["one-process", "xdist", "traffic"]
)
def test_a_report_that_can_not_be_written(
    run: Run,
    web: Callable[[int], tuple[str, type[_Web]]],
    tmp_path: Path,
    prepare: Callable[[Path], Path],
    extra: tuple[str, ...],
) -> None:
    """A report that can't be written is 4 and one message, before anything is sent."""
    report, (url, handler) = tmp_path / "report", web(404)
    path = prepare(report)

    finished = run(
        "--target",
        url,
        "--requirement",
        "SID-UNKNOWN",
        "--report",
        report,
        *extra,
        env=environment_with(ENV),
    )

    sane(finished)
    assert finished.code == 4, finished.output
    assert f"--report: {path} can't be written: " in finished.output
    assert handler.requests == 0


def test_a_report_that_can_not_be_written_at_the_end(
    run: Run, start_mock: StartMock, tmp_path: Path
) -> None:
    """A report that can't be written at the end is 4 and one message, too."""
    spoil = tmp_path / "conftest.py"
    spoil.write_text(
        "from pathlib import Path\nfrom orchestrator_contract import report\n"
        "report.prepare = lambda folder, *_: (folder / 'conformance.json').mkdir(parents=True)\n",
        encoding="utf-8",
    )
    for target, said in ((start_mock().profile, ""), ("http://127.0.0.1:9", "can't be reached")):
        report = tmp_path / f"report{len(said)}"

        finished = run(
            "--target",
            target,
            "--requirement",
            "SID-UNKNOWN",
            "--report",
            report,
            "--confcutdir",
            "/",
            tmp_path,
        )

        sane(finished)
        assert finished.code == 4, finished.output
        assert (
            f"--report: {report / 'conformance.json'} can't be written: Is a directory"
            in finished.output
        )
        assert said in finished.output


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--report", "expected a folder"),
        ("--target", "expected a URL or a target profile"),
        ("--traffic", "expected a recording"),
        ("--cleanup", "expected a journal"),
    ],
)
def test_an_empty_name(run: Run, option: str, said: str) -> None:
    """An empty value, as of a variable that is not set, is 4, and nothing is judged."""
    finished = run("--requirement", "DEL-STATUS", option, "")

    sane(finished)
    assert finished.code == 4
    assert f"{option}: {said}" in finished.output
    assert not finished.report.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--cleanup", "journal-x.jsonl", "--plan"),
        ("--plan", "--traffic", "some.har"),
        ("--traffic", "some.har", "--cleanup", "journal-x.jsonl"),
    ],
    ids=["cleanup-and-plan", "plan-and-traffic", "traffic-and-cleanup"],
)
def test_two_modes_at_once(
    run: Run, web: Callable[[int], tuple[str, type[_Web]]], options: tuple[str, ...]
) -> None:
    """Two options that each take the place of a run are 4, and nothing is sent."""
    url, handler = web(200)

    finished = run("--target", url, *options, env=environment_with(ENV))

    sane(finished)
    assert finished.code == 4
    assert "can't be used together" in finished.output
    assert handler.requests == 0


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["one-process", "xdist"])
def test_a_recording_that_can_not_be_written(
    run: Run, start_mock: StartMock, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    """A --har that can't be written is 4 and one message, before anything is sent."""
    finished = run(
        "--target", start_mock().profile, "--requirement", "SID-UNKNOWN", "--har", tmp_path, *extra
    )

    sane(finished)
    assert finished.code == 4, finished.output
    assert f"--har: {tmp_path} can't be written: it is no regular file" in finished.output
    assert "--report" not in finished.output


def test_a_recording_that_ends_early(run: Run, start_mock: StartMock, tmp_path: Path) -> None:
    """A worker's recording that can't be written is a note of the report."""
    (tmp_path / "own-gw0.har").mkdir()

    finished = run(
        "--target",
        start_mock().profile,
        "--requirement",
        "SID-UNKNOWN",
        "--har",
        tmp_path / "own.har",
        "-n",
        "1",
    )

    sane(finished)
    assert finished.code == 0, finished.output
    assert f"--har: {tmp_path / 'own-gw0.har'} can't be written" in finished.output
    assert list(finished.report.glob("journal-*")) == []


def test_plan_sends_nothing(run: Run, web: Callable[[int], tuple[str, type[_Web]]]) -> None:
    """--plan tells what would happen and does not say a word to the target."""
    url, handler = web(200)

    finished = run("--target", url, "--plan", env=environment_with(ENV))

    sane(finished)
    assert finished.code == 0, finished.output
    assert handler.requests == 0
    assert "KEY-TTL-MAX" in finished.output
    assert "unverified: needs clock" in finished.output
    assert not finished.report.exists()


def test_plan_needs_no_workers(run: Run, start_mock: StartMock) -> None:
    """With -n 2 a plan is the same."""
    mock = start_mock()

    one, two = (run("--target", mock.profile, "--plan", *extra) for extra in ((), ("-n", "2")))

    assert (one.code, two.code) == (0, 0), two.output
    assert [line for line in two.output.splitlines() if "deselected" not in line] == [
        line for line in one.output.splitlines() if "deselected" not in line
    ]


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["one-process", "xdist"])
def test_junit_that_can_not_be_written(
    run: Run, start_mock: StartMock, extra: tuple[str, ...]
) -> None:
    """A --junitxml that can't be written is 4 and one message, after the run has cleaned up."""
    mock = start_mock()

    finished = run(
        "--target", mock.profile, "--requirement", "SID-UNKNOWN", "--junitxml", "/dev/full", *extra
    )

    sane(finished)
    assert finished.code == 4, finished.output
    assert finished.conformance()["verdict"] == "conformant"
    assert (
        "ERROR: --junitxml: /dev/full can't be written: No space left on device" in finished.output
    )
    assert (mock.names(1), mock.names(2)) == ([], [])


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["one-process", "xdist"])
def test_broken_suite(
    run: Run, start_mock: StartMock, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    """A contract test that itself breaks is 3: neither the endpoint's fault nor a pass."""
    broken = tmp_path / "test_broken.py"
    broken.write_text(
        "import pytest\n\n@pytest.mark.requirement('SID-UNKNOWN')\ndef test_broken(endpoint):\n    raise RuntimeError('a fault of the suite')\n",
        encoding="utf-8",
    )

    finished = run(
        "--target", start_mock().profile, broken, "-k", "test_broken or test_letter_case", *extra
    )

    assert finished.code == 3, finished.output
    assert "a fault of the suite" in finished.output
