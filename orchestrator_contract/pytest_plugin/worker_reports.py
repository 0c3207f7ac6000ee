"""Reports of tests, by the process that ran them: a worker may die before it hands over.

The findings of a dead worker are lost, but for the breaches that its tests' reports carry. So
nothing passes that one of its tests looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from orchestrator_contract.results.findings import Findings

#: Breaches of one test that its report carries.
_MOST = 40
_NAME = "breaches"
_ENDED_EARLY = "not all of its tests were run to their end: the run, or a worker of it, ended early"
_LOST = "a worker that ran a test of it ended without handing over what it had found"


def name_of(nodeid: str) -> str:
    """A test's name as reports and other processes take it."""
    return re.sub(r"[^\x20-\x7e]", "?", nodeid)


def carry(report: pytest.TestReport, found: Sequence[tuple[str, str]]) -> None:
    """Let *report* carry its test's breaches from a worker to the controller."""
    if found:
        breaches = [list(pair) for pair in dict.fromkeys(found)][:_MOST]
        report.user_properties.append((_NAME, breaches))


class WorkerReports:
    """The reports of one session by their process; the one without a name is this process."""

    def __init__(self) -> None:
        self._ended: dict[str, set[str]] = {}
        self._found: dict[str, list[tuple[str, str, str]]] = {}

    def hear(self, worker: str, report: pytest.TestReport) -> None:
        """Take note of a report."""
        if report.when != "call" and not (report.when == "setup" and not report.passed):
            return
        test = name_of(report.nodeid)
        self._ended.setdefault(worker, set()).add(test)
        breaches: Any = dict(report.user_properties).get(_NAME, ())
        self._found.setdefault(worker, []).extend(
            (test, str(one), str(text)) for one, text in breaches
        )

    def handed_over(self, worker: str) -> None:
        """Forget the breaches of *worker*, whose findings the run has now."""
        self._found.pop(worker, None)
        self._ended.setdefault("", set()).update(self._ended.pop(worker, ()))

    def settle(self, findings: Findings, tests: Mapping[str, Sequence[str]]) -> None:
        """Complete *findings* at the end; *tests* names each selected test's requirements."""
        lost = set().union(*(names for worker, names in self._ended.items() if worker))
        ended = lost | self._ended.get("", set())
        for worker, found in self._found.items():
            for test, requirement, text in found if worker else ():
                findings.adopt(test, requirement, text)
        for test, requirements in tests.items():
            if test not in ended:
                findings.cut_short(requirements, _ENDED_EARLY)
            elif test in lost:
                findings.cut_short(requirements, _LOST)
