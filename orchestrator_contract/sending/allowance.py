"""The budgets of a run: requests, requests of bounded kinds, and time."""

from __future__ import annotations

import contextlib
import time
from threading import Lock

from orchestrator_contract.contract import schemas
from orchestrator_contract.coordination.coordinator import (
    DELETES,
    FAILED_LOGINS,
    MALFORMED_KEYS,
    Coordinator,
    Lost,
)
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive
from orchestrator_contract.http.request import Request

#: Requests fetched from the shared budget at a time, and while cleaning up.
_GRANT, _CLEANING_GRANT = 16, 2
#: How long cleaning up may take, in seconds.
_CLEANING_S = 300.0


class Allowance:
    """Counts what one process sends; safe for threads."""

    def __init__(self, coordinator: Coordinator, longest_s: float, timeout_s: float) -> None:
        self._coordinator = coordinator
        #: Seconds after its first request from which the run sends nothing more.
        self.longest_s = longest_s
        #: Seconds that may be lost on requests without a response.
        self.patience_s = max(30.0, 6 * timeout_s)
        self.lost_s = 0.0
        self._lock = Lock()
        self._granted = 0
        self.cleaning = False
        #: Monotonic seconds from which nothing more is sent.
        self._end_at: float | None = None

    def take(self, out: Request) -> float:
        """Take a request off the budgets; the seconds to wait for its turn.

        Raises:
            BudgetExhausted: no more may be sent.
            Inconclusive: no more of its kind may be sent.
        """
        with self._lock:
            self._end_at = self._end_at or time.monotonic() + self.longest_s
            if time.monotonic() > self._end_at:
                raise BudgetExhausted(
                    f"the run took longer than {self.longest_s / 60:.3g} minutes; the rest was not "
                    "tried"
                )
            if self.lost_s > self.patience_s:
                raise BudgetExhausted("the endpoint stopped answering; the rest was not tried")
            if not self._granted:
                self._granted = self._coordinator.take_requests(
                    _CLEANING_GRANT if self.cleaning else _GRANT, cleaning=self.cleaning
                )
                if not self._granted:
                    raise BudgetExhausted("the request budget ([limits] requests) is spent")
            self._granted -= 1
        self._count_bounded(out)
        delay = self._coordinator.pace()
        # Sent sooner it would break the pace: a wait that does not fit into the run is not begun.
        if delay > 0 and time.monotonic() + delay > self._end_at:
            raise BudgetExhausted(
                f"the pace asks for a wait of {delay:.3g} s, which is longer than the run may "
                "take; the rest was not tried"
            )
        return delay

    def _count_bounded(self, out: Request) -> None:
        """Count a request of a kind that has a bound of its own."""
        deletes = out.method == "DELETE"
        if deletes and not self._coordinator.take_bounded(DELETES, cleaning=self.cleaning):
            raise BudgetExhausted(
                "the budget of DELETE requests ([limits] delete_requests) is spent"
            )
        kinds = [FAILED_LOGINS] if out.call.credentials == "wrong" else []
        malformed = out.key is not None and not schemas.matches("idempotency-key.json", out.key)
        kinds += [MALFORMED_KEYS] if malformed else []
        for kind in kinds:
            if not self._coordinator.take_bounded(kind):
                raise Inconclusive(f"no more {kind} are sent to an endpoint elsewhere")

    def lose(self, seconds: float) -> None:
        """Count time that went by without a response."""
        with self._lock:
            self.lost_s += seconds

    def forgive(self) -> None:
        """Let cleanup try again after failures, with the kept budget."""
        self.cleaning = True
        self.lost_s = 0.0
        self._end_at = time.monotonic() + min(self.longest_s, _CLEANING_S)

    def settle(self) -> None:
        """Return what was granted and not used."""
        with self._lock, contextlib.suppress(Lost):
            granted, self._granted = self._granted, 0
            if granted:
                self._coordinator.give_back_requests(granted)
