"""`--baseline`: breaches that are new since an earlier run, fixed, or open.

Runs are compared by requirement: problem texts hold ids and times that differ between any two runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator_contract import files
from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.results.requirement import BREACHES, RequirementResult, Verdict
from orchestrator_contract.suggestions import did_you_mean

#: A report holds evidence, and is larger than what people write.
_MAX_BYTES = 32 * 1024 * 1024


class BaselineError(Exception):
    """An unusable baseline; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """This run compared with the baseline, as ids of requirements."""

    #: The baseline's start, as it states it.
    since: str
    new: tuple[str, ...]
    fixed: tuple[str, ...]
    open: tuple[str, ...]
    #: Breached in the baseline, and not verified or not selected in this run.
    unknown: tuple[str, ...]
    #: Those of `new` that fail the gate.
    gating: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the member `comparison` of conformance.json."""
        ids = {name: list(getattr(self, name)) for name in ("new", "fixed", "open", "unknown")}
        return {"since": self.since} | ids

    def notes(self) -> Iterator[str]:
        """Yield the comparison in one line for every report, then ids that are none."""
        known = catalogue.load().requirements
        unchecked = [one for one in self.unknown if one in known]
        parts = [
            f"new: {', '.join(self.new) or 'none'}",
            f"fixed: {', '.join(self.fixed) or 'none'}",
            f"still open: {', '.join(self.open) or 'none'}",
            *([f"not checked now: {', '.join(unchecked)}"] if unchecked else []),
        ]
        yield f"since the baseline of {self.since}: " + "; ".join(parts)
        for one in self.unknown:
            if one not in known:
                meant = did_you_mean(one, known)
                yield f"the baseline's {one} is no requirement of this version{meant}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The breaches of an earlier run."""

    since: str
    breached: frozenset[str]

    def compare(self, rows: Iterable[RequirementResult]) -> Comparison:
        """Compare this run's rows with it; a waived breach is neither new nor fixed."""
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
            tuple(one for one in before if now.get(one) in BREACHES),
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
    except files.Unreadable as error:
        raise BaselineError(f"--baseline: {path}: {error}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"--baseline: {path}: not JSON") from None
    problem = next(schemas.problems("conformance-report.json", raw), None)
    if problem is not None:
        raise BaselineError(
            f"--baseline: {path}: not a conformance.json: {problem.path}: "
            f"expected {problem.expected}, found {problem.seen}"
        )
    breached = frozenset(row["id"] for row in raw["requirements"] if row["verdict"] in BREACHES)
    return Baseline(str(raw["started_at"]), breached)
