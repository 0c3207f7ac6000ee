"""Refilling the stock while tests run, so that tests seldom wait for creates, and tidying up where room is short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Protocol

from orchestrator_contract.provision.create import Creator
from orchestrator_contract.provision.forecast import Forecast, Order
from orchestrator_contract.provision.holds import Holds
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.making import Making
from orchestrator_contract.provision.refusals import TooFew
from orchestrator_contract.provision.stock import PLAIN, Content, members_of
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE

#: Creates of one order at most, and configurations in the stock where no bound is known.
_LARGEST, _STOCK = 12, 24
#: With less room than this nothing is made ahead.
LEAST_ROOM = 4
#: Creates of the first order; each one that is wholly taken lets the next be twice as large.
_FIRST = 4
#: An order that nobody waits for is not smaller than this.
_SMALLEST = 3


class Pool(Protocol):
    """COMPLETED deletes that tests will take."""

    def size(self) -> int:
        """How many there are, or are about to be."""

    def delete_for_pool(self, configurations: Sequence[Configuration]) -> None:
        """Have these deleted."""


class Refill:
    """Makes beside the tests of one process what they will take."""

    def __init__(
        self,
        making: Making,
        creator: Creator,
        inventory: Inventory,
        holds: Holds,
        forecast: Forecast,
        turn: Callable[[], AbstractContextManager[None]],
        pool: Pool,
    ) -> None:
        """Each order is carried out within a *turn*; the *pool* deletes what is to be deleted beforehand."""
        self._making = making
        self._creator = creator
        self._inventory = inventory
        self._holds = holds
        self._forecast = forecast
        self._turn = turn
        self._pool = pool
        self._lock = Lock()
        #: What orders under way make, by content, and how much of it is to be deleted.
        self._arriving: Counter[Content] = Counter()
        self._completing = 0
        self._largest = _FIRST

    # ---------------------------------------------------------------- orders

    def refill(self) -> bool:
        """Carry out one order; whether there was one."""
        with self._lock:
            order = self._next()
            if not order:
                return False
            self._note(order, 1)
        try:
            with self._turn(), self._inventory.beside_tests():
                self._carry_out(order)
        finally:
            with self._lock:
                self._note(order, -1)
        return True

    def _note(self, order: Order, sign: int) -> None:
        for content in order.idle:
            self._arriving[content] += sign
        self._completing += sign * order.completed
        self._making.under_way += sign * len(order)

    def _next(self) -> Order:
        have = self._making.stock.contents(DEFAULT_SCOPE)
        most = self._room(have.total())
        if most <= 0:
            return Order()
        completed = self._pool.size() + self._completing
        order = self._forecast.order(have + self._arriving, completed, min(most, self._largest))
        return order if order.urgent or len(order) >= min(_SMALLEST, most) else Order()

    def _room(self, idle: int) -> int:
        """How many more there may be."""
        bound = self._inventory.share()
        if not bound:
            return _STOCK - idle - self._making.under_way
        return bound - self._inventory.holding() if bound >= LEAST_ROOM else 0

    def _carry_out(self, order: Order) -> None:
        contents = [*order.idle, *([PLAIN] * order.completed)]
        made = self._create(contents)
        idle = {index: one for index, one in made.items() if index < len(order.idle)}
        for index, one in idle.items():
            self._making.stock.put(one, contents[index])
        self._inventory.notify()
        self._pool.delete_for_pool([one for index, one in made.items() if index not in idle])

    def _create(self, contents: Sequence[Content]) -> dict[int, Configuration]:
        number = len(contents)
        self._inventory.charge(number)
        made: dict[int, Configuration] = {}
        try:
            members = [members_of(content) for content in contents]
            made = dict(enumerate(self._creator.create(number, DEFAULT_SCOPE, members)))
            self._largest = min(2 * self._largest, _LARGEST)
        except TooFew as error:
            made = dict(error.by_index)
            if not made:
                raise
        finally:
            self._inventory.discharge(number - len(made))
        return made

    # ---------------------------------------------------------------- room

    def tidy(self) -> bool:
        """Where there is a bound, have what tests have left serve again, or delete it; whether there was any."""
        if not self._inventory.bound():
            return False
        idle = self._making.idle()
        if not idle and self._is_short():
            with self._turn():
                self._holds.release()
            idle = self._making.idle()
        again = [one for one in idle if self._making.is_unspoiled(one)]
        for one in again:
            self._making.stock.put(one)
        self._inventory.notify()
        spoiled = [one for one in idle if one not in again]
        with self._turn():
            return self._making.delete(spoiled)

    def _is_short(self) -> bool:
        """Whether there is no room for what the next tests take."""
        share, have = self._inventory.share(), self._making.stock.contents(DEFAULT_SCOPE)
        if share < LEAST_ROOM or self._inventory.holding() < share:
            return False
        return self._forecast.order(have + self._arriving, self._pool.size(), 1).urgent
