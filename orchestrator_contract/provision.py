"""Where configurations to delete come from: created, from the profile's pool, or from a command."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Lock
from typing import Any
from urllib.parse import quote

from orchestrator_contract.client.calls import Client
from orchestrator_contract.client.failures import Exhausted, NoAnswer, Throttled
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow import Follower, Operation
from orchestrator_contract.given import Given, NothingToDelete, Source
from orchestrator_contract.listing import Listing
from orchestrator_contract.verdict import OneWayLess, Unverifiable
from orchestrator_contract.wire import Fault

GROUPINGS = (
    "GROUP_BY_PROFILE",
    "GROUP_BY_PARTICIPANT_ADDRESSES",
    "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE",
)
#: Used when neither the profile nor an existing configuration names a memory store.
FALLBACK_MEMORY_STORE = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"
MAX_NAME, MAX_DESCRIPTION = 32, 512
_ATTEMPTS = 3
#: How long a create whose answer is not known may take to show in the list, in seconds.
_LATE_S = 3.0
#: Stands in what the run calls one more configuration of the same displayName, between that name, which can't hold it, and a number.
TWIN = "+"
#: Longest id that is taken for one, in characters.
_MAX_SID = 200


@dataclass(eq=False)
class Configuration:
    """A configuration that the run may delete."""

    sid: str
    #: Empty for one from a pool or a command.
    name: str = ""
    account: int = 0
    region: int = 0
    payload: dict[str, Any] = field(default_factory=dict)


class Provisioner:
    """Hands out idle configurations and removes at the end what is left of them."""

    def __init__(self, client: Client, follower: Follower, run_id: str, random: Random) -> None:
        self.client = client
        self.follower = follower
        self.run_id = run_id
        self._random = random
        self._numbers = count()
        self._lock = Lock()
        provision = client.profile.provision
        # A profile may hold the pool or command of another mode; what it names is not to be touched then.
        source = Source(
            "provision", provision.pool if provision.mode == "pool" else (), provision.command if provision.mode == "command" else ()
        )
        self._given = Given(source, client.coordinator, client.steps)
        self._stock: dict[tuple[int, int], list[Configuration]] = {}
        #: Ids that creates have named, and those that were listed before the first create.
        self._named: set[str] = set()
        self._before: dict[tuple[int, int], set[str] | None] = {}
        #: How many are made ahead whenever one has to be made.
        self.ahead = 0
        #: A grouping type that the endpoint has taken.
        self._grouping = ""
        self._memory_store: str | None = provision.memory_store_id
        #: Created and not yet known to be gone, by name.
        self.left: dict[str, Configuration] = {}
        #: Those known to be gone, given ones included.
        self._gone: set[str] = set()
        #: Announced creates whose configuration is not known: where each was sent, by name.
        self._unresolved: dict[str, tuple[int, int]] = {}
        self._twins = 0
        #: The operations of accepted creates, by name.
        self._accepted: dict[str, Operation] = {}
        self.listing = Listing(client)

    # ---------------------------------------------------------------- taking

    def one(self, *, account: int = 0, region: int = 0) -> Configuration:
        """One idle configuration."""
        return self.take(1, account=account, region=region)[0]

    def take(
        self, number: int, *, account: int = 0, region: int = 0, payloads: Sequence[dict[str, Any]] = ()
    ) -> list[Configuration]:
        """*number* idle configurations, their creation finished.

        *payloads* gives members of the create request for some of them, where this target creates.

        Raises:
            NothingToDelete: they can't be had, or the deletion budget is spent.
        """
        mode = self.client.profile.provision.mode
        if mode == "create" and not payloads:
            return self._from_stock(number, account, region)
        self._charge(number)
        try:
            if mode == "create":
                return self._create(number, account, region, payloads)
            if mode is None:
                raise NothingToDelete("the profile has no [provision]")
            if account or region:
                raise OneWayLess(f"[provision] mode = {mode!r} gives configurations of the first account and region only")
            found = [Configuration(sid) for sid in self._given.take(number)]
        except BaseException as error:
            self.client.coordinator.give_back_deletes(number - getattr(error, "made", 0))
            raise
        self.client.ownership.allow(*(configuration.sid for configuration in found))
        return found

    def _charge(self, number: int) -> None:
        """Count *number* deletions, when configurations are made or given: whatever was made is deleted in the end."""
        if self.client.coordinator.take_deletes(number) != number:
            raise NothingToDelete("the deletion budget ([limits] deletes) is spent")

    def _from_stock(self, number: int, account: int, region: int) -> list[Configuration]:
        """Plain configurations made ahead: creating takes its time, so several are made at once."""
        stock = self._stock.setdefault((account, region), [])
        missing = number - len(stock)
        if missing > 0:
            self._charge(missing)
            # Other accounts and regions are needed by few tests.
            ahead = 0 if account or region else self.client.coordinator.take_deletes(self.ahead)
            made = 0
            try:
                fresh = self._create(missing + ahead, account, region, (), spare=ahead)
                made = len(fresh)
                stock += fresh
            except NothingToDelete as error:
                made = error.made
                raise
            finally:
                self.client.coordinator.give_back_deletes(missing + ahead - made)
        taken, stock[:] = stock[:number], stock[number:]
        return taken

    # ---------------------------------------------------------------- creating

    def payload(self, extra: dict[str, Any] | None = None) -> dict[str, Any]:
        """A valid create request with a name of this run's."""
        number = next(self._numbers)
        payload = {
            "displayName": f"oc-{self.run_id}-{number:x}",
            "description": f"contract test {self.run_id}",
            "conversationGroupingType": GROUPINGS[number % len(GROUPINGS)],
            "memoryStoreId": self._store(),
        }
        extra = dict(extra or {})
        suffix = extra.pop("displayName", None)
        if suffix is not None:
            payload["displayName"] = (payload["displayName"] + suffix)[:MAX_NAME]
        return payload | extra

    def _store(self) -> str:
        if self._memory_store is None:
            items = self.client.page("pageSize=1").object.get("configurations")
            known = items[0].get("memoryStoreId") if isinstance(items, list) and items and isinstance(items[0], dict) else None
            self._memory_store = known if isinstance(known, str) and known else FALLBACK_MEMORY_STORE
        return self._memory_store

    def _create(
        self, number: int, account: int, region: int, extras: Sequence[dict[str, Any]], *, spare: int = 0
    ) -> list[Configuration]:
        """*number* new configurations; up to *spare* fewer where the endpoint does not take as many."""
        self._look_before(account, region)
        wanted = [extras[i] if i < len(extras) else {} for i in range(number)]
        made: dict[int, Configuration] = {}
        problem = ""
        for attempt in range(_ATTEMPTS):
            missing = [index for index in range(number) if index not in made]
            if not missing or (attempt and len(made) >= number - spare):
                break
            # A payload refused is tried once more without its optional parts, and like one that was taken: it only prepares.
            like = {"conversationGroupingType": self._grouping} if self._grouping else None
            payloads = {index: self.payload(wanted[index] if attempt == 0 else like) for index in missing}
            self.client.coordinator.journal(
                [{"name": p["displayName"], "state": "creating", "account": account, "region": region} for p in payloads.values()]
            )
            results = self.client.parallel(
                lambda index, p=payloads: self._post(p[index], account, region), missing  # type: ignore[misc]
            )
            pending: dict[int, Operation] = {}
            for index, result in zip(missing, results, strict=True):
                if isinstance(result, Operation):
                    pending[index] = result
                else:
                    problem = result
            self.follower.finish(list(pending.values()), early=False)
            entries = []
            for index, operation in pending.items():
                sid = self._sid_of(operation, payloads[index]["displayName"], account, region)
                if sid is None or operation.status != "COMPLETED":
                    problem = f"a create ended {operation.status or 'unreadable'}" if sid else "a create names no configuration"
                    continue
                made[index] = self._made(sid, payloads[index], account, region)
                entries.append({"name": made[index].name, "sid": sid, "state": "created", "account": account, "region": region})
            if entries:
                self.client.coordinator.journal(entries)
        if len(made) < number - spare:
            if not extras:
                self._stock.setdefault((account, region), []).extend(made.values())
            raise NothingToDelete(f"configurations can't be created: {problem}", made=len(made))
        return [made[index] for index in sorted(made)]

    def begin(self, payload: dict[str, Any], key: str) -> Operation:
        """Have the create of one configuration accepted under *key*; `conclude` follows it.

        Raises:
            Unverifiable: it was not accepted.
        """
        self._charge(1)
        name = payload["displayName"]
        self.client.coordinator.journal([{"name": name, "state": "creating", "account": 0, "region": 0}])
        operation = self._post(payload, 0, 0, key)
        if isinstance(operation, str):
            raise NothingToDelete(operation)
        return operation

    def conclude(self, operation: Operation, payload: dict[str, Any]) -> Configuration:
        """The configuration that a create which `begin` had accepted leads to.

        Raises:
            Unverifiable: it leads to none.
        """
        name = payload["displayName"]
        self.follower.finish([operation], early=False)
        sid = self._sid_of(operation, name, 0, 0)
        if sid is None or operation.status != "COMPLETED":
            raise NothingToDelete(f"a create ended {operation.status or 'unreadable'}")
        configuration = self._made(sid, payload, 0, 0)
        self.client.coordinator.journal([{"name": name, "sid": sid, "state": "created", "account": 0, "region": 0}])
        return configuration

    def namesake(self, configuration: Configuration) -> Configuration:
        """Another configuration with the same content and displayName, if the endpoint takes one.

        Raises:
            Unverifiable: it does not.
        """
        if not configuration.payload:
            raise NothingToDelete("the content of a given configuration is not known")
        self._charge(1)
        name = self._announce_twin(configuration.name)
        operation = self._post(configuration.payload, 0, 0, name=name)
        if isinstance(operation, str):
            raise NothingToDelete(operation)
        self.follower.finish([operation], early=False)
        related = operation.object.get("related") or operation.accepted.object.get("related")
        sid = related.get("configurationId") if isinstance(related, dict) else None
        if not isinstance(sid, str) or not self._is_new(sid, configuration.name, 0, 0):
            raise NothingToDelete("a second configuration of the same name can't be told from the first")
        return self._made_twin(sid, configuration.payload, name)

    def _announce_twin(self, name: str) -> str:
        """Put the create of one more configuration with the displayName *name* into the journal; what the run calls it."""
        with self._lock:
            self._twins += 1
            twin = f"{name}{TWIN}{self._twins:x}"
        self.client.coordinator.journal([{"name": twin, "state": "creating", "account": 0, "region": 0}])
        return twin

    def _made_twin(self, sid: str, payload: dict[str, Any], name: str) -> Configuration:
        self._unresolved.pop(name, None)
        twin = self._made(sid, {**payload, "displayName": name}, 0, 0)
        self.client.coordinator.journal([{"name": name, "sid": sid, "state": "created", "account": 0, "region": 0}])
        return twin

    def create_again(self, payload: dict[str, Any], key: str, first: Exchange) -> Exchange:
        """Send a create once more under its key; what it makes against expectation is the run's, too."""
        name = self._announce_twin(payload["displayName"])
        out = self.client.outgoing(Call("create", payload["displayName"]), "POST", "/Configurations", key=key, payload=payload)
        exchange = self.client.send(out)
        if exchange.status == 202:  # HTTP
            operation = self.follower.accept(exchange, "")
            if not operation.id or operation.id != self.follower.accept(first, "").id:
                self.follower.finish([operation], early=False)
                related = operation.object.get("related") or exchange.object.get("related")
                sid = related.get("configurationId") if isinstance(related, dict) else None
                if isinstance(sid, str) and self._is_new(sid, payload["displayName"], 0, 0):
                    self._made_twin(sid, payload, name)
                    return exchange
        self.client.coordinator.journal([{"name": name, "state": "deleted", "account": 0, "region": 0}])
        return exchange

    def _made(self, sid: str, payload: dict[str, Any], account: int, region: int) -> Configuration:
        configuration = Configuration(sid, payload["displayName"], account, region, payload)
        self.left[configuration.name] = configuration
        self.client.ownership.allow(sid)
        return configuration

    def _post(self, payload: dict[str, Any], account: int, region: int, key: str | None = None, *, name: str = "") -> Operation | str:
        name = name or payload["displayName"]
        self._unresolved[name] = (account, region)
        out = self.client.outgoing(
            Call("create", payload["displayName"]), "POST", "/Configurations", key=key, account=account, region=region,
            payload=payload,
        )
        try:
            exchange = self.client.send(out)
            success = exchange.status is not None and 200 <= exchange.status < 300  # HTTP
            if success:
                self.client.ledger.hold("CTRL-ACCEPTED", exchange.status == 202, expected="202", seen=exchange.outcome(),
                                        exchanges=[exchange])
            else:
                self._unresolved.pop(name, None)
            if exchange.status != 202:  # HTTP
                kind = exchange.headers.get("content-type", "no Content-Type")
                return f"POST {out.url} answered {exchange.status} ({kind:.60})"
            self._grouping = payload["conversationGroupingType"]
            operation = self._accepted[name] = self.follower.accept(exchange, "")
            return operation  # noqa: TRY300  # the way out of the try is the way on
        except Unverifiable as error:
            if _was_refused(error):
                self._unresolved.pop(name, None)
            return str(error)

    def _sid_of(self, operation: Operation, name: str, account: int, region: int) -> str | None:
        for exchange in (operation.accepted, *reversed(operation.polls)):
            related = exchange.object.get("related")
            sid = related.get("configurationId") if isinstance(related, dict) else None
            if isinstance(sid, str) and 0 < len(sid) <= _MAX_SID and quote(sid, safe="-._~") == sid:
                self._unresolved.pop(name, None)
                return sid if self._is_new(sid, name, account, region) else None
        sid = self.listing.find(lambda item: item.get("displayName") == name, account=account, region=region)
        if sid is not None:
            self._unresolved.pop(name, None)
        return sid

    def _is_new(self, sid: str, name: str, account: int, region: int) -> bool:
        """Whether *sid* can be what the create just made: not there before, not named twice.

        What a create names will be deleted, so an endpoint that names somebody else's configuration
        must not be believed. Where the list before the first create can't be read, a fetch has to show the name.
        """
        with self._lock:
            if sid in self._named:
                return False
            self._named.add(sid)
        before = self._before.get((account, region))
        if before is not None:
            return sid not in before
        return self.client.fetch(sid, account=account, region=region).object.get("displayName") == name

    def _look_before(self, account: int, region: int) -> None:
        if (account, region) not in self._before:
            try:
                self._before[account, region] = self.listing.sids(account=account, region=region)
            except Unverifiable:
                self._before[account, region] = None

    # ---------------------------------------------------------------- giving back

    def give_back(self, *configurations: Configuration) -> None:
        """Return idle ones at which nothing but reads was aimed, for other tests."""
        for configuration in configurations:
            if configuration.name:
                self._stock.setdefault((configuration.account, configuration.region), []).append(configuration)
            else:
                self.client.coordinator.give_back_deletes(1)
                self._given.give_back(configuration.sid)

    def gone(self, *configurations: Configuration) -> None:
        """Note that these are known to be deleted."""
        self._gone.update(c.sid for c in configurations)
        known = [c for c in configurations if self.left.pop(c.name, None) is not None]
        if known:
            self.client.coordinator.journal(
                [{"name": c.name, "sid": c.sid, "state": "deleted", "account": c.account, "region": c.region} for c in known]
            )

    def is_gone(self, configuration: Configuration) -> bool:
        """Whether it is known to be deleted."""
        return configuration.sid in self._gone

    def _look_for_unresolved(self) -> None:
        """Find in the list what announced creates have made; without its answer, a create may still be under way."""
        deadline = time.monotonic() + _LATE_S
        while True:
            missing = {name: place for name, place in sorted(self._unresolved.items()) if name not in self.left}
            for name, (account, region) in missing.items():
                known = self._gone | {configuration.sid for configuration in self.left.values()}
                shown = name.partition(TWIN)[0]
                sid = self.listing.find(
                    lambda item, n=shown, k=known: item.get("displayName") == n and item.get("id") not in k,  # type: ignore[misc]
                    account=account, region=region,
                )
                if sid is not None:
                    self.left[name] = Configuration(sid, name, account, region)
                    self.client.ownership.allow(sid)
            if missing.keys() <= self.left.keys() | self._accepted.keys() or time.monotonic() > deadline:
                return
            time.sleep(_LATE_S / 10)

    def clean_up(self) -> list[Configuration]:
        """Delete what this run created and what is left of it; what could not be deleted is returned."""
        self.client.forgive()
        # What was interrupted may not be listed before its create has ended.
        open_ = [operation for name in self._unresolved if (operation := self._accepted.get(name)) is not None]
        with contextlib.suppress(Unverifiable):
            self.follower.finish(open_, early=False)
        self._look_for_unresolved()
        lost = [Configuration(f"(of {name})", name) for name in self._unresolved
                if name not in self.left and not ((one := self._accepted.get(name)) and one.done)]
        self._unresolved.clear()
        for _ in range(2):
            remaining = list(self.left.values())
            if not remaining:
                break
            try:
                remove(self.client, self.follower, remaining, self.gone)
            except Unverifiable:
                break
        return [*self.left.values(), *lost]


