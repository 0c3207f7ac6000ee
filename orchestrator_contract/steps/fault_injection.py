"""Making an endpoint give an error answer in the way its profile says."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator_contract.endpoint import Suite, exists
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import Unverifiable

_TRIES = 3
#: Seconds after which another delete of the same configuration no longer counts as simultaneous.
APART_S = 0.1


@dataclass(frozen=True, slots=True)
class Provocation:
    """What came of it."""

    exchanges: list[Exchange]
    #: The configuration that the refused requests named; None when a fetch does not show it.
    victim: Configuration | None
    burst: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the endpoint took a delete of the victim after all."""
        return any(exchange.status == 202 for exchange in self.exchanges)


def provoke(
    suite: Suite,
    status: int,
    victim: Configuration,
    count: int,
    key: str | None = None,
    *,
    keyed: bool = False,
) -> Provocation:
    """Send up to *count* deletes of *victim*, or of the fault's own SID, that are answered *status*.

    The first is sent with *key*. Of the others every second one has a fresh key; with *keyed* each of them has one.

    Stops early when the endpoint accepts one, so that no more is sent than the profile's way is good for.
    """
    trigger = suite.profile.faults[status]
    call = Call("delete", victim.sid, provokes=status)
    if trigger.headers:

        def delete(own: str | None) -> Exchange:
            return suite.client.delete(
                victim.sid,
                key=own,
                account=victim.account,
                region=victim.region,
                trigger=trigger,
                call=call,
            )

        exchanges = _first(status, lambda: delete(key or (suite.key() if keyed else None)))
        if exchanges[-1].status == status:
            many = suite.client.parallel(
                lambda n: delete(suite.key() if keyed or n % 2 else None), range(count - 1)
            )
            exchanges += _without_conflicts(
                status, many, lambda: delete(suite.key() if keyed else None)
            )
        return Provocation(exchanges, victim)
    if trigger.sid is not None:
        suite.ownership.allow(trigger.sid)
        shown = exists(suite.client.fetch(trigger.sid))
        call = Call("delete", trigger.sid, provokes=status)
        exchanges = _first(
            status, lambda: suite.client.delete(trigger.sid or "", key=key, call=call)
        )
        if exchanges[-1].status == status:
            many = suite.client.parallel(
                lambda _: suite.client.delete(trigger.sid or "", call=call), range(count - 1)
            )
            exchanges += _without_conflicts(
                status, many, lambda: suite.client.delete(trigger.sid or "", call=call)
            )
        return Provocation(exchanges, Configuration(trigger.sid) if shown else None)
    return _burst(suite, status, victim, key)


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


def _burst(suite: Suite, status: int, victim: Configuration, key: str | None) -> Provocation:
    """Fill the endpoint with deletes of an absent SID, those of *victim* among the last.

    Only when the filling has met *status* does a request name the victim.
    """
    burst = suite.profile.faults[status].burst
    if burst is None:
        raise Unverifiable(f"the profile has no way to provoke {status}")
    total, width = burst
    absent = suite.absent_sid()
    call = Call("delete", absent, provokes=status)
    hits: list[Exchange] = []
    sent = 0
    while sent < total:
        size = min(width, total - sent)
        batch = [
            suite.client.outgoing(
                call, "DELETE", f"/Configurations/{absent}", key=suite.key() if n % 2 else None
            )
            for n in range(size)
        ]
        own = size > 1 and bool(hits)
        if own:
            own_call = Call("delete", victim.sid, provokes=status)
            batch[-1] = suite.client.outgoing(
                own_call, "DELETE", f"/Configurations/{victim.sid}", key=key or suite.key()
            )
        answers = suite.client.send_together(batch)
        sent += size
        fresh = [exchange for exchange in answers if exchange.status == status]
        hits += fresh
        if own:
            mine = answers[-1]
            if mine.status == status or mine.status == 202:
                return Provocation([*(e for e in hits if e is not mine), mine], victim, burst=True)
    return Provocation(hits, None, burst=True)
