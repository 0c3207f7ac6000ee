"""Errors of a JSON Schema in plain words.

A subschema whose keywords say little to a reader says it in ``"x-expected"``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from orchestrator_contract.suggestions import did_you_mean

#: Longest piece of a wrong value that a message quotes, in characters.
_QUOTE = 120
_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_FORMATS = {
    "uri": "an absolute URI",
    "uri-reference": "a URI or a relative reference",
    "date-time": "an RFC 3339 date and time",
    "date": "a date such as 2027-03-31",
    "regex": "a regular expression",
}
#: The schemas' guard against a trailing newline, before which Python matches `$`.
_GUARD = "(?!\\n)"

#: Keywords that describe a value, the most telling first.
_TELLING = ("x-expected", "const", "enum", "format", "pattern", "type", "anyOf", "oneOf", "not")

_Words = Callable[[Any, Mapping[str, Any]], str]


def describe(error: ValidationError, *, header: bool = False) -> tuple[str, str]:
    """Say what *error* missed, and what stands in its place; *header*: in a header."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    keyword = str(error.validator)
    value: Any = error.validator_value
    instance: Any = error.instance
    if keyword == "required":
        name = next(str(one) for one in value if error.message.startswith(repr(one)))
        missing = f"{header_name(name)} header" if header else f"member {name!r}"
        return f"a {missing}", f"no {missing}"
    seen = quote(instance)
    if keyword == "additionalProperties" and value is False:
        known = schema.get("properties", {})
        unknown = next(str(name) for name in instance if name not in known)
        seen = f"{quote(unknown)}{did_you_mean(unknown, known)}"
    return _keyword(keyword, value, schema), seen


def header_name(name: str) -> str:
    """Return a header's name as people write it: ``Retry-After``."""
    return "-".join(part.capitalize() for part in name.split("-"))


def quote(value: object) -> str:
    """Show a wrong value, as JSON unless it is a string, up to `_QUOTE` characters."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _QUOTE else text[:_QUOTE] + "…"


def _keyword(keyword: str, value: Any, schema: Mapping[str, Any]) -> str:
    if "x-expected" in schema:
        return str(schema["x-expected"])
    if keyword in _KEYWORDS:
        return _KEYWORDS[keyword](value, schema)
    return f"{keyword} {'as the schema says' if isinstance(value, dict) else value}"


def _described(schema: Any) -> str:
    """Describe the values that *schema* takes, by its most telling keyword."""
    if not isinstance(schema, dict):
        return "anything" if schema else "nothing"
    for keyword in _TELLING:
        if keyword in schema and (keyword != "format" or schema[keyword] in _FORMATS):
            return _keyword(keyword, schema[keyword], schema)
    return _described(schema["allOf"][0]) if schema.get("allOf") else "what the schema says"


def _either(schemas: Iterable[Any], _: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(map(_described, schemas)))


def _type(value: Any, _: Mapping[str, Any]) -> str:
    return " or ".join(_TYPES[name] for name in ([value] if isinstance(value, str) else value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _pattern(value: Any, schema: Mapping[str, Any]) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    example = next(iter(schema.get("examples", ())), None)
    such = "" if example is None else f"a value such as {example}, "
    return f"{such}a match of {value.replace(_GUARD, '')}"


def _only(value: Any, schema: Mapping[str, Any]) -> str:
    known = ", ".join(sorted(schema.get("properties", ())))
    return f"only the members {known}" if value is False else "as the schema says"


def _bound(least: str, noun: str) -> _Words:
    """Words for a keyword that counts *noun*."""
    return lambda value, _: f"{least} {value} {noun}{'' if value == 1 else 's'}"


_KEYWORDS: dict[str, _Words] = {
    "type": _type,
    "enum": lambda value, _: f"one of {', '.join(map(_plain, value))}",
    "const": lambda value, _: _plain(value),
    "pattern": _pattern,
    "format": lambda value, _: _FORMATS.get(value, f"a valid {value}"),
    "anyOf": _either,
    "oneOf": _either,
    "not": lambda value, _: f"anything but {_described(value)}",
    "additionalProperties": _only,
    "minLength": _bound("at least", "character"),
    "maxLength": _bound("at most", "character"),
    "minItems": _bound("at least", "item"),
    "maxItems": _bound("at most", "item"),
    "minProperties": _bound("at least", "key"),
    "maxProperties": _bound("at most", "key"),
    "minimum": lambda value, _: f"at least {value}",
    "maximum": lambda value, _: f"at most {value}",
    "exclusiveMinimum": lambda value, _: f"more than {value}",
    "exclusiveMaximum": lambda value, _: f"less than {value}",
    "uniqueItems": lambda _, __: "no item twice",
}
