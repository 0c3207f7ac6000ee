"""Waivers: breaches that are accepted until a date, read from TOML.

A waived breach stays in every report. A waiver excuses only what it names: with a pattern, every
problem of the requirement must match, or the requirement counts as breached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from orchestrator_contract import files
from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.results.requirement import RequirementResult, Verdict
from orchestrator_contract.suggestions import did_you_mean

#: Days before its end from which on a waiver is pointed out.
_SOON = 14


class WaiverError(Exception):
    """An unusable waiver file; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted deviation."""

    requirement: str
    reason: str
    accepted_by: str
    #: Last day on which it counts, in UTC.
    expires: date
    #: Found in the text of each problem that it excuses; None excuses any.
    pattern: re.Pattern[str] | None = None

    def covers(self, problem: str) -> bool:
        """Return true if the waiver is about this problem."""
        return self.pattern is None or self.pattern.search(problem) is not None

    @property
    def name(self) -> str:
        """The waiver as notes call it."""
        pattern = f" ({self.pattern.pattern!r})" if self.pattern else ""
        return f"waiver of {self.requirement}{pattern}"

    def __str__(self) -> str:
        return f"waived until {self.expires} by {self.accepted_by}: {self.reason}"


class Waivers:
    """The waivers of one run, as of one day."""

    def __init__(self, waivers: Iterable[Waiver] = (), today: date | None = None) -> None:
        self._today = today or datetime.now(UTC).date()
        self._all = tuple(waivers)

    def excuses(self, requirement: str, problem: str) -> bool:
        """Return true if a waiver that has not expired covers this problem."""
        return any(waiver.covers(problem) for waiver in self._valid(requirement))

    def _valid(self, requirement: str) -> list[Waiver]:
        return [w for w in self._all if w.requirement == requirement and w.expires >= self._today]

    def apply(self, row: RequirementResult) -> RequirementResult:
        """Return *row*, waived if every problem in it is covered."""
        if row.verdict not in (Verdict.BREACHED, Verdict.WARNED):
            return row
        valid, problems = self._valid(row.requirement.id), row.record.problems
        used = [waiver for waiver in valid if any(map(waiver.covers, problems))]
        if not used or not all(self.excuses(row.requirement.id, problem) for problem in problems):
            return row
        return replace(
            row, verdict=Verdict.WAIVED, reason=f"{'; '.join(map(str, used))} ({row.reason})"
        )

    def notes(self, rows: Iterable[RequirementResult]) -> list[str]:
        """Return what is wrong with the waivers: those that have expired, and unused ones."""
        by_id = {row.requirement.id: row for row in rows}
        notes = []
        for waiver in self._all:
            if waiver.expires < self._today:
                notes.append(
                    f"{waiver.name} has expired on {waiver.expires} "
                    f"(accepted by {waiver.accepted_by})"
                )
                continue
            row = by_id.get(waiver.requirement)
            judged = row is not None and row.verdict is not Verdict.UNVERIFIED
            if row and judged and not any(map(waiver.covers, row.record.problems)):
                notes.append(f"{waiver.name} is unused: no breach that it covers was seen")
        return notes

    def reminders(self) -> list[str]:
        """Return a remark on each waiver that ends within two weeks."""
        return [
            f"{one.name} ends on {one.expires}, {_in_days(days)} (accepted by {one.accepted_by})"
            for one in self._all
            if 0 <= (days := (one.expires - self._today).days) <= _SOON
        ]


def _in_days(days: int) -> str:
    return f"in {days} day{'s' * (days > 1)}" if days else "today"


def load(path: Path, catalogue: Catalogue) -> Waivers:
    """Read a waiver file.

    Raises:
        WaiverError: it can't be read, or an entry is wrong.
    """
    try:
        raw = files.read_toml(path)
    except files.Unreadable as error:
        raise WaiverError(f"{path}: {error}") from None
    entries = raw.get("waivers")
    for entry in entries if isinstance(entries, list) else ():
        # TOML has dates of its own, JSON Schema knows them as text.
        if isinstance(entry, dict) and isinstance(entry.get("expires"), date):
            entry["expires"] = entry["expires"].isoformat()
    problems = [
        f"{one.path.removeprefix('$.')}: expected {one.expected}, found {one.seen}"
        for one in schemas.problems("waivers.json", raw)
    ]
    if problems:
        raise WaiverError(f"{path}: " + "; ".join(problems[:5]))
    return Waivers(
        [_waiver(path, number, entry, catalogue) for number, entry in enumerate(raw["waivers"])]
    )


def _waiver(path: Path, number: int, entry: dict[str, str], catalogue: Catalogue) -> Waiver:
    where = f"{path}: waivers[{number}]"
    if entry["requirement"] not in catalogue.requirements:
        raise WaiverError(
            f"{where}.requirement: no requirement {entry['requirement']} in the catalogue"
            f"{did_you_mean(entry['requirement'], catalogue.requirements)}"
        )
    expires = date.fromisoformat(entry["expires"])
    pattern = re.compile(entry["pattern"]) if "pattern" in entry else None
    return Waiver(entry["requirement"], entry["reason"], entry["accepted_by"], expires, pattern)
