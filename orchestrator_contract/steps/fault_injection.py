"""Making an endpoint give an error answer in the way its profile says."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint, exists
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange

_TRIES = 3
#: Seconds after which another delete of the same configuration no longer counts as simultaneous.
APART_S = 0.1


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """What came of it."""

    exchanges: list[Exchange]
    #: The configuration that the refused requests named; None when a fetch does not show it.
    target: Configuration | None
    burst: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the endpoint took a delete of the victim after all."""
        return any(exchange.status == 202 for exchange in self.exchanges)


def provoke(
    endpoint: Endpoint,
    status: int,
    target: Configuration,
    count: int,
    key: str | None = None,
    *,
    keyed: bool = False,
) -> InjectedFault:
    """Send up to *count* deletes of *target*, or of the fault's own SID, that are answered *status*.

    The first is sent with *key*. Of the others every second one has a fresh key; with *keyed* each of them has one.

    Stops early when the endpoint accepts one, so that no more is sent than the profile's way is good for.
    """
    trigger = endpoint.profile.faults[status]
    call = Call("delete", target.sid, provokes=status)
    if trigger.headers:

        def delete(own: str | None) -> Exchange:
            return endpoint.client.delete(target, key=own, trigger=trigger, call=call)

        exchanges = _first(status, lambda: delete(key or (endpoint.key() if keyed else None)))
        if exchanges[-1].status == status:
            many = endpoint.client.parallel(
                lambda n: delete(endpoint.key() if keyed or n % 2 else None), range(count - 1)
            )
            exchanges += _without_conflicts(
                status, many, lambda: delete(endpoint.key() if keyed else None)
            )
        return InjectedFault(exchanges, target)
    if trigger.sid is not None:
        endpoint.ownership.allow(trigger.sid)
        shown = exists(endpoint.client.fetch(Configuration(trigger.sid)))
        call = Call("delete", trigger.sid, provokes=status)
        exchanges = _first(
            status,
            lambda: endpoint.client.delete(Configuration(trigger.sid or ""), key=key, call=call),
        )
        if exchanges[-1].status == status:
            many = endpoint.client.parallel(
                lambda _: endpoint.client.delete(Configuration(trigger.sid or ""), call=call),
                range(count - 1),
            )
            exchanges += _without_conflicts(
                status,
                many,
                lambda: endpoint.client.delete(Configuration(trigger.sid or ""), call=call),
            )
        return InjectedFault(exchanges, Configuration(trigger.sid) if shown else None)
    return _burst(endpoint, status, target, key)


def _first(status: int, delete: Callable[[], Exchange]) -> list[Exchange]:
    """One answer to the provocation, after a 500 or a conflict that nobody provoked: both are documented and pass."""
    for attempt in range(_TRIES):
        time.sleep(APART_S if attempt else 0)
        exchange = delete()
        if exchange.status not in {500, 409} - {status}:
            break
    return [exchange]


def _without_conflicts(
    status: int, exchanges: Sequence[Exchange], delete: Callable[[], Exchange]
) -> list[Exchange]:
    """*exchanges*, and in place of those in which simultaneous deletes were a conflict (409 is documented) a few that come alone."""
    passed = [exchange for exchange in exchanges if exchange.status != 409 or status == 409]
    for _ in range(min(len(exchanges) - len(passed), _TRIES)):
        time.sleep(APART_S)
        passed.append(delete())
    return passed


def _burst(
    endpoint: Endpoint, status: int, target: Configuration, key: str | None
) -> InjectedFault:
    """Fill the endpoint with deletes of an absent SID, those of *target* among the last.

    Only when the filling has met *status* does a request name the victim.
    """
    burst = endpoint.profile.faults[status].burst
    if burst is None:
        raise Inconclusive(f"the profile has no way to provoke {status}")
    total, width = burst
    absent = endpoint.absent_sid()
    call = Call("delete", absent, provokes=status)
    hits: list[Exchange] = []
    sent = 0
    while sent < total:
        size = min(width, total - sent)
        batch = [
            endpoint.client.request(
                call, "DELETE", f"/Configurations/{absent}", key=endpoint.key() if n % 2 else None
            )
            for n in range(size)
        ]
        own = size > 1 and bool(hits)
        if own:
            own_call = Call("delete", target.sid, provokes=status)
            batch[-1] = endpoint.client.request(
                own_call, "DELETE", f"/Configurations/{target.sid}", key=key or endpoint.key()
            )
        responses = endpoint.client.send_together(batch)
        sent += size
        fresh = [exchange for exchange in responses if exchange.status == status]
        hits += fresh
        if own:
            mine = responses[-1]
            if mine.status == status or mine.status == 202:
                return InjectedFault(
                    [*(e for e in hits if e is not mine), mine], target, burst=True
                )
    return InjectedFault(hits, None, burst=True)
