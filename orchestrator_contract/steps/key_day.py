"""One day of idempotency keys, shared by the tests that look at it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import idempotency
from orchestrator_contract.steps.clock import DAY, Clock
from orchestrator_contract.steps.dated_keys import CREATE, NEVER_POLLED, DatedKeys
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.step import Step, Uses

_T = TypeVar("_T")

#: Age of a key that must be new: by a clock of whole seconds, too, it is 25 hours then.
_EXPIRED_S = KEY_EXPIRES_S + 5
#: Age of a key that may have expired or not.
_BETWEEN_S = DAY + HOUR // 2
#: Kinds with a part of their own: refused on another SID meanwhile, first used at 23 h 55 min, and
#: not used again before 25 h, when it comes with another SID.
_REFUSED, _YOUNG, _UNUSED = "refused-on-another-sid", "young", "unused-until-25-h"
#: Kinds of keys that are used again on their day, and after it; the plain one tells most.
EXPIRED_KINDS = (
    "plain",
    "used-once",
    "used-all-day",
    "capitals",
    "version-1",
    "version-7",
    "another-account",
    "another-region",
    "another-account-and-region",
    NEVER_POLLED,
    "failed",
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
    """Keys used together, again at set hours, and after 25 hours."""

    _deletes = Uses(Deletes)
    _keys = Uses(DatedKeys)
    _key_reuse = Uses(KeyReuse)
    _clock = Uses(Clock)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._age_s = 0
        self._uses = 0
        self._replays: dict[str, list[KeyUse]] = {}
        self._expired: dict[str, KeyUse] = {}
        self._on_another_sid: dict[str, KeyUse] = {}
        self._renewed: dict[str, KeyUse] = {}
        self._refusals: dict[str, tuple[Configuration, list[Exchange]]] = {}

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
        return self._found(_REFUSED, self._refusals)

    def created(self) -> tuple[Configuration, KeyUse]:
        """The configuration of a keyed create, and the key's use 25 hours later."""
        use = self._found(CREATE, self._expired)
        assert self._keys.created is not None  # for the type checker: its key was used
        return self._keys.created, use

    def _found(self, kind: str, uses: Mapping[str, _T]) -> _T:
        if kind not in uses:
            raise Inconclusive(self._keys.why_missing(kind))
        return uses[kind]

    # ---------------------------------------------------------------- the day

    def let_pass(self, kinds: Sequence[str]) -> None:
        """Use a key of each of *kinds*, and again over the next 25 hours.

        Raises:
            Inconclusive: there is nothing to delete, or the clock can't be moved.
        """
        self._keys.begin([kind for kind in kinds if kind != _YOUNG])
        self._let_end_unpolled()
        self._refuse()
        hours = {hour for kind in self._keys.kinds for hour in _HOURS.get(kind, ())}
        for hour in sorted(hours):
            self._pass_until(hour * HOUR)
            self._replay([kind for kind in self._keys.kinds if hour in _HOURS.get(kind, ())])
        self._pass_until(KEY_LIVES_S)
        self._replay([kind for kind in self._keys.kinds if kind != _UNUSED])
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
            operation = self._keys[kind]
            again = self._keys.repeat(kind, connection)
            lasted = time.monotonic() - operation.accepted.sent
            return KeyUse(operation, again, self._age_s + lasted)

        return self._keys.attempt_each(use, kinds)

    def _look_between(self) -> None:
        if "used-once" in self._keys.kinds:
            self._pass_until(_BETWEEN_S)
            for use in self._use(["used-once"]).values():
                replayed = use.again.status == 202
                idempotency.between(self._endpoint.findings, replayed=replayed, age_s=use.age_s)

    def _expire(self) -> None:
        self._use_on_another_sid(_UNUSED)
        uses = self._use([kind for kind in self._keys.kinds if kind != _UNUSED])
        for kind, use in uses.items():
            self._expired[kind] = use
            self._endpoint.follow(use.operation.configuration, use.again)
        # Of a deleted SID it is refused first, so it may stand for that request from now on.
        self._use_on_another_sid("used-all-day")

    # ---------------------------------------------------------------- kinds of their own

    def _first_use_late(self) -> list[Operation]:
        try:
            return self._deletes.completed()
        except Inconclusive as error:
            self._keys.drop(_YOUNG, str(error))
            return []

    def _use_on_another_sid(self, kind: str) -> None:
        if kind not in self._keys.kinds:
            return
        operation = self._keys[kind]
        with contextlib.suppress(Inconclusive):
            other = self._endpoint.configurations.one()
            again = self._key_reuse.send_past_conflicts(operation, other)
            self._on_another_sid[kind] = KeyUse(operation, again, self._age_s)
            renewed = self._deletes.completed_by(again, other)
            self._renewed[kind] = KeyUse(renewed, self._deletes.repeat(renewed), 0.0)

    def _refuse(self) -> None:
        """Have a key refused for another configuration."""
        if _REFUSED not in self._keys.kinds:
            return
        try:
            if _REFUSED not in self._refusals:
                self._refusals[_REFUSED] = self._endpoint.configurations.one(), []
            other, refusals = self._refusals[_REFUSED]
            refusals.append(self._key_reuse.refuse(self._keys[_REFUSED], other))
        except Inconclusive as error:
            self._refusals.pop(_REFUSED, None)
            self._keys.drop(_REFUSED, str(error))

    def _let_end_unpolled(self) -> None:
        """Wait for the end of an unpolled delete; some run until polled."""
        if NEVER_POLLED not in self._keys.kinds:
            return
        configuration = self._keys[NEVER_POLLED].configuration
        usual = self._endpoint.poller.usual_s("delete")
        deleted = self._endpoint.until(
            lambda: self._endpoint.client.fetch(configuration).status == 404,
            2 + 2 * usual,
            max(usual / 2, 0.2),
        )
        if not deleted:
            self._poll_late()
        self._endpoint.wait(usual)

    def _poll_late(self) -> None:
        with contextlib.suppress(Inconclusive):
            self._deletes.complete([self._keys[NEVER_POLLED]])
