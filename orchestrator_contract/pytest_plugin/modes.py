"""Modes that run no test: `--plan`, `--traffic` and `--cleanup`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator_contract import crash_cleanup, report
from orchestrator_contract.coordination.journal import Past
from orchestrator_contract.crash_cleanup import CleanupError
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.judge import RecordingJudge
from orchestrator_contract.har.reader import NotHar
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin import consent
from orchestrator_contract.pytest_plugin.mock_process import EmbeddedMock
from orchestrator_contract.pytest_plugin.options import usage_error
from orchestrator_contract.pytest_plugin.plan import plan_lines
from orchestrator_contract.pytest_plugin.recorded_cases import cases
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.pytest_plugin.selection import tests_of
from orchestrator_contract.report import ReportError
from orchestrator_contract.results.verdict import Result

_LEFT = pytest.StashKey[int]()


def mode(config: pytest.Config) -> str:
    """The option that takes the place of a run; empty for an ordinary session."""
    return next((one for one in ("traffic", "cleanup", "plan") if config.getoption(one)), "")


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
        excuses = config.stash[RUN].options.excuses
        session.items = cases(session, _judge_traffic(config), Path(config.option.traffic), excuses)
        session.testscollected = len(session.items)
    return True if mode(config) in ("traffic", "cleanup") else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print a plan, or clean up."""
    match mode(session.config):
        case "plan":
            _say(session.config, _plan(session))
        case "cleanup":
            session.config.stash[_LEFT] = _clean_up(session.config)
        case _:
            return None
    return True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a clean-up that left something."""
    if _LEFT in session.config.stash:
        session.exitstatus = 1 if session.config.stash[_LEFT] else 0


def _plan(session: pytest.Session) -> Iterable[str]:
    run = session.config.stash[RUN]
    target = run.options.profile or EmbeddedMock.described()
    tests = [*tests_of(session.items)]
    return ["", *plan_lines(target, run.options.effort, tests, run.wanted())]


def _clean_up(config: pytest.Config) -> int:
    """The number of configurations that could not be deleted."""
    profile, path = config.stash[RUN].options.profile, Path(config.option.cleanup)
    if profile is None:
        raise usage_error("--cleanup needs --target: the endpoint that the journal's run used")
    try:
        past = crash_cleanup.read(path, profile)
        if past.leftovers and not config.option.yes:
            _ask(config, profile, past)
        return crash_cleanup.clean(path, profile, lambda line: _say(config, [line]))
    except (CleanupError, EndpointUnusable) as error:
        raise usage_error(f"--cleanup: {error}") from None


def _ask(config: pytest.Config, profile: Profile, past: Past) -> None:
    places = consent.distant(profile)
    if places:
        will = [
            f"delete {one.sid or 'the configuration named'} {one.name}" for one in past.leftovers
        ]
        consent.ask(config, places, will)


def _judge_traffic(config: pytest.Config) -> Result:
    run = config.stash[RUN]
    options = run.options
    traffic = RecordingJudge(Path(config.option.traffic))
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
