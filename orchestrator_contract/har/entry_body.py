"""The body of a recorded response, or that the recording does not have it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from orchestrator_contract.har.entry_headers import Headers
from orchestrator_contract.http.content_coding import decode
from orchestrator_contract.http.json_text import parse_json
from orchestrator_contract.http.response import MAX_BODY, Response, TransportError

#: Statuses whose responses have no body; one that is recorded is the cache's.
_BODILESS = frozenset({204, 304})
_UNCODED = frozenset({"", "utf-8", "utf8"})
#: Failures after the head had come: Chrome's and Safari's member, and Playwright's.
_FAILURES = ("_error", "_failureText")
_FRAMING = frozenset({"", "content-length", "transfer-encoding"})
_WHITE = re.compile(r"\s+")
#: Characters of a body that still is compressed, and of no JSON.
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")


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
    if body is None or _is_cut(body, content, headers):
        return None
    return body


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
    if len(text) > MAX_BODY:
        return None
    if encoding in _UNCODED:
        return text.encode("utf-8", "replace")
    if encoding != "base64":
        return None
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
