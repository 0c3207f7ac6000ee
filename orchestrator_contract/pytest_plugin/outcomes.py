"""A contract test from its setup to its outcome, which its findings decide."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from types import TracebackType

import pytest

from orchestrator_contract.coordination import clock_lock
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.pytest_plugin.run import RUN, Run, carry, name_of
from orchestrator_contract.pytest_plugin.selection import (
    case_properties,
    is_marked,
    requirements_of,
)
from orchestrator_contract.report import failure
from orchestrator_contract.results.exit_code import Ending
from orchestrator_contract.results.findings import Found


class Outcomes:
    """The outcomes of a session's tests, in the process that draws the verdict."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.breached = False
        #: How the session ends, as far as its tests say.
        self.ending = Ending()

    @pytest.hookimpl(tryfirst=True)  # a terminal reporter that fails ends the session
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See each report, wherever the test ran."""
        node = getattr(report, "node", None)  # xdist's
        self._run.reports.hear(node.gateway.id if node else "", report)
        told, end = dict(report.user_properties), self.ending
        self.breached |= told.get("verdict") == "breached"
        self.ending = replace(
            end,
            broken=end.broken or "suite_broken" in told,
            crashed=end.crashed or report.when not in ("setup", "call", "teardown"),  # by xdist
            others_failed=end.others_failed or (report.failed and "requirement" not in told),
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """See an early end: after -x xdist interrupts the session by an exception of its own."""
        give_lines(excinfo)
        self.ending = replace(self.ending, stopped=excinfo.type is not KeyboardInterrupt)


def give_lines(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave frames without a line number out of an interrupt's traceback.

    Some of the interpreter's instructions have none, and pytest can't show them.
    """
    step: TracebackType | None = excinfo.tb
    while step is not None:
        while (inner := step.tb_next) is not None and getattr(inner, "tb_lineno", None) is None:
            step.tb_next = inner.tb_next
        step = inner
    excinfo.traceback = type(excinfo.traceback)(excinfo.tb)


#: Where pytest's configuration holds the outcomes of the session.
OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.hookimpl(trylast=True)  # once there is a run
def pytest_configure(config: pytest.Config) -> None:
    """See the reports."""
    config.stash[OUTCOMES] = Outcomes(config.stash[RUN])
    config.pluginmanager.register(config.stash[OUTCOMES])


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The endpoint under test, for contract tests."""
    return request.config.stash[RUN].endpoint


class _Breached(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # a variable to mypy
    """The endpoint breached the contract in this test."""

    def __init__(self, told: failure.Failure) -> None:
        super().__init__(told.text, pytrace=False)
        self.line = told.line


class _Attempt:
    """One contract test from its setup to its outcome; a plugin may execute it again."""

    def __init__(self, item: pytest.Item, ids: Sequence[str]) -> None:
        self._item = item
        self._ids = ids
        self._run = item.config.stash[RUN]
        self._endpoint = self._run.endpoint
        self._name = name_of(item.nodeid)
        self._alone = is_marked(item, "clock")
        self._entered = False
        #: Why the test could not be carried out; empty where it could.
        self.reason = ""
        self.found: list[Found] = []

    def begin(self) -> None:
        """Let findings belong to the test, and draw generated inputs for it."""
        items = self._item.session.items
        self._endpoint.findings.begin(self._name, self._ids)
        self._endpoint.begin(self._name, to_come=len(items) - items.index(self._item) - 1)

    def enter(self) -> None:
        """Wait for the endpoint's clock.

        Raises:
            Inconclusive: the target lacks a capability, or others keep the clock too long.
        """
        lacking = {need for needs in self._lacking().values() for need in needs}
        if lacking:
            raise Inconclusive("needs " + ", ".join(sorted(lacking)))
        if self._alone and not self._endpoint.profile.clock_url:
            raise Inconclusive("needs clock")
        if self._endpoint.lessened and self._endpoint.effort.few and self._is_extra():
            raise Inconclusive("left out to end in time")
        run_last = [one for one in self._item.session.items if is_marked(one, "run_last")]
        with self._endpoint.client.steps.step(
            "waiting for other tests to leave the endpoint's clock alone"
        ):
            # Tests of other workers look back at the run; once the clock moves that is days ago.
            self._entered = clock_lock.enter(
                self._endpoint.coordinator.clock,
                self._run.process.worker,
                alone=self._alone,
                after_last=len(run_last) if self._run.is_worker else 0,
            )
        if not self._entered:
            raise Inconclusive("the endpoint's clock was in use for too long")

    def _is_extra(self) -> bool:
        """True if a quick run does without the test, or without its further batches and rounds."""
        parameters = getattr(self._item, "callspec", None)
        further = parameters and any(map(parameters.params.get, ("batch", "round_")))
        return bool(further) or is_marked(self._item, "extended")

    def _lacking(self) -> dict[str, tuple[str, ...]]:
        if is_marked(self._item, "ttl_ledger"):
            return {}
        return self._endpoint.requirements_lacking(self._ids)

    def give_up(self, error: BaseException) -> None:
        """Leave the test's requirements unverified, whatever else checked them if it was ended."""
        self.reason = self._endpoint.redactor.text(str(error))
        findings = self._endpoint.findings
        record = findings.unverified if isinstance(error, Inconclusive) else findings.cut_short
        record(self._lacking() or self._ids, self.reason)

    def end(self) -> None:
        """Take the breaches that were found; later ones are no part of the test."""
        self.found = self._endpoint.findings.end()

    def leave(self) -> None:
        """Leave the clock to others."""
        if self._entered:
            self._endpoint.coordinator.clock.leave(self._run.process.worker, alone=self._alone)
        if is_marked(self._item, "run_last"):
            self._endpoint.coordinator.clock.last_ended()

    def conclude(self) -> None:
        """Raise the outcome that is no pass."""
        options, findings = self._run.options, self._endpoint.findings
        gating = [one for one in self.found if self._run.gates(one.requirement)]
        excuses = [options.excuse(one.requirement, one.breach.problem) for one in gating]
        breaches = [one for one, why in zip(gating, excuses, strict=True) if not why]
        if breaches:
            raise _Breached(failure.describe(breaches, findings.catalogue, options.rerun_line))
        if self.reason:
            pytest.skip(f"unverified: {self.reason}")
        if gating:
            told = zip(excuses, gating, strict=True)
            pytest.xfail(
                "; ".join(f"{why}: {one.requirement}: {one.breach.problem}" for why, one in told)
            )


