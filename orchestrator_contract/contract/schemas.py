"""The JSON Schemas of `schemas/`, loaded offline and compiled once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

from orchestrator_contract.contract.instants import parse_instant

_ROOTS = (Path(__file__).parents[1] / "_schemas", Path(__file__).parents[2] / "schemas")

#: Longest piece of a wrong value that a message quotes, in characters.
_QUOTE = 120

#: The formats that the schemas use, checked by what the contract means by them; jsonschema's own need extras.
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or parse_instant(value) is not None


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or date.fromisoformat(value).isoformat() == value


@FORMATS.checks("regex", raises=re.error)
def _is_pattern(value: object) -> bool:
    return not isinstance(value, str) or re.compile(value) is not None


# RFC 3986 appendix A, as far as it decides well-formedness: a scheme, then only characters of the grammar. What is not
# of it is searched for: to match a text of some megabytes character by character, each of them remembered, takes 600 MB.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?!\Z)")
_FOREIGN = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or (
        _SCHEME.match(value) is not None and _FOREIGN.search(value) is None
    )


@FORMATS.checks("uri-reference")
def _is_reference(value: object) -> bool:
    return not isinstance(value, str) or _FOREIGN.search(value) is None


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """Where an instance departs from its schema."""

    #: JSON path of the offending part, "$" for the whole.
    path: str
    expected: str
    seen: str


def schema_root() -> Path:
    """The folder that holds the schemas: in the installed package, else in the checkout."""
    return next(root for root in _ROOTS if root.is_dir())


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Every schema by its path below `schemas/`, e.g. ``responses/202.body.json``."""
    root = schema_root()
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.json"))
    }


#: What is no part of the API, but of the suite's own files.
_OF_THE_SUITE = frozenset(
    {"catalogue.json", "conformance-report.json", "target-profile.json", "waivers.json"}
)


@cache
def words() -> frozenset[str]:
    """The API's own words: the names that its messages have, and the values that it names itself."""
    found: set[str] = set()
    rest: list[Any] = [
        document for name, document in documents().items() if name not in _OF_THE_SUITE
    ]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            found.update(node.get("properties", ()), node.get("required", ()))
            found.update(
                str(value)
                for value in (*node.get("enum", ()), *([node["const"]] if "const" in node else []))
            )
            rest += node.values()
        elif isinstance(node, list):
            rest += node
    return frozenset(found)


@cache
def _registry() -> Registry[Any]:
    resources = [Resource.from_contents(document) for document in documents().values()]
    return (
        Registry().with_resources((str(resource.id()), resource) for resource in resources).crawl()
    )


#: What says nothing of a value, but of the schema; what holds schemas by names of its own; and what holds no schema.
_ABOUT = frozenset({"$id", "$schema", "$defs", "title", "description", "examples", "x-invalid"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_VALUES = frozenset({"enum", "const", "required"})


def _written_out(node: Any, resolver: Any) -> Any:
    """The schema *node* with what its references lead to in their places: to resolve them is most of a validation.

    No schema leads back to itself.
    """
    if isinstance(node, list):
        return [_written_out(one, resolver) for one in node]
    if not isinstance(node, dict):
        return node
    whole: dict[str, Any] = {}
    for name, value in node.items():
        if name in _NAMED:
            whole[name] = {key: _written_out(one, resolver) for key, one in value.items()}
        elif name in _VALUES:
            whole[name] = value
        elif name not in _ABOUT and name != "$ref":
            whole[name] = _written_out(value, resolver)
    if "$ref" in node:
        found = resolver.lookup(node["$ref"])
        target = _written_out(found.contents, found.resolver)
        return {**whole, "allOf": [*whole.get("allOf", ()), target]} if whole else target
    return whole


@cache
def validator(name: str) -> Draft202012Validator:
    """The compiled validator of one schema, by its path below `schemas/`."""
    document = documents()[name]
    whole = _written_out(document, _registry().resolver(document["$id"]))
    return Draft202012Validator(whole, registry=_registry(), format_checker=FORMATS)


def matches(name: str, instance: object) -> bool:
    """Whether *instance* is valid under the schema *name*."""
    return validator(name).is_valid(instance)


def problems(name: str, instance: object) -> Iterator[SchemaProblem]:
    """What is wrong with *instance* under the schema *name*, one problem an offending part."""
    for error in validator(name).iter_errors(instance):
        yield problem_of(error)


@cache
def requirements(name: str) -> tuple[str, ...]:
    """The requirements that the schema *name* decides: ids in `x-requirement`, the root's first."""
    found: list[str] = []
    nodes: list[Any] = [validator(name).schema]
    while nodes:
        node = nodes.pop(0)
        if (one := node.get("x-requirement")) is not None and one not in found:
            found.append(one)
        nodes += node.get("allOf", ())
    return tuple(found)


def breaches(name: str, instance: object) -> Mapping[str, Sequence[ValidationError]]:
    """The errors of *instance*, for each requirement that the schema *name* decides.

    Each error breaches the innermost requirement around it; one without errors is met.
    """
    found: dict[str, list[ValidationError]] = {one: [] for one in requirements(name)}
    compiled = validator(name)
    if not compiled.is_valid(instance):
        for error in compiled.iter_errors(instance):
            found[_innermost(compiled.schema, error)].append(error)
    return found


def _innermost(schema: Any, error: ValidationError) -> str:
    requirement = ""
    for step in ("", *error.absolute_schema_path):
        schema = schema if step == "" else schema[step]
        if isinstance(schema, dict):
            requirement = schema.get("x-requirement", requirement)
    return requirement


def problem_of(error: ValidationError) -> SchemaProblem:
    """One validation error in the words of a message, reduced to the part that decides it."""
    worst = best_match([error]) or error
    return SchemaProblem(worst.json_path, _expectation(worst), _quote(worst.instance))


def _expectation(error: ValidationError) -> str:
    if isinstance(error.schema, dict) and "x-expected" in error.schema:
        return str(error.schema["x-expected"])
    if error.validator == "required":
        return str(error.message).removesuffix(" is a required property") + " present"
    said = {
        "type": "type {}",
        "enum": "one of {}",
        "const": "{}",
        "pattern": "a match of {}",
        "format": "format {}",
        "minLength": "at least {} character(s)",
        "maxLength": "at most {} characters",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "minItems": "at least {} item(s)",
        "minProperties": "at least {} key(s)",
        "maxProperties": "at most {} key(s)",
        "uniqueItems": "no item twice",
    }.get(str(error.validator), f"{error.validator} {{}}")
    return said.format(
        error.validator_value
        if not isinstance(error.validator_value, dict)
        else "as the schema says"
    )


def _quote(value: object) -> str:
    text = (
        repr(value)
        if not isinstance(value, (dict, list))
        else json.dumps(value, ensure_ascii=True, default=str)
    )
    return text if len(text) <= _QUOTE else text[:_QUOTE] + "…"
