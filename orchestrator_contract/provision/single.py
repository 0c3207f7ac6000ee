"""Creates of single configurations: under a tested key, or under the name of another."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.provision.create import Creator
from orchestrator_contract.provision.identity import named_at_end
from orchestrator_contract.provision.refusals import Refusal, no_room
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope


class SingleCreator(Creator):
    """Creates that a test looks at one by one."""

    def take_room(self, scope: Scope = DEFAULT_SCOPE) -> None:
        """Take room for one more, if need be that of one that no test needs any longer.

        Raises:
            NothingToDelete: there is none.
        """
        while not self._inventory.take_room(1, scope):
            if not self._make_room(scope):
                raise no_room(self._inventory.bound(scope), [])

    # ---------------------------------------------------------------- under a tested key

    def begin(
        self,
        payload: dict[str, Any],
        key: str,
        *,
        send: Callable[[Request], Exchange] | None = None,
    ) -> Operation:
        """Have a create accepted under *key*; `conclude` follows it.

        Raises:
            Inconclusive: it was not accepted.
        """
        name = payload["displayName"]
        with self._one_more(DEFAULT_SCOPE):
            self._inventory.announce([name])
            self._followed.add(name)  # until `conclude` has ended
            operation = self._post(payload, DEFAULT_SCOPE, key, send=send)
            if isinstance(operation, Refusal):
                self._followed.discard(name)
                raise NothingToDelete(operation.reason)
        return operation

    @contextlib.contextmanager
    def _one_more(self, scope: Scope) -> Iterator[None]:
        """Count one more deletion, with room for it, unless no more is made within."""
        self._inventory.charge(1)
        try:
            self.take_room(scope)
            yield
        except Inconclusive:
            self._inventory.discharge(1)
            raise

    def conclude(self, operation: Operation, payload: dict[str, Any]) -> Configuration:
        """The configuration that a create which `begin` had accepted leads to.

        Raises:
            Inconclusive: it leads to none.
        """
        name = payload["displayName"]
        with self._following(name):
            self._poller.finish([operation], early=False)
            made = self._identify({name: operation}, {name: payload}, DEFAULT_SCOPE)
        if name not in made:
            raise NothingToDelete(Refusal.after(operation).reason)
        self._inventory.use(made[name])
        self._read_lag.wait([made[name]])
        return made[name]

    def create_again(
        self, payload: dict[str, Any], key: str, first: Exchange, *, new_connection: bool = False
    ) -> Exchange:
        """Send a create once more under a key; what it makes against expectation is the run's, too.

        Raises:
            NothingToDelete: it is another request than the *first*, and there is no room.
        """
        shown = payload["displayName"]
        another = json.dumps(payload).encode() != first.request_body or key != first.key
        if another:
            self.take_room()
        name = self._inventory.announce_twin(shown, room=another)
        if another:  # without a clear response only the list tells, once its room is needed
            self._inventory.unresolved[name] = DEFAULT_SCOPE
            self._inventory.unclear.add(name)
        out = self._client.request(
            Call("create", shown), "POST", "/Configurations", key=key, payload=payload
        )
        with self._following(name):
            exchange = self._client.send(out, new_connection=new_connection)
            if exchange.status == 202 and self._makes_twin(exchange, first, payload, name):
                return exchange
        self._inventory.withdraw(name)
        return exchange

    def _makes_twin(
        self, again: Exchange, first: Exchange, payload: dict[str, Any], name: str
    ) -> bool:
        """True if a create sent *again* made one more, under another operation than the *first*."""
        operation = self._poller.accept(again, Configuration(""))
        if operation.id and operation.id == self._poller.accept(first, Configuration("")).id:
            return False
        self._poller.finish([operation], early=False)
        sid = self._twin_of(operation, payload["displayName"], DEFAULT_SCOPE)
        if sid is None:
            return False
        with contextlib.suppress(NothingToDelete):  # it is deleted in the end
            self._inventory.charge(1)
        self._made_twin(sid, payload, name)
        return True

    # ---------------------------------------------------------------- one more of the same name

    def namesake(self, configuration: Configuration, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """Another configuration of the same content and displayName, in *scope*.

        Raises:
            Inconclusive: it does not.
        """
        if not configuration.payload:
            raise NothingToDelete(
                "the content of a configuration that the profile gives is not known"
            )
        payload = configuration.payload
        if scope != configuration.scope:
            payload = payload | {"memoryStoreId": self.payloads.store(scope)}
        with self._one_more(scope):
            self.identity.look_before(scope)
            name = self._inventory.announce_twin(configuration.name, scope)
            with self._following(name):
                operation = self._post(payload, scope, name=name)
                if isinstance(operation, Refusal):
                    raise NothingToDelete(operation.reason)
                self._poller.finish([operation], early=False)
                if operation.status != "COMPLETED":
                    self._inventory.vacate(name)
                    raise NothingToDelete(Refusal.after(operation).reason)
                sid = self._twin_of(operation, configuration.name, scope)
        if sid is None:
            raise NothingToDelete(
                "a second configuration of the same name can't be told from the first"
            )
        return self._made_twin(sid, payload, name, scope)

    def _twin_of(self, operation: Operation, name: str, scope: Scope) -> str | None:
        """The id of one more of this *name*, by its create or else by the list."""
        if operation.status != "COMPLETED":
            return None
        sid = named_at_end(operation)
        if sid is None:
            sid = self.identity.find({name}, scope).get(name)
        return sid if sid is not None and self.identity.is_new(sid, name, scope) else None

    def _made_twin(
        self, sid: str, payload: dict[str, Any], name: str, scope: Scope = DEFAULT_SCOPE
    ) -> Configuration:
        twin = self._made(sid, payload, scope, name)
        self._inventory.use(twin)
        self._inventory.created([twin])
        self._read_lag.wait([twin])
        return twin
