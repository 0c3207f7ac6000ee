"""One day of idempotency keys, shared by the tests that look at it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import idempotency
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.clock import DAY, Clock
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.step import Step, Uses

_T = TypeVar("_T")

#: Age of a key that must be new: by a clock of whole seconds, too, it is 25 hours then.
_EXPIRED_S = KEY_EXPIRES_S + 5
#: Age of a key that may have expired or not.
_BETWEEN_S = DAY + HOUR // 2
CREATE, NEVER_POLLED, _FAILED = "create", "never-polled", "failed"
_VERSIONS = {"version-1": 1, "version-7": 7}
_SCOPES = {
    "another-account": Scope(1, 0),
    "another-region": Scope(0, 1),
    "another-account-and-region": Scope(1, 1),
}
#: Kinds with a part of their own: refused on another SID meanwhile, first used at 23 h 55 min, and
#: not used again before 25 h, when it comes with another SID.
_REFUSED, _YOUNG, _UNUSED = "refused-on-another-sid", "young", "unused-until-25-h"
#: Kinds of keys that are used again on their day, and after it; the plain one tells most.
EXPIRED_KINDS = (
    "plain",
    "used-once",
    "used-all-day",
    "capitals",
    *_VERSIONS,
    *_SCOPES,
    NEVER_POLLED,
    _FAILED,
    _REFUSED,
    CREATE,
)
REPLAYED_KINDS = (*EXPIRED_KINDS, _YOUNG)
#: Hours at which a key is used again, beside 23 h 55 min: a store in layers may lose it on the way.
_HOURS = {
    "used-all-day": (1, 3, 6, 11, 16, 22),
    "used-once": (1,),
    NEVER_POLLED: (1,),
}


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key that was sent again."""

    operation: Operation
    again: Exchange
    #: Seconds since its first use, by the endpoint's clock.
    age_s: float


