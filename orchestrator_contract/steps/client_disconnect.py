"""A client that disconnects before the response, and retries its key."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.check import Check
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import idempotency
from orchestrator_contract.rules.idempotency import IN_PROGRESS
from orchestrator_contract.steps.step import Step, Uses

#: Seconds after which the client disconnects: the request is read by then, and hardly answered.
_PATIENCE_S = 0.003
#: First pause between retries while the request is in progress, in seconds.
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class LostResponse:
    """A delete whose response was lost, and its retries."""

    configuration: Configuration
    sent: Exchange
    tries: list[Exchange]

    @property
    def met_server_error(self) -> bool:
        """True if a retry got a 500 or 503 and may have been carried out."""
        statuses = [status for one in self.tries for status in (*one.before, one.status)]
        return any(status in (500, 503) for status in statuses)


class ClientDisconnect(Step):
    """Loses responses on purpose."""

    _check = Uses(Check)

    def lose_response(self, configuration: Configuration) -> LostResponse:
        """Send a delete, disconnect, and retry it until no longer in progress."""
        key = self._endpoint.key()
        request = self._api.delete_request(configuration, key=key)
        sent = self._api.leave(request, _PATIENCE_S)
        call = Call("delete", configuration.sid, allow=IN_PROGRESS)
        tries: list[Exchange] = []

        def again() -> Exchange:
            tries.append(self._api.delete(configuration, key=key, call=call))
            return tries[-1]

        pause, end = _PAUSE_S, sent.sent + self._endpoint.profile.limits.poll_timeout_s
        while past_500(again).status in IN_PROGRESS and tries[-1].sent + pause < end:
            self._endpoint.wait(pause)
            pause *= 2
        return LostResponse(configuration, sent, tries)

    def is_lost(self, lost: LostResponse) -> bool:
        """True if the delete was carried out and its key does not return it.

        Raises:
            Inconclusive: the delete may have been refused, or another request carried it out.
        """
        last = lost.tries[-1]
        if last.status == 202:
            return False
        exists, _ = self._check.look_for(lost.configuration)
        if exists is not False or last.status not in (404, 409):
            raise Inconclusive(f"the delete may have been refused: {last.outcome()}")
        self._endpoint.inventory.gone(lost.configuration)
        if lost.met_server_error:
            raise Inconclusive("a request that was answered 5xx may have deleted it")
        return True

    def judge(self, first: LostResponse) -> bool:
        """Check that the key returns the delete's response, in one of two tries.

        One lost response may have another cause.
        """
        lost = first
        if self.is_lost(first):
            configuration = self._endpoint.configurations.one()
            self._check.shown(configuration)
            lost = self.lose_response(configuration)
            self.is_lost(lost)
        last = lost.tries[-1]
        ok = idempotency.response_after_disconnect(self._endpoint.findings, lost.sent, last)
        self._endpoint.follow(lost.configuration, last)
        return ok
