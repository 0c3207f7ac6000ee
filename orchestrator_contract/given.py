"""What the profile gives to be deleted: a list of SIDs, or a command that prints them; each is handed out once in the run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from orchestrator_contract.coordinator import Coordinator
from orchestrator_contract.progress import Steps
from orchestrator_contract.verdict import OneWayLess, Unverifiable

_COMMAND_TIMEOUT_S = 60


class NothingToDelete(Unverifiable):
    """Not as many could be had as were asked for; the argument says why."""


class UsedUp(NothingToDelete, OneWayLess):
    """What the profile or the endpoint has to give has come to its end: what was seen until then stands."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a section of the profile has its SIDs from."""

    #: The section's name, for messages.
    section: str
    pool: Sequence[str] = ()
    command: Sequence[str] = ()


class Given:
    """The SIDs of one source as one process of the run sees them; what another process took is not handed out again."""

    def __init__(self, source: Source, coordinator: Coordinator, steps: Steps) -> None:
        self.source = source
        self._coordinator = coordinator
        self._steps = steps
        self._lock = Lock()
        #: Those that may still be claimed, and those that tests have given back.
        self._candidates = list(source.pool)
        self._returned: list[str] = []

    def take(self, number: int) -> list[str]:
        """*number* SIDs; under xdist no two processes get the same.

        Raises:
            NothingToDelete: there are no more of them.
        """
        section = f"[{self.source.section}]"
        with self._lock:
            taken, self._returned = self._returned[:number], self._returned[number:]
            try:
                taken += self._claim(number - len(taken))
                while len(taken) < number:
                    if not self.source.command:
                        raise UsedUp(f"the pool ({section} pool) is used up")
                    self._candidates = self._run_command()
                    fresh = self._claim(number - len(taken))
                    if not fresh:
                        raise UsedUp(f"{section} command gave no new SID")
                    taken += fresh
            except NothingToDelete:
                self._returned += taken
                raise
        return taken

    def give_back(self, sid: str) -> None:
        """Return one at which nothing but reads was aimed."""
        with self._lock:
            self._returned.append(sid)

    def _claim(self, number: int) -> list[str]:
        if not number:
            return []
        granted = self._coordinator.claim(self._candidates, number)
        # All before the last one granted are somebody's.
        self._candidates = self._candidates[self._candidates.index(granted[-1]) + 1 :] if granted else []
        return granted

    def _run_command(self) -> list[str]:
        section = f"[{self.source.section}]"
        try:
            with self._steps.step(f"running {section} command"):
                done = subprocess.run(  # the profile's own command, by the user's will
                    self.source.command, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NothingToDelete(f"{section} command failed: {error}") from None
        if done.returncode:
            raise NothingToDelete(f"{section} command failed with exit code {done.returncode}")
        return [line.strip() for line in done.stdout.splitlines() if line.strip()]
