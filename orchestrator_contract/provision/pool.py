"""The SIDs that the profile gives, listed or printed by a command, each used once."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from orchestrator_contract.coordination.coordinator import Coordinator, Lost
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import (
    NothingToDelete,
    SupplyExhausted,
)
from orchestrator_contract.guard import is_plain
from orchestrator_contract.provision.command import ProgramError, output_of

_COMMAND_TIMEOUT_S = 60
#: More than 20,000 SIDs.
_COMMAND_BYTES = 1024 * 1024
#: Failures in a row after which a command is not run again.
_COMMAND_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where a section of the profile has its SIDs from."""

    #: The section's name, for messages.
    section: str
    pool: Sequence[str] = ()
    command: Sequence[str] = ()


class Supply:
    """The SIDs of one source as one process of the run sees them; what another process took is not handed out again."""

    def __init__(self, source: Source, coordinator: Coordinator, steps: Steps) -> None:
        self.source = source
        self._coordinator = coordinator
        self._steps = steps
        self._lock = Lock()
        #: Those that may still be claimed, and those that tests have given back.
        self._candidates = list(source.pool)
        self._returned: list[str] = []
        #: How often in a row the command has failed, and why at last.
        self._failures = 0
        self._failure = ""

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
                        raise SupplyExhausted(f"the pool ({section} pool) is used up")
                    self._candidates = self._run_command()
                    fresh = self._claim(number - len(taken))
                    if not fresh:
                        raise SupplyExhausted(f"{section} command gave no new SID")
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
        self._candidates = (
            self._candidates[self._candidates.index(granted[-1]) + 1 :] if granted else []
        )
        return granted

    def _run_command(self) -> list[str]:
        section = f"[{self.source.section}]"
        if self._failures >= _COMMAND_FAILURES:
            raise NothingToDelete(self._failure)
        try:
            with self._steps.step(f"running {section} command"):
                printed = output_of(
                    self.source.command, seconds=_COMMAND_TIMEOUT_S, most=_COMMAND_BYTES
                )
            sids = [line.strip() for line in printed.splitlines() if line.strip()]
            strange = next((sid for sid in sids if not is_plain(sid)), None)
            if strange is not None:
                raise ProgramError(f"it printed {strange[:80]!r}, which is no SID")
        except ProgramError as error:
            self._failures = _COMMAND_FAILURES if error.lasting else self._failures + 1
            self._failure = f"{section} command failed: {error}"
            raise NothingToDelete(self._failure) from None
        self._failures = 0
        self._coordinator.offer(sids)
        return sids

    def end(self) -> None:
        """Say what was given back, and so was not used: nothing more is taken."""
        with self._lock, contextlib.suppress(Lost):
            if self.source.command:
                self._coordinator.unused(self._returned)
