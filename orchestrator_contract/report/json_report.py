"""conformance.json: the result for programs (schemas/conformance-report.json)."""

from __future__ import annotations

import json
import re
from typing import Any

from orchestrator_contract.results.verdict import Result

_SURROGATE = re.compile("[\ud800-\udfff]")


def as_json(result: Result) -> str:
    """The text of conformance.json, ASCII only: what an endpoint sent stands in it as escapes."""
    return json.dumps(_whole(result.as_json()), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _whole(value: Any) -> Any:
    """*value* without halves of surrogate pairs, which strict JSON readers refuse."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value
