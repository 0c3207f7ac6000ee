"""The reports: each writer draws one format from one result."""

from __future__ import annotations

from pathlib import Path

from orchestrator_contract.report.comment import as_markdown
from orchestrator_contract.report.document import as_json
from orchestrator_contract.report.page import as_html
from orchestrator_contract.report.terminal import write_terminal
from orchestrator_contract.verdicts.result import Result

__all__ = ["as_html", "as_json", "as_markdown", "write_all", "write_terminal"]


def write_all(result: Result, folder: Path) -> None:
    """Write every report file into *folder*, which is made.

    Raises:
        OSError: the folder or a file in it can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, writer in (
        ("conformance.json", as_json), ("conformance.md", as_markdown), ("conformance.html", as_html),
    ):
        (folder / name).write_text(writer(result), encoding="utf-8", newline="\n")
