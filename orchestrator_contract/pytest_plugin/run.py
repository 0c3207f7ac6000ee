"""One process's part of a run: the tests that it judges, and the result of them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator_contract import report
from orchestrator_contract.contract import catalogue
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive
from orchestrator_contract.pytest_plugin.options import RunOptions
from orchestrator_contract.pytest_plugin.process import Process
from orchestrator_contract.results import timelines
from orchestrator_contract.results.evidence import Breach
from orchestrator_contract.results.findings import Findings, Found
from orchestrator_contract.results.verdict import Result, conclude
from orchestrator_contract.schedule import LIFE_S, Pace, expected_s

#: Breaches of one test that its report carries.
_MOST = 40
_BREACHES = "breaches"
_ENDED_EARLY = "not all of its tests were run to their end: the run, or a worker of it, ended early"
_LOST = "a worker that ran a test of it ended without handing over what it had found"


class Run:
    """The run as one process sees it; an xdist worker hands its part to the controller."""

    def __init__(self, options: RunOptions, workerinput: Mapping[str, Any] | None) -> None:
        self.options = options
        self.started = datetime.now(UTC)
        self.is_worker = workerinput is not None
        self.process = Process(options, workerinput)
        #: The requirements that are judged.
        self.selected: frozenset[str] = frozenset()
        self._tests: dict[str, Sequence[str]] = {}
        self.reports = WorkerReports()
        #: Workers that were started and have not handed over their findings.
        self._awaited = 0
        self._timelines: list[dict[str, Any]] = []
        self.result: Result | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint, made at first use."""
        return self.process.endpoint

    def header(self) -> list[str]:
        """Lines for the top of the terminal output."""
        options = self.options
        where = options.profile.name if options.profile else "embedded mock"
        again = " (that of the last run, which found breaches)" if options.failed_last else ""
        return [
            f"contract: {where}, effort {options.effort.name}, seed {options.seed}{again}",
            *options.effort.remarks,
        ]

    def expectation(self, processes: int) -> str:
        """How long the tests will take, from what the endpoint has shown so far."""
        endpoint, effort = self.endpoint, self.options.effort
        create_s = endpoint.poller.usual_s("create")
        delete_s, other_s = (endpoint.schedule.request_s(delete=one) for one in (True, False))
        life_s = 2 * create_s + delete_s + other_s if create_s else LIFE_S / 2
        pace, room = Pace(delete_s, other_s, life_s), endpoint.inventory.bound()
        whole_s = expected_s(effort, endpoint.profile, self.process.share, pace, room)
        minutes = max(whole_s / processes / 60, 1)
        told = f"takes about {minutes:.0f} min at {other_s:.2g} s a request"
        if delete_s > 2 * other_s:
            told += f" and {delete_s:.2g} s a DELETE"
        most = effort.longest_s / 60
        if minutes > most:
            return f"{told} in full; it ends after {most:.0f}, and samples less for that"
        return f"{told}, and {most:.0f} at most"

    # ---------------------------------------------------------------- tests

    def wanted(self) -> frozenset[str]:
        """All requirements, or those that --requirement asks for."""
        return self.options.requirements or frozenset(catalogue.load().requirements)

    def select(self, tests: Mapping[str, Sequence[str]]) -> None:
        """Judge the requirements of these tests."""
        found = {one for requirements in tests.values() for one in requirements}
        self.selected |= found & self.wanted()
        if not self.is_worker:
            self._tests |= tests
        elif tests:
            # Without the controller nothing can be sent, and each test says so.
            with contextlib.suppress(Inconclusive):
                self.process.coordinator.select({name: list(ids) for name, ids in tests.items()})

    def gates(self, requirement: str) -> bool:
        """True if a breach of it fails the test that found it."""
        selected = requirement in self.selected or not self.selected
        level = catalogue.load().requirements[requirement].level
        return selected and (level.gates or self.options.policy.strict)

    # ---------------------------------------------------------------- workers

    def ticket(self) -> dict[str, Any]:
        """Everything that one more worker needs to take part; secret."""
        self._awaited += 1
        return self.process.ticket()

    def hand_over(self) -> dict[str, Any]:
        """Clean up at the end of a worker; its findings, for the controller."""
        if not self.process.opened:
            return {}
        self.process.clean_up(awaited=0)
        return {
            "findings": self.endpoint.findings.dump(),
            "timelines": self.process.recorder.dump(),
            "leftovers": self.process.leftovers,
            "remarks": self.process.remarks,
        }

    def merge(self, worker: str, found: Mapping[str, Any] | None, error: object) -> None:
        """Take over a worker's findings; None if it has died, by an *error* or an interrupt."""
        self.process.coordinator.clock.release(worker, crashed=found is None)
        if found is not None:
            self._awaited -= 1
            self.reports.handed_over(worker)
        if found:
            self.endpoint.findings.merge(found["findings"])
            self._timelines += found["timelines"]
            self.process.leftovers += found["leftovers"]
            self.process.remarks += found["remarks"]
        elif error:
            self.process.remarks.append(
                "a worker process crashed; of its findings only what its tests reported is known"
            )

    # ---------------------------------------------------------------- the end

    def finish(self, unusable: EndpointUnusable | None = None) -> None:
        """Clean up, draw the result and write the reports.

        Raises:
            ReportError: a report can't be written.
        """
        options, process = self.options, self.process
        process.clean_up(self._awaited)
        if unusable is None:
            self.select(process.coordinator.selected())
            # A test that was not wholly reported leaves its requirements unverified.
            self.reports.settle(self.endpoint.findings, self._tests)
        if not self.selected and (self._awaited or unusable):
            self.selected = self.wanted()
        lines = [*process.recorder.dump(), *self._timelines]
        self.adopt(
            conclude(
                self.endpoint.findings,
                self.endpoint.profile,
                self.selected,
                policy=options.policy,
                seed=options.seed,
                effort=options.effort.name,
                started=self.started,
                finished=datetime.now(UTC),
                unusable=unusable,
                leftovers=self._leftovers(),
                notes=[*options.effort.remarks, *process.remarks],
                waivers=options.waivers,
                baseline=options.baseline,
                timelines=timelines.load(lines),
                command=options.command,
                target=options.target or "",
            )
        )

    def adopt(self, result: Result) -> None:
        """Take *result* for the run's, and write its reports.

        Raises:
            ReportError: a report can't be written.
        """
        self.result = result
        report.write_all(result, self.options.report, self.options.sarif)

    def _leftovers(self) -> list[str]:
        """The notes on what is left on the endpoint, and the line that deletes it."""
        found, path = self.process.leftovers, self.process.journal.path
        return [*found, f"this deletes it: {self.options.cleanup_line(path)}"] if found else []

    def interrupted(self) -> str:
        """The message for an interrupt while the run cleans up."""
        path = self.process.journal.path
        said = "interrupted while cleaning up"
        if not path.exists():
            return said
        return f"{said}; this deletes what is left: {self.options.cleanup_line(path)}"


