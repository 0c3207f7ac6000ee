"""Creates: announced before they are sent, followed to their end, and identified."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.provision.identity import Identity, named_by
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import Payloads
from orchestrator_contract.provision.read_lag import ReadLag
from orchestrator_contract.provision.refusals import (
    Outlook,
    Refusal,
    TooFew,
    certainly_made_nothing,
    no_room,
)
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: No retry sends a name again: a 503 may have carried the create out, and names may be unique.
_OWN_RETRY = frozenset({429, 503})
#: Rounds without success after which it is given up; where others exist, their number is then what
#: there is room for.
_ATTEMPTS, _ATTEMPTS_WHERE_SOME_EXIST = 3, 2
#: The same where the next one may be taken: what refuses it passes, or room comes back.
_ATTEMPTS_IF_IT_MAY_PASS = 5
#: Pause before a refused create is followed by another one, in seconds; it doubles where room may
#: come back.
_AGAIN_S = 0.3
#: From so many creates at once on one of them is looked at before its end.
_SEVERAL = 5


@dataclass
class _Batch:
    """Creates of one call: optional members of those still to be made, and what was made."""

    left: list[Mapping[str, Any]]
    scope: Scope
    made: list[Configuration] = field(default_factory=list)
    #: Why the newest that was refused was.
    refusal: Refusal | None = None
    #: Rounds with a refusal since the last one that made all.
    attempts: int = 0


class Creator:
    """Creates configurations on one target; what exists goes into the inventory."""

    def __init__(
        self,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        run_id: str,
        make_room: Callable[[Scope], bool],
    ) -> None:
        """*make_room* deletes what no test needs any longer; true if it helps."""
        self._client = client = poller.client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self._make_room = make_room
        self.listing = Pagination(client, findings)
        self.identity = Identity(self.listing)
        self._read_lag = ReadLag(self.listing, findings, self.identity.seen)
        self.payloads = Payloads(client, run_id)
        self._outlook = Outlook()
        #: Names of creates that somebody follows: what they make is not lost.
        self._followed: set[str] = set()

    # ---------------------------------------------------------------- several at once

    def create(
        self, members: Sequence[Mapping[str, Any]], scope: Scope, *, spare: int = 0
    ) -> list[Configuration]:
        """New configurations with these optional members and *spare* plain ones, if there is room.

        Raises:
            TooFew: there are not as many; it holds those that were made.
        """
        self._outlook.check(scope)
        self.identity.look_before(scope)
        batch = _Batch([*members, *({} for _ in range(spare))], scope)
        while batch.left and self._may_go_on(batch, spare):
            granted = self._inventory.take_room(1 if batch.attempts else len(batch.left), scope)
            if not granted:
                if batch.attempts and self.recover(batch.scope):
                    continue  # one without a clear response has made nothing
                break
            self._round(batch, granted)
        self._read_lag.wait(batch.made)
        if len(batch.left) > spare:
            raise self._too_few(batch)
        if batch.made:
            self._outlook.succeeded()
        return batch.made

    def _may_go_on(self, batch: _Batch, spare: int) -> bool:
        """True if another round may make what is left; after a refusal *spare* may stay so."""
        if not batch.attempts or batch.refusal is None:
            return True
        if len(batch.left) <= spare or batch.attempts >= self._most_attempts(batch, batch.refusal):
            return False
        return self._pause(batch, batch.refusal)

    def _room_may_come(self, batch: _Batch, refusal: Refusal) -> bool:
        """True if the account was not full with this, or a delete has not made its room yet."""
        scope, has_some = batch.scope, self._inventory.has_some(batch.scope)
        unlike_before = bool(self._inventory.bound(scope)) and not has_some
        return refusal.may_be_full and (unlike_before or self._inventory.lost_one_lately(scope))

    def _most_attempts(self, batch: _Batch, refusal: Refusal) -> int:
        if refusal.may_pass or self._room_may_come(batch, refusal):
            return _ATTEMPTS_IF_IT_MAY_PASS
        if self._inventory.has_some(batch.scope):
            return _ATTEMPTS_WHERE_SOME_EXIST
        # Credentials or a memory store of another scope are refused for all.
        return 1 if batch.scope != DEFAULT_SCOPE and refusal.refuses else _ATTEMPTS

    def _pause(self, batch: _Batch, refusal: Refusal) -> bool:
        """Wait before the next round; false where the endpoint asks for longer than it may."""
        longer = batch.attempts - 1 if self._room_may_come(batch, refusal) else 0
        delay: float | None = _AGAIN_S * 2**longer
        if refusal.asks_to_wait is not None:
            delay = self._client.retry.delay(refusal.asks_to_wait, batch.attempts + 2)
        if delay is None:
            return False
        with self._client.steps.step(f"waiting {delay:.3g} s after a refused create"):
            time.sleep(delay)
        return True

    def _round(self, batch: _Batch, number: int) -> None:
        """Send the next *number* creates at once, and follow them to their end."""
        extras, batch.left = batch.left[:number], batch.left[number:]
        payloads = [
            # One that was refused is sent again like one that was taken: it only prepares.
            self.payloads.plain(batch.scope)
            if batch.attempts
            else self.payloads.new(extra, batch.scope)
            for extra in extras
        ]
        by_name = {payload["displayName"]: payload for payload in payloads}
        self._inventory.announce(by_name, batch.scope)
        with self._following(*by_name):
            posted = dict(zip(by_name, self._post_all(payloads, batch.scope), strict=True))
            operations = {name: one for name, one in posted.items() if isinstance(one, Operation)}
            self._look_early([*operations.values()], batch.scope)
            self._poller.finish([*operations.values()], early=False)
            made = self._identify(operations, by_name, batch.scope)
        batch.made += made.values()
        for (name, outcome), extra in zip(posted.items(), extras, strict=True):
            if name not in made:
                batch.left.append(extra)
                batch.refusal = self._refusal(name, outcome)
        batch.attempts = 0 if len(made) == number else batch.attempts + 1

    def _post_all(
        self, payloads: Sequence[dict[str, Any]], scope: Scope
    ) -> list[Operation | Refusal]:
        """Send creates; where nothing exists yet, the others only once the first is accepted."""

        def post(payload: dict[str, Any]) -> Operation | Refusal:
            return self._post(payload, scope)

        if self._inventory.has_some(scope):
            return self._client.parallel(post, payloads)
        first, others = post(payloads[0]), payloads[1:]
        if isinstance(first, Operation):
            return [first, *self._client.parallel(post, others)]
        for payload in others:
            self._inventory.not_made(payload["displayName"])
        return [first] * len(payloads)

    def _refusal(self, name: str, outcome: Operation | Refusal) -> Refusal:
        if isinstance(outcome, Refusal):
            return outcome
        if outcome.done and outcome.status != "COMPLETED":
            self._inventory.vacate(name)
        return Refusal.after(outcome)

    def _look_early(self, operations: Sequence[Operation], scope: Scope) -> None:
        """Fetch one whose create still runs: no cache may remember that it was absent."""
        sid = named_by(operations[0]) if len(operations) >= _SEVERAL else None
        if sid is not None:
            with contextlib.suppress(Inconclusive):
                self._client.fetch(Configuration(sid, scope=scope))

    def recover(self, scope: Scope) -> bool:
        """Look once for what creates without a clear response made; true if that frees room.

        What other threads are about to identify is theirs.
        """
        names = self._inventory.uncertain(scope) - self._followed
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
            self._inventory.retire(one)
        free = names - sids.keys() - self._inventory.accepted.keys()
        self._inventory.vacate(*free)
        return bool(new or free)

    @contextlib.contextmanager
    def _following(self, *names: str) -> Iterator[None]:
        """Follow the creates of *names*, which are announced."""
        self._followed.update(names)
        try:
            yield
        finally:
            self._followed.difference_update(names)

    # ---------------------------------------------------------------- what can't be created

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
            self._outlook.close(scope, refusal)
        elif not made:
            self._outlook.failed(refusal)
        return refusal.as_error(made, scope, full=full)

    # ---------------------------------------------------------------- one request

    def _post(
        self,
        payload: dict[str, Any],
        scope: Scope,
        key: str | None = None,
        *,
        name: str = "",
        send: Callable[[Request], Exchange] | None = None,
    ) -> Operation | Refusal:
        """Send one create; return its operation or its refusal."""
        shown = payload["displayName"]
        name = name or shown
        self._inventory.unresolved[name] = scope
        call, path = Call("create", shown), "/Configurations"
        out = self._client.request(call, "POST", path, key=key, payload=payload, scope=scope)
        try:
            exchange = send(out) if send else self._client.send(out, returns=_OWN_RETRY)
            return self._accepted(exchange, name, payload)
        except Inconclusive as error:
            if certainly_made_nothing(error):
                self._inventory.not_made(name)
            return Refusal.of(error)

    def _accepted(
        self, exchange: Exchange, name: str, payload: dict[str, Any]
    ) -> Operation | Refusal:
        if exchange.succeeded:
            control_plane.accepted(self._findings, exchange)
        elif exchange.status in range(400, 500) and 503 not in exchange.before:
            self._inventory.not_made(name)
        else:  # a 503 may stand for a create under way
            self._inventory.unclear.add(name)
        if exchange.status != 202:
            return Refusal.by(exchange)
        self.payloads.taken(payload)
        operation = self._poller.accept(exchange, Configuration(""))
        self._inventory.accepted[name] = operation
        return operation

    def _identify(
        self,
        operations: Mapping[str, Operation],
        payloads: Mapping[str, dict[str, Any]],
        scope: Scope,
    ) -> dict[str, Configuration]:
        """Identify what ended creates have made; return it by name."""
        done = {name: one for name, one in operations.items() if one.status == "COMPLETED"}
        sids = {name: sid for name, one in done.items() if (sid := named_by(one)) is not None}
        found = self.identity.find(done.keys() - sids.keys(), scope)
        shown = self.identity.look_after(len(sids), scope)
        sids |= found

        def is_new(name: str) -> bool:
            # Of what the list alone names a fetch has to show the name, too.
            listed = {} if name in found else shown
            return self.identity.is_new(sids[name], name, scope, listed)

        names = [name for name in payloads if name in sids]
        new = self._client.parallel(is_new, names)
        made = {
            name: self._made(sids[name], payloads[name], scope)
            for name, own in zip(names, new, strict=True)
            if own
        }
        self._inventory.created(made.values())
        return made

    def _made(
        self, sid: str, payload: dict[str, Any], scope: Scope, name: str = ""
    ) -> Configuration:
        configuration = Configuration(
            sid,
            name or payload["displayName"],
            scope,
            payload,
            created=time.monotonic(),
            shown=self.identity.shown.pop((scope, sid), {}),
        )
        self._inventory.add(configuration)
        return configuration
