"""Which configurations tests use, have used, and may use again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import ResourceKey

#: What is used beside the tests, in the thread that does so.
_APART: ContextVar[set[ResourceKey] | None] = ContextVar("apart", default=None)


class Usage:
    """Who uses a configuration: the present test, an earlier one, or one judged beside them."""

    def __init__(self) -> None:
        self._lock = RLock()
        #: Those that tests have had, that earlier ones have had, and that the present one has.
        self._used: set[ResourceKey] = set()
        self._earlier: set[ResourceKey] = set()
        self._taken: set[ResourceKey] = set()
        #: What is used beside the tests, by each that does so.
        self._apart: dict[int, set[ResourceKey]] = {}

    def begin(self) -> None:
        """Note that a new test begins: what earlier ones had is theirs no more."""
        with self._lock:
            self._taken.clear()
            self._earlier = {*self._used}

    def use(self, *configurations: Configuration) -> None:
        """Keep these as long as the present test runs."""
        with self._lock:
            self._present().update(one.resource_key for one in configurations)
            self.retire(*configurations)

    def _present(self) -> set[ResourceKey]:
        apart = _APART.get()
        return self._taken if apart is None else apart

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep what is used within until its end, whatever tests begin."""
        taken: set[ResourceKey] = set()
        token = _APART.set(taken)
        with self._lock:
            self._apart[id(taken)] = taken
        try:
            yield
        finally:
            _APART.reset(token)
            with self._lock:
                del self._apart[id(taken)]

    def in_use_here(self) -> set[ResourceKey]:
        """What the present test uses, or what is used beside the tests in this thread."""
        with self._lock:
            return {*self._present()}

    def let_go(self, *configurations: Configuration) -> None:
        """Note that the present test needs these no longer."""
        with self._lock:
            self._present().difference_update(one.resource_key for one in configurations)

    def in_use(self, configuration: Configuration) -> bool:
        """True if the present test uses it, or what is judged beside the tests."""
        with self._lock:
            return configuration.resource_key in self._taken.union(*self._apart.values())

    def is_unused(self, configuration: Configuration) -> bool:
        """True if no earlier test has had it."""
        return configuration.resource_key not in self._earlier

    def retire(self, *configurations: Configuration) -> None:
        """Note that no later test has been promised these."""
        with self._lock:
            self._used.update(one.resource_key for one in configurations)

    def renew(self, *configurations: Configuration) -> None:
        """Note that these are as good as new."""
        with self._lock:
            self._used.difference_update(one.resource_key for one in configurations)

    def idle_keys(self) -> set[ResourceKey]:
        """What earlier tests had, and none uses."""
        with self._lock:
            return self._used.difference(self._taken, *self._apart.values())
