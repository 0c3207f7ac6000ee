"""The modes in which pytest collects and runs no tests: `--traffic` and `--crash_cleanup`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_contract import crash_cleanup, report
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.judge_recording import RecordingJudge
from orchestrator_contract.har.reader import NotHar
from orchestrator_contract.pytest_plugin import consent
from orchestrator_contract.pytest_plugin.recorded_cases import cases
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.pytest_plugin.usage import usage_error
from orchestrator_contract.report import ReportError
from orchestrator_contract.results.verdict import Result
from orchestrator_contract.steps.key_age_file import KeyAgeFile, KeyAgeFileError

_CODE = pytest.StashKey[int]()


def mode(config: pytest.Config) -> str:
    """The option that takes the place of a run of the tests; empty for an ordinary session."""
    return next((name for name in ("traffic", "cleanup") if getattr(config.option, name)), "")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Look at the ledger of keys before anything is sent."""
    config.addinivalue_line(
        "markers", "ttl_ledger: judges keys of earlier runs; part of runs with --ttl-ledger"
    )
    if config.option.ttl_ledger:
        profile = config.stash[RUN].options.profile
        if profile is None:
            raise usage_error(
                "--ttl-ledger needs --target: the embedded mock forgets its keys when the run ends"
            )
        try:
            KeyAgeFile(Path(config.option.ttl_ledger), profile)
        except KeyAgeFileError as error:
            raise usage_error(error) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keys of earlier runs are judged where there is a ledger of them."""
    if not config.option.ttl_ledger:
        items[:] = [item for item in items if item.get_closest_marker("ttl_ledger") is None]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A mode of its own, like a plan, has nothing to spread over worker processes."""
    if (mode(config) or config.option.plan) and hasattr(config.option, "numprocesses"):
        config.option.numprocesses, config.option.distload = None, False
        config.option.dist, config.option.tx = "no", []


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> bool | None:
    """Collect nothing where no test is to run; of a recording, what it was judged by."""
    config = session.config
    if mode(config) == "traffic" and not config.option.collectonly:
        result = _judge_traffic(config)
        session.items = cases(session, result, Path(config.option.traffic))
        session.testscollected = len(session.items)
    return True if mode(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Do what the option asks for instead of running tests."""
    config = session.config
    if mode(config) == "cleanup":
        config.stash[_CODE] = _clean_up(config)
        return True
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit code of a mode."""
    if _CODE in session.config.stash:
        session.exitstatus = session.config.stash[_CODE]


def _clean_up(config: pytest.Config) -> int:
    profile, path = config.stash[RUN].options.profile, Path(config.option.crash_cleanup)
    if profile is None:
        raise usage_error("--cleanup needs --target: the endpoint that the journal's run used")
    try:
        past = crash_cleanup.read(path, profile)
        if past.leftovers and not config.option.yes:
            places = consent.distant(profile)
            if places:
                consent.ask(
                    config,
                    places,
                    [
                        f"delete {one.sid or 'the configuration named'} {one.name}"
                        for one in past.leftovers
                    ],
                )
        return 1 if crash_cleanup.clean(path, profile, lambda line: say(config, line)) else 0
    except (crash_cleanup.CleanupError, EndpointUnusable) as error:
        raise usage_error(f"--cleanup: {error}") from None


def _judge_traffic(config: pytest.Config) -> Result:
    """Judge the recording, write the reports, set the exit code."""
    run = config.stash[RUN]
    options = run.options
    traffic = RecordingJudge(Path(config.option.traffic))
    try:
        report.prepare(options.report, options.sarif)
        traffic.judge(options.waivers)
    except NotHar as error:
        raise usage_error(f"--traffic: {error}") from None
    except ReportError as error:
        raise usage_error(error) from None
    run.result = traffic.result(
        run.wanted(),
        options.policy,
        options.effort.name,
        options.seed,
        run.started,
        options.waivers,
        options.baseline,
    )
    try:
        report.write_all(run.result, options.report, options.sarif)
    except ReportError as error:
        raise usage_error(error) from None
    config.stash[_CODE] = run.exit_code()
    return run.result


def say(config: pytest.Config, line: str) -> None:
    """Write one line to the terminal, with nothing in it that a terminal acts on."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line("".join(c if c.isprintable() else "?" for c in line))
