"""Keys of accepted deletes, sent again with other SIDs."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.idempotency import KEY_USED, MISMATCH
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: A path segment that does not look like a SID.
_NO_SID = "x"


class KeyReuse(Step):
    """Sends the key of one delete with another SID."""

    _deletes = Uses(Deletes)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._other: Configuration | None = None

    def other(self) -> Configuration:
        """An idle configuration; the last one again if surely untouched.

        Raises:
            NothingToDelete: there is none to be had.
        """
        known, endpoint = self._other, self._endpoint
        if (
            known is None
            or not endpoint.configurations.kept.holds(known)
            or not endpoint.ownership.untouched(known.resource_key)
        ):
            self._other = known = endpoint.configurations.one()
            endpoint.configurations.kept.keep(known)
        endpoint.configurations.use(known)
        return known

    def send(
        self, first: Operation, configuration: Configuration, *, key: str | None = None
    ) -> Exchange:
        """Delete *configuration* under the key of *first*, or of other case."""
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._send(first, configuration, call, key)

    def send_past_conflicts(self, first: Operation, configuration: Configuration) -> Exchange:
        """Like `send`, repeated while it conflicts with other work, which passes."""
        again = self.send(first, configuration)
        for pause in CONFLICT_PAUSES_S if is_conflict(again) else ():
            self._endpoint.wait(pause)
            again = self.send(first, configuration)
            if not is_conflict(again):
                break
        return again

    def send_vacant(self, first: Operation, vacant: Configuration) -> Exchange:
        """Delete a SID that no configuration has under the key of *first*."""
        allow, outside = MISMATCH | {404}, vacant.sid == _NO_SID
        call = Call("delete", vacant.sid, allow=allow, outside_api=outside, malformed_sid=outside)
        return self._send(first, vacant, call, None)

    def refuse(self, first: Operation, configuration: Configuration) -> Exchange:
        """The refusal of the key of *first* for *configuration*.

        Raises:
            CheckInconclusive: it is accepted, or may have been.
        """
        return self._refused(self.send(first, configuration))

    def refuse_vacant(self, first: Operation, vacant: Configuration) -> Exchange:
        """The refusal of the key of *first* for a SID that no configuration has.

        Raises:
            CheckInconclusive: it is accepted, or answered 404.
        """
        return self._refused(self.send_vacant(first, vacant))

    def vacant(self, kind: str) -> Configuration:
        """A SID that no configuration has: "unknown", "deleted" or "malformed"."""
        if kind == "deleted":
            return self._deletes.draw()[0].configuration
        if kind == "unknown":
            return self._endpoint.absent.one()
        self._endpoint.ownership.allow(_NO_SID, scope=DEFAULT_SCOPE)
        return Configuration(_NO_SID)

    def _send(
        self, first: Operation, configuration: Configuration, call: Call, key: str | None
    ) -> Exchange:
        again = self._api.delete(configuration, key=key or first.accepted.key, call=call)
        if not self._is_refusal(again):
            self._deletes.withhold(first)
        return again

    def _is_refusal(self, again: Exchange) -> bool:
        """True if the key was refused; after a 404 it may mean that request."""
        return again.status in MISMATCH | {409} and not self._endpoint.is_echo(again)

    def _refused(self, again: Exchange) -> Exchange:
        if not self._is_refusal(again):
            raise CheckInconclusive(f"a key on another SID was answered {again.outcome()}")
        return again


def is_conflict(exchange: Exchange) -> bool:
    """True for a passing conflict with other work, not one over the key."""
    return exchange.status == 409 and exchange.object.get("code") != KEY_USED
