"""Keys and SIDs that Hypothesis generates; imported late, as that takes long."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import MalformedSid
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import malformed_input
from orchestrator_contract.steps.malformed_requests import MalformedRequests


class GeneratedInputs:
    """Sends deletes with generated keys and SIDs; each response is judged as it comes."""

    def __init__(self, endpoint: Endpoint, malformed: MalformedRequests) -> None:
        self._endpoint = endpoint
        self._malformed = malformed

    def malformed_keys(self, used: Operation) -> list[Exchange]:
        """Repeat the delete of *used* under malformed keys near its own."""
        from orchestrator_contract.fuzzing.examples import Examples  # noqa: PLC0415  # slow
        from orchestrator_contract.fuzzing.keys import malformed_keys  # noqa: PLC0415

        def attempt(key: MalformedKey) -> Exchange:
            again = self._malformed.key(used.configuration, key)
            malformed_input.malformed_key_not_honoured(
                self._endpoint.findings, again.succeeded, used.accepted, again, key.why
            )
            return again

        strategy = malformed_keys(str(used.accepted.key))
        number = self._endpoint.effort.generated_keys
        return Examples(self._endpoint, "malformed keys", attempt).run(strategy, number)

    def malformed_sids(self, near: Configuration) -> list[Exchange]:
        """Delete malformed SIDs, and a few well-formed ones, near that of *near*."""
        from orchestrator_contract.fuzzing.examples import Examples  # noqa: PLC0415  # slow
        from orchestrator_contract.fuzzing.sids import is_near, malformed_sids  # noqa: PLC0415

        def attempt(sid: MalformedSid) -> Exchange | None:
            if not self._endpoint.absent.harmless([sid], near):
                return None
            if is_near(sid.segment, near.sid):
                return self._malformed.unknown(sid, near.scope)
            return self._malformed.sid(sid, near.scope)

        number = self._endpoint.effort.generated_sids
        strategy = malformed_sids(near.sid)
        return Examples(self._endpoint, "malformed SIDs", attempt).run(strategy, number)
