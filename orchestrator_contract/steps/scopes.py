"""Keys and configurations of other accounts and regions."""

from __future__ import annotations

from orchestrator_contract.exceptions import CheckInconclusive, only_this_check
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import is_conflict
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers


class Scopes(Step):
    """Sends what was sent in one scope again in another."""

    _deletes = Uses(Deletes)
    _unauthorized = Uses(UnauthorizedCallers)

    # ---------------------------------------------------------------- which

    def other(self, axis: str) -> Scope:
        """The scope that differs from the default in "account" or "region".

        Raises:
            CheckInconclusive: the target has one only.
        """
        scope = Scope(1, 0) if axis == "account" else Scope(0, 1)
        if not self._endpoint.profile.has(scope):
            raise CheckInconclusive(f"needs {axis}s")
        return scope

    def farthest(self) -> Scope:
        """The second account and region, as far as the target has them.

        Raises:
            CheckInconclusive: the target has one account and one region.
        """
        for scope in (Scope(1, 1), Scope(1, 0), Scope(0, 1)):
            if self._endpoint.profile.has(scope):
                return scope
        raise CheckInconclusive("needs accounts or regions")

    def back(self, axis: str) -> tuple[Scope, Scope]:
        """The farthest scope, and that scope moved back on *axis*.

        Raises:
            CheckInconclusive: the target has one account, or one region, only.
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
            CheckInconclusive: it could not be had.
        """
        key = self._endpoint.key(1 if form == "version-1" else 4)
        with only_this_check():
            (operation,) = self._deletes.accept_new(
                scope=scope, keys=[key.upper() if form == "capitals" else key]
            )
        self._deletes.later(operation)
        return operation

    def reuse(self, first: Operation, configuration: Configuration) -> Exchange:
        """Delete *configuration*, of another scope, under the key of *first*.

        Raises:
            CheckInconclusive: it conflicts with other work, of which *first* may be a part.
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
            raise CheckInconclusive("the request in the other scope conflicts with other work")
        return again

    def _delete(self, first: Operation, configuration: Configuration) -> Exchange:
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._api.delete(configuration, key=first.accepted.key, call=call)

    def same_request(self, configuration: Configuration, key: str | None, axis: str) -> Exchange:
        """The delete under *key*, sent to another region or by another account.

        Raises:
            CheckInconclusive: the SID may name a configuration there, too.
        """
        there = self.other(axis)
        if axis == "account":
            return self._unauthorized.other_account(configuration, key=key)
        if self._unauthorized.may_exist(configuration.sid, there):
            raise CheckInconclusive(
                f"the SID {configuration.sid:.60} may exist in the other region"
            )
        call = Call("delete", configuration.sid, judge_content=False)
        twin = Configuration(configuration.sid, scope=there)
        return past_500(lambda: self._api.delete(twin, key=key, call=call))

    def not_found(self, configuration: Configuration, key: str) -> Exchange:
        """The 404 to the delete of an existing SID in another region.

        Raises:
            CheckInconclusive: it was answered otherwise.
        """
        away = self.same_request(configuration, key, "region")
        if away.status != 404:
            raise CheckInconclusive(f"a SID of another region was answered {away.outcome()}")
        return away
