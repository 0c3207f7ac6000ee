"""One process of a run: its target, coordinator, journal, endpoint and recording."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator_contract import crash_cleanup, profile
from orchestrator_contract.coordination import remote
from orchestrator_contract.coordination.coordinator import (
    Coordinator,
)
from orchestrator_contract.coordination.journal import Journal, header, journal_path
from orchestrator_contract.crash_cleanup import CleanupError
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.har.writer import HarError, HarWriter
from orchestrator_contract.profile import Profile, ProfileError
from orchestrator_contract.pytest_plugin.options import WORKER_DATA, RunOptions
from orchestrator_contract.results.timelines import Recorder

_MOCK_CREDENTIALS = {
    "MOCK_USER_1": "SKmock00000000000000000000000000001",
    "MOCK_PASSWORD_1": "mock-secret-one",
    "MOCK_USER_2": "SKmock00000000000000000000000000002",
    "MOCK_PASSWORD_2": "mock-secret-two",
}
_MOCK_OPTIONS = (
    *("--port", "0", "--exit-with-stdin", "--operation-seconds", "0.03"),
    *("--create-seconds", "0.01", "--write-profile"),
)


@dataclass(slots=True)
class EmbeddedMock:
    """The default target: a mock in a process of its own, known by its profile only."""

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]
    profile: Path

    @classmethod
    def start(cls, *options: str) -> EmbeddedMock:
        """Start the mock on free loopback ports and wait until it answers.

        Raises:
            ProfileError: it did not start.
        """
        for name, value in _MOCK_CREDENTIALS.items():
            os.environ.setdefault(name, value)
        folder = tempfile.TemporaryDirectory(prefix="orchestrator-contract-")
        path = Path(folder.name, "mock.toml")
        command = [sys.executable, "-m", "orchestrator_contract.mock", *_MOCK_OPTIONS, str(path)]
        process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the run's, which cleans up before the mock ends
        )
        line = process.stdout.readline() if process.stdout else ""
        try:
            json.loads(line)
        except ValueError:
            process.kill()
            folder.cleanup()
            raise ProfileError(
                "the embedded mock did not start; try: python -m orchestrator_contract.mock"
            ) from None
        return cls(process, folder, path)

    def stop(self) -> None:
        """End the process at once; it has nothing to clean up."""
        self.process.kill()
        with self.process:
            pass  # leaving the context closes the pipes and waits
        self.folder.cleanup()


class Target(NamedTuple):
    """The endpoint's profile, and the value of --target that leads a worker to it."""

    profile: Profile
    given: str


