"""JSON texts, read strictly and within bounds, and the reasons that they give."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.visible import visible

#: Nesting past which a JSON text is refused; documented bodies nest three deep.
MAX_DEPTH = 64
#: Values past which a JSON text is refused: reading each takes 100 bytes.
MAX_VALUES = 250_000
_MAX_DIGITS = 400
_LONE = re.compile("[\ud800-\udfff]")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
#: Characters of a response's reason that are quoted, and bytes of a text that are looked through.
_LONGEST, _BEGINNING = 200, 4096
#: Where JSON errors say what is wrong: S2, RFC 9457, RFC 6749, and common gateways.
_MEMBERS = ("message", "detail", "error_description", "title", "error", "errors")
_MARKUP = re.compile(r"<(script|style|title|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body read as JSON: its value, or the reason for a failure."""

    value: Any = None
    error: str | None = None


def parse_json(body: bytes) -> Parsed:
    """Read one JSON text: UTF-8, no NaN, bounded depth and size; never raises."""
    if values_in(body) > MAX_VALUES:
        return Parsed(error=f"more than {MAX_VALUES} values")
    try:
        value = json.loads(body.decode("utf-8"), parse_int=_integer, parse_constant=_constant)
    except UnicodeDecodeError as error:
        return Parsed(error=f"not UTF-8: {error.reason} at byte {error.start}")
    except RecursionError:
        return Parsed(error=f"nested deeper than {MAX_DEPTH}")
    except ValueError as error:
        return Parsed(error=f"not JSON: {error}" if body.strip() else "empty")
    if _too_deep(value):
        return Parsed(error=f"nested deeper than {MAX_DEPTH}")
    if _HALF_PAIR.search(body):
        # JSON can escape half a surrogate pair, which no later URL, file or terminal can take; what
        # takes its place is in no URI either.
        value = json.loads(_LONE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    return Parsed(value)


def values_in(body: bytes) -> int:
    """The number of values in a JSON text, about."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _too_deep(value: Any) -> bool:
    depth = 0
    level: list[Any] = [[value]]
    while level and depth <= MAX_DEPTH:
        members = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in members for one in some if isinstance(one, (dict, list))]
        depth += 1
    return bool(level)


def words_of(response: Response | None) -> str:
    """The reason in *response*, behind a colon; empty without one."""
    said = _said(response) if response is not None else ""
    return f": {visible(said, _LONGEST)}" if said else ""


def _said(response: Response) -> str:
    parsed = parse_json(response.body)
    if parsed.error is None:
        return _in_json(parsed.value)
    text = response.body[:_BEGINNING].decode("utf-8", "replace")
    if "\x00" in text or text.count("\ufffd") > 2:
        return ""
    return " ".join(_MARKUP.sub(" ", text).split())


def _in_json(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return _in_json(value[0]) if value else ""
    if not isinstance(value, dict):
        return ""
    found = (_in_json(value[name]) for name in _MEMBERS if name in value)
    return next(filter(None, found), "")
