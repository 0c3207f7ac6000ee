"""One run of the suite against one case, each in a process of its own, and what came of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator_contract.adequacy import forked
from orchestrator_contract.adequacy.cases import Case, Kind

#: The exit code in a trial whose endpoint did not start.
NOT_STARTED = -2
#: Seconds after which a run counts as hanging.
_TIMEOUT_S = 600
PROJECT = Path(__file__).parents[2]
#: Lines that a run of the suite never prints, whatever the endpoint does; a body may be quoted.
BROKEN = re.compile(
    r"^(?:Traceback \(most recent call last\)|INTERNALERROR|.*PytestUnhandled)", re.MULTILINE
)
_CREDENTIALS = {
    "MOCK_USER_1": "SKproof0000000000000000000000000001",
    "MOCK_PASSWORD_1": "proof-secret-one",
    "MOCK_USER_2": "SKproof0000000000000000000000000002",
    "MOCK_PASSWORD_2": "proof-secret-two",
    "MOCK_USER_1_REGION_2": "SKproof0000000000000000000000000201",
    "MOCK_PASSWORD_1_REGION_2": "proof-secret-one-region-two",
    "MOCK_USER_2_REGION_2": "SKproof0000000000000000000000000202",
    "MOCK_PASSWORD_2_REGION_2": "proof-secret-two-region-two",
    "MOCK_TOKEN_1": "proof-token-one",
    "MOCK_TOKEN_2": "proof-token-two",
    "HOSTILE_USER": "hostile-user",
    "HOSTILE_PASSWORD": "hostile-secret",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How the suite is run."""

    #: None: quick on a hostile endpoint, where waiting is most of a run, and standard elsewhere.
    effort: str | None = None
    seed: int = 1
    #: Only the tests of the requirements that a defect breaches.
    fast: bool = False
    #: Processes of pytest-xdist that share each run; 0 for none.
    workers: int = 0
    #: On the mock like a real account, with its plain profile.
    like_twilio: bool = False


@dataclass(slots=True)
class Trial:
    """The outcome of one run."""

    kind: str
    name: str
    #: The suite's exit code; `KILLED` when it had to be killed, or `NOT_STARTED`.
    exit: int
    seconds: float
    #: Whether all tests were run.
    full: bool
    requests: int = 0
    breached: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    unverified: dict[str, str] = field(default_factory=dict)
    #: The first problem of each breached or warned requirement, and a request that shows it.
    problems: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Whether there is a report.
    reported: bool = False
    #: The end of the output, when it shows that the suite itself broke or left no report.
    output: str = ""
    command: str = ""

    @property
    def found(self) -> set[str]:
        """Requirements that the run blames the endpoint for."""
        return {*self.breached, *self.warned}


def command_of(case: Case, terms: Terms) -> list[str]:
    """The command that starts the endpoint of *case*."""
    if case.kind is Kind.HOSTILE:
        return [sys.executable, "-m", "orchestrator_contract.adequacy.hostile", case.name]
    switch = [f"--{case.kind.removesuffix('s')}", case.name] if case.name else []
    switch += ["--like-twilio"] if terms.like_twilio else []
    return [sys.executable, "-m", "orchestrator_contract.mock", *switch]


@contextmanager
def _endpoint(case: Case, terms: Terms, profile: Path, env: dict[str, str]) -> Iterator[bool]:
    """The endpoint of *case* while it runs; False if it does not start."""
    command = [
        *command_of(case, terms),
        "--port",
        "0",
        "--write-profile",
        str(profile),
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield bool(process.stdout.readline())
        finally:
            process.communicate()


def _suite(profile: Path, report: Path, case: Case, terms: Terms) -> list[str]:
    effort = terms.effort or ("quick" if case.kind is Kind.HOSTILE else "standard")
    command = ["tests/contract", "--target", str(profile), "--report", str(report)]
    command += ["--effort", effort, "--seed", str(terms.seed), "-q", "-p", "no:cacheprovider"]
    command += ["-W", "error", *(["-n", str(terms.workers)] if terms.workers else [])]
    if terms.fast and case.kind is Kind.DEFECT:
        command += ["--requirement", ",".join(case.requirements)]
        command += ["-x"] if len(case.requirements) == 1 else []
    return command


def _described(case: Case, terms: Terms) -> str:
    endpoint = " ".join(["python", *command_of(case, terms)[1:]])
    command = " ".join(["pytest", *_suite(Path("mock.toml"), Path("out"), case, terms)])
    return f"{endpoint} --port 0 --write-profile mock.toml; {command}"


def run(case: Case, terms: Terms) -> Trial:
    """Start the endpoint, run the suite against it, read the report."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTEST_ADDOPTS", "FORCE_COLOR"}
    }
    env = {**clean, **_CREDENTIALS}
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        profile, report, log = (
            Path(folder, "mock.toml"),
            Path(folder, "report"),
            Path(folder, "output.txt"),
        )
        code, output = NOT_STARTED, ""
        with _endpoint(case, terms, profile, env) as started_up:
            if started_up:
                command = _suite(profile, report, case, terms)
                code = forked.run(command, PROJECT, env, log, _TIMEOUT_S)
                output = log.read_text("utf-8", "replace")
        full = not (terms.fast and case.kind is Kind.DEFECT)
        trial = Trial(
            case.kind,
            case.name,
            code,
            round(time.monotonic() - started, 1),
            full,
            command=_described(case, terms),
        )
        _read(trial, report / "conformance.json", output)
    return trial


def _read(trial: Trial, report: Path, output: str) -> None:
    broken = BROKEN.search(output)
    if broken or trial.exit not in (0, 1, 4) or not report.is_file():
        start = broken.start() if broken else max(0, len(output) - 4000)
        trial.output = output[start : start + 4000]
    if not report.is_file():
        return
    document = json.loads(report.read_text("utf-8"))
    trial.reported = True
    trial.requests = document["counts"]["requests"]
    for row in document["requirements"]:
        one, verdict = row["id"], row["verdict"]
        if verdict == "unverified":
            trial.unverified[one] = row["reason"]
        elif verdict in ("breached", "warned"):
            (trial.breached if verdict == "breached" else trial.warned).append(one)
            evidence = row["evidence"] or [{}]
            shown = next(
                (piece for piece in evidence if "expected" in piece.get("problem", "")), evidence[0]
            )
            trial.problems[one] = {
                "problem": shown.get("problem") or row["reason"],
                "request": shown.get("request", ""),
                "answer": f"{shown.get('status')} {shown.get('body', '')[:300]}",
                "test": ", ".join(row["tests"][:3]),
            }
