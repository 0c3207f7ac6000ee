"""The terminal: long steps are shown, each breach once, and lost output ends nothing."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread
from types import SimpleNamespace
from typing import Any, TextIO

import pytest

from orchestrator_contract.coordination.progress import Step, Steps
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.report import closing_lines

#: Seconds between two lines about one step where nothing can be wiped.
_SILENT_S = 60.0
_TICK_S = 0.5
#: Columns below which nothing is shown.
_LEAST = 24
#: The failed tests of a session, while the terminal's list of them has others in their place.
_FAILED = pytest.StashKey[list[Any]]()


class PatientFile:
    """The terminal's file; text that can't be written is dropped.

    `| head` has read enough, the terminal was closed, the disk of a log is full: the run goes on,
    for its reports and its exit code.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write *text*, or drop it."""
        with self._dropping():
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Write the buffered text, or drop it."""
        with self._dropping():
            self._file.flush()

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # Text that stays buffered would fail again when the interpreter ends.
            with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self._file.fileno())
                self._file.flush()

    def restore(self) -> None:
        """Give stdout back, unless another object has replaced it meanwhile."""
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
    """Show outcomes without the files of their tests, which a wheel's user does not know."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False


# -------------------------------------------------------------------- long steps


class Ticker:
    """Shows long steps on a file descriptor that pytest does not capture.

    On a terminal a step stands behind pytest's own progress and is wiped again. Elsewhere one line
    a minute is a sign of life.
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

    def _wipe(self) -> None:
        if self._shown:
            self._write("\b" * self._shown + " " * self._shown + "\b" * self._shown)
            self._shown = 0

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone shows nothing
            os.write(self._descriptor, text.encode("utf-8", "replace"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Make room for the next test's name."""
        with self._lock:
            self._wipe()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Make room for a test's outcome."""
        with self._lock:
            self._wipe()

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """End the display before the summary begins."""
        self._end.set()
        self._thread.join()
        self._wipe()
        os.close(self._descriptor)


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
    config.pluginmanager.register(ticker)


# -------------------------------------------------------------------- the summary


@pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_terminal_summary")
def pytest_summary_without_breaches(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, object, object]:
    """Leave breaches out of FAILURES, which pytest's own part of the summary writes.

    The contract's section shows them; pytest's count of tests has them again.
    """
    stats = terminalreporter.stats
    if config.stash[RUN].result is None or "failed" not in stats:
        return (yield)
    config.stash[_FAILED] = stats["failed"]
    stats["failed"] = [report for report in stats["failed"] if not _finding(report)]
    try:
        return (yield)
    finally:
        stats["failed"] = config.stash[_FAILED]


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Have one line for each finding in the short summary, which is still to come."""
    if _FAILED in config.stash:
        failed = config.stash[_FAILED]
        terminalreporter.stats["failed"][:0] = _findings(failed, config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Say last how to verify more, and what is left on the endpoint."""
    yield
    result = session.config.stash[RUN].result
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if result is not None and reporter is not None:
        for line in closing_lines(result):
            reporter.write_line(line, bold=True, red=line in result.leftovers)


def _findings(failed: Iterable[Any], config: pytest.Config) -> Iterator[pytest.TestReport]:
    """Yield a report for each requirement that tests name first, in the place of theirs."""
    tests: dict[str, list[str]] = {}
    for line in filter(None, map(_finding, failed)):
        tests.setdefault(line.partition(":")[0], []).append(line)
    for requirement, lines in tests.items():
        name = requirement if len(lines) == 1 else f"{requirement} ({len(lines)} tests)"
        crash = SimpleNamespace(message=lines[0].partition(": ")[2])
        yield pytest.TestReport(
            nodeid=_relative(name, config),
            location=("", None, name),
            keywords={},
            outcome="failed",
            longrepr=SimpleNamespace(reprcrash=crash),  # type: ignore[arg-type]  # all that is read
            when="call",
        )


def _relative(name: str, config: pytest.Config) -> str:
    """Return a node id that pytest shows as *name*: it takes node ids for paths from the root."""
    here = config.invocation_params.dir
    return name if here == config.rootpath else str(here / name)


def _finding(report: pytest.TestReport) -> str:
    """Return the line of a report of a breach; empty for another failure."""
    told = dict(report.user_properties)
    if told.get("verdict") != "breached" or "suite_broken" in told:
        return ""
    return str(getattr(getattr(report.longrepr, "reprcrash", None), "message", ""))
