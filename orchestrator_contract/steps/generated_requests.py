"""Requests that Schemathesis generates; imported when they are sent, as Schemathesis takes long to import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.rules import malformed_input

if TYPE_CHECKING:
    from orchestrator_contract.fuzzing.fuzz import Sent

_WELL_FORMED_SID = re.compile(r"(?:conv|cfg)_configuration_[0-7][0-9a-z]{25}", re.ASCII)


class GeneratedRequests:
    """Sends generated requests and judges their responses."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def delete(self, mode: str) -> None:
        """Send generated deletes; *mode* is "positive" for valid ones, "negative" for others."""
        from orchestrator_contract.fuzzing.fuzz import run_generated  # noqa: PLC0415  # slow

        run_generated(self._endpoint, "DELETE", mode, self._judge)

    def _judge(self, sent: Sent) -> None:
        findings, exchange = self._endpoint.findings, sent.exchange
        if exchange.key is not None and not is_well_formed_key(exchange.key):
            malformed_input.malformed_key_no_5xx(findings, exchange, f"value {exchange.key[:40]!r}")
        elif _WELL_FORMED_SID.fullmatch(sent.segment):
            malformed_input.not_found(findings, exchange)
        else:
            kind = f"the generated SID {sent.segment[:60]!r}"
            malformed_input.malformed_sid_refused(findings, exchange, kind)
