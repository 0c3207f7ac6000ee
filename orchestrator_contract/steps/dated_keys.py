"""Idempotency keys of several kinds, all first used together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.step import Step, Uses

CREATE, NEVER_POLLED = "create", "never-polled"
_FAILED = "failed"
_VERSIONS = {"version-1": 1, "version-7": 7}
_SCOPES = {
    "another-account": Scope(1, 0),
    "another-region": Scope(0, 1),
    "another-account-and-region": Scope(1, 1),
}


class DatedKeys(Step):
    """One key of each kind, with the operation that its first use started.

    A kind is a form of key, a scope, the end of its operation, the call that it was used for, or a
    name of the caller's own for a plain key.
    """

    _deletes = Uses(Deletes)
    _failed_operations = Uses(FailedOperations)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._creator = endpoint.configurations.creator
        self._payload: dict[str, Any] = {}
        self._operations: dict[str, Operation] = {}
        #: The configuration of the create under a key.
        self.created: Configuration | None = None
        #: Why there is no key of a kind.
        self._missing: dict[str, str] = {}

    # ---------------------------------------------------------------- first uses

    def begin(self, kinds: Sequence[str]) -> None:
        """Use a key of each of *kinds*; follow all but the never-polled one.

        Raises:
            Inconclusive: none can be had in the default scope.
        """
        here = [kind for kind in kinds if self._is_possible(kind) and kind != CREATE]
        configurations = self._configurations(here)
        self._operations = self.attempt_each(
            lambda kind: self._accept(kind, configurations[kind]), list(configurations)
        )
        self._complete()
        self._fail()
        if CREATE in kinds and self._is_possible(CREATE):
            self._operations |= self.attempt_each(self._create, [CREATE])

    def _is_possible(self, kind: str) -> bool:
        profile, trigger = self._endpoint.profile, self._endpoint.profile.operation_failure
        if not profile.has(_SCOPES.get(kind, DEFAULT_SCOPE)):
            self._missing[kind] = "needs accounts or regions"
        if kind == _FAILED and (trigger is None or not trigger.headers):
            self._missing[kind] = "needs operation_failure by headers"
        if kind == CREATE and profile.provision.mode != "create":
            self._missing[kind] = "needs create"
        return kind not in self._missing

    def _configurations(self, kinds: Sequence[str]) -> dict[str, Configuration]:
        home = [kind for kind in kinds if kind not in _SCOPES]
        found = self._endpoint.configurations.take(len(home), least=1) if home else []
        configurations = dict(zip(home, found, strict=False))
        self._missing |= dict.fromkeys(home[len(found) :], "there is too little to delete")
        away = [kind for kind in kinds if kind in _SCOPES]
        return configurations | self.attempt_each(
            lambda kind: self._endpoint.configurations.one(scope=_SCOPES[kind]), away
        )

    def _accept(self, kind: str, configuration: Configuration) -> Operation:
        key = self._endpoint.key(_VERSIONS.get(kind, 4))
        key = key.upper() if kind == "capitals" else key
        trigger: Trigger | None = self._failed_operations.trigger if kind == _FAILED else None
        return self._deletes.accept(configuration, key=key, trigger=trigger)

    def _complete(self) -> None:
        pending = {k: o for k, o in self._operations.items() if k not in (_FAILED, NEVER_POLLED)}
        completed = self._deletes.complete([*pending.values()]) if pending else []
        done = {one.configuration: one for one in completed}
        for kind, operation in pending.items():
            if operation.configuration in done:
                self._operations[kind] = done[operation.configuration]
            else:
                self.drop(kind, "its delete was not seen to end COMPLETED")

    def _fail(self) -> None:
        pending = {kind: one for kind, one in self._operations.items() if kind == _FAILED}
        failed: list[Operation] = []
        with contextlib.suppress(Inconclusive):
            failed = self._failed_operations.judged([*pending.values()]) if pending else []
        for kind in [kind for kind, one in pending.items() if one not in failed]:
            self.drop(kind, "its operation did not end FAILED")

    def _create(self, _kind: str) -> Operation:
        self._payload = self._creator.payloads.plain()
        operation = self._creator.begin(self._payload, self._endpoint.key())
        self.created = self._creator.conclude(operation, self._payload)
        return operation

    # ---------------------------------------------------------------- further uses

    @property
    def kinds(self) -> list[str]:
        """The kinds of which there is a key."""
        return list(self._operations)

    def __getitem__(self, kind: str) -> Operation:
        return self._operations[kind]

    def why_missing(self, kind: str) -> str:
        """Why there is no key of a kind."""
        return self._missing.get(kind, "no such key was used")

    def repeat(self, kind: str, connection: str) -> Exchange:
        """Send the first request under the key of a kind again."""
        operation = self[kind]
        if kind != CREATE:
            return self._deletes.repeat(operation, connection=connection)
        first, payload = operation.accepted, self._payload
        return past_500(lambda: self._creator.create_again(payload, str(first.key), first))

    def drop(self, kind: str, reason: str) -> None:
        """Use the key of a kind no more."""
        self._operations.pop(kind, None)
        self._missing[kind] = reason

    def attempt_each(self, function: Callable[[str], Any], kinds: Sequence[str]) -> dict[str, Any]:
        """Results of *function* by kind, in parallel, without inconclusive kinds."""

        def attempt(kind: str) -> Any:
            try:
                return function(kind)
            except Inconclusive as error:
                self.drop(kind, str(error))
                return None

        results = self._endpoint.client.parallel(attempt, kinds)
        found = zip(kinds, results, strict=True)
        return {kind: result for kind, result in found if result is not None}