#: A plugin such as pytest-timeout ends a test by failing it: no breach, and no broken suite.
_ENDED_EARLY = (Inconclusive, pytest.fail.Exception)
#: Where a contract test's item holds its newest attempt.
_ATTEMPT = pytest.StashKey[_Attempt]()


@pytest.hookimpl(wrapper=True, trylast=True)  # others' wrappers have to begin before it skips
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Begin a contract test; its fixtures are part of it."""
    ids = requirements_of(item)
    if not ids:
        return (yield)
    attempt = item.stash[_ATTEMPT] = _Attempt(item, ids)
    attempt.begin()
    try:
        attempt.enter()
    except Inconclusive as error:
        attempt.give_up(error)
        attempt.end()
        attempt.conclude()
    try:
        return (yield)
    except _ENDED_EARLY as error:
        attempt.give_up(error)  # the call that follows concludes the test
        return None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a contract test; its findings become its outcome."""
    attempt = pyfuncitem.stash.get(_ATTEMPT, None)
    if attempt is None:
        return (yield)
    if attempt.reason:
        attempt.end()
        attempt.conclude()
    try:
        yield
    except _ENDED_EARLY as error:
        attempt.give_up(error)
    finally:
        attempt.end()
    attempt.conclude()
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Leave the clock to others, however the test ended."""
    try:
        return (yield)
    finally:
        attempt = item.stash.get(_ATTEMPT, None)
        if attempt is not None:
            attempt.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a breach from a broken suite, and give the report its properties."""
    report = yield
    attempt = item.stash.get(_ATTEMPT, None)
    if attempt is None:
        return report
    outcomes = (_Breached, pytest.skip.Exception, pytest.xfail.Exception)
    if call.excinfo is not None and not isinstance(call.excinfo.value, outcomes):
        _mark_broken(item, report)
    if call.excinfo is not None and isinstance(call.excinfo.value, _Breached):
        # Its line stands in the short summary, and as JUnit's message.
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            crash.message = call.excinfo.value.line
    if report.when == "call" or (report.when == "setup" and report.skipped):
        carry(report, attempt.found)
        told = case_properties(requirements_of(item), _verdict(report))
        report.user_properties += told
        item.user_properties += told  # JUnit takes them from the report of the teardown
    return report


def _verdict(report: pytest.TestReport) -> str:
    if report.failed:
        return "breached"
    if hasattr(report, "wasxfail"):
        return "known" if report.wasxfail.startswith("known:") else "waived"
    return "unverified" if report.skipped else "passed"


def _mark_broken(item: pytest.Item, report: pytest.TestReport) -> None:
    report.user_properties.append(("suite_broken", item.nodeid))
    # Arguments of its frames are shown, and some of them hold credentials.
    run, text = item.config.stash[RUN], str(report.longrepr)
    if run.process.opened and (clean := run.endpoint.redactor.text(text)) != text:
        report.longrepr = clean
