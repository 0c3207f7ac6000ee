"""Errors of a profile's schema as messages that name the key, no secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator_contract.contract import schemas
from orchestrator_contract.profile.urls import is_url_key, shown_url, suggestion

_SCHEMA = "target-profile.json"
_HIDDEN = "found something else (not shown: it may be a secret)"


def problems(raw: dict[str, Any]) -> Iterator[str]:
    """Each problem of the parsed file *raw*, once."""
    found = schemas.validator(_SCHEMA).iter_errors(raw)
    yield from dict.fromkeys(map(_problem, found))


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        allowed = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(allowed))
        return f"unknown key {prefix}{unknown[0]!s}; expected one of {', '.join(allowed)}"
    if error.validator == "required":
        wanted = error.validator_value
        return "; ".join(f"{prefix}{key} is missing" for key in wanted if key not in error.instance)
    if error.validator == "dependentRequired":
        pairs = error.validator_value.items()
        wanted = {key for name, keys in pairs if name in error.instance for key in keys}
        return f"{prefix}{min(wanted - set(error.instance))} is missing"
    if "x-expected" in error.schema:
        return f"{where}: expected {error.schema['x-expected']}, {_keys(error.instance)}"
    problem = schemas.problem_of(error)
    text = isinstance(error.instance, str)
    meant = suggestion(error.instance) if text and is_url_key(where) else ""
    seen = _seen(where, problem.seen)
    return f"{where or 'the profile'}: expected {problem.expected}, {seen}{meant}"


def _keys(instance: Any) -> str:
    """The value in place of a table, by its keys: the values may be secrets."""
    return f"found {', '.join(instance) or 'nothing'}" if isinstance(instance, dict) else _HIDDEN


def _seen(where: str, seen: str) -> str:
    """The value in place of another, unless it may be a misplaced secret."""
    if where.endswith(("_env", ".env", ".proxy")) or ".headers" in where or "@" in seen:
        if "://" in seen and not where.endswith(".proxy"):
            return f"found {shown_url(seen)}"
        return _HIDDEN
    return f"found {shown_url(seen) if '://' in seen else seen}"
