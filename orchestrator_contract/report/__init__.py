"""The reports: each writer draws one format from one result."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestrator_contract.report.html import as_html
from orchestrator_contract.report.json_report import as_json
from orchestrator_contract.report.markdown import as_markdown
from orchestrator_contract.report.terminal import write_terminal
from orchestrator_contract.results.verdict import Result

__all__ = [
    "ReportError",
    "as_html",
    "as_json",
    "as_markdown",
    "prepare",
    "write_all",
    "write_terminal",
]

_WRITERS: dict[str, Callable[[Result], str]] = {
    "conformance.json": as_json,
    "conformance.md": as_markdown,
    "conformance.html": as_html,
}


class ReportError(Exception):
    """The reports can't be written where they should be; the message says where and why."""

    def __init__(self, path: Path, why: OSError | str) -> None:
        super().__init__(
            f"--report: {path} can't be written: {why if isinstance(why, str) else why.strerror or why}"
        )


def prepare(folder: Path) -> None:
    """Make *folder*, and see that every report can be written into it: at the end of a run it is too late to find out.

    Raises:
        ReportError: one can't be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # whether files can be made there is all that is asked
    except OSError as error:
        raise ReportError(folder, error) from None
    for name in _WRITERS:
        path = folder / name
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise ReportError(path, "it is no regular file")
            with path.open("ab"):
                pass
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ReportError(path, error) from None


def write_all(result: Result, folder: Path) -> None:
    """Write every report file into *folder*, which is made.

    Raises:
        ReportError: the folder or a file in it can't be written.
    """
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, writer in _WRITERS.items():
            path = folder / name
            path.write_text(writer(result), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(path, error) from None