def _was_refused(error: Unverifiable) -> bool:
    """Whether a create that failed so has certainly made nothing: it was not sent, or answered 429."""
    if isinstance(error, NoAnswer):
        return error.exchange.fault is Fault.CONNECT
    if isinstance(error, Throttled):
        return error.exchange.status == 429 and 503 not in error.exchange.before  # HTTP
    return isinstance(error, Exhausted)


def remove(client: Client, follower: Follower, configurations: Sequence[Configuration], gone: Any) -> None:
    """Delete these and wait for the end; *gone* is called with those that are."""
    call = Call("delete", allow=frozenset({401, 403, 410}))

    def delete(configuration: Configuration) -> tuple[Configuration, Exchange | None]:
        try:
            return configuration, client.delete(
                configuration.sid, account=configuration.account, region=configuration.region, call=call, fresh=False
            )
        except Unverifiable:
            return configuration, None

    operations: list[tuple[Configuration, Operation]] = []
    for configuration, exchange in client.parallel(delete, list(configurations)):
        if exchange is None:
            continue
        if exchange.status in (404, 410):
            gone(configuration)
        elif exchange.status == 202:  # HTTP
            try:
                operations.append((configuration, follower.accept(exchange, configuration.sid)))
            except Unverifiable:
                continue
    with contextlib.suppress(Unverifiable):  # an operation that can't be read: the next delete tells by its 404
        follower.finish([operation for _, operation in operations], early=False)
    gone(*(configuration for configuration, operation in operations if operation.status == "COMPLETED"))
