"""Work that threads share, bounded in number, interruptible in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from threading import Event, Semaphore, local
from typing import Any, TypeVar

from orchestrator_contract.exceptions import BudgetExhausted

#: Items under way at once.
_WIDTH = 8
_T = TypeVar("_T")
_R = TypeVar("_R")


class Parallel:
    """Applies functions to many items at once."""

    def __init__(self, patience_s: float) -> None:
        #: How long what is under way is waited for after an interrupt.
        self._patience_s = patience_s
        # Threads live as long as the client: with xdist each has a line to the coordinator.
        self._pool = ThreadPoolExecutor(_WIDTH, "client")
        self._inside = local()
        #: For what waits beside the tests, so that it does not keep them from sending.
        self._beside = ThreadPoolExecutor(2 * _WIDTH, "beside")
        self._begun: list[Future[Any]] = []

    def __call__(
        self, function: Callable[[_T], _R], items: Sequence[_T], width: int = _WIDTH
    ) -> list[_R]:
        """Apply *function* to *items*, up to *width* at a time, in order.

        Within a call that runs in parallel already the items take their turns.
        """
        if len(items) <= 1 or width <= 1 or getattr(self._inside, "parallel", False):
            return [function(item) for item in items]
        turns, interrupted = Semaphore(width), Event()

        def take_turn(item: _T) -> _R:
            self._inside.parallel = True
            with turns:
                if interrupted.is_set():
                    raise BudgetExhausted("the run was interrupted")
                return function(item)

        try:
            futures = [self._pool.submit(copy_context().run, take_turn, item) for item in items]
            wait(futures)
        except BaseException:
            # What is under way still changes the endpoint, and cleaning up needs to know of it. Who
            # holds all turns knows that nothing is, not even what was submitted by a call that did
            # not return; whoever has a turn later begins nothing.
            interrupted.set()
            deadline = time.monotonic() + self._patience_s
            for _ in range(width):
                turns.acquire(timeout=max(deadline - time.monotonic(), 0))
            turns.release(width)
            raise
        return [future.result() for future in futures]

    def beside(self, function: Callable[[], _R]) -> Future[_R]:
        """Begin *function* beside what follows."""
        future = self._beside.submit(function)
        self._begun = [*(one for one in self._begun if not one.done()), future]
        return future

    def join(self) -> None:
        """Wait for all that was begun beside."""
        wait(self._begun)

    def close(self) -> None:
        """Start nothing more, without waiting for threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._beside.shutdown(wait=False, cancel_futures=True)
