"""Whether malformed keys are what breaks a server now and then: a 500 is documented, and one that passes is nobody's breach."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings

#: Fewer other deletes say too little of how often the endpoint answers 500 by itself.
_ENOUGH = 400


class Crashes:
    """Counts the unprovoked 500s of deletes, those with a malformed key apart; a recorder of the client."""

    def __init__(self, well_formed: Callable[[str], bool]) -> None:
        self._well_formed = well_formed
        self._lock = Lock()
        self._others = self._others_500 = 0
        self._malformed_500: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        """Take note of one exchange."""
        call = exchange.call
        if call.operation != "delete" or call.provokes is not None or not call.judge_content:
            return
        with self._lock:
            if exchange.key is not None and not self._well_formed(exchange.key):
                self._malformed_500 += [exchange] if exchange.status == 500 else []
            else:
                self._others += 1
                self._others_500 += exchange.status == 500

    def judge(self, findings: Findings) -> None:
        """Hold 500s that only malformed keys have met against KEY-MALFORMED-NO-5XX (S1 lists no 500 for bad input)."""
        if self._others >= _ENOUGH and not self._others_500:
            findings.check(
                "KEY-MALFORMED-NO-5XX",
                len(self._malformed_500) < 2,
                expected="a 4xx, or the key ignored",
                exchanges=self._malformed_500[:2],
                seen=f"500 to {len(self._malformed_500)} malformed keys, and to none of {self._others} other deletes",
            )
