"""Concurrent requests: each gets its own response, and the outcome is one of some sequential order.

Source: S1 responses, S2, R4; contract.md "Silent in every source".
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings


def one_operation_completes(findings: Findings, operations: Sequence[Operation]) -> bool:
    """Of deletes of one SID at most one operation ends COMPLETED."""
    completed = [one for one in operations if one.status == "COMPLETED"]
    return findings.check(
        "CONC-ONE-COMPLETED",
        len(completed) <= 1,
        expected="one COMPLETED operation",
        seen=str(len(completed)),
        exchanges=[step for one in completed for step in one.steps],
    )


def sid_deleted(findings: Findings, deleted: bool, seen: str, steps: Sequence[Exchange]) -> bool:
    """Concurrent deletes of one SID end with the configuration deleted."""
    return findings.check(
        "CONC-ONE-SID",
        deleted,
        expected="the configuration deleted by one COMPLETED operation",
        seen=seen,
        exchanges=steps,
    )


def own_response(findings: Findings, exchange: Exchange) -> bool:
    """A response to one of many concurrent deletes is about the SID of its request."""
    named, sid = exchange.related_sid, exchange.call.subject
    return findings.check(
        "CONC-OWN-RESPONSE",
        named in (None, sid),
        expected=f"the response for {sid}",
        seen=f"the one for {named!r:.120}",
        exchanges=[exchange],
    )


def own_operations(findings: Findings, accepted: Sequence[Exchange], distinct: int) -> bool:
    """Concurrent deletes of many SIDs start an operation each."""
    return findings.check(
        "CONC-OWN-RESPONSE",
        distinct == len(accepted),
        expected=f"{len(accepted)} operations",
        seen=str(distinct),
        exchanges=accepted[:4],
    )


def own_response_beside_create(
    findings: Findings, created: Exchange, deleted: Exchange, sid: str
) -> bool:
    """A delete and a create at the same time get a response and an operation each."""
    names = [one.related_sid for one in (created, deleted)]
    shared = created.operation_names & deleted.operation_names
    own = names[0] != sid and names[1] in (None, sid) and not shared
    return findings.check(
        "CONC-OWN-RESPONSE",
        own,
        expected=f"the response for {sid}, and another one for the create",
        seen=f"those for {names[1]!r:.120} and {names[0]!r:.120}"
        if any(names)
        else "one operation for both",
        exchanges=[created, deleted],
    )


def linearizable(
    findings: Findings, consistent: bool, expected: str, seen: str, steps: Sequence[Exchange]
) -> bool:
    """Calls beside a delete are answered as in some order of the calls one by one."""
    return findings.check(
        "CONC-LINEARIZABLE", consistent, expected=expected, seen=seen, exchanges=steps
    )
