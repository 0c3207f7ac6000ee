"""Work of one process that goes on beside its tests, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Event, Thread

from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive

#: How often work that has found nothing to do looks again unasked, in seconds.
_LOOK_S = 0.5


class Background:
    """Threads that each call a function as long as it has something to do, and again when they are nudged."""

    def __init__(self) -> None:
        self._wake = Condition()
        self._stopping = Event()
        self._threads: list[Thread] = []
        self._error: BaseException | None = None
        #: Functions under way.
        self._busy = 0

    @property
    def runs(self) -> bool:
        """Whether work goes on."""
        return bool(self._threads) and not self._stopping.is_set()

    @property
    def is_busy(self) -> bool:
        """Whether a function is under way."""
        return self._busy > 0

    def start(self, name: str, work: Callable[[], bool]) -> None:
        """Call *work* again and again, at once where it has done something."""
        if not self._stopping.is_set():
            thread = Thread(target=self._run, args=(work,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def nudge(self) -> None:
        """Say that there may be something to do."""
        with self._wake:
            self._wake.notify_all()

    def check(self) -> None:
        """Raise what has broken a thread: the suite's own mistakes must not be lost."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait up to *seconds* for what is under way."""
        self._stopping.set()
        self.nudge()
        for thread in self._threads:
            thread.join(seconds)

    def _run(self, work: Callable[[], bool]) -> None:
        while not self._stopping.is_set():
            try:
                did = self._call(work)
            except BudgetExhausted:
                return
            except Inconclusive:
                did = False
            except BaseException as error:  # noqa: BLE001  # raised by `check`
                self._error = error
                return
            if not did:
                with self._wake:
                    self._wake.wait(_LOOK_S)

    def _call(self, work: Callable[[], bool]) -> bool:
        with self._wake:
            self._busy += 1
        try:
            return work()
        finally:
            with self._wake:
                self._busy -= 1
                self._wake.notify_all()
