"""Hands out the ids of the profile's pool, or those that its command prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from threading import Lock

from orchestrator_contract.api.client import Client
from orchestrator_contract.coordination.coordinator import Coordinator, Lost
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.guard import is_plain
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.identity import Identity
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE

_COMMAND_TIMEOUT_S = 60
#: More than 20,000 SIDs.
_COMMAND_BYTES = 1024 * 1024
#: Failures in a row after which a command is not run again.
_COMMAND_FAILURES = 3
#: Between two looks for what a command has made, and whether it has ended, in seconds.
_LOOK_S, _TICK_S = 0.5, 0.1

# ------------------------------------------------------------------ a program of the user's


class ProgramError(Exception):
    """It could not be started, did not end well, or printed too much."""

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        #: True if running it once more would only cost as much again.
        self.lasting = lasting


def output_of(command: Sequence[str], *, seconds: float, most: int) -> str:
    """Run *command* and return what it prints; text that is no UTF-8 becomes escapes.

    Raises:
        ProgramError: it takes longer than *seconds*, prints more than *most* bytes, or fails.
    """
    # A file, not a pipe: a child may hold a pipe open after the program has ended.
    with tempfile.TemporaryFile() as printed:
        try:
            process = subprocess.Popen(  # the profile's own command, by the user's will
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ProgramError(str(error), lasting=True) from None
        try:
            for _ in range(int(seconds / _TICK_S)):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK_S)
                    break
                if os.fstat(printed.fileno()).st_size > most:
                    break
            else:
                raise ProgramError(f"it did not end within {seconds:g} s", lasting=True)
        finally:
            code = process.poll()
            _end(process)
        printed.seek(0)
        text = printed.read(most + 1)
    if len(text) > most:
        raise ProgramError(f"it printed more than {most} bytes", lasting=True)
    if code:
        raise ProgramError(f"it ended with exit code {code}")
    return text.decode("utf-8", "backslashreplace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the program running, whatever it does with polite signals."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# ------------------------------------------------------------------ ids, each handed out once


class Supply:
    """The SIDs that a section of the profile gives, as one process of the run sees them."""

    def __init__(
        self,
        section: str,
        pool: Sequence[str],
        command: Sequence[str],
        coordinator: Coordinator,
        steps: Steps,
    ) -> None:
        self._command = command
        self._section = f"[{section}]"
        self._coordinator = coordinator
        self._steps = steps
        self._lock = Lock()
        #: Those that may still be claimed, and those that tests have given back.
        self._candidates = list(pool)
        self._returned: list[str] = []
        #: How often in a row the command has failed, and why at last.
        self._failures = 0
        self._failure = ""

    def take(self, number: int) -> list[str]:
        """*number* SIDs; under xdist no two processes get the same.

        Raises:
            NothingToDelete: there are no more of them.
        """
        with self._lock:
            taken, self._returned = self._returned[:number], self._returned[number:]
            try:
                taken += self._claim(number - len(taken))
                while len(taken) < number:
                    if not self._command:
                        raise NothingToDelete(f"the pool ({self._section} pool) is used up")
                    self._candidates = self._run_command()
                    new = self._claim(number - len(taken))
                    if not new:
                        raise NothingToDelete(f"{self._section} command gave no new SID")
                    taken += new
            except NothingToDelete:
                self._returned += taken
                raise
        return taken

    def give_back(self, sid: str) -> None:
        """Return one at which nothing but reads was aimed."""
        with self._lock:
            self._returned.append(sid)

    def end(self) -> None:
        """Say what was given back, and so was not used: nothing more is taken."""
        with self._lock, contextlib.suppress(Lost):
            if self._command:
                self._coordinator.unused(self._returned)

    def _claim(self, number: int) -> list[str]:
        if not number:
            return []
        granted = self._coordinator.claim(self._candidates, number)
        # All before the last one granted are somebody's.
        after = self._candidates.index(granted[-1]) + 1 if granted else len(self._candidates)
        self._candidates = self._candidates[after:]
        return granted

    def _run_command(self) -> list[str]:
        if self._failures >= _COMMAND_FAILURES:
            raise NothingToDelete(self._failure)
        try:
            with self._steps.step(f"running {self._section} command"):
                printed = output_of(self._command, seconds=_COMMAND_TIMEOUT_S, most=_COMMAND_BYTES)
            sids = [line.strip() for line in printed.splitlines() if line.strip()]
            strange = next((sid for sid in sids if not is_plain(sid)), None)
            if strange is not None:
                raise ProgramError(f"it printed {strange[:80]!r}, which is no SID")
        except ProgramError as error:
            self._failures = _COMMAND_FAILURES if error.lasting else self._failures + 1
            self._failure = f"{self._section} command failed: {error}"
            raise NothingToDelete(self._failure) from None
        self._failures = 0
        self._coordinator.offer(sids)
        return sids


# ------------------------------------------------------------------ configurations


class Given(Supply):
    """The SIDs of [provision] that name something."""

    def __init__(self, client: Client, identity: Identity) -> None:
        given = client.profile.provision
        # A profile may hold the pool or command of another mode, which is not to be touched then.
        pool = given.pool if given.mode == "pool" else ()
        command = given.command if given.mode == "command" else ()
        super().__init__("provision", pool, command, client.coordinator, client.steps)
        self._client = client
        self._identity = identity
        #: Those that neither the list nor a fetch shows: nothing is asked of them.
        self.stale: list[str] = []
        self._living: set[str] = set()

    def take(self, number: int) -> list[str]:
        """*number* SIDs: a pool may be older than what has become of it.

        Raises:
            NothingToDelete: there are not as many.
        """
        living: list[str] = []
        try:
            while len(living) < number:
                for sid in super().take(number - len(living)):
                    (living if self._names_something(sid) else self.stale).append(sid)
        except NothingToDelete as error:
            for sid in living:
                self.give_back(sid)
            if not self.stale:
                raise
            raise NothingToDelete(
                f"{error}; {len(self.stale)} of what it gave is not there, such as "
                f"{self.stale[0]:.80}"
            ) from None
        return living

    def _names_something(self, sid: str) -> bool:
        """True if the list or a fetch shows *sid*, or neither says anything of it."""
        self._identity.look_before(DEFAULT_SCOPE)
        # What a command has just made may take a moment; once one has not come, the others are not
        # waited for.
        patient = self._command and not self.stale
        deadline = time.monotonic() + (READ_LAG_S if patient else 0.0)
        if sid not in self._living and not self._identity.was_there(sid, DEFAULT_SCOPE):
            with contextlib.suppress(Inconclusive):
                while past_500(partial(self._client.fetch, Configuration(sid))).status == 404:
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(_LOOK_S)
        self._living.add(sid)
        return True
