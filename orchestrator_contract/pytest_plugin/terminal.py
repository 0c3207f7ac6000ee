"""The terminal during a run: long steps are shown, and lost output ends nothing."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any, TextIO

import pytest

from orchestrator_contract.coordination.progress import Step, Steps

#: Seconds between two lines about one step where nothing can be wiped.
_SILENT_S = 60.0
_TICK_S = 0.5
#: Columns below which nothing is shown.
_LEAST = 24


class PatientFile:
    """The terminal's file; what can't be written is dropped.

    `| head` has read enough, the terminal was closed, the disk of a log is full: the run goes on,
    for its reports and its exit code.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write *text*, or drop it."""
        try:
            return self._file.write(text)
        except OSError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            self._file.flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        # What stays buffered would fail again when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)
            self._file.flush()

    def restore(self) -> None:
        """Give stdout back, unless somebody has replaced it meanwhile."""
        if sys.stdout is self:
            sys.stdout = self._file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the terminal reporter, which is made after this, write to a patient file."""
    file = PatientFile(sys.stdout)
    sys.stdout = file
    config.add_cleanup(file.restore)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the last lines while they may still be lost; later pytest takes that for a failure."""
    if config.pluginmanager.has_plugin("terminalreporter"):
        config.get_terminal_writer().flush()


def hide_paths(config: pytest.Config) -> None:
    """Show outcomes without the files of their tests: in a wheel these are long and nobody's."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False


class Ticker:
    """Shows long steps on a file descriptor that pytest does not capture.

    On a terminal a step stands behind pytest's own progress and is wiped again. Elsewhere one line a
    minute is a sign of life.
    """

    def __init__(self, steps: Steps, descriptor: int, columns_left: Callable[[], int]) -> None:
        self._steps = steps
        self._descriptor = descriptor
        self._columns_left = columns_left
        self._live = os.isatty(descriptor)
        self._shown = 0
        self._told: tuple[Step, float] | None = None
        self._lock = Lock()
        self._end = Event()
        self._thread = Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(_TICK_S):
            now = time.monotonic()
            step = self._steps.long(now)
            if self._live:
                self._redraw(f" ({step.text}, {now - step.since:.0f} s)" if step else "")
            elif step:
                self._tell(step, now)

    def _redraw(self, text: str) -> None:
        with self._lock:
            self._wipe()
            room = self._columns_left() - 1
            if text and room >= _LEAST:
                shown = text if len(text) <= room else f"{text[: room - 1]}…"
                self._write(shown)
                self._shown = len(shown)

    def _tell(self, step: Step, now: float) -> None:
        last = self._told[1] if self._told and self._told[0] is step else step.since
        if now - last >= _SILENT_S:
            self._told = (step, now)
            self._write(f"\n  still {step.text} after {now - step.since:.0f} s\n")

    def wipe(self) -> None:
        """Make room for what others write."""
        with self._lock:
            self._wipe()

    def _wipe(self) -> None:
        if self._shown:
            self._write("\b" * self._shown + " " * self._shown + "\b" * self._shown)
            self._shown = 0

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone shows nothing
            os.write(self._descriptor, text.encode("utf-8", "replace"))

    def stop(self) -> None:
        """End the display."""
        self._end.set()
        self._thread.join()
        self.wipe()
        os.close(self._descriptor)


class Display:
    """Keeps the ticker out of the way of pytest's terminal reporter."""

    def __init__(self, ticker: Ticker) -> None:
        self._ticker = ticker

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Make room for the next test's name."""
        self._ticker.wipe()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Make room for a test's outcome."""
        self._ticker.wipe()

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """End before the summary begins."""
        self._ticker.stop()


def show(config: pytest.Config, steps: Steps) -> None:
    """Show long *steps* from now to the summary, unless output is quiet or off."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or reporter.verbosity < 0:
        return
    try:
        # A test's output is captured; the copy still leads to where the session's output goes.
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
    writer = config.get_terminal_writer()
    ticker = Ticker(steps, descriptor, lambda: writer.fullwidth - writer.width_of_current_line)
    config.pluginmanager.register(Display(ticker))
