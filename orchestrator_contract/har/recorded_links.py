"""The links of recorded 202s."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import Links


class _AnyOrigin(frozenset[Any]):
    """A recording does not say which origins are the target's: none counts as foreign."""

    def __contains__(self, origin: object) -> bool:
        return origin is not None


class RecordedLinks(Links):
    """Judges links that were recorded; nothing is polled by them."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings, _AnyOrigin(), lambda path, region: f"recording:{region}{path}")

    def poll_url(
        self, exchange: Exchange, status_url: str | None, location: str | None, operation_id: str
    ) -> str:
        """Where the operation could be polled; DEL-202-STATUS-URL-ORIGIN stays open."""
        return status_url or location or operation_id
