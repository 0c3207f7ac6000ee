"""The request of a HAR entry. It holds credentials: nothing keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from orchestrator_contract.contract import schemas
from orchestrator_contract.har.entry_headers import Headers, headers_of

#: Preconditions and ranges (RFC 9110 13.1, 14.2).
CONDITIONS = frozenset(
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"}
)


class Unreadable(Exception):
    """The entry can't be read; the argument says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the entry has it."""

    method: str
    url: str
    origin: str
    headers: Headers = field(repr=False)

    def header(self, name: str) -> str:
        """The first value of the header *name* (lower case); empty without one."""
        return next(iter(self.headers.values(name)), "")

    @property
    def keys(self) -> list[str]:
        """Every Idempotency-Key."""
        return self.headers.values("idempotency-key")

    @property
    def conditional(self) -> bool:
        """Whether the request has a precondition or range, or may have one that can't be seen."""
        shown = any(map(self.headers.values, CONDITIONS))
        hidden = not self.headers.lines or not self.headers.unread.isdisjoint(CONDITIONS | {""})
        return shown or hidden

    @property
    def key_ok(self) -> bool:
        """Whether there surely is no key, or one of the documented form."""
        if not self.headers.lines or "idempotency-key" in self.headers.unread:
            return False
        keys = self.keys
        return not keys or (
            len(keys) == 1 and bool(schemas.matches("idempotency-key.json", keys[0]))
        )


def request_of(entry: Any) -> Request:
    """Read the request of an entry, its URL without fragment and user name.

    Raises:
        Unreadable: it has none, or no method or URL.
    """
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise Unreadable("there is no request")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not method.strip():
        raise Unreadable("request.method is no text")
    if not isinstance(url, str) or not url:
        raise Unreadable("request.url is no text")
    headers = headers_of(request)
    try:
        parts = urlsplit(url.strip())
        # A path alone is what some clients know; the host then is the header's.
        host = parts.netloc.rpartition("@")[2] or next(iter(headers.values("host")), "")
    except ValueError:
        raise Unreadable("request.url is no URL") from None
    plain = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    origin = f"{parts.scheme}://{host}".lower()
    return Request(method.strip().upper(), plain, origin, headers)
