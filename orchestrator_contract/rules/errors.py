"""A fault returns its status, and is not stored; malformed input causes no server errors.

Source: S1 responses, S5 20429; contract.md "Responses of DELETE".
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import malformed_input, operations

#: The documented refusal of a delete beside another call that runs.
CONFLICT = 409
#: Other deletes needed to tell how often the endpoint returns 500 without a malformed key.
_ENOUGH = 400


def provoked_status(findings: Findings, status: int, exchange: Exchange) -> bool:
    """A provoked fault returns its status."""
    return findings.status(f"ERR-{status}-STATUS", [exchange], status)


def retry_processed(findings: Findings, processed: bool, tries: Sequence[Exchange]) -> bool:
    """A retry after a 429 with the same key is processed."""
    return findings.check(
        "ERR-429-RETRY-PROCESSED",
        processed,
        expected="the retry processed, not the stored 429",
        exchanges=tries,
        tolerable=True,
    )


class ServerErrorRate:
    """Counts unprovoked 500s: of deletes, by malformed and other keys, and of polls."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._others = self._others_500 = 0
        self._malformed_500: list[Exchange] = []
        self._polls = 0
        self._polls_500: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        call = exchange.call
        if call.operation == "operation" and call.of == "delete":
            with self._lock:
                self._polls += 1
                self._polls_500 += [exchange] if exchange.status == 500 else []
        if call.operation != "delete" or call.provokes is not None or not call.judge_content:
            return
        failed = exchange.status == 500
        with self._lock:
            if exchange.key is None or is_well_formed_key(exchange.key):
                self._others += 1
                self._others_500 += failed
            elif failed:
                self._malformed_500.append(exchange)

    @property
    def needs_more_polls(self) -> bool:
        """True if polls met so many 500s that more of them have to tell the rate."""
        return operations.needs_more_polls(len(self._polls_500), self._polls)

    def judge_polls(self, findings: Findings) -> None:
        """Check OP-FETCH by the share of polls that met a 500."""
        if self._polls:
            operations.polls_rarely_fail(findings, self._polls_500, self._polls)

    def judge(self, findings: Findings) -> None:
        """Check that not only malformed keys have met 500: S1 has none for bad input."""
        if self._others >= _ENOUGH and not self._others_500:
            malformed_input.malformed_keys_cause_500(findings, self._malformed_500, self._others)
