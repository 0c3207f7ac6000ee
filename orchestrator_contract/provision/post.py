"""From the request of a create to its configuration: sent once, followed to its end, and identified."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.provision.identity import Identity, named_by
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import Payloads
from orchestrator_contract.provision.read_lag import ReadLag
from orchestrator_contract.provision.refusals import Refusal, certainly_made_nothing
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import Scope

#: No retry sends a name again: a 503 may have carried the create out, and names may be unique.
_OWN_RETRY = frozenset({429, 503})


class Post:
    """Sends creates; what they make goes into the inventory."""

    def __init__(
        self,
        client: Client,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        listing: Pagination,
        run_id: str,
        make_room: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        """*make_room* deletes what no test needs any longer; true if it helps."""
        self._client = client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self._make_room = make_room
        self.identity = Identity(client, listing)
        self._read_lag = ReadLag(client, findings, listing, self.identity.seen)
        self.payloads = Payloads(client, run_id)
        #: Where nothing can be created, and why.
        self._closed: dict[Scope, Refusal] = {}

    def _post(
        self,
        payload: dict[str, Any],
        scope: Scope,
        key: str | None = None,
        *,
        name: str = "",
        send: Callable[[Request], Exchange] | None = None,
    ) -> Operation | Refusal:
        """The operation of an accepted create, or the reason for none."""
        name = name or payload["displayName"]
        self._inventory.unresolved[name] = scope
        out = self._client.request(
            Call("create", payload["displayName"]),
            "POST",
            "/Configurations",
            key=key,
            payload=payload,
            scope=scope,
        )
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
        elif exchange.status != 503:  # that may stand for a create under way
            self._inventory.refused.add(name)
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
        """The configurations of ended creates, by name, as far as they can be identified."""
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

    def _made(self, sid: str, payload: dict[str, Any], scope: Scope) -> Configuration:
        configuration = Configuration(
            sid,
            payload["displayName"],
            scope,
            payload,
            created=time.monotonic(),
            shown=self.identity.shown.pop((scope, sid), {}),
        )
        self._inventory.add(configuration)
        return configuration
