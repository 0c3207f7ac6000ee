"""Second looks: what was right at once must be right a while later, too.

Tests hand over what they have seen; a last test, and the end of each process, looks again once a set time has passed.
A status that flaps, a refused delete that is carried out all the same, a deletion that comes back are found so.
Ended operations are many, so only a sample of those that are due is looked at. Whatever must have been kept is looked at
in full, after a wait if need be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.limits import HOUR, RETAINED_S
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.scope import ResourceKey

if TYPE_CHECKING:
    from orchestrator_contract.api.configuration import Configuration
    from orchestrator_contract.endpoint import Endpoint

_ENDED, _KEPT = "ended", "kept "


@dataclass(frozen=True, slots=True)
class _Item:
    due: float
    kind: str
    #: How far the endpoint's clock had been moved.
    advanced: int
    look: Callable[[], None]


class Rechecks:
    """What is to be looked at again, and when."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._items: list[_Item] = []
        #: What each configuration must be kept for: requirements with their evidence.
        self._kept: dict[ResourceKey, dict[str, list[Exchange]]] = {}
        #: What was there at the second look, too; the first one for each requirement.
        self._stayed: dict[str, tuple[Configuration, list[Exchange]]] = {}
        self._first: list[Operation] = []
        self._advanced = 0
        self._looked = False

    def _add(self, kind: str, look: Callable[[], None]) -> None:
        self._items.append(
            _Item(
                time.monotonic() + self._endpoint.effort.watch_s,
                kind,
                self._endpoint.coordinator.advanced(),
                look,
            )
        )

    def ended(self, operations: Sequence[Operation], kind: str = _ENDED) -> None:
        """These are COMPLETED and must stay so, their configurations gone; of each *kind* a sample is looked at."""
        if not self._first:
            self._first = [
                o for o in operations if o.accepted.key and o.accepted.key == o.accepted.key.lower()
            ][:3]
            self._advanced = self._endpoint.coordinator.advanced()
        for operation in operations:
            self._add(kind, lambda o=operation: self._look_at_ended(o))  # type: ignore[misc]

    @property
    def saw_end(self) -> bool:
        """Whether an operation that ended was handed over."""
        return bool(self._first) or any(item.kind == _ENDED for item in self._items)

    def failed(self, operations: Sequence[Operation]) -> None:
        """These are FAILED and must stay so."""
        for operation in operations:
            self._add("failed", lambda o=operation: (self._endpoint.poller.poll(o), None)[1])  # type: ignore[misc]

    def first_ended(self) -> list[Operation]:
        """The first operations of the run that ended under keys, whatever the endpoint's clock says now."""
        return self._first

    def oldest_keys(self) -> list[Operation]:
        """Ended operations from early in the run whose keys are younger than a day on the endpoint's clock."""
        return self._first if self._endpoint.coordinator.advanced() == self._advanced else []

    def kept(
        self, requirement: str, configuration: Configuration, steps: Sequence[Exchange]
    ) -> None:
        """This must still be there later, or *requirement* is breached; the first one, where several watch it."""
        self._kept.setdefault(configuration.resource_key, {}).setdefault(requirement, list(steps))
        kind = f"{_KEPT}{configuration.resource_key}"
        self._items = [item for item in self._items if item.kind != kind]
        doubtful = self._endpoint.ownership.doubtful(configuration.resource_key)
        self._add(kind, lambda: self._look_at_kept(configuration, doubtful=doubtful))

    def keeps(self, configuration: Configuration) -> bool:
        """Whether this is still to be looked at."""
        return configuration.resource_key in self._kept

    def stayed(self) -> list[tuple[str, Configuration, list[Exchange]]]:
        """One for each requirement of what was kept at the second look and not deleted on purpose since."""
        return [
            (requirement, configuration, steps)
            for requirement, (configuration, steps) in self._stayed.items()
            if not (
                self._endpoint.inventory.is_gone(configuration)
                or self._endpoint.is_lost(configuration)
            )
            and not self._endpoint.ownership.doubtful(configuration.resource_key)
        ]

    def release(self) -> None:
        """Look now, once it is time, at what must be kept: where there is room for few, it is not kept to the end of the run."""
        kept = [item for item in self._items if item.kind.startswith(_KEPT)]
        self._items = [item for item in self._items if item not in kept]
        self._take(kept)

    def _take(self, items: Sequence[_Item]) -> None:
        wait = max((item.due for item in items), default=0.0) - time.monotonic()
        if wait > 0:
            with self._endpoint.client.steps.step("waiting until the second look is due"):
                time.sleep(wait)
        self._endpoint.client.parallel(_quietly, items)

    def _look_at_ended(self, operation: Operation) -> None:
        endpoint = self._endpoint
        endpoint.poller.poll(operation)
        exchange = endpoint.client.fetch(operation.configuration)
        if exchange.status != 500:  # passing, says nothing of the configuration
            endpoint.findings.check(
                "DELETED-FETCH",
                exchange.status == 404,
                expected="404, as before",
                seen=exchange.outcome(),
                exchanges=[operation.accepted, *operation.polls[-1:], exchange],
            )

    def _look_at_kept(self, configuration: Configuration, *, doubtful: bool) -> None:
        endpoint = self._endpoint
        watched = self._kept.pop(configuration.resource_key)
        if endpoint.inventory.is_gone(configuration) or endpoint.is_lost(configuration):
            return  # deleted on purpose since
        exchange = endpoint.client.fetch(configuration)
        if exchange.status == 404 and (late := configuration.read_lag_s):
            time.sleep(late)
            exchange = endpoint.client.fetch(configuration)
        if exchange.status not in (200, 404):
            return
        if (
            exchange.status == 404
            and not doubtful
            and endpoint.ownership.doubtful(configuration.resource_key)
        ):
            return  # a delete since then was answered 500 or not at all, and of that nothing is promised
        for requirement, steps in watched.items():
            ok = endpoint.findings.check(
                requirement,
                exchange.status == 200,
                expected=f"{configuration.sid} still there",
                seen="gone",
                exchanges=[*steps, exchange],
            )
            if not ok:
                endpoint.inventory.gone(configuration)
                break
            self._stayed.setdefault(requirement, (configuration, steps))

    def settle(self) -> None:
        """Look again at everything, waiting for what is not due yet: of ended operations only where none has been looked at."""
        kinds: dict[str, list[_Item]] = {}
        advanced = self._endpoint.coordinator.advanced()
        for item in self._items:
            # Past 7 days an operation need not be there any more, and the look would say nothing.
            if advanced - item.advanced > RETAINED_S - HOUR:
                continue
            kinds.setdefault(item.kind, []).append(item)
        self._items = []
        due = [item for item in kinds.get(_ENDED, ()) if item.due <= time.monotonic()]
        if due or self._looked:
            kinds[_ENDED] = due
        self._looked |= _ENDED in kinds
        for items in filter(None, kinds.values()):
            step = -(-len(items) // self._endpoint.effort.watched)  # a spread sample
            self._take(items[-1::-step])


def _quietly(item: _Item) -> None:
    try:
        item.look()
    except Inconclusive:
        return  # the first look stands; that there was no second one is no finding
