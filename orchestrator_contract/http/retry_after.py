"""When to retry a refused request: Retry-After, backoff, patience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from threading import Lock

from orchestrator_contract.http.exchange import Exchange

#: Times one request is sent again after 429 or 503.
MAX_RETRIES = 7
#: Pauses after a conflict with something else that runs, in seconds.
CONFLICT_PAUSES_S = (0.3, 1.0, 3.0)
#: Times that a request is sent after a 500.
_TRIES_PAST_500 = 4
#: Factors of the patience with the next refusal, after one that never went away and after a
#: success: where some requests are always refused, waiting for each would take hours.
_LOST, _REGAINED, _LEAST_S = 0.25, 1.2, 0.05
#: Longest Retry-After that is read, in digits and as a date of HTTP.
_DELAY_DIGITS, _DATE_LENGTH = 6, 40


def past_500(request: Callable[[], Exchange]) -> Exchange:
    """Send *request*, again after a 500, which is documented and may pass.

    For the calls around the delete no 5xx is ruled out, so any of them is tried again.
    """
    for _ in range(_TRIES_PAST_500):
        exchange = request()
        passing = (500,) if exchange.call.operation == "delete" else range(500, 600)
        if exchange.status not in passing:
            break
    return exchange


def asked_delay(headers: Mapping[str, str]) -> float | None:
    """Seconds that a readable Retry-After asks for (R1 10.2.3), else None."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked) if len(asked) <= _DELAY_DIGITS else float("inf")
    try:
        until = parsedate_to_datetime(asked[:_DATE_LENGTH])
        # By the endpoint's own clock, which need not agree with ours.
        date = headers.get("date")
        now = parsedate_to_datetime(date[:_DATE_LENGTH]) if date is not None else datetime.now(UTC)
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class Retry:
    """How long refusals are waited for, by operation; safe for threads."""

    def __init__(self, limit_s: float) -> None:
        #: The longest wait that the run allows: [limits] poll_timeout_s.
        self._limit_s = limit_s
        #: Not the seed's: refusals must not shift the inputs that follow from it.
        self.random = Random()
        self._lock = Lock()
        #: Seconds that a refusal of an operation may last; the limit for those not named.
        self._patience: dict[str, float] = {}

    def delay(self, exchange: Exchange, attempt: int) -> float | None:
        """Seconds to wait: the requested ones, else backoff; None if too long."""
        asked = asked_delay(exchange.headers) or 0.0
        backoff = min(0.1 * 2.0**attempt, 5.0) * self.random.uniform(0.5, 1.0)
        return asked or backoff if asked <= self._limit_s else None

    def patience(self, operation: str) -> float:
        """Seconds that the next refusal of *operation* may last."""
        return self._patience.get(operation, self._limit_s)

    def hopeless(self, operation: str) -> bool:
        """True if refusals of *operation* outlasted retries too often."""
        return self.patience(operation) <= _LEAST_S

    def lost(self, operation: str) -> None:
        """Wait less for the next refusal of *operation*: one never went away."""
        self._scale(operation, _LOST)

    def regained(self, operation: str) -> None:
        """Wait longer again for the next refusal of *operation*: all is well."""
        self._scale(operation, _REGAINED)

    def forgive(self) -> None:
        """Forget every refusal."""
        self._patience.clear()

    def _scale(self, operation: str, factor: float) -> None:
        with self._lock:
            scaled = max(_LEAST_S, self.patience(operation) * factor)
            self._patience[operation] = min(self._limit_s, scaled)
