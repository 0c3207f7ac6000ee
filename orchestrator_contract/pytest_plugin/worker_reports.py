"""What the process that draws the verdict was told of the selected tests: a run may end before all of them did.

Workers hand over what they found when they end. Of one that is killed, or ended by an interrupt, there are only the
reports of its tests: their breaches stand, and what else it found is missing, so nothing that it looked at has passed.
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
    """A test as reports name it, and as any process may be told of it."""
    return re.sub(r"[^\x20-\x7e]", "?", nodeid)


def carry(report: pytest.TestReport, found: Sequence[tuple[str, str]]) -> None:
    """Let *report* take what its test found with it, from a worker to the controller."""
    if found:
        report.user_properties.append(
            (_NAME, [list(pair) for pair in dict.fromkeys(found)][:_MOST])
        )


class Told:
    """The reports of one session, by the process that sent them; that without a name is this one."""

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
        """Forget what *worker* found: the ledger has it now."""
        self._found.pop(worker, None)
        self._ended.setdefault("", set()).update(self._ended.pop(worker, ()))

    def settle(self, findings: Findings, tests: Mapping[str, Sequence[str]]) -> None:
        """Put into *findings* what is only known from reports, and what was selected and is not known; *tests* names each test's requirements."""
        lost = set().union(*(tests for worker, tests in self._ended.items() if worker))
        ended = lost | self._ended.get("", set())
        for worker, found in self._found.items():
            for test, requirement, text in found if worker else ():
                findings.adopt(test, requirement, text)
        for test, requirements in tests.items():
            if test not in ended:
                findings.unverified(requirements, _ENDED_EARLY)
            elif test in lost:
                findings.unverified(requirements, _LOST)
