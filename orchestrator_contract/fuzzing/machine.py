"""The calls of the contract in any order: a Hypothesis state machine over one target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orchestrator_contract.contract.limits import HOUR, LARGEST_PAGE
from orchestrator_contract.fuzzing.calls import Calls
from orchestrator_contract.fuzzing.keys import forms
from orchestrator_contract.fuzzing.model import State, Used
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.rules import authorization, idempotency
from orchestrator_contract.rules.idempotency import KEY_USED, MISMATCH
from orchestrator_contract.steps.clock import Clock
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers

#: Most configurations of one history.
_MOST = 2
_PICKS, _USES = st.integers(0, _MOST - 1), st.integers(0, 7)
#: How deletes end, where the profile can make them fail.
_OUTCOMES = st.sampled_from(["COMPLETED", "FAILED"])
_REFUSING = (409, 429)


class Machine(Calls):
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
    def delete(self, pick: int, form: Callable[[str], str] | None, outcome: str) -> None:
        """Delete one, with a fresh key or without."""
        key = form(self.endpoint.key()) if form else None
        self.send_delete(self.pick(pick), key, self.failing if outcome == "FAILED" else None)

    @rule(pick=_PICKS, form=forms(), outcome=_OUTCOMES)
    def delete_to_the_end(self, pick: int, form: Callable[[str], str], outcome: str) -> None:
        """Delete one with a fresh key, and wait for the end."""
        self.delete(pick, form, outcome)
        self.finish(*self.model.known)
        self.check()

    @precondition(lambda self: self._faults)
    @rule(pick=_PICKS, fault=st.integers(0, 1))
    def refuse(self, pick: int, fault: int) -> None:
        """Have a delete refused."""
        known, key = self.pick(pick), self.endpoint.key()
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
            self.took(known, exchange, "DEL-ACCEPTED", key)
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
            gone = known.state is State.GONE
            self.took(known, exchange, "DELETED-DELETE" if gone else "DEL-ACCEPTED", refused.key)
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
