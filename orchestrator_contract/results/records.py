"""What is kept of each requirement, in bounded memory and free of secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from hashlib import blake2b
from typing import Any

from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.counts import Counts
from orchestrator_contract.results.evidence import LONG, Breach, Evidence
from orchestrator_contract.results.requirement import RequirementFindings

#: Pieces of evidence kept for one requirement; the last breach that is kept may exceed it.
MAX_EVIDENCE = 12
_MAX_STEPS = 6


class Records(Counts):
    """A record of each requirement that something was found of."""

    def __init__(
        self, catalogue: Catalogue, redactor: Redactor, excused: Callable[[str, str], bool]
    ) -> None:
        super().__init__(catalogue, redactor)
        self.records: dict[str, RequirementFindings] = {}
        #: True if a waiver covers the problem; others are kept up to twice `MAX_EVIDENCE`.
        self.excused = excused

    def _record(self, requirement: str) -> RequirementFindings:
        if requirement not in self.catalogue.requirements:
            raise KeyError(f"no requirement {requirement} in the catalogue")
        return self.records.setdefault(requirement, RequirementFindings())

    def _shown(self, text: str) -> str:
        return visible(self._redactor.text(text), LONG)

    def evidence(self, *exchanges: Exchange) -> tuple[Evidence, ...]:
        """Return exchanges as a report shows them, free of secrets."""
        clean = self._redactor.text
        return tuple(
            Evidence(
                request=clean(one.curl()),
                status=one.status,
                headers={name: clean(value) for name, value in one.shown_headers().items()},
                body=clean(one.text if one.response else f"({one.fault_text})"),
                note=one.note,
            )
            for one in exchanges
        )

    def story(self, requirement: str, lines: Sequence[str]) -> None:
        """Add a shrunk scenario to the newest breach, unless it has one, and show it first."""
        with self._lock:
            shown = self._record(requirement).shown
            if shown and not shown[-1].story:
                story = tuple(map(self._redactor.text, lines))
                shown.insert(0, replace(shown.pop(), story=story))

    def _breach(self, requirement: str, breach: Breach, exchanges: Sequence[Exchange]) -> None:
        record, problem = self._record(requirement), breach.problem
        record.breaches += 1
        full = self._full(len(record.problems), requirement, problem)
        if problem not in record.problems and not full:
            record.problems.append(problem)
        record.add_trail(tuple(map(_fingerprint, exchanges)))
        if self._room(requirement, breach):
            steps = self.evidence(*exchanges[-_MAX_STEPS:]) or breach.steps
            record.shown.append(replace(breach, steps=steps))

    def _room(self, requirement: str, breach: Breach) -> bool:
        """Return true if *breach* is kept with its evidence, which is then kept whole."""
        kept = sum(one.weight for one in self._record(requirement).shown)
        return not self._full(kept, requirement, breach.problem)

    def _full(self, number: int, requirement: str, problem: str) -> bool:
        return number >= MAX_EVIDENCE and (
            self.excused(requirement, problem) or number >= 2 * MAX_EVIDENCE
        )

    def dump(self) -> dict[str, Any]:
        """Return the records and counts as plain data, for another process to merge."""
        records = {name: asdict(record) for name, record in self.records.items()}
        return {"records": records, **super().dump()}

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process dumped."""
        super().merge(other)
        with self._lock:
            for name, dumped in other["records"].items():
                self._record(name).merge(dumped, partial(self._room, name))


def _fingerprint(exchange: Exchange) -> str:
    """Return a short name of the exchange that is unique over the processes of a run."""
    what = f"{exchange.at.isoformat()} {exchange.method} {exchange.url} {exchange.key}"
    return blake2b(what.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
