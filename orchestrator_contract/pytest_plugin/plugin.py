"""The pytest plugin: options, selection, the run's life, and the exit code; what a single test comes to is in outcomes.py."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from orchestrator_contract import report
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import progress
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.writer import HarError
from orchestrator_contract.profile import ProfileError
from orchestrator_contract.pytest_plugin import (
    consent,
    last_failed,
    modes,
    signals,
    worker_reports,
    workers,
)
from orchestrator_contract.pytest_plugin.last_failed import Failing
from orchestrator_contract.pytest_plugin.options import add_options
from orchestrator_contract.pytest_plugin.outcomes import OUTCOMES, foreign_failures, requirements_of
from orchestrator_contract.pytest_plugin.run import RUN, Run
from orchestrator_contract.pytest_plugin.run_options import RunOptions
from orchestrator_contract.pytest_plugin.usage import said, usage_error
from orchestrator_contract.report import ReportError
from orchestrator_contract.results.baseline import BaselineError
from orchestrator_contract.results.waivers import WaiverError
from orchestrator_contract.suggestions import did_you_mean

pytest_plugins = [
    f"orchestrator_contract.pytest_plugin.{name}"
    for name in ("outcomes", "modes", "workers", "output", "failures")
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of README.md, where anchor.py has not registered them already."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; a wrong one ends the session here, with exit code 4."""
    config.addinivalue_line(
        "markers",
        "requirement(*ids): the requirements of the catalogue that a contract test checks",
    )
    config.addinivalue_line(
        "markers", "clock: moves the endpoint's clock; runs while no other test does"
    )
    config.addinivalue_line(
        "markers", "run_first: asks much of an endpoint in little time; runs before the others"
    )
    config.addinivalue_line(
        "markers", "run_last: looks back at what the other tests saw; runs after them"
    )
    config.addinivalue_line("markers", "extended: looks further than a quick run does")
    config.addinivalue_line("markers", "slow: takes long; not part of the ordinary test run")
    if not config.option.report:
        raise usage_error("--report: expected a folder, found an empty name")
    if config.option.fail_on and not config.option.baseline:
        raise usage_error("--fail-on new needs --baseline FILE, the report of an earlier run")
    try:
        config.stash[RUN] = Run(RunOptions.of(config), getattr(config, "workerinput", None))
    except (ProfileError, WaiverError, BaselineError) as error:
        raise usage_error(error) from None
    except KeyError as error:
        known = catalogue.load().requirements
        raise usage_error(
            f"--requirement: no requirement is or begins with {error.args[0]!r}"
            f"{did_you_mean(error.args[0], known)}"
        ) from None
    if config.getoption("dist", "no") == "each":
        raise usage_error(
            "--dist each is not supported: every worker would run the whole contract; use -n N to spread the tests"
        )


def _judges_contract(config: pytest.Config) -> bool:
    """Whether the paths on the command line can hold contract tests."""
    contract = Path("tests", "contract")
    for arg in config.args:
        path = Path(str(arg).partition("::")[0])
        with contextlib.suppress(ValueError):
            path = (config.invocation_params.dir / path).resolve().relative_to(config.rootpath)
        if path == contract or contract in path.parents or path in contract.parents:
            return True
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Reach the endpoint before anything is collected; one that can't be used ends the session with 4."""
    config, run = session.config, session.config.stash[RUN]
    if (
        config.option.collectonly
        or run.options.plan
        or modes.mode(config)
        or not _judges_contract(config)
    ):
        return
    try:
        consent.obtain(config, None if run.is_worker else run.options.profile, run.options.effort)
        # A signal to the whole group reaches workers, too, and what they have created is theirs to delete.
        signals.heed_termination(config)
        if run.is_worker:
            return  # it joins before its collection (hosts.py)
        workers.prepare(config)
        report.prepare(run.options.report, run.options.sarif)
        progress.show(config, run.endpoint.client.steps)
        run.open(alone=config.getoption("dist", "no") == "no")
    except (HarError, ReportError) as error:
        raise usage_error(error) from None
    except EndpointUnusable as unusable:
        run.selected = run.wanted()
        try:
            result = run.finish(unusable=unusable)
        except ReportError as error:
            raise usage_error(f"{unusable} ({error})") from None
        session.exitstatus = 1 if result.overall == "nonconformant" else 4
        if session.exitstatus == 1:
            pytest.exit(
                said(f"{unusable}\nreport: {run.options.report}{_write_junit(config)}"),
                returncode=1,
            )
        raise usage_error(f"{unusable}\n(report: {run.options.report})") from None


