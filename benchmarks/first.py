"""A pytest plugin that writes down when the suite made its first finding: ``-p benchmarks.first``.

It writes time (Unix seconds), number of requests so far and requirement into the file that
`BENCHMARK_FIRST_FINDING` names. Nothing else changes.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.verdict import Ledger

VARIABLE = "BENCHMARK_FIRST_FINDING"


@pytest.hookimpl
def pytest_configure() -> None:
    """Watch the ledger from here on."""
    file, hold = Path(os.environ[VARIABLE]), Ledger.hold

    def watched(ledger: Ledger, requirement: str, ok: bool, **rest: Any) -> bool:
        if not ok and not file.exists():
            found = {"at": time.time(), "requests": ledger.requests, "requirement": requirement}
            file.write_text(json.dumps(found), "utf-8")
        return hold(ledger, requirement, ok, **rest)

    Ledger.hold = watched  # type: ignore[assignment,method-assign]  # the one place that every finding passes
