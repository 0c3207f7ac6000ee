"""RFC 3339 instants, to the nanosecond, for comparison."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:)(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def parse_instant(text: str) -> tuple[datetime, int] | None:
    """Whole UTC seconds and nanoseconds of an RFC 3339 date-time, else None.

    `datetime` alone would cut nanoseconds off and refuse a leap second, both of which RFC 3339
    allows. A leap second counts as the second before it.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, clock, seconds, fraction, offset = match.groups()
    if seconds == "60":
        seconds = "59"
    try:
        moment = datetime.fromisoformat(
            f"{day}T{clock}{seconds}{offset.upper().replace('Z', '+00:00')}"
        )
        return moment.astimezone(UTC), int((fraction or "0").ljust(9, "0")[:9])
    except (ValueError, OverflowError):
        return None
