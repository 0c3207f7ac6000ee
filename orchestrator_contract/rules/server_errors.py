"""Whether malformed keys are what makes the server fail now and then: a 500 is documented, and may pass."""

from __future__ import annotations

from threading import Lock

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import malformed_input

#: Other deletes needed to tell how often the endpoint answers 500 without a malformed key.
_ENOUGH = 400


class ServerErrorRate:
    """Counts the unprovoked 500s of deletes, those with a malformed key apart; an observer of the sender."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._others = self._others_500 = 0
        self._malformed_500: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        call = exchange.call
        if call.operation != "delete" or call.provokes is not None or not call.judge_content:
            return
        failed = exchange.status == 500
        with self._lock:
            if exchange.key is None or is_well_formed_key(exchange.key):
                self._others += 1
                self._others_500 += failed
            elif failed:
                self._malformed_500.append(exchange)

    def judge(self, findings: Findings) -> None:
        """Check KEY-MALFORMED-NO-5XX where only malformed keys have met 500 (S1 has no 500 for bad input)."""
        if self._others >= _ENOUGH and not self._others_500:
            malformed_input.malformed_keys_cause_500(findings, self._malformed_500, self._others)
