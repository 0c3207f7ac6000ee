"""Keys of accepted deletes, sent with other SIDs and in other scopes."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.idempotency import KEY_USED, MISMATCH
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers

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
        endpoint.inventory.use(known)
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
            Inconclusive: it is accepted, or may have been.
        """
        return self._refused(self.send(first, configuration))

    def refuse_vacant(self, first: Operation, vacant: Configuration) -> Exchange:
        """The refusal of the key of *first* for a SID that no configuration has.

        Raises:
            Inconclusive: it is accepted, or answered 404.
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
            raise Inconclusive(f"a key on another SID was answered {again.outcome()}")
        return again


def is_conflict(exchange: Exchange) -> bool:
    """True for a passing conflict with other work, not one over the key."""
    return exchange.status == 409 and exchange.object.get("code") != KEY_USED


class Scopes(Step):
    """Sends what was sent in one scope again in another."""

    _deletes = Uses(Deletes)
    _unauthorized = Uses(UnauthorizedCallers)

    # ---------------------------------------------------------------- which

    def other(self, axis: str) -> Scope:
        """The scope that differs from the default in "account" or "region".

        Raises:
            Inconclusive: the target has one only.
        """
        scope = Scope(1, 0) if axis == "account" else Scope(0, 1)
        if not self._endpoint.profile.has(scope):
            raise Inconclusive(f"needs {axis}s")
        return scope

    def farthest(self) -> Scope:
        """The second account and region, as far as the target has them.

        Raises:
            Inconclusive: the target has one account and one region.
        """
        for scope in (Scope(1, 1), Scope(1, 0), Scope(0, 1)):
            if self._endpoint.profile.has(scope):
                return scope
        raise Inconclusive("needs accounts or regions")

    def back(self, axis: str) -> tuple[Scope, Scope]:
        """The farthest scope, and that scope moved back on *axis*.

        Raises:
            Inconclusive: the target has one account, or one region, only.
        """
        self.other(axis)
        far = self.farthest()
        near = Scope(0, far.region) if axis == "account" else Scope(far.account, 0)
        return far, near

    # ---------------------------------------------------------------- deletes

    def delete(self, scope: Scope, form: str) -> Operation:
        """A delete in *scope* under a key of "version-4", "version-1", "capitals".

        It is completed beside later ones.

        Raises:
            Inconclusive: it could not be had.
        """
        key = self._endpoint.key(1 if form == "version-1" else 4)
        (operation,) = self._deletes.accept_new(
            scope=scope, keys=[key.upper() if form == "capitals" else key]
        )
        self._deletes.later(operation)
        return operation

    def reuse(self, first: Operation, configuration: Configuration) -> Exchange:
        """Delete *configuration*, of another scope, under the key of *first*.

        Raises:
            Inconclusive: it conflicts with other work, of which *first* may be a part.
        """
        running = not first.done
        again = self._delete(first, configuration)
        for pause in (0.1, *CONFLICT_PAUSES_S) if is_conflict(again) else ():
            self._endpoint.finish([first])
            self._endpoint.wait(pause)
            again = self._delete(first, configuration)
            if not is_conflict(again):
                break
        if running and is_conflict(again):
            raise Inconclusive("the request in the other scope conflicts with other work")
        return again

    def _delete(self, first: Operation, configuration: Configuration) -> Exchange:
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._api.delete(configuration, key=first.accepted.key, call=call)

    def same_request(self, configuration: Configuration, key: str | None, axis: str) -> Exchange:
        """The delete under *key*, sent to another region or by another account.

        Raises:
            Inconclusive: the SID may name a configuration there, too.
        """
        there = self.other(axis)
        if axis == "account":
            return self._unauthorized.delete("other account", configuration, key=key)
        if self._unauthorized.may_exist(configuration.sid, there):
            raise Inconclusive(f"the SID {configuration.sid:.60} may exist in the other region")
        call = Call("delete", configuration.sid, judge_content=False)
        twin = Configuration(configuration.sid, scope=there)
        return past_500(lambda: self._api.delete(twin, key=key, call=call))

    def not_found(self, configuration: Configuration, key: str) -> Exchange:
        """The 404 to the delete of an existing SID in another region.

        Raises:
            Inconclusive: it was answered otherwise.
        """
        away = self.same_request(configuration, key, "region")
        if away.status != 404:
            raise Inconclusive(f"a SID of another region was answered {away.outcome()}")
        return away
