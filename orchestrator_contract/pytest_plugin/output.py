"""Output that can't be written any more: `| head` has read enough, the terminal was closed, the disk of a log is full.

What the run found stands in its reports, and its exit code says it: so it goes on without a terminal.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, TextIO

import pytest


class Patient:
    """A file of the terminal's that swallows what can't be written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lost = False

    def write(self, text: str) -> int:
        """Write *text*, or say that it was."""
        if not self._lost:
            try:
                self._file.write(text)
            except OSError:
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        if not self._lost:
            try:
                self._file.flush()
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        """Write no more, and nowhere what is buffered: the interpreter would try again when it ends, and fail for it."""
        self._lost = True
        with contextlib.suppress(OSError, ValueError):
            number = self._file.fileno()
            kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, number)
                self._file.flush()
            finally:
                os.dup2(kept, number)
                os.close(kept)
                os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the terminal's reporter write to a patient file."""
    if config.pluginmanager.has_plugin("terminalreporter"):
        writer = config.get_terminal_writer()
        writer._file = Patient(writer._file)  # noqa: SLF001  # as much of a file as it uses


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Find out now whether the last lines can be written: after this pytest takes it for a failure."""
    if config.pluginmanager.has_plugin("terminalreporter"):
        config.get_terminal_writer().flush()
