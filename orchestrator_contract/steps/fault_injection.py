"""Fault injection: provoke an error status in the profile's way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import errors
from orchestrator_contract.steps.step import Step

_TRIES = 3
#: Bursts that are sent after one that had the target's own request accepted.
_MORE_BURSTS = 2
#: Seconds after which another delete of the same configuration no longer counts as concurrent.
APART_S = 0.1


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """The responses to deletes that were to return one status."""

    status: int
    exchanges: list[Exchange]
    #: The configuration that the deletes named; None where a fetch does not show it.
    target: Configuration | None
    burst: bool = False

    @property
    def hits(self) -> list[Exchange]:
        """Responses with the provoked status."""
        return [one for one in self.exchanges if one.status == self.status]

    @property
    def accepted(self) -> bool:
        """True if a delete of the target was accepted after all."""
        return any(one.status == 202 for one in self.exchanges)

    @property
    def on_target(self) -> list[Exchange]:
        """The `hits` on the target."""
        named = self.target.sid if self.target else None
        return [one for one in self.hits if one.call.subject == named]


class FaultInjection(Step):
    """Provokes errors on one endpoint."""

    @property
    def sample(self) -> int:
        """Responses to provoke at once; smaller tests of that status give the rest."""
        return max(1, self._endpoint.effort.refusals * 3 // 4)

    def by_headers(self, status: int) -> bool:
        """True if headers provoke *status*, on any SID and key."""
        fault = self._endpoint.profile.faults.get(status)
        return fault is not None and bool(fault.headers)

    def provoke(
        self, status: int, target: Configuration, count: int = 1, *, key: str | None = None
    ) -> InjectedFault:
        """Send up to *count* deletes that return *status*; at least one did.

        The first has *key*; of the others every second has a new key. No more are sent once one was
        not answered as provoked.

        Raises:
            Inconclusive: the profile has no way to provoke *status*, or it gave another one.
        """
        found = self.attempt(status, target, count, key=key)
        self._judge(found)
        return found

    def attempt(
        self,
        status: int,
        target: Configuration,
        count: int = 1,
        *,
        key: str | None = None,
        keyed: bool = False,
    ) -> InjectedFault:
        """Like `provoke`, without judging which status came; with *keyed* each has a new key.

        Raises:
            Inconclusive: the profile has no way to provoke *status*.
        """
        fault = self._endpoint.profile.faults.get(status)
        if fault is None:
            raise Inconclusive(f"needs fault.{status}")
        if fault.burst is not None:
            return self._burst(status, fault.burst, target, key)
        shown: Configuration | None = target
        if fault.sid is not None:
            target = Configuration(fault.sid)
            self._endpoint.ownership.allow(fault.sid)
            shown = target if self._api.fetch(target).status == 200 else None
        exchanges = self._deletes(status, fault, target, count, key, keyed=keyed)
        return InjectedFault(status, exchanges, shown)

    def reject(self, status: int, target: Configuration, count: int = 1) -> InjectedFault:
        """Have deletes of an existing configuration refused.

        *target*, or another one if a burst had it deleted.

        Raises:
            Inconclusive: no delete of a configuration that exists was refused.
        """
        for _ in range(1 + _MORE_BURSTS):
            found = self.provoke(status, target, count)
            if not (found.burst and found.accepted):
                break
            target = self._endpoint.targets.one()
        if found.accepted:
            raise Inconclusive(
                "a request of the burst was accepted, so the configuration is rightly deleted"
            )
        if found.target is None or not found.on_target:
            raise Inconclusive(f"the SID that returns {status} is not shown by a fetch")
        return found

    def attempt_and_follow(
        self, status: int, target: Configuration, count: int = 0, *, key: str | None = None
    ) -> InjectedFault:
        """Like `attempt`, by default as often as the effort has it, and on *target* itself.

        Deletes that are accepted instead are followed.

        Raises:
            Inconclusive: the profile has no headers that provoke *status*.
        """
        if not self.by_headers(status):
            raise Inconclusive(f"needs fault.{status} by headers")
        count = count or self._endpoint.effort.refusals // 8
        found = self.attempt(status, target, count, key=key)
        self._endpoint.follow(target, *found.exchanges)
        return found

    def observe_effect(self, found: InjectedFault) -> None:
        """Observe the effect of refused deletes; a 500 or 503 promises none."""
        fetch = self._api.fetch(found.target) if found.target else None
        effect = {200: "not deleted", 404: "deleted"}.get(fetch.status or 0 if fetch else 0)
        self._findings.observe("OBS-FAULT-EFFECT", f"{found.status}: {effect or 'not known'}")

    def _judge(self, found: InjectedFault) -> None:
        hits, status = found.hits, found.status
        # A 500 may come now and then, and a provoked 5xx may have begun a delete that later ones
        # conflict with.
        passing = (500, *((409,) if status >= 500 else ())) if hits else ()
        others = [
            one for one in found.exchanges if one.status not in (status, 202, 404, None, *passing)
        ]
        if hits:
            errors.provoked_status(self._findings, status, hits[0])
        if others and not found.burst:
            errors.provoked_status(self._findings, status, others[0])
        if not hits:
            seen = ", ".join(sorted({one.outcome() for one in found.exchanges}))
            raise Inconclusive(
                f"the profile's way to provoke {status} returned {seen or 'nothing'}"
            )

    # ---------------------------------------------------------------- by headers or SID

    def _deletes(
        self,
        status: int,
        fault: Trigger,
        target: Configuration,
        count: int,
        key: str | None,
        *,
        keyed: bool,
    ) -> list[Exchange]:
        call = Call("delete", target.sid, provokes=status)

        def delete(own: str | None) -> Exchange:
            return self._api.delete(target, key=own, trigger=fault, call=call)

        def new_key(number: int = 0) -> str | None:
            return self._endpoint.key() if keyed or number % 2 else None

        first = self._first(status, lambda: delete(key or new_key()))
        if first.status != status:
            return [first]
        keys = [new_key(number) for number in range(count - 1)]
        more = self._api.parallel(delete, keys)
        return [first, *self._without_conflicts(status, more, lambda: delete(new_key()))]

    @staticmethod
    def _first(status: int, delete: Callable[[], Exchange]) -> Exchange:
        """One response, repeated after a passing 500 or conflict."""
        for attempt in range(_TRIES):
            time.sleep(APART_S if attempt else 0)
            exchange = delete()
            if exchange.status not in {500, 409} - {status}:
                break
        return exchange

    @staticmethod
    def _without_conflicts(
        status: int, exchanges: Sequence[Exchange], delete: Callable[[], Exchange]
    ) -> list[Exchange]:
        """*exchanges*, with single deletes in place of mutual conflicts."""
        passed = [one for one in exchanges if one.status != 409 or status == 409]
        for _ in range(min(len(exchanges) - len(passed), _TRIES)):
            time.sleep(APART_S)
            passed.append(delete())
        return passed

    # ---------------------------------------------------------------- by many requests at once

    def _burst(
        self, status: int, burst: tuple[int, int], target: Configuration, key: str | None
    ) -> InjectedFault:
        """Send concurrent deletes of an absent SID, and one of the target.

        It is in the wave after the first *status*, or in the last one.
        """
        total, width = burst
        absent = self._endpoint.absent.one()
        hits: list[Exchange] = []
        for sent in range(0, total, width):
            size = min(width, total - sent)
            batch = self._wave(status, absent, size)
            aimed = size > 1 and (bool(hits) or sent + size >= total)
            if aimed:
                batch[-1] = self._request(status, target, key or self._endpoint.key())
            responses = self._api.send_together(batch)
            hits += [one for one in responses if one.status == status]
            if aimed and responses[-1].status in (status, 202):
                self._endpoint.follow(target, responses[-1])
                others = [one for one in hits if one is not responses[-1]]
                return InjectedFault(status, [*others, responses[-1]], target, burst=True)
        return InjectedFault(status, hits, None, burst=True)

    def _wave(self, status: int, absent: Configuration, size: int) -> list[Request]:
        keys = [self._endpoint.key() if number % 2 else None for number in range(size)]
        return [self._request(status, absent, key) for key in keys]

    def _request(self, status: int, configuration: Configuration, key: str | None) -> Request:
        call = Call("delete", configuration.sid, provokes=status)
        return self._api.delete_request(configuration, key=key, call=call)
