"""The message of a contract test that found breaches, for pytest and JUnit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orchestrator_contract.contract.catalogue import Catalogue, Requirement
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import report_model
from orchestrator_contract.results.causes import stage
from orchestrator_contract.results.findings import Found

_LINE = 300
_CURL = 1500


@dataclass(frozen=True, slots=True)
class Failure:
    """A test's failure: in one line that begins with a requirement's id, and in full."""

    line: str
    text: str


def describe(found: Iterable[Found], catalogue: Catalogue, rerun: Callable[[str], str]) -> Failure:
    """Describe a test's breaches, the most direct first; *rerun* gives a command."""
    order = list(catalogue.requirements)

    def directness(one: Found) -> tuple[int, int, int]:
        found_at = stage(catalogue[one.requirement], one.steps)
        return found_at, one.steps, order.index(one.requirement)

    groups: dict[str, list[Found]] = defaultdict(list)
    for one in sorted(found, key=directness):
        groups[one.requirement].append(one)
    lead, *others = groups
    also = f"; also {', '.join(others)}" if others else ""
    line = f"{lead}: {visible(groups[lead][0].breach.summary, _LINE)}{also}"
    blocks = [_block(catalogue[name], each, rerun(name)) for name, each in groups.items()]
    return Failure(line, "\n\n".join(blocks))


def _block(requirement: Requirement, found: list[Found], rerun: str) -> str:
    """Return the first breach of a requirement, and the number of others."""
    first = report_model.finding(found[0].breach)
    lines = [
        f"{requirement.id} ({requirement.level}): {requirement.title}",
        f"  expected: {first.wanted}",
        f"  seen:     {first.seen}",
        *(f"  request:  {visible(step.request, _CURL)}" for step in first.steps[-1:]),
        *([f"  further:  {len(found) - 1} of this requirement"] if found[1:] else []),
        f"  repeat:   {rerun}",
    ]
    return "\n".join(map(visible, lines))
