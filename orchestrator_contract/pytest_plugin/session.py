"""The life of a session: read options, share with workers, open the endpoint, draw the result."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from orchestrator_contract import preflight, report
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.writer import HarError
from orchestrator_contract.pytest_plugin import modes, options, plan, terminal
from orchestrator_contract.pytest_plugin.options import WORKER_DATA, said, usage_error
from orchestrator_contract.pytest_plugin.outcomes import OUTCOMES
from orchestrator_contract.pytest_plugin.run import RUN, Run, name_of
from orchestrator_contract.pytest_plugin.selection import judges_contract, tests_of
from orchestrator_contract.report import ReportError
from orchestrator_contract.results.exit_code import Code, exit_code

#: Signals that end a run like Ctrl-C; SIGHUP says that the terminal was closed.
_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
#: Fixtures of tests that generate inputs.
_GENERATORS = {"histories", "generated_inputs", "generated_requests"}
#: The file of --junitxml, once it could not be written, and the reason.
_UNWRITTEN = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; a wrong one ends the session here, with exit code 4."""
    config.stash[RUN] = Run(options.read(config), getattr(config, "workerinput", None))
    if config.getoption("dist", "no") == "each":
        raise usage_error(
            "--dist each is not supported: every worker would run the whole contract;"
            " use -n N to spread the tests"
        )
    if others := [one for one in config.getoption("tx", None) or [] if "popen" not in one]:
        raise usage_error(f"--tx {others[0]}: workers run on this machine only; use -n N")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target and the seed, or the recording."""
    if modes.mode(config) == "traffic":
        return [f"contract: recording {said(Path(config.option.traffic).name)}"]
    return config.stash[RUN].header() if judges_contract(config) else []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let SIGTERM and SIGHUP end a run like Ctrl-C, in workers too."""
    config = session.config
    run = config.stash[RUN]
    if run.options.command != "pytest":
        terminal.hide_paths(config)
    if judges_contract(config):
        _heed_termination(config)
        if _has_workers(config):
            # Workers, which are started next, inherit the credentials of an embedded mock.
            _ = run.process.target


def _heed_termination(config: pytest.Config) -> None:
    """Take the first signal of a kind for an interrupt; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    def restore(number: int) -> None:
        if signal.getsignal(number) is stop:
            signal.signal(number, signal.SIG_DFL)

    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup, for one, has SIGHUP ignored
            signal.signal(number, stop)
            config.add_cleanup(partial(restore, number))


# -------------------------------------------------------------------- xdist's workers


def _has_workers(config: pytest.Config) -> bool:
    """True in a process that has its tests run by workers."""
    return config.pluginmanager.has_plugin("dsession")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker what it needs to take part."""
    if judges_contract(node.config):
        node.workerinput[WORKER_DATA] = node.config.stash[RUN].ticket()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """Forget the coordinator's key, which the worker has now."""
    node.workerinput.get(WORKER_DATA, {}).pop("coordinator", None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker found."""
    if judges_contract(node.config):
        found = getattr(node, "workeroutput", {}).get(WORKER_DATA)
        node.config.stash[RUN].merge(node.gateway.id, found, error)


# -------------------------------------------------------------------- the run


@pytest.hookimpl(tryfirst=True)  # before a worker tells its controller that it has collected
def pytest_collection_finish(session: pytest.Session) -> None:
    """Judge what was selected."""
    tests = {name_of(node): ids for node, ids in tests_of(session.items)}
    session.config.stash[RUN].select(tests)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Find out whether the endpoint can be tested; one that can't ends the session."""
    config, run = session.config, session.config.stash[RUN]
    if session.testsfailed or config.option.collectonly or modes.mode(config):
        return None
    _preload(session.items)
    if run.is_worker:
        return None
    spread = _has_workers(config)
    if not (run.selected or (spread and judges_contract(config))):
        return None
    try:
        _open(config, run, 0 if spread else len(session.items))
    except (HarError, ReportError) as error:
        raise usage_error(error) from None
    except EndpointUnusable as unusable:
        try:
            run.finish(unusable)
        except ReportError as error:
            raise usage_error(f"{unusable} ({error})") from None
        return True  # no test is run
    return None


def _preload(items: list[pytest.Item]) -> None:
    """Import Hypothesis before tests that use it: a test ended while it imports breaks the rest."""
    names = {name for item in items for name in getattr(item, "fixturenames", ())}
    if names & _GENERATORS:
        import_module("orchestrator_contract.fuzzing.histories")
        import_module("orchestrator_contract.fuzzing.schema_requests")


def _open(config: pytest.Config, run: Run, tests: int) -> None:
    """Get consent, and find out whether the endpoint can be tested, by so many *tests* here."""
    chosen = run.options
    if chosen.profile is not None:
        plan.get_consent(config, chosen.profile, plan.changes(chosen.profile, chosen.effort))
    report.prepare(chosen.report, chosen.sarif)
    terminal.show(config, run.endpoint.client.steps)
    preflight.ready(run.endpoint, tests=tests)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.verbosity >= 0:
        processes = getattr(config.option, "numprocesses", None) or 1
        reporter.write_line(f"contract: {run.expectation(processes)}")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """End the run, also where another plugin fails to end its part of the session."""
    config, failure = session.config, None
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again below
        failure = error
    if isinstance(failure, OSError) and config.option.xmlpath:
        why = failure.strerror or failure
        config.stash[_UNWRITTEN] = f"--junitxml: {config.option.xmlpath} can't be written: {why}"
        failure = None
    _end(session, exitstatus)
    if failure is not None:
        raise failure


def _end(session: pytest.Session, exitstatus: int) -> None:
    """Clean up, draw the result, set the exit code."""
    config, run = session.config, session.config.stash[RUN]
    if run.is_worker:
        config.workeroutput[WORKER_DATA] = run.hand_over()  # type: ignore[attr-defined]  # xdist's
        return
    if run.process.opened and run.result is None:
        _finish(run)
        _remember_seed(config, run)
    unwritten = _UNWRITTEN in config.stash
    if run.result is not None:
        if modes.mode(config) and exitstatus == Code.NO_TESTS:
            exitstatus = Code.OK
        ending = replace(config.stash[OUTCOMES].ending, status=exitstatus, unwritten=unwritten)
        session.exitstatus = exit_code(run.result, run.options.policy, ending)
    elif unwritten:
        session.exitstatus = Code.UNUSABLE


def _finish(run: Run) -> None:
    try:
        run.finish()
    except KeyboardInterrupt:
        pytest.exit(said(run.interrupted()), returncode=Code.INTERRUPTED)
    except ReportError as error:
        pytest.exit(said(error), returncode=Code.UNUSABLE)


def _remember_seed(config: pytest.Config, run: Run) -> None:
    chosen, found = run.options, bool(config.stash[OUTCOMES].breached)
    # A part that passes says nothing of the rest.
    if chosen.profile is not None and (found or not chosen.requirements):
        options.remember_seed(config, chosen.profile, chosen.seed, found=found)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the verdict and what to do about it."""
    run = config.stash[RUN]
    result, folder = run.result, run.options.report
    if result is not None and result.unusable and not result.judged:
        terminalreporter.write_line(said(f"ERROR: {result.reason}"), red=True)
        terminalreporter.write_line(said(f"(report: {folder})"))
    elif result is not None:
        report.write_terminal(result, terminalreporter, folder)
    if _UNWRITTEN in config.stash:
        terminalreporter.write_line(said(f"ERROR: {config.stash[_UNWRITTEN]}"), red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the mock if one was started."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.process.close()
