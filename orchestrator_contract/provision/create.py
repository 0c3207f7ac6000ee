"""Creating configurations, several at once: announced before they are sent, followed to their end, and identified."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.provision.identity import named_by
from orchestrator_contract.provision.refusals import Refusal, TooFew, no_room
from orchestrator_contract.provision.single import SingleCreates
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: Rounds without success after which it is given up; where others exist, their number is then what there is room for.
_ATTEMPTS, _ATTEMPTS_WHERE_SOME_EXIST = 3, 2
#: The same for creates that are answered 429 or 503, which may pass.
_ATTEMPTS_WHILE_THROTTLED = 5
#: Pause before a refused create is followed by another one, in seconds.
_AGAIN_S = 0.3
#: From so many creates at once on one of them is looked at before its end.
_SEVERAL = 5
#: Calls in a row that led to nothing, after which there is a pause before the next, longer each time, in seconds.
_MAX_FRUITLESS = 3
_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 80.0


@dataclass
class _Batch:
    """Creates of one call: what is wanted, what was made, and why the rest was not."""

    #: Optional members of each create.
    wanted: Sequence[dict[str, Any]]
    scope: Scope
    made: dict[int, Configuration] = field(default_factory=dict)
    #: Why the newest that was refused was.
    refusal: Refusal | None = None
    #: Rounds with a refusal since the last one that made something.
    attempts: int = 0

    @property
    def missing(self) -> list[int]:
        return [index for index in range(len(self.wanted)) if index not in self.made]


class Creator(SingleCreates):
    """Creates configurations on one target."""

    #: How many calls in a row led to nothing, why the last one did, and when the next may be made.
    _fruitless = 0
    _resume_at = 0.0
    _problem: Refusal | None = None

    def create(
        self,
        number: int,
        scope: Scope = DEFAULT_SCOPE,
        extras: Sequence[dict[str, Any]] = (),
        *,
        spare: int = 0,
    ) -> list[Configuration]:
        """*number* new configurations in *scope*; up to *spare* fewer where there is room for less.

        Raises:
            TooFew: there are not as many; it holds those that were made.
        """
        self._check_hope(scope)
        self.identity.look_before(scope)
        batch = _Batch([extras[i] if i < len(extras) else {} for i in range(number)], scope)
        while batch.missing and self._may_go_on(batch, number - spare):
            granted = self._inventory.take_room(self._at_once(batch), scope)
            if not granted:
                break
            self._round(batch, batch.missing[:granted])
        made = [batch.made[index] for index in sorted(batch.made)]
        self._read_lag.wait(made)
        if len(made) < number - spare:
            raise self._too_few(batch)
        if made:
            self._fruitless = 0
        return made

    def _at_once(self, batch: _Batch) -> int:
        """How many to send now: one, where it is to be seen whether any is taken."""
        unknown = batch.scope != DEFAULT_SCOPE and not self._inventory.has_some(batch.scope)
        return 1 if batch.attempts or unknown else len(batch.missing)

    def _may_go_on(self, batch: _Batch, least: int) -> bool:
        """True if another round may make what is missing; after a refusal *least* are enough."""
        if not batch.attempts or batch.refusal is None:
            return True
        if len(batch.made) >= least or batch.attempts >= self._most_attempts(batch):
            return False
        return self._pause(batch.refusal, batch.attempts)

    def _most_attempts(self, batch: _Batch) -> int:
        refusal = batch.refusal
        if refusal is not None and refusal.asks_to_wait is not None:
            return _ATTEMPTS_WHILE_THROTTLED
        if self._inventory.has_some(batch.scope):
            return _ATTEMPTS_WHERE_SOME_EXIST
        # Credentials or a memory store of another scope are refused for all.
        lasts = batch.scope != DEFAULT_SCOPE and refusal is not None and refusal.refuses
        return 1 if lasts else _ATTEMPTS

    def _pause(self, refusal: Refusal, attempts: int) -> bool:
        """Wait before the next round; False where the endpoint asks for longer than it may."""
        delay: float | None = _AGAIN_S
        if refusal.asks_to_wait is not None:
            delay = self._client.retry.delay(refusal.asks_to_wait, attempts + 2)
        if delay is None:
            return False
        with self._client.steps.step(f"waiting {delay:.3g} s after a refused create"):
            time.sleep(delay)
        return True

    # ---------------------------------------------------------------- one round

    def _round(self, batch: _Batch, indices: Sequence[int]) -> None:
        """Send these creates at once, and follow them to their end."""
        payloads = {
            # A payload that was refused is sent once more like one that was taken: it only prepares.
            index: self.payloads.plain(batch.scope)
            if batch.attempts
            else self.payloads.new(batch.wanted[index], batch.scope)
            for index in indices
        }
        by_name = {payload["displayName"]: payload for payload in payloads.values()}
        self._inventory.announce(by_name, batch.scope)
        results = self._client.parallel(
            lambda payload: self._post(payload, batch.scope), list(by_name.values())
        )
        outcomes = dict(zip(by_name, results, strict=True))
        operations = {name: one for name, one in outcomes.items() if isinstance(one, Operation)}
        self._look_early([*operations.values()], batch.scope)
        self._poller.finish([*operations.values()], early=False)
        made = self._identify(operations, by_name, batch.scope)
        for index, payload in payloads.items():
            name = payload["displayName"]
            if name in made:
                batch.made[index] = made[name]
            else:
                batch.refusal = self._refusal(name, outcomes[name])
        batch.attempts = 0 if len(made) == len(indices) else batch.attempts + 1

    def _refusal(self, name: str, outcome: Operation | Refusal) -> Refusal:
        if isinstance(outcome, Refusal):
            return outcome
        if outcome.done and outcome.status != "COMPLETED":
            self._inventory.vacate(name)
        return Refusal.after(outcome)

    def _look_early(self, operations: Sequence[Operation], scope: Scope) -> None:
        """Fetch one of several whose creates still run: no cache may remember that it was absent."""
        sid = named_by(operations[0]) if len(operations) >= _SEVERAL else None
        if sid is not None:
            with contextlib.suppress(Inconclusive):
                self._client.fetch(Configuration(sid, scope=scope))

    def recover(self, scope: Scope) -> bool:
        """Look once for what creates without a clear response made; true if that frees room."""
        names = self._inventory.uncertain(scope)
        if not names:
            return False
        sids = self.identity.listed_under(names, scope)
        new = [
            Configuration(sid, name, scope)
            for name, sid in sids.items()
            if self.identity.is_new(sid, name, scope)
        ]
        for one in new:
            self._inventory.add(one)
        free = names - sids.keys() - self._inventory.accepted.keys()
        self._inventory.vacate(*free)
        return bool(new or free)

    # ---------------------------------------------------------------- what can't be created

    def _check_hope(self, scope: Scope) -> None:
        """Let a call begin, unless those before it led to nothing: each costs its waits, and may leave something behind.

        Raises:
            TooFew: they did.
        """
        refusal = self._closed.get(scope)
        if self._fruitless >= _MAX_FRUITLESS and time.monotonic() < self._resume_at:
            refusal = refusal or self._problem
        if refusal is not None:
            raise refusal.as_error({}, scope, full=False)

    def _too_few(self, batch: _Batch) -> TooFew:
        """The error for a call that made too few, once the inventory knows of it."""
        made, refusal, scope = batch.made, batch.refusal, batch.scope
        if refusal is None or not batch.attempts:
            return no_room(self._inventory.bound(scope), made)
        exist = self._inventory.has_some(scope)
        full = refusal.may_be_full and exist
        if full:
            self._inventory.room_is_full(scope)
        elif scope != DEFAULT_SCOPE and not exist and refusal.refuses:
            self._closed[scope] = refusal
        elif not made:
            self._count_fruitless(refusal)
        return refusal.as_error(made, scope, full=full)

    def _count_fruitless(self, refusal: Refusal) -> None:
        self._fruitless += 1
        self._problem = refusal
        pause = min(_PAUSE_S * 2.0 ** (self._fruitless - _MAX_FRUITLESS), _LONGEST_PAUSE_S)
        self._resume_at = time.monotonic() + pause
