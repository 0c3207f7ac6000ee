"""The message of a contract test that found breaches, for pytest and JUnit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.redaction.visible import visible
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

    ordered = sorted(found, key=directness)
    groups: dict[str, list[Found]] = {}
    for one in ordered:
        groups.setdefault(one.requirement, []).append(one)
    blocks = ["\n".join(_block(each, catalogue, rerun)) for each in groups.values()]
    return Failure(_line(ordered), "\n\n".join(blocks))


def _line(ordered: list[Found]) -> str:
    lead = ordered[0]
    others = dict.fromkeys(
        one.requirement for one in ordered if one.requirement != lead.requirement
    )
    also = f"; also {', '.join(others)}" if others else ""
    return f"{lead.requirement}: {visible(lead.breach.summary, _LINE)}{also}"


def _block(found: list[Found], catalogue: Catalogue, rerun: Callable[[str], str]) -> list[str]:
    """Return the first breach of a requirement, and the number of others."""
    requirement, breach = catalogue[found[0].requirement], found[0].breach
    where = f"{breach.where}: " if breach.where else ""
    lines = [
        f"{requirement.id} ({requirement.level}): {requirement.title}",
        f"  expected: {where}{breach.expected}",
        f"  seen:     {breach.observed}",
        *(f"  request:  {visible(step.request, _CURL)}" for step in breach.steps[-1:]),
        *([f"  further:  {len(found) - 1} of this requirement"] if found[1:] else []),
        f"  repeat:   {rerun(requirement.id)}",
    ]
    return [visible(line) for line in lines]
