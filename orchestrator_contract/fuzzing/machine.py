"""The calls of the contract in any order: a Hypothesis state machine over one target."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import hypothesis.strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orchestrator_contract.contract.limits import HOUR, LARGEST_PAGE
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing.histories import History
from orchestrator_contract.fuzzing.keys import forms
from orchestrator_contract.fuzzing.model import DELETE, FETCH, UPDATED, Known, State, Used
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import authorization, deletion, idempotency
from orchestrator_contract.rules.idempotency import KEY_USED, MISMATCH
from orchestrator_contract.steps.clock import Clock
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.updates import Updates

#: Most configurations of one history.
_MOST = 2
_PICKS, _USES = st.integers(0, _MOST - 1), st.integers(0, 7)
#: How deletes end, where the profile can make them fail.
_OUTCOMES = st.sampled_from(["COMPLETED", "FAILED"])
_REFUSING = (409, 429)


class Machine(History):
    """Each rule is a call; its response is one that the model allows."""

    @initialize(scope=st.integers(0, 5))
    def start(self, scope: int) -> None:
        """Begin with one configuration, in one of the scopes."""
        self.take(scope)

    @precondition(lambda self: len(self.model.known) < _MOST)
    @rule(scope=st.integers(0, 5))
    def create(self, scope: int) -> None:
        """Create one more."""
        self.take(scope)

    # ------------------------------------------------------------------ deletes

    @rule(pick=_PICKS, form=st.none() | forms(), outcome=_OUTCOMES)
    def delete(self, pick: int, form: Callable[[int], str] | None, outcome: str) -> None:
        """Delete one, with a fresh key or without."""
        key = self.new_key(form) if form else None
        self.send_delete(self.pick(pick), key, self.failing if outcome == "FAILED" else None)

    def new_key(self, form: Callable[[int], str]) -> str:
        """A key of this form that no history has used."""
        numbers = count(self.run.first_key)
        key = next(one for one in map(form, numbers) if one.lower() not in self.run.keys)
        self.run.keys.add(key.lower())
        return key

    @rule(pick=_PICKS, form=forms(), outcome=_OUTCOMES)
    def delete_to_the_end(self, pick: int, form: Callable[[int], str], outcome: str) -> None:
        """Delete one with a fresh key, and wait for the end."""
        self.delete(pick, form, outcome)
        self.finish(*self.model.known)
        self.check()

    @precondition(lambda self: self._faults)
    @rule(pick=_PICKS, fault=st.integers(0, 1), form=forms())
    def refuse(self, pick: int, fault: int, form: Callable[[int], str]) -> None:
        """Have a delete refused."""
        known, key = self.pick(pick), self.new_key(form)
        status = self._faults[fault % len(self._faults)]
        call = Call("delete", known.configuration.sid, provokes=status)
        trigger = self.endpoint.profile.faults[status]
        exchange = self.send(
            lambda: self.endpoint.client.delete(
                known.configuration, key=key, trigger=trigger, call=call
            ),
            f"delete with a new key, to be refused with {status}",
        )
        if exchange.status != status:
            self.took(known, exchange, key)
        else:
            self.model.refused.append(Used(key, known, exchange, None, self.model.clock))
        self.check()

    @property
    def _faults(self) -> list[int]:
        faults = self.endpoint.profile.faults
        return [one for one in _REFUSING if one in faults and faults[one].headers]

    @precondition(lambda self: self.model.refused)
    @rule(pick=_USES)
    def retry(self, pick: int) -> None:
        """Send a delete that was refused again, with its key."""
        refused = self.model.refused[pick % len(self.model.refused)]
        known, first = refused.known, refused.original
        exchange = self.send(
            lambda: self.endpoint.client.delete(known.configuration, key=refused.key),
            "retry a refused delete with its key",
        )
        if exchange.status != first.status:
            self.model.refused.remove(refused)
            self.took(known, exchange, refused.key)
        self.check()

    # ------------------------------------------------------------------ used keys

    @precondition(lambda self: self.model.used)
    @rule(pick=_USES)
    def replay(self, pick: int) -> None:
        """Send a keyed delete again."""
        self.replay_on(pick)

    @precondition(lambda self: self.model.used)
    @rule(pick=_USES)
    def replay_elsewhere(self, pick: int) -> None:
        """Send a keyed delete again, on a new connection."""
        self.replay_on(pick, new_connection=True)

    @precondition(lambda self: self.model.used and len(self.model.known) > 1)
    @rule(key=_USES, pick=_PICKS)
    def reuse(self, key: int, pick: int) -> None:
        """Send a used key for another configuration, also in another scope."""
        used, known = self.model.used[key % len(self.model.used)], self.pick(pick)
        if known is used.known or self.model.replay(used) is not True:
            return
        call = Call("delete", known.configuration.sid, allow=MISMATCH)
        exchange = self.send(
            lambda: self.endpoint.client.delete(known.configuration, key=used.key, call=call),
            "reuse a key for another configuration",
        )
        if idempotency.reused(self.findings, used.original, exchange) and exchange.status == 202:
            self.accept(known, exchange)
        elif exchange.status == 500 or exchange.before:
            known.left_open()
        if exchange.status not in MISMATCH and exchange.object.get("code") != KEY_USED:
            # It may have been a request of its own, and the key may belong to it now.
            self.model.used.remove(used)
        self.check()

    # ------------------------------------------------------------------ reads

    @rule(pick=_PICKS, listed=st.booleans())
    def read(self, pick: int, listed: bool) -> None:
        """Fetch one, or read the list: every page is looked at for what is deleted."""
        known = self.pick(pick)
        if listed:
            query, scope = f"pageSize={LARGEST_PAGE}", known.configuration.scope
            self.send(lambda: self.endpoint.client.page(query, scope=scope), "list")
            self.check()
            return
        self.look(known)

    # ------------------------------------------------------------------ updates

    @rule(pick=_PICKS, method=st.sampled_from(["PUT", "PATCH"]))
    def update(self, pick: int, method: str) -> None:
        """Replace or change one, and follow the update to its end."""
        self.send_update(self.pick(pick), method)

    @precondition(lambda self: len(self.endpoint.profile.accounts) > 1)
    @rule(pick=_PICKS, method=st.sampled_from(["PUT", "PATCH", "DELETE"]))
    def by_other_account(self, pick: int, method: str) -> None:
        """Have another account update or delete one."""
        known = self.pick(pick)
        unauthorized = UnauthorizedCallers(self.endpoint)
        scope, account = known.configuration.scope, 0 if known.configuration.scope.account else 1
        if not self.endpoint.profile.has(replace(scope, account=account)) or unauthorized.may_exist(
            known.configuration.sid, replace(scope, account=account)
        ):
            return
        if method == "DELETE":
            exchange = self.send(
                lambda: unauthorized.delete("other account", known.configuration),
                "delete by another account",
            )
            authorization.refused(self.findings, exchange)
        elif (request := self.update_request(known, method)) is not None:
            call = replace(request.call, judge_content=False, credentials="other account")
            request = replace(request, call=call, account=account)
            self.send(lambda: self.endpoint.client.send(request), f"{method} by another account")
        self.check()

    # ------------------------------------------------------------------ time

    @precondition(lambda self: any(one.operations for one in self.model.known))
    @rule(pick=_PICKS)
    def poll(self, pick: int) -> None:
        """Poll one operation."""
        known = self.pick(pick)
        if known.operations:
            newest = known.operations[-1]
            self.send(lambda: self.endpoint.poller.poll(newest), "poll")
            if newest.done:
                known.ended()
        self.check()

    @precondition(lambda self: any(one.operations for one in self.model.known))
    @rule()
    def wait(self) -> None:
        """Follow what runs to its end."""
        self.spend()
        self.lines.append("wait for the end")
        self.finish(*self.model.known)
        self.check()

    @precondition(lambda self: self.run.moves_clock and self.model.used)
    @rule(hours=st.sampled_from((1, 23, 25)))
    def advance(self, hours: int) -> None:
        """Move the endpoint's clock."""
        self.spend()
        self.finish(*self.model.known)
        self.lines.append(f"the clock moves on by {hours} h")
        self.or_over(lambda: self.endpoint.step(Clock).advance(hours * HOUR))
        self.model.clock += hours * HOUR
        self.check()

    def end(self) -> None:
        """Update what exists and has a key, use keys again, delete, and look."""
        firsts = {id(one.known): one for one in reversed(self.model.used)}
        for used in firsts.values():
            if used.known.state is State.PRESENT:
                self.send_update(used.known, "PUT")
            self.replay_on(self.model.used.index(used))
        for known in self.model.known:
            if known.state is State.PRESENT and known.updates:
                self.send_delete(known, self.endpoint.key())
        self.finish(*self.model.known)
        if self.model.refused:
            self.retry(len(self.model.refused) - 1)
            self.finish(*self.model.known)
        for known in self.model.known:
            if known.state is State.GONE:
                self.look(known)

    # ------------------------------------------------------------------ calls that rules share

    def take(self, scope: int) -> None:
        """Take a configuration of *scope*, else of the default one."""
        self.spend()
        scopes = self.endpoint.profile.scopes
        try:
            configuration = self.endpoint.configurations.one(scope=scopes[scope % len(scopes)])
        except Inconclusive:
            if not scope % len(scopes):
                raise
            self.take(0)
            return
        self.model.known.append(Known(configuration))
        self.lines.append(f"create {len(self.model.known)}: {configuration.sid}")

    @property
    def failing(self) -> Trigger | None:
        """The profile's headers that make the operation of a delete FAIL."""
        trigger = self.endpoint.profile.operation_failure
        return trigger if trigger and trigger.headers else None

    def send_delete(self, known: Known, key: str | None, trigger: Trigger | None = None) -> None:
        """Delete one, by *trigger* so that it fails."""
        exchange = self.send(
            lambda: self.endpoint.client.delete(known.configuration, key=key, trigger=trigger),
            f"delete with {'a new key' if key else 'no key'}{', to fail' if trigger else ''}",
        )
        self.took(known, exchange, key)

    def replay_on(self, pick: int, *, new_connection: bool = False) -> None:
        """Send a keyed delete again, and hold the response against the age of its key."""
        used = self.model.used[pick % len(self.model.used)]
        must = self.model.replay(used)
        failed = used.operation and used.operation.status == "FAILED"
        exchange = self.send(
            lambda: self.endpoint.client.delete(
                used.known.configuration,
                key=used.key,
                trigger=self.failing if failed else None,
                new_connection=new_connection,
            ),
            "replay a key",
        )
        if exchange.status == 500:  # documented and passing
            return
        if must:
            moved = self.model.clock != used.at
            state = used.operation.status if used.operation else ""
            requirement = idempotency.replay_requirement(state, 2 * HOUR if moved else 0)
            idempotency.same_response(self.findings, used.original, exchange, requirement)
        elif must is False:
            idempotency.expired(self.findings, used.original, exchange)
            self.model.used.remove(used)
            self.took(used.known, exchange, used.key, expired=True)
        self.check()

    def look(self, known: Known) -> None:
        """Fetch one; what exists may be shown late."""
        self.fetch(known)
        late = known.configuration.read_lag_s if known.state is State.PRESENT else 0
        if late and self.exchanges[-1].status == 404:
            time.sleep(late)
            self.fetch(known)
        if self.exchanges[-1].status != 500:
            if known.state is State.GONE and known.deleted:
                deletion.deleted_by_fetch(self.findings, known.deleted, self.exchanges[-1])
            elif known.state is not State.UNKNOWN:
                self.allowed("CTRL-READ-AFTER-CREATE", FETCH[known.state])
        self.check()

    def fetch(self, known: Known) -> Exchange:
        """Fetch one."""
        return self.send(lambda: self.endpoint.client.fetch(known.configuration), "fetch")

    def send_update(self, known: Known, method: str) -> None:
        """Update one, and follow the update to its end."""
        request = self.update_request(known, method)
        if request is None:
            return
        exchange = self.send(lambda: self.endpoint.client.send(request), method)
        known.updates += 1
        restored = exchange.status in UPDATED
        if exchange.status == 202:
            accept, finish = self.endpoint.poller.accept, self.endpoint.poller.finish
            self.quietly(lambda: finish([accept(exchange, known.configuration)], early=False))
        if known.state is State.GONE:
            if exchange.status == 202:
                restored = self.fetch(known).status == 200
            deletion.not_restored(self.findings, restored, self.exchanges[-2:])
        self.check()

    def update_request(self, known: Known, method: str) -> Request | None:
        """The update of one, where its content is known."""
        try:
            text = f"{method} of a history"
            return Updates(self.endpoint).request(known.configuration, method, text)
        except Inconclusive:
            return None

    def took(
        self, known: Known, exchange: Exchange, key: str | None, *, expired: bool = False
    ) -> None:
        """Note what a delete that is no replay has done, under a new key or an *expired* one."""
        if exchange.status == 500 or exchange.before:
            known.left_open()
        elif expired:
            if known.state is State.GONE:
                self.allowed("KEY-TTL-MAX", DELETE[known.state])
        elif known.state is State.GONE and known.deleted:
            deletion.deleted_by_delete(self.findings, known.deleted, exchange)
        elif known.state is not State.UNKNOWN:
            self.allowed("DEL-ACCEPTED", DELETE[known.state])
        operation = None
        if exchange.status == 202 and known.state is not State.GONE:
            operation = self.accept(known, exchange)
        if key is not None:
            used = Used(key, known, exchange, operation, self.model.clock)
            if exchange.status == 202:
                self.model.used.append(used)
            elif exchange.status in (404, 409):
                self.model.refused.append(used)
        self.check()

    def accept(self, known: Known, exchange: Exchange) -> Operation | None:
        """Note the operation of an accepted delete."""
        try:
            operation = self.endpoint.poller.accept(exchange, known.configuration)
        except Inconclusive:
            known.state = State.UNKNOWN
            return None
        known.accepted(operation)
        return operation
