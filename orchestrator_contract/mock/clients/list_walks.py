"""Lists that a client reads page by page: what a whole list does not hold, is deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from orchestrator_contract.mock.clients.calls import Call
from orchestrator_contract.mock.clients.recent import Recent


@dataclass(slots=True)
class Walk:
    """The pages of one list so far."""

    #: When its first page was asked for.
    started: float
    #: The ids on its pages.
    listed: set[str] = field(default_factory=set)


class ListWalks:
    """Follows lists from page to page, by their tokens."""

    def __init__(self) -> None:
        self._open: Recent[Walk] = Recent()

    def answered(self, call: Call, page: dict[str, Any]) -> Walk | None:
        """Take the next *page* of a list; the walk that ends with it, if one does."""
        items, meta = page.get("configurations"), page.get("meta")
        walk = self._walk(call)
        if walk is None or not isinstance(items, list):
            return None
        ids = {str(item.get("id")) for item in items if isinstance(item, dict)}
        walk = Walk(walk.started, walk.listed | ids)
        following = meta.get("nextToken") if isinstance(meta, dict) else None
        if not following:
            return walk
        self._open.put((call.caller, call.region, str(following)), walk)
        return None

    def _walk(self, call: Call) -> Walk | None:
        """The walk that a page belongs to; a page without a token begins one."""
        token = parse_qs(call.query.decode("latin-1")).get("pageToken", [""])[-1]
        if not token:
            return Walk(call.came)
        return self._open.get((call.caller, call.region, token))
