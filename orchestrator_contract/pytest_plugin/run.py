"""One process's part of a run: the tests that it judges, and the result of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator_contract import preflight, report
from orchestrator_contract.contract import catalogue
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive
from orchestrator_contract.pytest_plugin.options import RunOptions
from orchestrator_contract.pytest_plugin.process import Process
from orchestrator_contract.pytest_plugin.worker_reports import WorkerReports
from orchestrator_contract.results import timelines
from orchestrator_contract.results.exit_code import Ending, exit_code
from orchestrator_contract.results.verdict import Result, conclude
from orchestrator_contract.schedule import LIFE_S, expected_s


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

    @property
    def opened(self) -> bool:
        """True once the endpoint was, or is about to be, asked something."""
        return self.process.opened

    def open(self, *, alone: bool) -> None:
        """Find out whether the endpoint can be tested, by this process *alone* or by workers.

        Raises:
            EndpointUnusable: it can't.
            HarError: the file of --har can't be written.
        """
        preflight.ready(self.endpoint, alone=alone)

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
        request_s, share = endpoint.schedule.request_s, self.process.share
        life_s = 2 * create_s + 2 * request_s if create_s else LIFE_S / 2
        room = endpoint.inventory.bound()
        whole_s = expected_s(effort, endpoint.profile, share, request_s, life_s, room)
        minutes = max(whole_s / processes / 60, 1)
        told = f"takes about {minutes:.0f} min at {request_s:.2g} s a request"
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
        if not self.opened:
            return {}
        self.process.clean_up(awaited=0)
        return {
            "findings": self.endpoint.findings.dump(),
            "timelines": self.process.recorder.dump(),
            "leftovers": self.process.leftovers,
            "remarks": self.process.remarks,
        }

    def merge(self, worker: str, found: Mapping[str, Any] | None, error: object) -> None:
        """Take over what a worker *found*; None where it has died, by an *error* or an interrupt."""
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

    def _account_for_tests(self) -> None:
        """Leave unverified what was selected and not wholly reported."""
        self.select(self.process.coordinator.selected())
        if self._awaited and not self.selected:
            self.selected = self.wanted()
        self.reports.settle(self.endpoint.findings, self._tests)

    # ---------------------------------------------------------------- the end

    def finish(self, unusable: EndpointUnusable | None = None) -> Result:
        """Clean up, draw the result and write the reports.

        Raises:
            ReportError: a report can't be written.
        """
        self.process.clean_up(self._awaited)
        if unusable is None:
            self._account_for_tests()
        elif not self.selected:
            self.selected = self.wanted()
        options, process = self.options, self.process
        lines = [*process.recorder.dump(), *self._timelines]
        result = conclude(
            self.endpoint.findings,
            self.endpoint.profile,
            self.selected,
            policy=options.policy,
            seed=options.seed,
            effort=options.effort.name,
            started=self.started,
            finished=datetime.now(UTC),
            unusable=unusable,
            notes=[*options.effort.remarks, *process.leftovers, *process.remarks],
            waivers=options.waivers,
            baseline=options.baseline,
            timelines=timelines.load(lines),
            command=options.command,
            target=options.target or "",
        )
        self.adopt(result)
        return result

    def adopt(self, result: Result) -> None:
        """Take *result* for the run's, and write its reports.

        Raises:
            ReportError: a report can't be written.
        """
        self.result = result
        report.write_all(result, self.options.report, self.options.sarif)

    def exit_code(self, ending: Ending) -> int:
        """The exit code of a session with a result that ended like this."""
        assert self.result is not None  # called after finish() or adopt()
        return exit_code(self.result, self.options.policy, ending)

    def interrupted(self) -> str:
        """The message for an interrupt while the run cleans up."""
        path = self.process.journal.path
        if not path.exists():
            return "interrupted while cleaning up"
        line = self.options.cleanup_line(path)
        return f"interrupted while cleaning up; this deletes what is left: {line}"

    def close(self) -> None:
        """End what this process started."""
        self.process.close()


#: Where pytest's configuration holds the session's run.
RUN = pytest.StashKey[Run]()
