"""Pages of a list in creation order; tokens stay valid while items come and go."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from orchestrator_contract.mock.errors import Refused, bad_page
from orchestrator_contract.mock.state import Configuration

DEFAULT_SIZE = 50
MAX_SIZE = 1000
_TOKEN = re.compile(r"([ab]):([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The query of a list request."""

    size: int = DEFAULT_SIZE
    #: Items with a number above this one; None with *before* set.
    after: int = 0
    #: The last items with a number below this one.
    before: int | None = None
    memory_store_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page, with tokens of the neighbouring pages that have items."""

    items: Sequence[Configuration]
    size: int
    previous_token: str | None
    next_token: str | None


def token(side: str, number: int) -> str:
    """An opaque token: *side* is ``a`` (after) or ``b`` (before) the item *number*."""
    return base64.urlsafe_b64encode(f"{side}:{number}".encode()).decode().rstrip("=")


def _read_token(text: str) -> tuple[str, int]:
    try:
        decoded = base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        ).decode("ascii")
    except (binascii.Error, ValueError):
        raise Refused(bad_page()) from None
    match = _TOKEN.fullmatch(decoded)
    if match is None or token(match[1], int(match[2])) != text:
        raise Refused(bad_page())
    return match[1], int(match[2])


def read_query(query: bytes) -> PageQuery:
    """Parses a query string; of repeated parameters the last one counts.

    Raises:
        Refused: pageSize is not a number from 1 to 1000, or pageToken was never issued.
    """
    try:
        parameters = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refused(bad_page()) from None
    size, after, before = DEFAULT_SIZE, 0, None
    if "pageSize" in parameters:
        text = parameters["pageSize"]
        if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_SIZE:
            raise Refused(bad_page())
        size = int(text)
    if "pageToken" in parameters:
        side, number = _read_token(parameters["pageToken"])
        if side == "a":
            after = number
        else:
            before = number
    return PageQuery(size, after, before, parameters.get("memoryStoreId"))


def cut(items: Sequence[Configuration], query: PageQuery) -> Page:
    """The page of *items* (in creation order) for *query*."""
    if query.before is not None:
        chosen = [one for one in items if one.number < query.before][-query.size :]
    else:
        chosen = [one for one in items if one.number > query.after][: query.size]
    first = chosen[0].number if chosen else query.after + 1
    last = chosen[-1].number if chosen else query.after
    return Page(
        items=chosen,
        size=query.size,
        previous_token=token("b", first) if any(one.number < first for one in items) else None,
        next_token=token("a", last) if chosen and items[-1].number > last else None,
    )
