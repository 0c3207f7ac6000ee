"""Shows each breach once: in the contract's section, and in one line of the short summary."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin.run import RUN


class Failures:
    """Takes the reports of breaches out of pytest's own sections, and puts them back."""

    def __init__(self) -> None:
        self._failed: list[Any] | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around the terminal reporter's own
    def pytest_terminal_summary(
        self, terminalreporter: Any, config: pytest.Config
    ) -> Generator[None, object, object]:
        """Hide the breaches in FAILURES; pytest's count of tests has them again."""
        if config.stash[RUN].result is not None and "failed" in terminalreporter.stats:
            self._failed = terminalreporter.stats["failed"]
            terminalreporter.stats["failed"] = _others(self._failed)
        try:
            return (yield)
        finally:
            if self._failed is not None:
                terminalreporter.stats["failed"] = self._failed

    def fold(self, reporter: Any, config: pytest.Config) -> None:
        """Show one line for each finding: FAILURES is written, the short summary is to come."""
        if self._failed is not None:
            reporter.stats["failed"] = [*_findings(self._failed, config), *_others(self._failed)]


_FAILURES = pytest.StashKey[Failures]()


def pytest_configure(config: pytest.Config) -> None:
    """Watch the terminal's summary."""
    config.stash[_FAILURES] = Failures()
    config.pluginmanager.register(config.stash[_FAILURES])


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prepare the short summary."""
    config.stash[_FAILURES].fold(terminalreporter, config)


def _others(failed: Iterable[Any]) -> list[Any]:
    return [report for report in failed if not _finding(report)]


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
