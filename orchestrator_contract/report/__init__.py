"""The reports: each writer draws one format from one result."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator_contract.report.html import as_html
from orchestrator_contract.report.json_report import as_json
from orchestrator_contract.report.markdown import as_markdown
from orchestrator_contract.report.sarif import as_sarif
from orchestrator_contract.report.terminal import closing_lines, write_terminal
from orchestrator_contract.results.verdict import Result

__all__ = [
    "ReportError",
    "as_html",
    "as_json",
    "as_markdown",
    "as_sarif",
    "closing_lines",
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
    """A report that can't be written; the message says which, and why."""

    def __init__(self, path: Path, why: OSError | str, option: str = "--report") -> None:
        reason = why if isinstance(why, str) else why.strerror or why
        super().__init__(f"{option}: {path} can't be written: {reason}")


@contextmanager
def _writing(path: Path, option: str = "--report") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(path, error, option) from None


def prepare(folder: Path, sarif: Path | None = None) -> None:
    """Make *folder*, and check before the run that every report can be written.

    Raises:
        ReportError: one can't be.
    """
    with _writing(folder):
        _check_folder(folder)
    for name in _WRITERS:
        _check_file(folder / name, "--report")
    if sarif is not None:
        with _writing(sarif, "--sarif"):
            _check_folder(sarif.parent)
        _check_file(sarif, "--sarif")


def _check_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass  # new files can be made there


def _check_file(path: Path, option: str) -> None:
    """Check that an existing file can be replaced."""
    with _writing(path, option), suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise ReportError(path, "not a regular file", option)
        with path.open("ab"):
            pass


def write_all(result: Result, folder: Path, sarif: Path | None = None) -> None:
    """Write every report into *folder*, which is made, and SARIF to *sarif*.

    Raises:
        ReportError: the folder or a file can't be written.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, writer in _WRITERS.items():
        with _writing(folder / name):
            (folder / name).write_text(writer(result), encoding="utf-8", newline="\n")
    if sarif is not None:
        with _writing(sarif, "--sarif"):
            sarif.write_text(as_sarif(result), encoding="utf-8", newline="\n")
