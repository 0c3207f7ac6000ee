"""Compares a replay with the original response, as far as the recording shows both."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.rules.idempotency import differences


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two responses."""

    changed: list[str]
    #: Whether they show enough to tell that they are the same, if nothing has changed.
    conclusive: bool


def compare(first: Recorded, again: Recorded) -> Comparison:
    """Compare status, links and body of two responses, of which parts may be unknown."""
    body, headers = first.body and again.body, first.headers and again.headers
    changed = differences(
        first.shown(body=body, headers=headers), again.shown(body=body, headers=headers)
    )
    named = bool(first.exchange.operation_names and again.exchange.operation_names)
    return Comparison(changed, conclusive=bool(changed) or body or named)
