"""A contract test from what it gets to its outcome: its findings decide it, and its reports name them."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import clock_lock
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.pytest_plugin import worker_reports
from orchestrator_contract.pytest_plugin.run import RUN, Run
from orchestrator_contract.pytest_plugin.signals import give_lines
from orchestrator_contract.report import failure


class Outcomes:
    """Collects, where the verdict is drawn, the tests that found breaches and those in which the suite itself failed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.breached: list[str] = []
        self.broken: list[str] = []
        #: Whether a worker died in a test: that failure is no breach.
        self.crashed = False
        #: Whether pytest-xdist has ended the session: after -x it does so by an interrupt of its own, which is no person's Ctrl-C.
        self.stopped = False

    @pytest.hookimpl(
        tryfirst=True
    )  # a terminal that can't be written ends the session with the report that it got
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See each report, wherever the test ran."""
        node = getattr(report, "node", None)  # xdist's
        self._run.worker_reports.hear(node.gateway.id if node else "", report)
        self.broken += [
            str(value) for name, value in report.user_properties if name == "suite_broken"
        ]
        self.crashed |= report.when not in (
            "setup",
            "call",
            "teardown",
        )  # xdist's own report of a crash
        if report.when == "call" and ("verdict", "breached") in report.user_properties:
            self.breached.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """See how the session ends early."""
        give_lines(excinfo)
        self.stopped = excinfo.type is not KeyboardInterrupt


def foreign_failures(session: pytest.Session) -> bool:
    """Whether tests outside the contract failed in this session."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    failed = reporter.stats.get("failed", []) + reporter.stats.get("error", []) if reporter else []
    return any("requirement" not in dict(getattr(one, "user_properties", ())) for one in failed)


#: Where a test holds the breaches that it found.
_FOUND = pytest.StashKey[list[tuple[str, str]]]()
#: Where pytest's configuration holds what this session's tests came to.
OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.hookimpl(trylast=True)  # once there is a run
def pytest_configure(config: pytest.Config) -> None:
    """Watch the reports."""
    config.stash[OUTCOMES] = Outcomes(config.stash[RUN])
    config.pluginmanager.register(config.stash[OUTCOMES])


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids that a test's marker names."""
    return tuple(one for mark in item.iter_markers("requirement") for one in mark.args)


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The run against the target, for contract tests."""
    return request.config.stash[RUN].endpoint


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a contract test: its findings become its outcome."""
    ids = requirements_of(pyfuncitem)
    if not ids:
        return (yield)
    run = pyfuncitem.config.stash[RUN]
    endpoint, findings = run.endpoint, run.endpoint.findings
    nodeid = worker_reports.name_of(pyfuncitem.nodeid)
    lacking = (
        {} if pyfuncitem.get_closest_marker("ttl_ledger") else endpoint.requirements_lacking(ids)
    )
    findings.begin(nodeid, ids)
    items = pyfuncitem.session.items
    endpoint.reseed(nodeid, to_come=len(items) - items.index(pyfuncitem) - 1)
    alone = pyfuncitem.get_closest_marker("clock") is not None
    reason = ""
    try:
        if lacking:
            raise Inconclusive(
                "needs " + ", ".join(sorted({need for needs in lacking.values() for need in needs}))
            )
        with endpoint.client.steps.step(
            "waiting for other tests to leave the endpoint's clock alone"
        ):
            # What closing tests look at in other workers is as old as the run; once the clock has been moved it is days old.
            entered = clock_lock.enter(
                endpoint.coordinator,
                run.worker,
                alone=alone,
                closing=run.closing if run.is_worker else 0,
            )
        if not entered:
            raise Inconclusive("the endpoint's clock was in use for too long")
        try:
            yield
        finally:
            endpoint.coordinator.leave_clock(run.worker, alone=alone)
    except Inconclusive as error:
        reason = endpoint.redactor.text(str(error))
        findings.unverified(lacking or ids, reason, one_way=isinstance(error, CheckInconclusive))
    finally:
        found = pyfuncitem.stash[_FOUND] = findings.end()
        if pyfuncitem.get_closest_marker("closing"):
            endpoint.coordinator.closed()
    gating = dict.fromkeys(pair for pair in found if run.gates(pair[0]))
    excused = {pair: run.options.excuses.why(*pair) for pair in gating}
    breaches = [findings.found(*pair) for pair, why in excused.items() if not why]
    if breaches:
        raise _Breached(failure.describe(breaches, findings.catalogue, run.rerun))
    if reason:
        pytest.skip(f"unverified: {reason}")
    if excused:
        pytest.xfail("; ".join(f"{why}: {one}: {text}" for (one, text), why in excused.items()))
    return True


class _Breached(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # a variable to type checkers
    """The endpoint breached the contract in this test."""

    def __init__(self, told: failure.Failure) -> None:
        super().__init__(told.text, pytrace=False)
        self.line = told.line


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell breaches from failures of the suite itself, and name the requirements in JUnit."""
    report = yield
    ids = requirements_of(item)
    if ids:
        if call.excinfo is not None and not isinstance(
            call.excinfo.value, (_Breached, pytest.skip.Exception, pytest.xfail.Exception)
        ):
            report.user_properties.append(("suite_broken", item.nodeid))
            # What broke the suite is shown with the arguments of its frames, and some of them hold credentials.
            run, text = item.config.stash[RUN], str(report.longrepr)
            if run.opened and (clean := run.endpoint.redactor.text(text)) != text:
                report.longrepr = clean
        if call.excinfo is not None and isinstance(call.excinfo.value, _Breached):
            # Its line stands in the short summary, and as JUnit's message.
            crash = getattr(report.longrepr, "reprcrash", None)
            if crash is not None:
                crash.message = call.excinfo.value.line
        if report.when == "call":
            found = item.stash.get(_FOUND, [])
            worker_reports.carry(report, found)
            levels = catalogue.load().requirements
            verdict = (
                report.wasxfail.partition(":")[0]
                if hasattr(report, "wasxfail")
                else "unverified"
                if report.skipped
                else "passed"
            )
            verdict = "breached" if report.failed else verdict
            properties = [
                ("requirement", ",".join(ids)),
                ("level", ",".join(dict.fromkeys(str(levels[one].level) for one in ids))),
                ("verdict", verdict),
            ]
            report.user_properties += properties
            item.user_properties += properties  # JUnit takes them from the report of the teardown
    return report
