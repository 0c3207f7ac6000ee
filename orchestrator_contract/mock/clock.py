"""A clock that a request can move forward; nothing in the mock sleeps to change state."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Monotonic seconds since the epoch, movable forward."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """The present instant in seconds since the epoch."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        """Moves the clock *seconds* (>= 0) ahead, for all regions."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._offset += seconds


def rfc3339(instant: float) -> str:
    """*instant* as an RFC 3339 UTC timestamp with milliseconds."""
    moment = datetime.fromtimestamp(instant, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
