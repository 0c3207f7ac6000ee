"""Provoked errors: a fault returns its status, and a rate-limited request was not processed.

Source: S1 responses, S5 20429; contract.md "Responses of DELETE".
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings


def provoked_status(findings: Findings, status: int, exchange: Exchange) -> bool:
    """A provoked fault returns its status."""
    return findings.check(
        f"ERR-{status}-STATUS",
        exchange.status == status,
        expected=str(status),
        seen=exchange.outcome(),
        exchanges=[exchange],
    )


def retry_processed(findings: Findings, processed: bool, tries: Sequence[Exchange]) -> bool:
    """A retry after a 429 with the same key is processed."""
    return findings.check(
        "ERR-429-RETRY-PROCESSED",
        processed,
        expected="the retry processed, not the stored 429",
        seen=tries[-1].outcome(),
        exchanges=tries,
    )
