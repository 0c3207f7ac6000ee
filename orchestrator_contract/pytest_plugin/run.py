"""The life of a run: target and mock, the suite of this process, the result and its reports."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator_contract import preflight, report
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import coordinator
from orchestrator_contract.coordination.coordinator import LOOPBACK, Address, Coordinator, Served
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.crash_cleanup import account_labels, header
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.inventory import initial_bound
from orchestrator_contract.pytest_plugin import lost_workers
from orchestrator_contract.pytest_plugin.mock_process import EmbeddedMock
from orchestrator_contract.pytest_plugin.plan import plan_lines
from orchestrator_contract.pytest_plugin.recording import Recording
from orchestrator_contract.pytest_plugin.run_options import RunOptions, load_target
from orchestrator_contract.pytest_plugin.worker_reports import Told
from orchestrator_contract.report import timelines
from orchestrator_contract.results.verdict import Result, conclude, exit_code


class Run:
    """One pytest session's view of the run; a worker's is part of its controller's."""

    def __init__(self, options: RunOptions, workerinput: dict[str, Any] | None) -> None:
        self.options = options
        self.selected: frozenset[str] = frozenset()
        #: How many tests of this session look back at the others.
        self.closing = 0
        #: What of the run is left on the endpoint, for the report.
        self.notes: list[str] = []
        #: Workers that were started, and have not said yet what they found and left.
        self.awaited = 0
        #: What another's file could not be written; the exit code says so, too.
        self.unwritten = ""
        self.worker_reports = Told()
        self._tests: dict[str, Sequence[str]] = {}
        self.result: Result | None = None
        self.started = datetime.now(UTC)
        self._shared = (workerinput or {}).get("orchestrator_contract")
        #: How to reach the coordinator. It holds a key: nothing else that is handed around has it.
        self._ticket = self._shared.pop("ticket", {}) if self._shared else {}
        self.is_worker = workerinput is not None
        #: The name that xdist gives to this worker; empty where there are none.
        self.worker = str((workerinput or {}).get("workerid", ""))
        self.processes = int((workerinput or {}).get("workercount", 1))
        self._endpoint: Endpoint | None = None
        self._mock: EmbeddedMock | None = None
        self._coordinator: Coordinator | None = None
        self._served: dict[Address, Served] = {}
        self._journal: Journal | None = None
        self._recorder = timelines.Recorder()
        self._recording = Recording(options.har, self.worker)
        #: Notes of the report that say nothing of what is left on the endpoint, as what --har could not record.
        self.remarks: list[str] = []
        self._lines: list[dict[str, Any]] = []
        self._run_id = self._shared["run_id"] if self._shared else secrets.token_hex(4)

    # ---------------------------------------------------------------- opening

    @property
    def opened(self) -> bool:
        """Whether an endpoint was contacted."""
        return self._endpoint is not None

    @property
    def endpoint(self) -> Endpoint:
        """The suite of this process, made at first use.

        Raises:
            HarError: the file of --har can't be written.
        """
        if self._endpoint is None:
            made = Endpoint(
                Settings(
                    self._profile(),
                    self.options.effort,
                    self.options.seed,
                    self._run_id,
                    self.worker,
                    self.processes,
                ),
                self._shared_coordinator(),
            )
            made.client.observers.append(self._recorder)
            self.remarks += self._recording.begin(made)
            made.findings.excused = self.options.waivers.excuses
            self._endpoint = made
        return self._endpoint

    def _profile(self) -> Profile:
        if self.options.profile is not None:
            return self.options.profile
        if self._mock is None:
            self._mock = EmbeddedMock.start()
        self.options = replace(
            self.options,
            target=str(self._mock.profile),
            profile=load_target(str(self._mock.profile)),
        )
        assert self.options.profile is not None  # for the type checker
        return self.options.profile

    def _shared_coordinator(self) -> Coordinator:
        if self._coordinator is None:
            if self._shared:
                self._coordinator = coordinator.connect(self._ticket)
            else:
                target = self._profile()
                self._journal = Journal(
                    coordinator.journal_path(self.options.report, self._run_id),
                    header(target, self._run_id),
                )
                limits = target.limits
                self._coordinator = Coordinator(
                    limits.requests,
                    limits.requests_per_second,
                    limits.deletes,
                    self._journal,
                    initial_bound(target),
                )
        return self._coordinator

    def open(self, *, alone: bool = True) -> None:
        """Reach the endpoint; the tests are run by this process *alone*, or by workers.

        Raises:
            EndpointUnusable: it can't be tested.
        """
        if not self.is_worker:
            preflight.ready(self.endpoint, alone=alone)

    def serve(self, address: Address) -> Served:
        """Let workers reach the coordinator at *address*.

        Raises:
            OSError: nothing can listen there.
        """
        if address not in self._served:
            self._served[address] = Served(self._shared_coordinator(), address)
        return self._served[address]

    def ticket(self, address: Address = LOOPBACK) -> dict[str, Any]:
        """What a worker that reaches the coordinator at *address* needs to take part."""
        if self._endpoint is None:
            return {**self._common(), "ticket": {}}
        target = self._profile()
        return {
            **self._common(),
            "ticket": self.serve(address).ticket(),
            "elsewhere": address != LOOPBACK,
            "profile": target.fingerprint(),
            "accounts": account_labels(target),
        }

    def join(self) -> None:
        """Take this worker's place in the run.

        Raises:
            EndpointUnusable: the coordinator can't be reached, or this host has another profile, other credentials or no way to the target.
        """
        if not self._shared or not self._ticket:
            return  # nothing is judged in this session
        where = f"on {socket.gethostname()}"
        try:
            self._shared_coordinator()
        except coordinator.Lost as error:
            raise EndpointUnusable(str(error)) from None
        if not self._shared["elsewhere"]:
            return
        target = self._profile()
        if target.fingerprint() != self._shared["profile"]:
            raise EndpointUnusable(f"{self.options.target} {where} differs from the controller's")
        given, own = self._shared["accounts"], account_labels(target)
        if own != given:
            raise EndpointUnusable(
                f"the credentials {where} are not those of the controller's {len(given)} account(s): set the same variables there"
            )
        preflight.reach(self.endpoint)

    def _common(self) -> dict[str, Any]:
        options = self.options
        return {
            "target": options.target,
            "seed": options.seed,
            "first": list(options.first),
            "run_id": self._run_id,
        }

    def header(self) -> list[str]:
        """Lines for the top of the terminal output."""
        where = self.options.profile.name if self.options.profile else "embedded mock"
        again = " (that of the last run, which found breaches)" if self.options.first else ""
        effort = self.options.effort
        return [
            f"contract: {where}, effort {effort.name}, seed {self.options.seed}{again}",
            *effort.remarks,
        ]

    def wanted(self) -> frozenset[str]:
        """All requirements, or those that --requirement asks for."""
        return self.options.requirements or frozenset(catalogue.load().requirements)

    def gates(self, requirement: str) -> bool:
        """Whether a breach of it fails the test that found it."""
        selected = requirement in self.selected or not self.selected
        return selected and (
            self.endpoint.findings.catalogue[requirement].level.gates or self.options.policy.strict
        )

    def plan(self, tests: Sequence[tuple[str, tuple[str, ...]]]) -> Iterable[str]:
        """What --plan prints."""
        target = self.options.profile
        if target is None:
            target = EmbeddedMock.described()
        return plan_lines(target, self.options.effort, tests, self.wanted())

    # ---------------------------------------------------------------- closing

    def leave(self) -> dict[str, Any]:
        """A worker's end: clean up and hand over what was found."""
        self._clean_up()
        self.remarks += self._recording.end()
        return {
            "ledger": self.endpoint.findings.dump(),
            "notes": self.notes,
            "selected": sorted(self.selected),
            "timelines": self._recorder.dump(),
            "remarks": self.remarks,
        }

    def merge(self, worker: str, found: dict[str, Any]) -> None:
        """Take over what a worker found."""
        self.awaited -= 1
        self.worker_reports.handed_over(worker)
        self.endpoint.findings.merge(found["ledger"])
        self.notes += [note for note in found["notes"] if note not in self.notes]
        self.selected |= frozenset(found["selected"])
        self._lines += found["timelines"]
        self.remarks += found["remarks"]

    def forsake(self, worker: str, *, crashed: bool) -> None:
        """Take back what a worker held that is gone."""
        if self._coordinator is not None:
            self._coordinator.forsake_clock(worker, crashed=crashed)

    def select(self, tests: Mapping[str, Sequence[str]]) -> None:
        """Take these tests, with their requirements, for what is judged; a worker tells the controller."""
        found = {one for requirements in tests.values() for one in requirements}
        self.selected |= found & self.options.requirements if self.options.requirements else found
        if not self.is_worker:
            self._tests |= tests
        elif self._ticket:
            # Without a coordinator nothing can be sent, and each test says so.
            with contextlib.suppress(Inconclusive):
                self._shared_coordinator().select(
                    {test: list(requirements) for test, requirements in tests.items()}
                )

    def _settle(self) -> None:
        """Account for what was selected and not wholly told of: interrupted, or lost with a worker."""
        if self._coordinator is not None:
            self.select(self._coordinator.selected())
        if self.awaited > 0 and not self.selected:
            self.selected = self.wanted()
        self.worker_reports.settle(self.endpoint.findings, self._tests)

    def _clean_up(self) -> None:
        left = self.endpoint.close()
        if left:
            self.notes.append(
                f"{len(left)} configuration(s) of this run could not be deleted: {', '.join(c.sid for c in left[:10])}"
            )
        stale = self.endpoint.configurations.stale
        if stale:
            self.remarks.append(
                f"{len(stale)} SID(s) that the profile gives are not there, such as {stale[0]:.80}: nothing was asked of them"
            )
        if self._journal is not None:
            unused = self._shared_coordinator().unused([])
            if unused:
                self.remarks.append(
                    f"{unused} SID(s) that the profile's command printed were not used: nothing was sent to change them"
                )
            if self.awaited > 0:
                swept = lost_workers.sweep(
                    self.awaited, self._journal.path, self._profile(), self._shared_coordinator()
                )
                self.notes += [swept.left] if swept.left else []
                self.remarks += [swept.deleted] if swept.deleted else []
            if not self.notes:
                with contextlib.suppress(OSError):
                    self._journal.discard()

    def finish(self, unusable: EndpointUnusable | None = None) -> Result:
        """Clean up, conclude and write the reports."""
        self._clean_up()
        self.remarks += self._recording.end()
        if unusable is None:
            self._settle()
        endpoint = self.endpoint
        self.result = conclude(
            endpoint.findings,
            endpoint.profile,
            self.selected,
            policy=self.options.policy,
            seed=self.options.seed,
            effort=self.options.effort.name,
            started=self.started,
            finished=datetime.now(UTC),
            unusable=unusable,
            notes=[*self.options.effort.remarks, *self.notes, *self.remarks],
            waivers=self.options.waivers,
            baseline=self.options.baseline,
        )
        self.result.timelines = timelines.load([*self._recorder.dump(), *self._lines])
        self.result.target = "" if self._mock else self.options.target or ""
        report.write_all(self.result, self.options.report)
        return self.result

    def interrupted(self) -> str:
        """What to say when the run was interrupted again while it cleaned up."""
        left = (
            f"; what is left is deleted by --cleanup {self._journal.path}"
            if self._journal and self._journal.path.exists()
            else ""
        )
        return f"interrupted while cleaning up{left}"

    def exit_code(self) -> int:
        """The exit code that the result calls for."""
        assert self.result is not None  # called after finish()
        return exit_code(self.result, self.options.policy)

    def write_summary(self, terminal: Any) -> None:
        """The end of the terminal output."""
        if self.result is not None:
            report.write_terminal(self.result, terminal, self.options.report)

    def close(self) -> None:
        """End what this process started."""
        self.remarks += self._recording.end()
        if self._mock is not None:
            self._mock.stop()
            self._mock = None


#: Where pytest's configuration holds the session's run.
RUN = pytest.StashKey[Run]()
