"""Deleting what the run has made: by its id, or by the name that its create announced."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from orchestrator_contract.client.calls import Client
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow.follower import Follower
from orchestrator_contract.follow.operation import Operation
from orchestrator_contract.listing import Listing
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.provision.inventory import TWIN, Inventory
from orchestrator_contract.verdict import Unverifiable

#: How long a create whose answer is not known may take to show in the list, in seconds.
_LATE_S = 3.0


def clean_up(
    client: Client, follower: Follower, inventory: Inventory, listing: Listing
) -> list[Configuration]:
    """Delete what is left in *inventory*; what could not be deleted is returned."""
    client.forgive()
    # What was interrupted may not be listed before its create has ended.
    accepted = inventory.accepted
    open_ = [operation for name in inventory.unresolved if (operation := accepted.get(name)) is not None]
    with contextlib.suppress(Unverifiable):
        follower.finish(open_, early=False)
    _look_for_unresolved(inventory, listing)
    lost = [
        Configuration(f"(of {name})", name)
        for name in inventory.unresolved
        if name not in inventory.left and not ((one := accepted.get(name)) and one.done)
    ]
    inventory.unresolved.clear()
    for _ in range(2):
        remaining = list(inventory.left.values())
        if not remaining:
            break
        try:
            remove(client, follower, remaining, inventory.gone)
        except Unverifiable:
            break
    return [*inventory.left.values(), *lost]


def remove(
    client: Client,
    follower: Follower,
    configurations: Sequence[Configuration],
    gone: Callable[..., None],
) -> None:
    """Delete these and wait for the end; *gone* is called with those that are."""
    call = Call("delete", allow=frozenset({401, 403, 410}))

    def delete(configuration: Configuration) -> tuple[Configuration, Exchange | None]:
        try:
            return configuration, client.delete(
                configuration.sid,
                account=configuration.account,
                region=configuration.region,
                call=call,
                fresh=False,
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
    # An operation that can't be read: the next delete tells by its 404.
    with contextlib.suppress(Unverifiable):
        follower.finish([operation for _, operation in operations], early=False)
    gone(*(configuration for configuration, operation in operations if operation.status == "COMPLETED"))


def _look_for_unresolved(inventory: Inventory, listing: Listing) -> None:
    """Find in the list what announced creates have made; without its answer, a create may still be under way."""
    deadline = time.monotonic() + _LATE_S
    while True:
        missing = {
            name: place for name, place in sorted(inventory.unresolved.items()) if name not in inventory.left
        }
        for name, (account, region) in missing.items():
            unknown = partial(_is_another, name.partition(TWIN)[0], inventory.sids())
            sid = listing.find(unknown, account=account, region=region)
            if sid is not None:
                inventory.add(Configuration(sid, name, account, region))
        settled = missing.keys() <= inventory.left.keys() | inventory.accepted.keys()
        if settled or time.monotonic() > deadline:
            return
        time.sleep(_LATE_S / 10)


def _is_another(name: str, known: AbstractSet[str], item: dict[str, Any]) -> bool:
    return item.get("displayName") == name and item.get("id") not in known