def _write_junit(config: pytest.Config) -> str:
    """Have --junitxml written although the session ends before its tests; a line that says why it can't be."""
    log = config.stash.get(xml_key, None)
    if log is not None:
        log.pytest_sessionstart()
        try:
            log.pytest_sessionfinish()
        except OSError as error:
            return (
                f"\n--junitxml: {config.option.xmlpath} can't be written: {error.strerror or error}"
            )
    return ""


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker found."""
    run = node.config.stash[RUN]
    found = getattr(node, "workeroutput", {}).get("orchestrator_contract")
    run.forsake(node.gateway.id, crashed=not found)
    if found:
        run.merge(node.gateway.id, found)
    elif error:
        run.remarks.append(
            "a worker process crashed; of its findings only what its tests reported is known"
        )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep what --requirement and --effort ask for, in the catalogue's order."""
    run = config.stash[RUN]
    known = list(catalogue.load().requirements)
    scope = {name: number for number, name in enumerate(known)}
    asked = run.options.requirements
    kept = [
        i
        for i in items
        if not (asked and asked.isdisjoint(requirements_of(i)))
        and not (run.options.effort.few and i.get_closest_marker("extended"))
    ]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[i for i in items if i not in kept])
        items[:] = kept
    items.sort(
        key=lambda item: (
            item.get_closest_marker("clock") is not None,
            item.get_closest_marker("run_last") is not None,
            item.nodeid not in run.options.first,
            item.get_closest_marker("run_first") is None,
            min((scope.get(one, len(scope)) for one in requirements_of(item)), default=-1),
        )
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Remember what is judged in this session."""
    run = session.config.stash[RUN]
    if any(map(requirements_of, session.items)) and not (
        run.opened or run.options.plan or session.config.option.collectonly
    ):
        # Contract tests that were not expected where they are: the target was not asked about yet.
        try:
            consent.obtain(
                session.config, None if run.is_worker else run.options.profile, run.options.effort
            )
            if not run.is_worker:
                report.prepare(run.options.report, run.options.sarif)
        except (ReportError, EndpointUnusable) as error:
            raise usage_error(error) from None
    run.closing = sum(item.get_closest_marker("run_last") is not None for item in session.items)
    run.select(
        {
            worker_reports.name_of(item.nodeid): ids
            for item in session.items
            if (ids := requirements_of(item))
        }
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """--plan: say what would happen instead of doing it."""
    run = session.config.stash[RUN]
    if not run.options.plan:
        return None
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line("")
        for line in run.plan([(item.nodeid, requirements_of(item)) for item in session.items]):
            reporter.write_line(line)
    return True


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target and the seed, or the recording."""
    if modes.mode(config) == "traffic":
        return [f"contract: recording {said(Path(config.option.traffic).name)}"]
    return config.stash[RUN].header() if _judges_contract(config) else []


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    """End the run, also where another plugin can't end its part: pytest's own fails where --junitxml can't be written."""
    config, failure = session.config, None
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again below
        failure = error
    _end(session, exitstatus)
    if isinstance(failure, OSError) and config.option.xmlpath:
        config.stash[
            RUN
        ].unwritten = (
            f"--junitxml: {config.option.xmlpath} can't be written: {failure.strerror or failure}"
        )
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
    elif failure is not None:
        raise failure


def _end(session: pytest.Session, exitstatus: int) -> None:
    """Clean up, draw the result, write the reports, set the exit code."""
    config, run, outcomes = (
        session.config,
        session.config.stash[RUN],
        session.config.stash[OUTCOMES],
    )
    if not run.opened:
        return
    if run.is_worker:
        config.workeroutput["orchestrator_contract"] = run.leave()  # type: ignore[attr-defined]
        return
    if run.result is not None:
        return
    try:
        result = run.finish()
    except KeyboardInterrupt:
        pytest.exit(said(run.interrupted()), returncode=int(pytest.ExitCode.INTERRUPTED))
    except ReportError as error:
        pytest.exit(said(error), returncode=int(pytest.ExitCode.USAGE_ERROR))
    if run.options.target and run.options.profile:
        breached = tuple(outcomes.breached)
        if breached or not run.options.requirements:  # a part that passes says nothing of the rest
            last_failed.remember(
                config,
                run.options.profile.base_url,
                Failing(run.options.seed, breached) if breached else None,
            )
    stopped = exitstatus == pytest.ExitCode.INTERRUPTED and outcomes.stopped
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or stopped:
        contract = run.exit_code()
        if outcomes.broken or (outcomes.crashed and result.overall != "nonconformant"):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        elif contract or exitstatus == pytest.ExitCode.OK:
            session.exitstatus = contract
        elif (
            result.overall != "nonconformant" or run.options.policy.only_new
        ) and not foreign_failures(session):
            session.exitstatus = contract


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The verdict and what to do about it."""
    run = config.stash[RUN]
    if run.result is not None:
        run.write_summary(terminalreporter)
    if run.unwritten:
        terminalreporter.write_line(said(f"ERROR: {run.unwritten}"), red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the mock if one was started."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()