class Process:
    """Makes each thing at its first use, and ends what it has made."""

    def __init__(self, options: RunOptions, workerinput: Mapping[str, Any] | None) -> None:
        self._options = options
        self._is_worker = workerinput is not None
        given = workerinput or {}
        #: xdist's name of this worker; empty where there are none.
        self.worker = str(given.get("workerid", ""))
        self._processes = int(given.get("workercount", 1))
        #: A copy of the controller's ticket; the coordinator's key leaves it at its first use.
        self._ticket: dict[str, Any] = dict(given.get(WORKER_DATA, {}))
        self._run_id = self._ticket.get("run_id") or secrets.token_hex(4)
        self.recorder = Recorder()
        self._mock: EmbeddedMock | None = None
        self._har: HarWriter | None = None
        self._has_workers = False
        #: The part of a whole run's tests that is run.
        self.share = 1.0
        #: True once there is an endpoint.
        self.opened = False
        #: Notes on what is left on the endpoint; while there are any the journal is kept.
        self.leftovers: list[str] = []
        #: Other notes for the report.
        self.remarks: list[str] = []

    @cached_property
    def target(self) -> Target:
        """The target; without --target the embedded mock, which is started for it."""
        if self._options.profile is not None:
            return Target(self._options.profile, str(self._options.target))
        self._mock = EmbeddedMock.start()
        given = str(self._mock.profile)
        return Target(profile.load(given), given)

    @cached_property
    def journal(self) -> Journal:
        """The journal of the run, which its controller writes."""
        path = journal_path(self._options.report, self._run_id)
        return Journal(path, header(self.target.profile, self._run_id))

    @cached_property
    def coordinator(self) -> Coordinator:
        """The coordinator of the run: in this process, or in a worker's controller."""
        if self._is_worker:
            return remote.connect(self._ticket.pop("coordinator"))
        gentle = self._options.effort.gentle
        return Coordinator.of(self.target.profile, self.journal, gentle=gentle)

    @cached_property
    def _server(self) -> remote.Server:
        return remote.Server(self.coordinator)

    def ticket(self) -> dict[str, Any]:
        """Everything that a worker needs to take part, as plain data; secret."""
        self._has_workers = True
        return {
            "target": self.target.given,
            "seed": self._options.seed,
            "run_id": self._run_id,
            "coordinator": self._server.ticket,
        }

    @cached_property
    def endpoint(self) -> Endpoint:
        """The endpoint as this process works on it.

        Raises:
            HarError: the file of --har can't be written.
        """
        options, effort = self._options, self._options.effort
        if self._has_workers:
            effort = replace(effort, ahead=0)
        self._har = self._recording()
        self.opened = True
        return Endpoint(
            Settings(
                self.target.profile,
                effort,
                options.seed,
                self._run_id,
                self.worker,
                self._processes,
                self.share / self._processes,
                options.report / ".hypothesis" if self._mock is None else None,
            ),
            self.coordinator,
            observers=[self.recorder, *([self._har] if self._har else [])],
            excused=options.waivers.excuses,
        )

    def _recording(self) -> HarWriter | None:
        """The writer of --har; each worker writes a file of its own."""
        file = self._options.har
        if file is not None and self.worker:
            file = file.with_name(f"{file.stem}-{self.worker}{file.suffix}")
        try:
            return HarWriter(file, self.coordinator.advanced) if file is not None else None
        except HarError as error:
            if not self.worker:
                raise
            # The controller's own file could be written: the run goes on without this part.
            self.remarks.append(str(error))
            return None

    # ---------------------------------------------------------------- the end

    def clean_up(self, awaited: int) -> None:
        """Delete what the run created, and note what is left; *awaited* workers have died."""
        left = self.endpoint.close()
        if self.endpoint.lessened:
            self.remarks.append(self.endpoint.lessened)
        if left:
            sids = ", ".join(one.sid for one in left)
            self.leftovers.append(
                f"{len(left)} configuration(s) of this run could not be deleted: {sids}"
            )
        self.remarks += self.endpoint.remarks()
        if not self._is_worker:
            if unused := self.coordinator.unused([]):
                self.remarks.append(
                    f"{unused} SID(s) that the profile's command printed were not used:"
                    " nothing was sent to change them"
                )
            if awaited:
                self._sweep(f"{awaited} worker(s) ended without reporting")
            if not self.leftovers:
                with contextlib.suppress(OSError):
                    self.journal.discard()
        self._end_recording()

    def _sweep(self, who: str) -> None:
        """Delete what dead workers left: only the journal tells of it."""
        path, found, left = self.journal.path, 0, 0
        try:
            if path.exists():
                found, left = crash_cleanup.clean(
                    path, self.target.profile, lambda _: None, self.coordinator
                )
        except (OSError, CleanupError, Inconclusive) as error:
            self.leftovers.append(f"{who}; what they may have left is not deleted: {error}")
            return
        if left:
            self.leftovers.append(
                f"{who}, and {left} configuration(s) that they may have left could not be deleted"
            )
        elif found:
            self.remarks.append(
                f"{who}; what the journal says they had left is deleted: {found} configuration(s)"
            )

    def close(self) -> None:
        """End what this process started."""
        self._end_recording()
        if self._mock is not None:
            self._mock.stop()
            self._mock = None

    def _end_recording(self) -> None:
        writer, self._har = self._har, None
        if writer is not None:
            writer.close()
            self.remarks += [writer.failure] if writer.failure else []
