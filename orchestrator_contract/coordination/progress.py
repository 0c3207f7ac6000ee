"""What the run is waiting for, shown to whoever waits for the run.

The client, the follower and others name the steps that can take long; a ticker shows the newest one once it does.
On a terminal it stands behind pytest's own progress and is wiped again; elsewhere a line a minute shows a sign of life.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Lock, Thread

import pytest

#: Seconds after which a step counts as long, on a terminal and elsewhere.
LONG_S, _SILENT_S = 1.0, 60.0
_TICK_S = 0.5
#: Columns below which nothing is shown.
_LEAST = 24


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Something under way."""

    text: str
    #: Monotonic seconds.
    since: float


class Steps:
    """The steps under way in this process; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: list[Step] = []

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Name what happens within."""
        step = Step(text, time.monotonic())
        with self._lock:
            self._open.append(step)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(step)

    def long(self, now: float) -> Step | None:
        """The step that was begun last of those that take long already."""
        with self._lock:
            return next((step for step in reversed(self._open) if now - step.since >= LONG_S), None)


class Ticker:
    """Shows long steps on a file descriptor that pytest does not capture."""

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
    """The ticker beside pytest's terminal reporter, from the first request to the summary."""

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
    """Show the long ones of *steps* until the summary; with -q, and where there is no terminal output, nothing."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or reporter.verbosity < 0:
        return
    try:
        # A test's output is captured from here; the copy still leads to where the session's output goes.
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
    writer = config.get_terminal_writer()
    ticker = Ticker(steps, descriptor, lambda: writer.fullwidth - writer.width_of_current_line)
    config.pluginmanager.register(Display(ticker))
