"""A contract test from what it gets to its outcome: its findings decide it, and its reports name them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import clock_lock
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.pytest_plugin import worker_reports
from orchestrator_contract.pytest_plugin.run import RUN, Run
from orchestrator_contract.pytest_plugin.signals import give_lines


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


#: Where a contract test's item holds its attempt.
_ATTEMPT = pytest.StashKey["_Attempt"]()
#: Where pytest's configuration holds what this session's tests came to.
OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.hookimpl(trylast=True)  # once there is a run
def pytest_configure(config: pytest.Config) -> None:
    """Watch the reports."""
    config.stash[OUTCOMES] = Outcomes(config.stash[RUN])
    config.pluginmanager.register(config.stash[OUTCOMES])
    config.pluginmanager.register(_Setup())


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids that a test's marker names."""
    return tuple(one for mark in item.iter_markers("requirement") for one in mark.args)


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The run against the target, for contract tests."""
    return request.config.stash[RUN].endpoint


@dataclass
class _Attempt:
    """One contract test from its setup to its outcome."""

    run: Run
    item: pytest.Item
    nodeid: str
    ids: tuple[str, ...]
    #: Whether it moves the endpoint's clock, which no other test may rely on meanwhile.
    moves_clock: bool
    holds_clock: bool = False
    #: Why the setup could not give what the test needs.
    inconclusive: Inconclusive | None = None
    found: list[tuple[str, str]] = field(default_factory=list)

    def begin(self) -> None:
        """Begin recording, and wait for the endpoint's clock.

        Raises:
            Inconclusive: the target lacks what the requirements need, or the clock stayed in use.
        """
        endpoint, items = self.run.endpoint, self.item.session.items
        endpoint.findings.begin(self.nodeid, self.ids)
        undisturbed = self.moves_clock or self.item.get_closest_marker("run_last") is not None
        endpoint.begin(
            self.nodeid,
            to_come=len(items) - items.index(self.item) - 1,
            undisturbed=undisturbed,
        )
        if needs := {need for needs in self.lacking().values() for need in needs}:
            raise Inconclusive("needs " + ", ".join(sorted(needs)))
        with endpoint.client.steps.step("waiting until no other test uses the endpoint's clock"):
            # Rechecks of other workers are as old as the run; after the clock is moved they are days old.
            self.holds_clock = clock_lock.enter(
                endpoint.coordinator,
                self.run.worker,
                alone=self.moves_clock,
                closing=self.run.closing if self.run.is_worker else 0,
            )
        if not self.holds_clock:
            raise Inconclusive("the endpoint's clock was in use for too long")

    def lacking(self) -> dict[str, tuple[str, ...]]:
        """The test's requirements that the target can't verify, with what it lacks."""
        if self.item.get_closest_marker("ttl_ledger"):
            return {}
        return self.run.endpoint.requirements_lacking(self.ids)

    def end(self) -> str:
        """End recording; why the test was inconclusive, empty where it was not."""
        endpoint, reason = self.run.endpoint, ""
        if (error := self.inconclusive) is not None:
            reason = endpoint.redactor.text(str(error))
            endpoint.findings.unverified(
                self.lacking() or self.ids, reason, one_way=isinstance(error, CheckInconclusive)
            )
        self.found = endpoint.findings.end()
        return reason

    def leave(self) -> None:
        """Let other tests have the endpoint's clock."""
        if self.holds_clock:
            self.run.endpoint.coordinator.leave_clock(self.run.worker, alone=self.moves_clock)
        if self.item.get_closest_marker("run_last"):
            self.run.endpoint.coordinator.closed()


class _Setup:
    """Begins contract tests, whose fixtures may find out that a check can't be made."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Begin before the first fixture."""
        if (attempt := item.stash.get(_ATTEMPT, None)) is not None:
            attempt.begin()
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Keep an inconclusive setup for the outcome of the test, which decides what it means."""
    ids = requirements_of(item)
    if ids:
        run, moves_clock = item.config.stash[RUN], item.get_closest_marker("clock") is not None
        nodeid = worker_reports.name_of(item.nodeid)
        item.stash[_ATTEMPT] = _Attempt(run, item, nodeid, ids, moves_clock)
    try:
        yield
    except Inconclusive as error:
        if not ids:
            raise
        item.stash[_ATTEMPT].inconclusive = error


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a contract test: its findings become its outcome."""
    attempt = pyfuncitem.stash.get(_ATTEMPT, None)
    if attempt is None:
        return (yield)
    try:
        if attempt.inconclusive is None:
            yield
    except Inconclusive as error:
        attempt.inconclusive = error
    finally:
        reason = attempt.end()
    _raise_outcome(attempt, reason)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Let go of the clock once the fixtures are torn down."""
    try:
        yield
    finally:
        if (attempt := item.stash.get(_ATTEMPT, None)) is not None:
            attempt.leave()


def _raise_outcome(attempt: _Attempt, reason: str) -> None:
    run = attempt.run
    gating = list(dict.fromkeys(pair for pair in attempt.found if run.gates(pair[0])))
    waived = [pair for pair in gating if run.options.waivers.excuses(*pair)]
    breaches = [f"{one}: {text}" for one, text in gating if (one, text) not in waived]
    if breaches:
        raise _Breached("\n".join(breaches[:8]), pytrace=False)
    if reason:
        pytest.skip(f"unverified: {reason}")
    if waived:
        pytest.xfail("waived: " + "; ".join(f"{one}: {text}" for one, text in waived))


class _Breached(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # a variable to type checkers
    """The endpoint breached the contract in this test."""


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
        if report.when == "call":
            worker_reports.carry(report, item.stash[_ATTEMPT].found)
            levels = catalogue.load().requirements
            verdict = (
                "waived"
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
