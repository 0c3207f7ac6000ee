"""The retry of a 429 in a recording: a request that was refused unprocessed is not stored."""

from __future__ import annotations

from dataclasses import replace

from orchestrator_contract.har.memory import Memory, slim
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings


def target_of(seen: Recorded) -> str:
    """What a key is bound to, but for the payload."""
    exchange = seen.exchange
    return f"{exchange.method} {exchange.call.subject or exchange.url}"


class RateLimits:
    """Remembers keyed deletes that were answered 429, and judges what their retries get."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._refused: Memory[Recorded] = Memory()

    def judge(self, seen: Recorded) -> None:
        """Judge a use of a key that no 202 has answered yet."""
        if seen.exchange.call.operation != "delete":
            return
        name = f"{str(seen.exchange.key).lower()} {target_of(seen)}"
        refused = self._refused.get(seen.scope, name)
        if refused is not None:
            self._retry(refused, seen)
            return
        kept = slim(seen.exchange) if seen.exchange.status == 429 else None
        if kept is not None:
            self._refused.put(seen.scope, name, replace(seen, exchange=kept))

    def _retry(self, refused: Recorded, seen: Recorded) -> None:
        """A second 429 may be a new one, unless it carries the first one's request id."""
        first, again = refused.exchange, seen.exchange
        if again.status in (401, 403) or seen.start < refused.end:
            return
        stored = again.status == 429 and _same_request_id(first, again)
        if stored or again.status != 429:
            self._findings.check(
                "ERR-429-RETRY-PROCESSED",
                not stored,
                expected="the retry is processed",
                seen="the stored 429 with its request id",
                exchanges=[first, again],
            )


def _same_request_id(first: Exchange, again: Exchange) -> bool:
    return any(
        value and value == again.headers.get(name)
        for name, value in first.headers.items()
        if name.endswith("request-id")
    )