#: Where pytest's configuration holds the session's run.
RUN = pytest.StashKey[Run]()


# ------------------------------------------------------------------ reports of workers


def name_of(nodeid: str) -> str:
    """A test's name as reports and other processes take it."""
    return re.sub(r"[^\x20-\x7e]", "?", nodeid)


def carry(report: pytest.TestReport, found: Sequence[Found]) -> None:
    """Let *report* carry its test's breaches from a worker to the controller."""
    if found:
        breaches = [
            [one.requirement, one.breach.where, one.breach.expected, one.breach.seen]
            for one in found[:_MOST]
        ]
        report.user_properties.append((_BREACHES, breaches))


class WorkerReports:
    """The reports of tests by the process that ran them; the one without a name is this process.

    The findings of a dead worker are lost, but for the breaches that its tests' reports carry. So
    nothing passes that one of its tests looked at.
    """

    def __init__(self) -> None:
        self._ended: dict[str, set[str]] = {}
        self._found: dict[str, list[tuple[str, Breach]]] = {}

    def hear(self, worker: str, report: pytest.TestReport) -> None:
        """Take note of a report."""
        if report.when != "call" and not (report.when == "setup" and not report.passed):
            return
        test = name_of(report.nodeid)
        self._ended.setdefault(worker, set()).add(test)
        breaches: Any = dict(report.user_properties).get(_BREACHES, ())
        self._found.setdefault(worker, []).extend(
            (requirement, Breach(where, expected, seen, test=test))
            for requirement, where, expected, seen in breaches
        )

    def handed_over(self, worker: str) -> None:
        """Forget the breaches of *worker*, whose findings the run has now."""
        self._found.pop(worker, None)
        self._ended.setdefault("", set()).update(self._ended.pop(worker, ()))

    def settle(self, findings: Findings, tests: Mapping[str, Sequence[str]]) -> None:
        """Complete *findings* at the end; *tests* names each selected test's requirements."""
        lost = set().union(*(names for worker, names in self._ended.items() if worker))
        ended = lost | self._ended.get("", set())
        for worker, found in self._found.items():
            for requirement, breach in found if worker else ():
                findings.adopt(requirement, breach)
        for test, requirements in tests.items():
            if test not in ended:
                findings.cut_short(requirements, _ENDED_EARLY)
            elif test in lost:
                findings.cut_short(requirements, _LOST)
