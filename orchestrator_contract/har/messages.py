"""Request and response of a HAR entry, as far as they can be read.

They hold credentials: nothing keeps them.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from orchestrator_contract.contract import schemas
from orchestrator_contract.http.json_text import parse_json
from orchestrator_contract.http.response import MAX_BODY, Response, TransportError, decode

#: Preconditions and ranges (RFC 9110 13.1, 14.2).
CONDITIONS = frozenset(
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"}
)
#: Response headers that the contract speaks of.
_OF_CONTRACT = frozenset(
    {"operation-id", "location", "retry-after", "x-conflicting-resource-id", "content-type"}
)
#: Statuses whose responses have no body; one that is recorded is the cache's.
_BODILESS = frozenset({204, 304})
_UNCODED = frozenset({"", "utf-8", "utf8"})
#: Failures after the head had come: Chrome's and Safari's member, and Playwright's.
_FAILURES = ("_error", "_failureText")
_FRAMING = frozenset({"", "content-length", "transfer-encoding"})
_WHITE = re.compile(r"\s+")
#: Characters of a body that still is compressed, and of no JSON.
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_NO_RESPONSE: tuple[Any, ...] = (None, 0, -1, "", [], {})


class Unreadable(Exception):
    """The entry can't be read; the argument says why."""


# -------------------------------------------------------------------- headers


@dataclass(frozen=True, slots=True)
class Headers:
    """Header lines as far as they can be read; an unreadable one hides no other."""

    lines: list[tuple[str, str]]
    #: Names, in lower case, of lines whose value can't be read; empty for a line without a name.
    unread: frozenset[str]

    def values(self, name: str) -> list[str]:
        """Every value of the header *name* (lower case)."""
        return [value for known, value in self.lines if known.lower() == name]

    @property
    def whole(self) -> bool:
        """True if a contract header not among the lines was absent."""
        return bool(self.lines) and self.unread.isdisjoint(_OF_CONTRACT | {""})


def headers_of(part: dict[str, Any]) -> Headers:
    """Read the headers of a message; `whole` is False if none were recorded."""
    found, unread = [], set()
    for name, value in _pairs(part.get("headers")):
        values = value if isinstance(value, list) else [value]
        texts = [str(one) for one in values if isinstance(one, (str, int, float))]
        if not isinstance(name, str) or not name:
            unread.add("")
        elif not texts or len(texts) < len(values):
            unread.add(name.lower())
        else:
            found += [(name, text) for text in texts]
    return Headers(found, frozenset(unread))


def _pairs(lines: Any) -> list[tuple[Any, Any]]:
    """Read a list of names and values, or an object, as some programs write."""
    if isinstance(lines, dict):
        return list(lines.items())
    return [
        (line.get("name"), line.get("value")) if isinstance(line, dict) else (None, None)
        for line in (lines if isinstance(lines, list) else ())
    ]


# -------------------------------------------------------------------- request


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
        """True if the request has, or may have, a precondition or range."""
        shown = any(map(self.headers.values, CONDITIONS))
        hidden = not self.headers.lines or not self.headers.unread.isdisjoint(CONDITIONS | {""})
        return shown or hidden

    @property
    def key_ok(self) -> bool:
        """True if there is surely no key, or one of the documented form."""
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


# -------------------------------------------------------------------- response


def response_of(entry: dict[str, Any]) -> tuple[dict[str, Any], int] | None:
    """The response of an entry and its status; None if nothing came back.

    Raises:
        Unreadable: it is no object, or its status none of HTTP's.
    """
    response = entry.get("response")
    if response in _NO_RESPONSE:
        return None
    if not isinstance(response, dict):
        raise Unreadable("response is no object")
    status = response.get("status")
    if status in _NO_RESPONSE:
        return None
    if isinstance(status, str) and status.strip().isdecimal() and len(status) < 9:
        status = int(status)
    if isinstance(status, float) and status.is_integer():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 999:
        raise Unreadable("response.status is no HTTP status")
    return response, status


def body_of(response: dict[str, Any], status: int, headers: Headers) -> bytes | None:
    """Read the body after its content coding; None if not recorded whole."""
    if status in _BODILESS or any(response.get(name) for name in _FAILURES):
        return None
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text = content.get("text")
    if not isinstance(text, str) or not text:
        return b"" if _is_empty(response, content, headers, text) else None
    body = _bytes(text, str(content.get("encoding") or "").strip().lower())
    if body is not None and any(map(str.strip, headers.values("content-encoding"))):
        body = _uncompressed(body, headers)
    return None if body is None or _is_cut(body, content, headers) else body


def _is_empty(
    response: dict[str, Any], content: dict[str, Any], headers: Headers, text: Any
) -> bool:
    """True if a body without text is surely empty, not just left out."""
    lengths = headers.values("content-length")
    if lengths:
        return all(one.strip() == "0" for one in lengths)
    size, on_wire = (_number(part) for part in (content.get("size"), response.get("bodySize")))
    if text != "" or size != 0 or on_wire > 0:  # -1: not known
        return False
    # Without a length only HTTP/1 without chunks says that there was nothing.
    if not headers.lines or headers.values("transfer-encoding") or headers.unread & _FRAMING:
        return False
    return str(response.get("httpVersion", "HTTP/1.1")).upper().startswith("HTTP/1")


def _number(value: Any) -> float:
    """A size; 0 where none is given."""
    return float(value) if isinstance(value, (int, float)) else 0.0


def _bytes(text: str, encoding: str) -> bytes | None:
    if len(text) > MAX_BODY or encoding not in _UNCODED | {"base64"}:
        return None
    if encoding in _UNCODED:
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(_WHITE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _uncompressed(body: bytes, headers: Headers) -> bytes | None:
    """Decode a body that was recorded compressed; None if it can't be."""
    if not _BINARY.search(body.decode("utf-8", "replace")):
        return body
    coded = [("content-encoding", one) for one in headers.values("content-encoding")]
    response = Response(200, "", coded, body)
    try:
        decode(response)
    except TransportError:
        return None
    return None if response.defect else response.body


def _is_cut(body: bytes, content: dict[str, Any], headers: Headers) -> bool:
    """True if a text that is no JSON is shorter than the received body."""
    promised = [_number(content.get("size"))]
    if not headers.values("content-encoding"):
        lengths = headers.values("content-length")
        promised += [float(one) for one in lengths if one.isdecimal() and len(one) < 19]
    return any(len(body) < one for one in promised) and parse_json(body).error is not None
