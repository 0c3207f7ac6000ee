"""The asynchronous calls beside the delete as a recording shows them: the links of each 202, and a conversation's key."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.har.har_entry import Recorded
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import Links

SISTERS = frozenset({"create", "update", "patch", "delete-conversation"})


def accepted(links: Links, small: Exchange) -> None:
    """Judge the links of a 202; which configuration a create made can't be seen."""
    try:
        links.accept(small, "" if small.call.operation == "create" else small.call.subject)
    except OperationUnreachable:
        return


def replayed(findings: Findings, first: Exchange, seen: Recorded, changed: Sequence[str]) -> None:
    """Judge a second use of a conversation's key, within the time for which a key surely lives; a delete has no payload to compare."""
    again, check = seen.exchange, findings.on(first.call)
    steps = [first, again]
    check(
        "KEY-REPLAY",
        not changed,
        expected="the original response",
        seen="; ".join(changed),
        exchanges=steps,
    )
    names = first.operation_names, again.operation_names
    if again.status == 202 and all(names):
        check(
            "KEY-ONE-OPERATION",
            bool(names[0] & names[1]),
            expected=f"operation {', '.join(sorted(names[0])):.160}",
            seen=f"operation {', '.join(sorted(names[1])):.160}",
            exchanges=steps,
        )
