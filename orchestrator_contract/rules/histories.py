"""Responses in a history of calls: each is one that the contract allows after what came before it.

Source: S1, S2, S5; docs/requirements.md, "Observations", where they are silent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings


def allowed(
    findings: Findings, requirement: str, statuses: Collection[int], steps: Sequence[Exchange]
) -> bool:
    """The last of *steps* has one of the *statuses* that the state of its configuration allows."""
    last = steps[-1]
    return findings.check(
        requirement,
        last.status in statuses,
        expected=" or ".join(map(str, sorted(statuses))),
        seen=last.outcome(),
        exchanges=steps,
    )
