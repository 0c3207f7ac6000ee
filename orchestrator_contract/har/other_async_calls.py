"""The other asynchronous calls in a recording: links of each 202, a conversation's key."""

from __future__ import annotations

from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.replay import compare
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import Links

CALLS = frozenset({"create", "update", "patch", "delete-conversation"})


def accepted(links: Links, small: Exchange) -> None:
    """Judge the links of a 202; which configuration a create made can't be seen."""
    try:
        sid = "" if small.call.operation == "create" else small.call.subject
        links.accept(small, Configuration(sid))
    except OperationUnreachable:
        return


def replayed(findings: Findings, first: Recorded, again: Recorded) -> None:
    """Judge a second use of a conversation's key: its delete has no payload to compare."""
    found = compare(first, again)
    check, steps = findings.on(first.exchange.call), [first.exchange, again.exchange]
    if found.conclusive:
        check(
            "KEY-REPLAY",
            not found.changed,
            expected="the original response",
            seen="; ".join(found.changed),
            exchanges=steps,
        )
    names = [step.operation_names for step in steps]
    if again.exchange.status == 202 and all(names):
        check(
            "KEY-ONE-OPERATION",
            bool(names[0] & names[1]),
            expected=f"operation {', '.join(sorted(names[0])):.160}",
            seen=f"operation {', '.join(sorted(names[1])):.160}",
            exchanges=steps,
        )
