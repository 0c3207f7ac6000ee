"""Properties of contract tests in --junitxml and in reports that xdist's workers send."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator_contract.contract import catalogue


def properties(report: pytest.TestReport, ids: Sequence[str]) -> list[tuple[str, object]]:
    """Requirements, levels and verdict of one test."""
    known = catalogue.load().requirements
    levels = dict.fromkeys(str(known[one].level) for one in ids)
    return [
        ("requirement", ",".join(ids)),
        ("level", ",".join(levels)),
        ("verdict", _verdict(report)),
    ]


def _verdict(report: pytest.TestReport) -> str:
    if report.failed:
        return "breached"
    if hasattr(report, "wasxfail"):
        return "waived"
    return "unverified" if report.skipped else "passed"
