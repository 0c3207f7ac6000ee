"""Creating configurations: announced before they are sent, followed to their end, and named before they are believed in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import (
    BudgetExhausted,
    Inconclusive,
    NoResponse,
    NothingToDelete,
    SupplyExhausted,
    Throttled,
    reason_in,
)
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.provision.identity import Identity, named_at_end, named_by
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import Payloads
from orchestrator_contract.provision.read_lag import ReadLag
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

_ATTEMPTS = 3
#: From so many creates at once on one of them is looked at before its end.
_SEVERAL = 5
#: Calls in a row that led to nothing, after which there is a pause before the next, longer each time, in seconds.
_MAX_FRUITLESS = 3
_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 80.0


class TooFew(NothingToDelete):
    """Fewer could be created than were asked for."""

    def __init__(self, reason: str, made: Sequence[Configuration], *, full: bool = False) -> None:
        super().__init__(reason)
        #: Those that were made all the same; they are removed at the end like all others.
        self.made = made
        #: Whether the endpoint may hold as many as it takes.
        self.full = full


class CreateRefused(TooFew, SupplyExhausted):
    """Fewer could be created, because the endpoint takes no more for now."""


class Creator:
    """Creates configurations on one target; what it makes goes into the inventory."""

    def __init__(
        self,
        client: Client,
        poller: Poller,
        findings: Findings,
        inventory: Inventory,
        listing: Pagination,
        run_id: str,
    ) -> None:
        self._client = client
        self._poller = poller
        self._findings = findings
        self._inventory = inventory
        self.identity = Identity(client, listing)
        self._read_lag = ReadLag(client, findings, listing, self.identity.seen)
        self.payloads = Payloads(client, run_id)
        #: How many calls in a row led to nothing, why the last one did, and when the next may be made.
        self._fruitless = 0
        self._problem: str | Inconclusive = ""
        self._resume_at = 0.0

    # ---------------------------------------------------------------- many

    def create(
        self, number: int, scope: Scope, extras: Sequence[dict[str, Any]], *, spare: int = 0
    ) -> list[Configuration]:
        """*number* new configurations in *scope*; up to *spare* fewer where the endpoint does not take as many.

        Raises:
            TooFew: there are not as many; it holds those that were made.
        """
        if self._fruitless >= _MAX_FRUITLESS and time.monotonic() < self._resume_at:
            # Each try costs its waits, and may leave behind what the endpoint does not own up to.
            raise _too_few(self._problem, ())
        self.identity.look_before(scope)
        wanted = [extras[i] if i < len(extras) else {} for i in range(number)]
        made: dict[int, Configuration] = {}
        problem: str | Inconclusive = ""
        for attempt in range(_ATTEMPTS):
            missing = [index for index in range(number) if index not in made]
            if not missing or (attempt and len(made) >= number - spare):
                break
            # A payload refused is tried once more without its optional parts, and like one that was taken: it only prepares.
            payloads = {
                index: self.payloads.plain(scope)
                if attempt
                else self.payloads.new(wanted[index], scope)
                for index in missing
            }
            self._inventory.announce((p["displayName"] for p in payloads.values()), scope)
            results = self._client.parallel(
                lambda payload: self._post(payload, scope), list(payloads.values())
            )
            pending: dict[int, Operation] = {}
            for index, result in zip(missing, results, strict=True):
                if isinstance(result, Operation):
                    pending[index] = result
                else:
                    problem = result
            self._look_early([*pending.values()], scope)
            self._poller.finish(list(pending.values()), early=False)
            listed = self.identity.look_after(len(pending), scope)
            new = []
            sids = self._client.parallel(
                lambda index, p=payloads, o=pending, names=listed: self._sid_of(
                    o[index], p[index]["displayName"], scope, names
                ),  # type: ignore[misc]
                list(pending),
            )
            for (index, operation), sid in zip(pending.items(), sids, strict=True):
                if sid is None:
                    problem = _fruitless(operation)
                    continue
                made[index] = self._made(sid, payloads[index], scope)
                new.append(made[index])
            self._inventory.created(new)
        self._read_lag.wait([*made.values()])
        self._count(problem, fruitless=not made)
        if len(made) < number - spare:
            raise _too_few(problem, list(made.values()))
        return [made[index] for index in sorted(made)]

    def _look_early(self, operations: Sequence[Operation], scope: Scope) -> None:
        """Fetch one of several whose creates still run: that it was not there yet is nothing to be remembered by a cache."""
        sid = named_by(operations[0]) if len(operations) >= _SEVERAL else None
        if sid is not None:
            with contextlib.suppress(Inconclusive):
                self._client.fetch(Configuration(sid, scope=scope))

    def _count(self, problem: str | Inconclusive, *, fruitless: bool) -> None:
        self._fruitless = self._fruitless + 1 if fruitless else 0
        self._problem = problem
        pause = min(_PAUSE_S * 2.0 ** (self._fruitless - _MAX_FRUITLESS), _LONGEST_PAUSE_S)
        self._resume_at = time.monotonic() + pause

    # ---------------------------------------------------------------- one whose create is under test

    def begin(
        self,
        payload: dict[str, Any],
        key: str,
        *,
        send: Callable[[Request], Exchange] | None = None,
    ) -> Operation:
        """Have the create of one configuration accepted under *key*, sent by *send* if it is given; `conclude` follows it.

        Raises:
            Inconclusive: it was not accepted.
        """
        self._inventory.charge(1)
        self._inventory.announce([payload["displayName"]])
        operation = self._post(payload, DEFAULT_SCOPE, key, send=send)
        if not isinstance(operation, Operation):
            raise NothingToDelete(str(operation))
        return operation

    def conclude(self, operation: Operation, payload: dict[str, Any]) -> Configuration:
        """The configuration that a create which `begin` had accepted leads to.

        Raises:
            Inconclusive: it leads to none.
        """
        self._poller.finish([operation], early=False)
        sid = self._sid_of(operation, payload["displayName"], DEFAULT_SCOPE, {})
        if sid is None:
            raise NothingToDelete(_fruitless(operation))
        configuration = self._made(sid, payload, DEFAULT_SCOPE)
        self._inventory.created([configuration])
        self._read_lag.wait([configuration])
        return configuration

    def create_again(self, payload: dict[str, Any], key: str, first: Exchange) -> Exchange:
        """Send a create once more under its key; what it makes against expectation is the run's, too."""
        shown = payload["displayName"]
        name = self._inventory.announce_twin(shown)
        out = self._client.request(
            Call("create", shown), "POST", "/Configurations", key=key, payload=payload
        )
        exchange = self._client.send(out)
        if exchange.status == 202:
            operation = self._poller.accept(exchange, Configuration(""))
            if not operation.id or operation.id != self._poller.accept(first, Configuration("")).id:
                self._poller.finish([operation], early=False)
                sid = named_at_end(operation)
                if sid is not None and self.identity.is_new(sid, shown, DEFAULT_SCOPE):
                    with contextlib.suppress(
                        NothingToDelete
                    ):  # whatever was made is deleted in the end
                        self._inventory.charge(1)
                    self._made_twin(sid, payload, name)
                    return exchange
        self._inventory.withdraw(name)
        return exchange

    # ---------------------------------------------------------------- one more of the same name

    def namesake(self, configuration: Configuration, scope: Scope = DEFAULT_SCOPE) -> Configuration:
        """Another configuration with the same content and displayName, in *scope*, if the endpoint takes one.

        Raises:
            Inconclusive: it does not.
        """
        if not configuration.payload:
            raise NothingToDelete(
                "the content of a configuration that the profile gives is not known"
            )
        self._inventory.charge(1)
        self.identity.look_before(scope)
        name = self._inventory.announce_twin(configuration.name, scope)
        payload = configuration.payload
        if scope != configuration.scope:
            payload = payload | {"memoryStoreId": self.payloads.store(scope)}
        operation = self._post(payload, scope, name=name)
        if not isinstance(operation, Operation):
            raise NothingToDelete(str(operation))
        self._poller.finish([operation], early=False)
        if operation.status != "COMPLETED":
            raise NothingToDelete(f"a create ended {operation.status or 'unreadable'}")
        sid = named_at_end(operation)
        if sid is None or not self.identity.is_new(sid, configuration.name, scope):
            raise NothingToDelete(
                "a second configuration of the same name can't be told from the first"
            )
        return self._made_twin(sid, payload, name, scope)

    def _made_twin(
        self, sid: str, payload: dict[str, Any], name: str, scope: Scope = DEFAULT_SCOPE
    ) -> Configuration:
        twin = self._made(sid, {**payload, "displayName": name}, scope)
        self._inventory.created([twin])
        self._read_lag.wait([twin])
        return twin

    # ---------------------------------------------------------------- from the request to its configuration

    def _post(
        self,
        payload: dict[str, Any],
        scope: Scope,
        key: str | None = None,
        *,
        name: str = "",
        send: Callable[[Request], Exchange] | None = None,
    ) -> Operation | str | Inconclusive:
        """The operation of an accepted create, or why there is none: an answer, or what kept one from being had."""
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
            exchange = (send or self._client.send)(out)
            if exchange.succeeded:
                control_plane.accepted(self._findings, exchange)
            elif exchange.status in range(400, 500):
                self._inventory.resolve(name)
            else:
                self._inventory.refused.add(name)
            if exchange.status != 202:
                kind = exchange.headers.get("content-type", "no Content-Type")
                return (
                    f"POST {out.url} answered {exchange.status} ({kind:.60}){reason_in(exchange)}"
                )
            self.payloads.taken(payload)
            operation = self._inventory.accepted[name] = self._poller.accept(
                exchange, Configuration("")
            )
            return operation  # noqa: TRY300  # the way out of the try is the way on
        except Inconclusive as error:
            if _was_refused(error):
                self._inventory.resolve(name)
            return error

    def _sid_of(
        self, operation: Operation, name: str, scope: Scope, listed: Mapping[str, Any]
    ) -> str | None:
        if operation.status != "COMPLETED":
            return None
        sid = named_by(operation) or self.identity.listed(name, scope)
        return sid if sid is not None and self.identity.is_new(sid, name, scope, listed) else None

    def _made(self, sid: str, payload: dict[str, Any], scope: Scope) -> Configuration:
        configuration = Configuration(
            sid, payload["displayName"], scope, payload, created=time.monotonic()
        )
        self._inventory.add(configuration)
        return configuration


def _fruitless(operation: Operation) -> str:
    """Why a create that led to *operation* made nothing that may be used."""
    if operation.status == "COMPLETED":
        return (
            "a create completed, but which configuration it made can't be confirmed: "
            "that takes a new id which a fetch or the list shows under the run's name"
        )
    return f"a create ended {operation.status or 'unreadable'}"


def _too_few(problem: str | Inconclusive, made: Sequence[Configuration]) -> TooFew:
    """What to raise when *problem* left only *made*."""
    answered = isinstance(problem, str)
    kind = CreateRefused if answered else TooFew
    return kind(
        f"configurations can't be created: {problem}",
        made,
        full=answered or isinstance(problem, Throttled),
    )


def _was_refused(error: Inconclusive) -> bool:
    """Whether a create that failed so has certainly made nothing: it was not sent, or answered 429."""
    if isinstance(error, NoResponse):
        return error.exchange.fault is TransportFault.CONNECT
    if isinstance(error, Throttled):
        return error.exchange.status == 429 and 503 not in error.exchange.before
    return isinstance(error, BudgetExhausted)
