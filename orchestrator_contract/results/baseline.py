"""`--baseline conformance.json`: which breaches are new since an earlier run, which are fixed, which are still open.

Runs are compared by requirement: problem texts hold ids and times that differ between any two runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator_contract import files
from orchestrator_contract.contract import schemas
from orchestrator_contract.results.requirement_result import RequirementResult, Verdict

#: Verdicts that a breach leads to; which one is a matter of levels, --strict and waivers.
_BREACHES = frozenset({"breached", "warned", "waived"})
#: A report holds evidence, and is larger than what people write.
_MAX_BYTES = 32 * 1024 * 1024


class BaselineError(Exception):
    """The baseline can't be used; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """This run against the baseline: ids of requirements."""

    #: The baseline's start, as it says itself.
    since: str
    new: tuple[str, ...]
    fixed: tuple[str, ...]
    open: tuple[str, ...]
    #: Breached in the baseline, and not verified or not selected in this run.
    unknown: tuple[str, ...]
    #: Those of `new` that fail the gate.
    gating: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The member `comparison` of conformance.json."""
        return {
            "since": self.since,
            "new": list(self.new),
            "fixed": list(self.fixed),
            "open": list(self.open),
            "unknown": list(self.unknown),
        }

    def note(self) -> str:
        """One line for every report."""
        parts = [
            f"{word} {', '.join(ids) or 'none'}"
            for word, ids in (
                ("new:", self.new),
                ("fixed:", self.fixed),
                ("still open:", self.open),
                ("not checked now:", self.unknown),
            )
            if ids or word != "not checked now:"
        ]
        return f"since the baseline of {self.since}: " + "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier run, as far as it is compared with."""

    since: str
    breached: frozenset[str]

    def compare(self, rows: Iterable[RequirementResult]) -> Comparison:
        """This run's rows against it. A waived breach is neither new nor fixed."""
        now = {row.requirement.id: row.verdict for row in rows}
        new = [
            one
            for one, verdict in now.items()
            if verdict in (Verdict.BREACHED, Verdict.WARNED) and one not in self.breached
        ]
        before = sorted(self.breached)
        return Comparison(
            self.since,
            tuple(new),
            tuple(one for one in before if now.get(one) is Verdict.PASSED),
            tuple(one for one in before if now.get(one) in _BREACHES),
            tuple(one for one in before if one not in now or now[one] is Verdict.UNVERIFIED),
            tuple(one for one in new if now[one] is Verdict.BREACHED),
        )


def load(path: Path) -> Baseline:
    """Read the conformance.json of an earlier run.

    Raises:
        BaselineError: it can't be read, or is no such report.
    """
    try:
        raw = json.loads(files.read_text(path, _MAX_BYTES))
    except FileNotFoundError as error:
        raise BaselineError(f"--baseline: {path}: can't be read: {error.strerror}") from None
    except files.Unreadable as error:
        raise BaselineError(f"--baseline: {path}: {error}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"--baseline: {path}: is no JSON") from None
    problem = next(schemas.problems("conformance-report.json", raw), None)
    if problem is not None:
        raise BaselineError(
            f"--baseline: {path}: is no conformance.json: {problem.path}: expected {problem.expected}"
        )
    breached = frozenset(row["id"] for row in raw["requirements"] if row["verdict"] in _BREACHES)
    return Baseline(str(raw["started_at"]), breached)