class KeyDay(Step):
    """Keys used together, again at set hours, and after 25 hours.

    There is one key of each kind. A kind is a form of key, a scope, the end of its operation, the
    call that it was used for, or how the key is used on its day.
    """

    _deletes = Uses(Deletes)
    _failed_operations = Uses(FailedOperations)
    _key_reuse = Uses(KeyReuse)
    _clock = Uses(Clock)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._creator = endpoint.configurations.creator
        #: The operations that the first uses started, by kind.
        self._operations: dict[str, Operation] = {}
        #: Why there is no key of a kind.
        self._missing: dict[str, str] = {}
        #: The payload of the create under a key.
        self._payload: dict[str, Any] = {}
        self._created: Configuration | None = None
        self._age_s = 0
        self._uses = 0
        self._replays: dict[str, list[KeyUse]] = {}
        self._expired: dict[str, KeyUse] = {}
        self._on_another_sid: dict[str, KeyUse] = {}
        self._renewed: dict[str, KeyUse] = {}
        self._refused_on: Configuration | None = None
        self._refusals: list[Exchange] = []

    # ---------------------------------------------------------------- for tests

    def replays(self, kind: str) -> list[KeyUse]:
        """Uses of the key of a kind up to 23 h 55 min after its first.

        Raises:
            Inconclusive: there is none, as for the others below.
        """
        return self._found(kind, self._replays)

    def expired(self, kind: str) -> KeyUse:
        """A kind's key for the same request, 25 hours after its first use."""
        return self._found(kind, self._expired)

    def on_another_sid(self, kind: str) -> KeyUse:
        """A kind's key for another configuration, 25 hours after."""
        return self._found(kind, self._on_another_sid)

    def renewed(self, kind: str) -> KeyUse:
        """The replay of that use."""
        return self._found(kind, self._renewed)

    def refusals(self) -> tuple[Configuration, list[Exchange]]:
        """A configuration whose key was refused twice, with both refusals."""
        if self._refused_on is None:
            raise self._lacking(_REFUSED)
        return self._refused_on, self._refusals

    def created(self) -> tuple[Configuration, KeyUse]:
        """The configuration of a keyed create, and the key's use 25 hours later."""
        if self._created is None:
            raise self._lacking(CREATE)
        return self._created, self._found(CREATE, self._expired)

    def _found(self, kind: str, uses: Mapping[str, _T]) -> _T:
        if kind not in uses:
            raise self._lacking(kind)
        return uses[kind]

    def _lacking(self, kind: str) -> Inconclusive:
        return Inconclusive(self._missing.get(kind, "no such key was used"))

    # ---------------------------------------------------------------- the day

    def let_pass(self, kinds: Sequence[str]) -> None:
        """Use a key of each of *kinds*, and again over the next 25 hours.

        Raises:
            Inconclusive: there is nothing to delete, or the clock can't be moved.
        """
        self._begin([kind for kind in kinds if kind != _YOUNG])
        self._let_end_unpolled()
        self._refuse()
        hours = {hour for kind in self._operations for hour in _HOURS.get(kind, ())}
        for hour in sorted(hours):
            self._pass_until(hour * HOUR)
            self._replay([kind for kind in self._operations if hour in _HOURS.get(kind, ())])
        self._pass_until(KEY_LIVES_S)
        self._replay([kind for kind in self._operations if kind != _UNUSED])
        self._refuse()
        young = self._first_use_late() if _YOUNG in kinds else []
        self._look_between()
        self._pass_until(_EXPIRED_S)
        self._expire()
        for operation, again in self._deletes.repeat_each(young):
            self._replays[_YOUNG] = [KeyUse(operation, again, _EXPIRED_S - KEY_LIVES_S)]

    def _pass_until(self, age_s: int) -> None:
        self._clock.advance(age_s - self._age_s)
        self._age_s = age_s

    def _replay(self, kinds: Sequence[str]) -> None:
        for kind, use in self._use(kinds).items():
            self._replays.setdefault(kind, []).append(use)
        if NEVER_POLLED in kinds:
            self._poll_late()

    def _use(self, kinds: Sequence[str]) -> dict[str, KeyUse]:
        """Send each kind's first request again, half on new connections."""
        self._uses += 1
        connection = "new" if self._uses % 2 else "reused"

        def use(kind: str) -> KeyUse:
            operation = self._operations[kind]
            again = self._repeat(kind, connection)
            lasted = time.monotonic() - operation.accepted.sent
            return KeyUse(operation, again, self._age_s + lasted)

        return self._attempt_each(use, kinds)

    def _look_between(self) -> None:
        if "used-once" in self._operations:
            self._pass_until(_BETWEEN_S)
            for use in self._use(["used-once"]).values():
                replayed = use.again.status == 202
                idempotency.between(self._endpoint.findings, replayed=replayed, age_s=use.age_s)

    def _expire(self) -> None:
        started = self._use_on_another_sid(_UNUSED)
        uses = self._use([kind for kind in self._operations if kind != _UNUSED])
        for kind, use in uses.items():
            self._expired[kind] = use
            self._endpoint.follow(use.operation.configuration, use.again)
        # Of a deleted SID it is refused first, so it may stand for that request from now on.
        started |= self._use_on_another_sid("used-all-day")
        self._renew(started)

    # ---------------------------------------------------------------- first uses

    def _begin(self, kinds: Sequence[str]) -> None:
        """Use a key of each of *kinds*; follow all but the never-polled one.

        Raises:
            Inconclusive: none can be had in the default scope.
        """
        here = [kind for kind in kinds if self._is_possible(kind) and kind != CREATE]
        configurations = self._configurations(here)
        self._operations = self._attempt_each(
            lambda kind: self._accept(kind, configurations[kind]), list(configurations)
        )
        self._complete()
        self._fail()
        if CREATE in kinds and self._is_possible(CREATE):
            self._operations |= self._attempt_each(self._create, [CREATE])

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
        return configurations | self._attempt_each(
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
                self._drop(kind, "its delete was not seen to end COMPLETED")

    def _fail(self) -> None:
        if _FAILED not in self._operations:
            return
        try:
            self._failed_operations.judged([self._operations[_FAILED]])
        except Inconclusive:
            self._drop(_FAILED, "its operation did not end FAILED")

    def _create(self, _kind: str) -> Operation:
        self._payload = self._creator.payloads.plain()
        operation = self._creator.begin(self._payload, self._endpoint.key())
        self._created = self._creator.conclude(operation, self._payload)
        return operation

    # ---------------------------------------------------------------- kinds of their own

    def _first_use_late(self) -> list[Operation]:
        try:
            return self._deletes.completed()
        except Inconclusive as error:
            self._drop(_YOUNG, str(error))
            return []

    def _use_on_another_sid(self, kind: str) -> dict[str, Operation]:
        """The operation that the key of a *kind* starts there, if it does."""
        if kind not in self._operations:
            return {}
        operation = self._operations[kind]
        with contextlib.suppress(Inconclusive):
            other = self._endpoint.configurations.one()
            again = self._key_reuse.send_past_conflicts(operation, other)
            self._on_another_sid[kind] = KeyUse(operation, again, self._age_s)
            if again.status == 202:
                return {kind: self._endpoint.poller.accept(again, other)}
        return {}

    def _renew(self, started: Mapping[str, Operation]) -> None:
        """Complete what keys have *started* on another SID, and replay them."""
        with contextlib.suppress(Inconclusive):
            completed = self._deletes.complete([*started.values()])
            done = {one.configuration: one for one in completed}
            for kind, operation in started.items():
                if (renewed := done.get(operation.configuration)) is not None:
                    self._renewed[kind] = KeyUse(renewed, self._deletes.repeat(renewed), 0.0)

    def _refuse(self) -> None:
        """Have a key refused for another configuration."""
        if _REFUSED not in self._operations:
            return
        try:
            self._refused_on = self._refused_on or self._endpoint.configurations.one()
            refused = self._key_reuse.refuse(self._operations[_REFUSED], self._refused_on)
            self._refusals.append(refused)
        except Inconclusive as error:
            self._refused_on = None
            self._drop(_REFUSED, str(error))

    def _let_end_unpolled(self) -> None:
        """Wait for the end of an unpolled delete; some run until polled."""
        if NEVER_POLLED not in self._operations:
            return
        configuration = self._operations[NEVER_POLLED].configuration
        usual = self._endpoint.poller.usual_s("delete")
        deleted = self._endpoint.until(
            lambda: self._endpoint.client.fetch(configuration).status == 404,
            2 + 2 * usual,
            max(usual / 2, 0.2),
        )
        if not deleted:
            self._poll_late()
        # Its operation may end after it is gone.
        spent = time.monotonic() - self._operations[NEVER_POLLED].accepted.sent
        self._endpoint.wait(max(2 * usual - spent, 0))

    def _poll_late(self) -> None:
        with contextlib.suppress(Inconclusive):
            self._deletes.complete([self._operations[NEVER_POLLED]])

    # ---------------------------------------------------------------- what all uses share

    def _repeat(self, kind: str, connection: str) -> Exchange:
        """Send the first request under the key of a kind again."""
        operation = self._operations[kind]
        if kind != CREATE:
            return self._deletes.repeat(operation, connection=connection)
        first, payload = operation.accepted, self._payload
        return past_500(lambda: self._creator.create_again(payload, str(first.key), first))

    def _drop(self, kind: str, reason: str) -> None:
        """Use the key of a kind no more."""
        self._operations.pop(kind, None)
        self._missing[kind] = reason

    def _attempt_each(self, function: Callable[[str], Any], kinds: Sequence[str]) -> dict[str, Any]:
        """Results of *function* by kind, in parallel, without inconclusive kinds."""

        def attempt(kind: str) -> Any:
            try:
                return function(kind)
            except Inconclusive as error:
                self._drop(kind, str(error))
                return None

        results = self._api.parallel(attempt, kinds)
        found = zip(kinds, results, strict=True)
        return {kind: result for kind, result in found if result is not None}
