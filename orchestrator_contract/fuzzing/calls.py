"""The calls of a history: each sends one request, and holds its response against the model."""

from __future__ import annotations

import time

from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing.histories import History
from orchestrator_contract.fuzzing.model import DELETE, FETCH, UPDATED, Known, State, Used
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion, idempotency
from orchestrator_contract.steps.updates import Updates


class Calls(History):
    """The calls that rules of the machine share."""

    def take(self, scope: int) -> None:
        """Take a configuration of *scope*, or of the default one where there is none."""
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
        """What makes the operation of a delete end FAILED."""
        trigger = self.endpoint.profile.operation_failure
        return trigger if trigger and trigger.headers else None

    def send_delete(self, known: Known, key: str | None, trigger: Trigger | None = None) -> None:
        """Delete one, by *trigger* so that it fails."""
        exchange = self.send(
            lambda: self.endpoint.client.delete(known.configuration, key=key, trigger=trigger),
            f"delete with {'a new key' if key else 'no key'}{', to fail' if trigger else ''}",
        )
        gone = known.state is State.GONE
        self.took(known, exchange, "DELETED-DELETE" if gone else "DEL-ACCEPTED", key)

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
            self.took(used.known, exchange, "KEY-TTL-MAX", used.key)
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

    def took(self, known: Known, exchange: Exchange, requirement: str, key: str | None) -> None:
        """Note what a delete that is no replay has done; a refusal for want of idleness passes."""
        if exchange.status == 500 or exchange.before:
            known.left_open()
        elif known.state is State.GONE and known.deleted and requirement != "KEY-TTL-MAX":
            deletion.deleted_by_delete(self.findings, known.deleted, exchange)
        elif known.state is not State.UNKNOWN and (
            requirement != "KEY-TTL-MAX" or known.state is State.GONE
        ):
            self.allowed(requirement, DELETE[known.state])
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
