"""What a response says in words, for a message to quote."""

from __future__ import annotations

import re
from typing import Any

from orchestrator_contract.http.exchange import parse_json
from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.visible import visible

#: Characters of a response's words that are quoted.
_LONGEST = 200
#: Bytes of a body that are looked through.
_BEGINNING = 4096
#: Where JSON errors say what is wrong: S2, RFC 9457, RFC 6749, and common gateways.
_MEMBERS = ("message", "detail", "error_description", "title", "error", "errors")
_MARKUP = re.compile(r"<(script|style|title|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def words_of(response: Response | None) -> str:
    """What *response* says of its reason, behind a colon; empty if it says nothing."""
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
