"""The stock: idle configurations, created ahead within the room that the account has.

Where creates take long, the stock is filled, and what can't serve again is deleted, beside the
tests, so that few slots stand idle and few tests wait.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from math import inf
from threading import RLock
from typing import Any

from orchestrator_contract.api.poller import Poller
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.payloads import COMMON_PAYLOADS
from orchestrator_contract.provision import cleanup
from orchestrator_contract.provision.create import Creator
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import NEW, RICH, is_rich
from orchestrator_contract.provision.refusals import TooFew
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: Size of a stock that is filled beside the tests, and slots that it leaves to their own creates.
_SIZE, _LEFT = 5, 1
#: Those that are created ahead of kinds that few tests need: in other scopes, and rich ones.
_FEW = 2
#: Longest wait for room that others have, processes and threads, and between two looks, in seconds.
_PATIENCE_S, _LOOK_S = 60.0, 0.5


@dataclass(eq=False)
class _Shelf:
    """Configurations of one kind that are created ahead, where creates take long."""

    scope: Scope = DEFAULT_SCOPE
    #: With all optional parts.
    rich: bool = False
    #: What is under way.
    creating: list[Future[None]] = field(default_factory=list)
    #: The endpoint does not create what belongs here.
    closed: bool = False


class Stock:
    """Gives tests what they ask for: made before, or made now."""

    def __init__(
        self,
        poller: Poller,
        inventory: Inventory,
        creator: Creator,
        ahead: int,
    ) -> None:
        """*ahead* more are made whenever one has to be made."""
        self._client = poller.client
        self._poller = poller
        self._inventory = inventory
        self._creator = creator
        #: Made, and not handed out yet.
        self._ready: list[Configuration] = []
        self.ahead = ahead
        #: What was asked for so far, plain ones of the default scope first.
        self._shelves = [_Shelf()]
        #: What is deleted beside the tests.
        self._deleting: list[Future[None]] = []
        #: How many calls create or delete now, by scope, in whichever thread.
        self._under_way: Counter[Scope] = Counter()
        self._lock = RLock()
        self._members = cycle(COMMON_PAYLOADS)
        #: Tests that are left.
        self._to_come = inf
        inventory.observers.append(self._fill)
        poller.observers.append(self._fill)

    # ---------------------------------------------------------------- beside the tests

    def begin(self, to_come: float) -> None:
        """Fill the stock for the tests that are left."""
        self._to_come = to_come
        self.ahead = int(min(self.ahead, to_come))
        if not self._poller.is_slow:
            return
        self._deleting = _running(self._deleting)
        if self._inventory.bound() and not self._deleting and (gone := self._let_go(DEFAULT_SCOPE)):
            self._deleting = [self._client.parallel.beside(partial(self._delete, gone))]
        self._fill()

    def _fill(self) -> None:
        """Create what the stock lacks, beside the tests."""
        if not self._poller.is_slow or not self.ahead:
            return
        with self._lock:
            for shelf in self._shelves:
                shelf.creating = _running(shelf.creating)
                create = partial(self._add, shelf)
                shelf.creating += [
                    self._client.parallel.beside(create) for _ in range(self._lacking(shelf))
                ]

    def _lacking(self, shelf: _Shelf) -> int:
        """How many more may be created for *shelf* now."""
        if shelf.closed:
            return 0
        share = self._inventory.share(shelf.scope)
        ready = self._ready_on(shelf)
        if shelf is self._shelves[0]:
            size, holding = max(self.ahead, _SIZE), self._inventory.holding()
            size *= 1 if share or holding <= size else 2  # there may be no room for so many
            exist = sum(one.scope == shelf.scope for one in [*self._inventory.left.values()])
            # What was begun may not be announced yet.
            room = share - _LEFT - exist - max(len(shelf.creating), holding - exist)
            ready += self._unspoiled(DEFAULT_SCOPE)
        else:
            size, room = _FEW, 0
        lacking = min(size, self._to_come) - len(ready) - len(shelf.creating)
        return int(min(lacking, room if share else inf))

    def _add(self, shelf: _Shelf) -> None:
        members = RICH if shelf.rich else next(self._members)
        made: list[Configuration] = []
        with contextlib.suppress(Inconclusive):  # a test that needs one is told
            made = self._create([members], shelf.scope, ahead=0)
            self.put(*made)
        rare = shelf is not self._shelves[0]
        shelf.closed = rare and [*map(is_rich, made)] != [shelf.rich]

    # ---------------------------------------------------------------- taking

    def take(self, wanted: Sequence[Mapping[str, Any]], scope: Scope) -> list[Configuration]:
        """Idle configurations with *wanted* optional members; for want of room plain ones.

        Raises:
            NothingToDelete: they can't be had.
        """
        found = []
        left, spent = [*wanted], time.monotonic() + _PATIENCE_S
        while left:
            if reused := self._from_stock(left, scope):
                self._fill()
                found += reused
            elif self._await_create(left, scope):
                continue
            else:
                try:
                    found += self._create(left, scope, ahead=self._ahead(left, scope))
                    self._fill()
                    break
                except TooFew as error:
                    found += error.made
                    left = left[len(error.made) :]
                    others = sum(bool(one) for one in left)
                    if error.full and self.make_room(scope, swap=others):
                        continue
                    instead = self._reuse(scope, len(left))
                    found += instead
                    left = left[len(instead) :]
                    if left and not (error.full and self._wait_for_room(scope, spent)):
                        self.put(*found)
                        raise
        return found

    def _ahead(self, wanted: Sequence[Mapping[str, Any]], scope: Scope) -> int:
        """How many more are made with *wanted*, where creates are quick."""
        plain = scope == DEFAULT_SCOPE and not any(wanted)
        return self.ahead if plain and not self._poller.is_slow else 0

    def _from_stock(self, wanted: list[Mapping[str, Any]], scope: Scope) -> list[Configuration]:
        """Move what the stock has of *wanted* from there to the result."""
        found = []
        for members in ({}, RICH):
            reused = self._reuse(scope, wanted.count(members), rich=bool(members))
            for _ in reused:
                wanted.remove(members)
            found += reused
        return found

    def _await_create(self, wanted: Sequence[Mapping[str, Any]], scope: Scope) -> bool:
        """Wait until the next of *wanted* is created beside the tests; false if none will be.

        Where there is room for any number, more than a few are better created at once.
        """
        kinds = {(scope, bool(members)) for members in ({}, RICH) if members in wanted}
        with self._lock:
            if self._poller.is_slow:
                known = {(shelf.scope, shelf.rich) for shelf in self._shelves}
                self._shelves += [_Shelf(*kind) for kind in sorted(kinds - known)]
            asked = [one for one in self._shelves if (one.scope, one.rich) in kinds]
            creating = [future for shelf in asked for future in _running(shelf.creating)]
        if len(wanted) > min(_FEW, len(creating)) and not self._inventory.bound(scope):
            return False
        return bool(wait(creating, return_when=FIRST_COMPLETED).done)

    def newest(self) -> Configuration:
        """The newest idle one: where creates take long one that exists, else a new one.

        Raises:
            NothingToDelete: there is none to be had.
        """
        with self._lock:
            # What is used beside the tests may be changed there.
            free = self._ready_in(DEFAULT_SCOPE)
            free += self._unspoiled(DEFAULT_SCOPE) if self._poller.is_slow else []
            found = [one for one in self._inventory.in_order(DEFAULT_SCOPE) if one in free][-1:]
            self._hand_out(found)
        return (found or self.take([NEW], DEFAULT_SCOPE))[0]

    def _reuse(self, scope: Scope, number: int, *, rich: bool = False) -> list[Configuration]:
        """Up to *number* that were made before: of earlier tests, or ahead."""
        with self._lock:
            tight = self._inventory.bound(scope)
            # A bridged service may keep one from being deleted.
            earlier = [] if rich else self._unspoiled(scope)
            found = [one for one in earlier if tight or not one.is_bridged][:number]
            any_kind = tight and not rich
            ready = self._ready_in(scope) if any_kind else self._ready_on(_Shelf(scope, rich))
            found += ready[: number - len(found)]
            self._hand_out(found)
            return found

    def _ready_on(self, shelf: _Shelf) -> list[Configuration]:
        return [one for one in self._ready_in(shelf.scope) if is_rich(one) == shelf.rich]

    def _ready_in(self, scope: Scope) -> list[Configuration]:
        return [one for one in self._ready if one.scope == scope]

    def _hand_out(self, found: Sequence[Configuration]) -> None:
        self._ready = [one for one in self._ready if one not in found]
        self._inventory.use(*found)

    def _unspoiled(self, scope: Scope) -> list[Configuration]:
        """Idle configurations of earlier tests at which no delete was aimed that may count."""
        untouched = self._client.ownership.untouched
        idle = [one for one in self._inventory.idle(scope) if untouched(one.resource_key)]
        return [one for one in idle if not self._inventory.is_leaving(one)]

    def claim(self, configuration: Configuration) -> bool:
        """Give it to the present test if it is idle; true if so."""
        with self._lock:
            found = configuration in self._inventory.idle(configuration.scope)
            if found:
                self._inventory.use(configuration)
            return found

    def put(self, *configurations: Configuration) -> None:
        """Keep these for other tests."""
        with self._lock:
            self._inventory.renew(*configurations)
            self._ready += configurations

    def clear(self) -> None:
        """Keep nothing for other tests, and make nothing more."""
        self.ahead = 0
        self._ready.clear()

    def _create(
        self, wanted: Sequence[Mapping[str, Any]], scope: Scope, *, ahead: int
    ) -> list[Configuration]:
        """New ones; what is made ahead with them is kept, and counts as deletions like they do."""
        number = len(wanted)
        self._inventory.charge(number)
        spare = self._client.coordinator.take_deletes(ahead)
        made: Sequence[Configuration] = ()
        try:
            with self._counted(scope):
                made = self._creator.create(wanted, scope, spare=spare)
        except TooFew as error:
            made = error.made
            raise
        finally:
            self._inventory.discharge(number + spare - len(made))
        self.put(*made[number:])
        return [*made[:number]]

    # ---------------------------------------------------------------- room

    def _wait_for_room(self, scope: Scope, spent: float) -> bool:
        """True if it is worth to try again, before it is *spent* seconds on the clock."""
        if self.make_room(scope, at_any_cost=True):
            return True
        may_come = self._inventory.may_get_more(scope) or self._under_way[scope]
        if time.monotonic() > spent or not may_come:
            return False
        with self._client.steps.step("waiting for room in the account"):
            time.sleep(_LOOK_S)
        return True

    def make_room(self, scope: Scope, *, swap: int = 0, at_any_cost: bool = False) -> bool:
        """Delete what can't serve again; true if it helps.

        If that is not enough, *swap* of what was made before are deleted for others in their
        place, or *at_any_cost* what is needed least.
        """
        held = self._inventory.holding(scope)
        holders = self._inventory.holders
        steps: list[Callable[[], object]] = [partial(wait, self._deleting)]
        steps += [one.release for one in holders]
        if at_any_cost:
            swap = sys.maxsize
            steps += [one.surrender for one in holders]
        for let_go in steps:
            let_go()
            self._delete(self._let_go(scope, swap))
            if self._inventory.holding(scope) < held:
                return True
        creating = [future for shelf in self._shelves for future in shelf.creating]
        wait(creating)  # they are not known yet, and not lost
        return self._creator.recover(scope)

    def _let_go(self, scope: Scope, others: int = 0) -> list[Configuration]:
        """Give up what can't serve again, and more until there is room for *others*."""
        with self._lock:
            good = self._unspoiled(scope)
            gone = [one for one in self._inventory.idle(scope) if one not in good]
            gone += [*self._ready_in(scope), *good][: max(others - len(gone), 0)]
            self._ready = [one for one in self._ready if one not in gone]
            self._inventory.leave(*gone)
            return gone

    def _delete(self, configurations: Sequence[Configuration]) -> None:
        """Delete these and wait for the end. What is busy makes no room now."""
        scope = configurations[0].scope if configurations else DEFAULT_SCOPE
        with self._counted(scope), contextlib.suppress(Inconclusive):
            cleanup.delete(self._poller, configurations, self._inventory.gone)

    @contextlib.contextmanager
    def _counted(self, scope: Scope) -> Iterator[None]:
        """Count what is done within: others wait for what becomes of it."""
        with self._lock:
            self._under_way[scope] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[scope] -= 1


def _running(futures: Iterable[Future[None]]) -> list[Future[None]]:
    return [one for one in futures if not one.done()]
