"""The reports: each writer draws one format from one result."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator_contract.report.terminal import write_terminal
from orchestrator_contract.result import Result

__all__ = ["write_all", "write_terminal"]


def write_all(result: Result, folder: Path) -> None:
    """Write every report file into *folder*, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conformance.json").write_text(
        json.dumps(result.as_json(), indent=2, ensure_ascii=True) + "\n", encoding="utf-8"
    )
