"""The verdict on the terminal: a summary, then each breach with what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator_contract.result import Result, Verdict


def plain(text: str, limit: int = 400) -> str:
    """*text* with nothing in it that a terminal acts on."""
    safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return safe if len(safe) <= limit else safe[:limit] + "…"


def write_terminal(result: Result, terminal: Any, folder: Path) -> None:
    """Write the summary with pytest's terminal reporter."""
    terminal.section("contract", sep="=")
    for row in result.of(Verdict.BREACHED, Verdict.WARNED, Verdict.WAIVED):
        one = row.requirement
        terminal.write_line(f"{row.verdict.upper():9} {one.id}  ({one.level}, {one.source})", red=row.verdict is Verdict.BREACHED)
        terminal.write_line(f"          {one.title}")
        terminal.write_line(f"          {plain(row.reason)}")
        if row.record.evidence:
            terminal.write_line(f"          repeat: {plain(row.record.evidence[-1]['request'], 600)}")
    unverified = result.of(Verdict.UNVERIFIED)
    for reason in dict.fromkeys(row.reason for row in unverified):
        names = ", ".join(row.requirement.id for row in unverified if row.reason == reason)
        terminal.write_line(f"UNVERIFIED {names}: {plain(reason)}")
    for note in result.notes:
        terminal.write_line(f"note: {plain(note)}")
    counts = result.counts()
    said = ", ".join(f"{counts[str(verdict)]} {verdict}" for verdict in Verdict if counts[str(verdict)])
    terminal.write_line(f"{result.overall}: {said} ({result.requests} requests, seed {result.seed})")
    terminal.write_line(f"report: {folder}")
