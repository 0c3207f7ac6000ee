"""Keeps breaches out of FAILURES: the contract's section shows them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin.run import RUN


class Failures:
    """Hides the reports of breaches from pytest's own section."""

    def __init__(self) -> None:
        self._failed: list[Any] | None = None

    def hide(self, reporter: Any) -> None:
        """Take the breaches out of the failed reports."""
        self._failed = reporter.stats.get("failed")
        if self._failed is not None:
            reporter.stats["failed"] = [one for one in self._failed if not _is_breach(one)]

    def restore(self, reporter: Any) -> None:
        """Put them back, for pytest's short summary and its counts."""
        if self._failed is not None:
            reporter.stats["failed"], self._failed = self._failed, None

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around the terminal reporter's own
    def pytest_terminal_summary(
        self, terminalreporter: Any, config: pytest.Config
    ) -> Generator[None, object, object]:
        """Hide the breaches where the contract's section will show them."""
        if config.stash[RUN].result is not None:
            self.hide(terminalreporter)
        try:
            return (yield)
        finally:
            self.restore(terminalreporter)


_FAILURES = pytest.StashKey[Failures]()


def pytest_configure(config: pytest.Config) -> None:
    """Watch the terminal's summary."""
    config.stash[_FAILURES] = Failures()
    config.pluginmanager.register(config.stash[_FAILURES])


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show breaches again: the terminal reporter has written FAILURES."""
    config.stash[_FAILURES].restore(terminalreporter)


def _is_breach(report: pytest.TestReport) -> bool:
    told = dict(report.user_properties)
    return told.get("verdict") == "breached" and "suite_broken" not in told
