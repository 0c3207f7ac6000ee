"""What a profile's schema says against it, in messages that name the key and show no secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator_contract.contract import schemas
from orchestrator_contract.profile.base_urls import shown_url, suggestion

_SCHEMA = "target-profile.json"


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
    return (
        f"{where or 'the profile'}: expected {problem.expected}, {_seen(where, problem.seen)}"
        f"{_meant(where, error.instance)}"
    )


def _keys(instance: Any) -> str:
    """What stands where a table was expected, by its keys: the values may be secrets."""
    if isinstance(instance, dict):
        return f"found {', '.join(map(str, instance)) or 'nothing'}"
    return "found something else (not shown: it may be a secret)"


def _seen(where: str, seen: str) -> str:
    """What stands where something else was expected, without what may be a secret: someone may have put one in the wrong place."""
    if where.endswith(("_env", ".env", ".proxy")) or ".headers" in where or "@" in seen:
        if "://" in seen and not where.endswith(".proxy"):
            return f"found {shown_url(seen)}"
        return "found something else (not shown: it may be a secret)"
    return f"found {shown_url(seen) if '://' in seen else seen}"


def _meant(where: str, instance: Any) -> str:
    is_url = where.endswith(("base_url", "token_url", "advance_url")) or ".origins." in where
    return suggestion(instance) if is_url and isinstance(instance, str) else ""
