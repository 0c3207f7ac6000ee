"""Deleting what the run has made: by its id, or by the name that its create announced."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.pagination import Pagination
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import is_plain
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.provision.identity import Identity
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import BRIDGE, replacement
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.scope import Scope

#: How often each is tried; from the third time on only so few.
_ATTEMPTS, _FEW = 4, 3
#: How long a create whose answer is not known may take to show in the list, in seconds.
_LATE_S = 3.0
#: Seconds for which what is busy is tried again, and the first pause, which doubles.
_BUSY_S, _PAUSE_S = 5.0, 0.3


def clean_up(
    poller: Poller,
    inventory: Inventory,
    listing: Pagination,
    identity: Identity,
) -> list[Configuration]:
    """Delete what is left in *inventory* or listed under its names; return what could not be.

    Each is tried twice, and the last few again.
    """
    # A create that is still under way may not be listed, and what it makes can't be deleted.
    may_be_there = inventory.unresolved.keys() | inventory.left.keys()
    open_ = [
        operation
        for name, operation in inventory.accepted.items()
        if name in may_be_there and not operation.done
    ]
    with contextlib.suppress(Inconclusive):
        poller.finish(open_, early=False)
    patience_s = max(_LATE_S, 2 * poller.usual_s("create"))
    unread = _look_for_more(inventory, listing, identity, patience_s)
    lost = [
        Configuration(f"(of {name})", name)
        for name, scope in inventory.unresolved.items()
        if _may_be_there(name, inventory, readable=scope not in unread)
    ]
    inventory.unresolved.clear()
    announced, inventory.announced = inventory.announced, {}
    for attempt in range(_ATTEMPTS):
        remaining = [*inventory.left.values()]
        if not remaining or (attempt > 1 and len(remaining) > _FEW):
            break  # where many are left it is no passing error
        try:
            remove(poller, remaining, inventory.gone)
        except Inconclusive:
            break
    return [*inventory.left.values(), *lost, *_kept(inventory, listing, announced)]


def _kept(
    inventory: Inventory,
    listing: Pagination,
    announced: Mapping[Scope, AbstractSet[str]],
) -> list[Configuration]:
    """Return those that exist although their deletes COMPLETED; the journal gets them again."""
    left = {one.sid for one in inventory.left.values()}
    deleted = {scope: (inventory.sids(scope) - left, names) for scope, names in announced.items()}
    found = still_shown(listing, deleted)
    with contextlib.suppress(Inconclusive):
        inventory.created(found)
    return found


def still_shown(
    listing: Pagination, deleted: Mapping[Scope, tuple[AbstractSet[str], AbstractSet[str]]]
) -> list[Configuration]:
    """Return those of the SIDs *deleted* that list and fetch show, under one of the names."""
    listed = []
    for scope, (sids, names) in deleted.items():
        with contextlib.suppress(Inconclusive):
            for sid, name in listing.named(names, scope):
                if sid in sids:
                    listed.append(Configuration(sid, name, scope))
    time.sleep(READ_LAG_S if listed else 0)
    return [one for one in listed if is_fetched(listing.client, one)]


def is_fetched(client: Client, configuration: Configuration) -> bool:
    """True if a fetch shows the id under the name, whatever the list shows.

    An id that is no plain path segment could lead elsewhere, so it is not fetched.
    """
    if not is_plain(configuration.sid):
        return False
    try:
        exchange = client.fetch(configuration)
    except Inconclusive:
        return False
    shown = exchange.object
    return (
        exchange.status == 200
        and shown.get("displayName") == configuration.name
        and shown.get("id", configuration.sid) == configuration.sid
    )


def remove(
    poller: Poller,
    configurations: Sequence[Configuration],
    gone: Callable[..., None],
) -> None:
    """Delete these, also busy ones; *gone* is called with those that are gone.

    Where few are accepted at once, few are sent at once; each that is accepted renews the patience.
    """
    patience_s = min(
        max(_BUSY_S, 2 * poller.usual_s("delete")), poller.client.profile.limits.poll_timeout_s
    )
    waiting, width = list(configurations), len(configurations)
    deadline, pause = time.monotonic() + patience_s, _PAUSE_S
    while waiting:
        batch = waiting[:width]
        busy = delete(poller, batch, gone)
        waiting = waiting[width:] + busy
        if done := len(batch) - len(busy):
            width = 2 * done
            deadline, pause = time.monotonic() + patience_s, _PAUSE_S
        elif time.monotonic() > deadline:
            return
        else:
            time.sleep(pause)
            pause *= 2


def delete(
    poller: Poller,
    configurations: Sequence[Configuration],
    gone: Callable[..., None],
) -> list[Configuration]:
    """Delete these and wait for the end; *gone* is called with those that are gone.

    A bridged service may keep a configuration from being deleted (contract.md), so it is removed
    where it does.

    Returns:
        Those answered 409: a test may have begun to delete or to update them, or their create is
        under way.
    """
    busy, failed = _delete(poller, configurations, gone)
    bridged = [one for one in (*busy, *failed) if one.is_bridged]
    if not bridged:
        return busy
    _remove_bridges(poller, bridged)
    again, _ = _delete(poller, bridged, gone)
    return [one for one in busy if one not in bridged] + again


def _delete(
    poller: Poller, configurations: Sequence[Configuration], gone: Callable[..., None]
) -> tuple[list[Configuration], list[Configuration]]:
    """Delete these once; return those answered 409, and those whose deletes FAILED."""
    call = Call("delete", allow=frozenset({401, 403, 410}))

    def send(configuration: Configuration) -> Exchange | None:
        try:
            return poller.client.delete(configuration, call=call)
        except Inconclusive:
            return None

    accepted, busy = [], []
    exchanges = poller.client.parallel(send, list(configurations))
    for configuration, exchange in zip(configurations, exchanges, strict=True):
        status = exchange.status if exchange is not None else None
        if status in (404, 410):
            gone(configuration)
        elif status == 409:
            busy.append(configuration)
        elif exchange is not None and status == 202:
            with contextlib.suppress(Inconclusive):
                accepted.append(poller.accept(exchange, configuration))
    # An operation that can't be read: the next delete tells by its 404.
    with contextlib.suppress(Inconclusive):
        poller.finish(accepted, early=False)
    gone(*(one.configuration for one in accepted if one.status == "COMPLETED"))
    return busy, [one.configuration for one in accepted if one.status == "FAILED"]


def _remove_bridges(poller: Poller, configurations: Sequence[Configuration]) -> None:
    """Update these so that no service is bridged to them, as far as the endpoint lets it be."""

    def update(configuration: Configuration) -> None:
        payload = {**replacement(configuration), BRIDGE: {}}
        with contextlib.suppress(Inconclusive):
            exchange = poller.client.send(poller.client.update_request(configuration, payload))
            if exchange.status == 202:
                poller.finish([poller.accept(exchange, configuration)], early=False)

    poller.client.parallel(update, list(configurations))


def _may_be_there(name: str, inventory: Inventory, *, readable: bool) -> bool:
    """True if the create of *name* may have made what a *readable* list does not show."""
    operation = inventory.accepted.get(name)
    if operation is not None and operation.done:
        return not readable and operation.status == "COMPLETED"
    return not (readable and name in inventory.unclear)


def _look_for_more(
    inventory: Inventory, listing: Pagination, identity: Identity, patience_s: float
) -> set[Scope]:
    """Find whatever else is listed under a name of the run's; return where lists can't be read.

    A create that was refused or FAILED may have been carried out, and one without a response may
    still be under way.
    """
    deadline = time.monotonic() + patience_s
    while True:
        unread = {
            scope
            for scope, names in inventory.announced.items()
            if not _take_listed(inventory, listing, identity, scope, names)
        }
        if inventory.unresolved.keys() <= inventory.accepted.keys() or time.monotonic() > deadline:
            return unread
        time.sleep(_LATE_S / 10)


def _take_listed(
    inventory: Inventory,
    listing: Pagination,
    identity: Identity,
    scope: Scope,
    names: AbstractSet[str],
) -> bool:
    """Take what is listed under *names* for the run's; true if the list could be read."""
    found: dict[str, str] = {}
    try:
        found.update(listing.named(names, scope))
    except Inconclusive:
        readable = False
    else:
        readable = True
    for sid, name in found.items():
        if sid not in inventory.sids(scope) and identity.is_own(sid, name, scope):
            inventory.add(Configuration(sid, _free_name(inventory, name, scope), scope))
    return readable


def _free_name(inventory: Inventory, name: str, scope: Scope) -> str:
    """A name of the run's for one more configuration that is listed as *name*."""
    open_ = (
        one
        for one, where in inventory.unresolved.items()
        if where == scope and inventory.shown_name(one) == name
    )
    return next(open_, "") or (
        inventory.announce_twin(name, scope) if name in inventory.left else name
    )
