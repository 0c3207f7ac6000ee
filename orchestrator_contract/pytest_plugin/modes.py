"""Modes that run no test: `--plan`, `--traffic` and `--cleanup`.

Each requirement that a recording was judged by is a test case, so that every reporter of pytest's
shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator_contract import crash_cleanup, report
from orchestrator_contract.crash_cleanup import CleanupError
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.judge import RecordingJudge
from orchestrator_contract.har.reader import NotHar
from orchestrator_contract.pytest_plugin.options import MODES, usage_error
from orchestrator_contract.pytest_plugin.plan import get_consent, plan_lines
from orchestrator_contract.pytest_plugin.run import RUN, Run
from orchestrator_contract.pytest_plugin.selection import case_properties, tests_of
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import ReportError
from orchestrator_contract.results.requirement import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Result

_LEFT = pytest.StashKey[int]()
#: Longest text of a recorded case's outcome, in characters.
_MOST = 1200


def mode(config: pytest.Config) -> str:
    """The option that takes the place of a run; empty for an ordinary session."""
    return next((one for one in MODES if config.getoption(one)), "")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Start no workers, which would have nothing to do."""
    if mode(config) and hasattr(config.option, "numprocesses"):
        config.option.numprocesses, config.option.distload = None, False
        config.option.dist, config.option.tx = "no", []


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> bool | None:
    """Collect tests for a plan; of a recording, the requirements that it was judged by."""
    config = session.config
    if mode(config) == "traffic" and not config.option.collectonly:
        run, recording = config.stash[RUN], Path(config.option.traffic)
        rows = _judge_traffic(run, recording).rows
        session.items = [RecordedCase.of(session, row, run, recording.name) for row in rows]
        session.testscollected = len(session.items)
    return True if mode(config) in ("traffic", "cleanup") else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print a plan, or clean up."""
    config = session.config
    run = config.stash[RUN]
    match mode(config):
        case "plan":
            target, tests = run.process.target.profile, [*tests_of(session.items)]
            _say(config, ["", *plan_lines(target, run.options.effort, tests, run.wanted())])
        case "cleanup":
            config.stash[_LEFT] = _clean_up(config, run)
        case _:
            return None
    return True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a clean-up that left something."""
    if _LEFT in session.config.stash:
        session.exitstatus = 1 if session.config.stash[_LEFT] else 0


def _clean_up(config: pytest.Config, run: Run) -> int:
    """The number of configurations that could not be deleted."""
    profile, path = run.options.profile, Path(config.option.cleanup)
    if profile is None:
        raise usage_error("--cleanup needs --target: the endpoint that the journal's run used")
    try:
        leftovers = crash_cleanup.read(path, profile).leftovers
        if leftovers:
            will = [
                f"delete {one.sid or 'the configuration named'} {one.name}" for one in leftovers
            ]
            get_consent(config, profile, will)
        return crash_cleanup.clean(path, profile, lambda line: _say(config, [line]))[1]
    except (CleanupError, EndpointUnusable) as error:
        raise usage_error(f"--cleanup: {error}") from None


def _judge_traffic(run: Run, recording: Path) -> Result:
    options, traffic = run.options, RecordingJudge(recording)
    try:
        report.prepare(options.report, options.sarif)
        traffic.judge(options.waivers)
        result = traffic.result(
            run.wanted(),
            options.policy,
            options.effort.name,
            options.seed,
            run.started,
            options.waivers,
            options.baseline,
        )
        result = replace(result, command=options.command)
        run.adopt(result)
    except NotHar as error:
        raise usage_error(f"--traffic: {error}") from None
    except ReportError as error:
        raise usage_error(error) from None
    return result


def _say(config: pytest.Config, lines: Iterable[str]) -> None:
    """Write lines to the terminal, with nothing in them that a terminal acts on."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        for line in lines:
            reporter.write_line("".join(c if c.isprintable() else "?" for c in line))


class RecordedCase(pytest.Item):
    """One requirement with the verdict that a recording led to."""

    row: RequirementResult
    #: True if --fail-on new expects a breach of the requirement.
    known: bool

    @classmethod
    def of(
        cls, session: pytest.Session, row: RequirementResult, run: Run, recording: str
    ) -> RecordedCase:
        """The case of one row of the result."""
        one = row.requirement
        made: RecordedCase = cls.from_parent(session, name=one.id, nodeid=f"{recording}::{one.id}")
        made.row = row
        made.known = run.options.knows(one.id)
        made.user_properties += case_properties([one.id], str(row.verdict))
        return made

    def runtest(self) -> None:
        """Come to the outcome that the verdict calls for."""
        reason = visible(self.row.reason, _MOST)
        if self.row.verdict is Verdict.BREACHED:
            if self.known:
                pytest.xfail(f"known: {reason}")
            pytest.fail(f"{self.row.requirement.id}: {reason}", pytrace=False)
        if self.row.verdict is Verdict.UNVERIFIED:
            pytest.skip(f"unverified: {reason}")
        if self.row.verdict is Verdict.WAIVED:
            pytest.xfail(f"waived: {reason}")

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says that the case stands: in the recording."""
        return self.path, None, self.name
