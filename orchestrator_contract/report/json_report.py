"""conformance.json: the result for programs (schemas/conformance-report.json)."""

from __future__ import annotations

import json
import re
from typing import Any

from orchestrator_contract.results.verdict import Result

_SURROGATE = re.compile("[\ud800-\udfff]")


def as_json(result: Result) -> str:
    """Return the text of conformance.json."""
    return text_of(result.as_json())


def text_of(document: Any) -> str:
    """Return a document as JSON, ASCII only: other characters are escapes."""
    whole = _without_half_pairs(document)
    return json.dumps(whole, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _without_half_pairs(value: Any) -> Any:
    """Replace halves of surrogate pairs, which strict JSON readers refuse."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_half_pairs(name): _without_half_pairs(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(_without_half_pairs, value))
    return value
