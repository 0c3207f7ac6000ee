"""The JSON Schemas of `schemas/`, loaded offline and compiled once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

from orchestrator_contract.contract import expectations
from orchestrator_contract.contract.instants import parse_instant

_ROOTS = (Path(__file__).parents[1] / "_schemas", Path(__file__).parents[2] / "schemas")

#: The formats of the schemas, by what the contract means by them; jsonschema's own need extras.
FORMATS = FormatChecker(formats=())


def _format(
    name: str, is_valid: Callable[[str], object], raises: tuple[type[Exception], ...] = ()
) -> None:
    @FORMATS.checks(name, raises)
    def _(value: object) -> bool:
        return not isinstance(value, str) or bool(is_valid(value))


# RFC 3986 appendix A, as far as it decides well-formedness: a scheme, then only characters of the
# grammar. What is not of it is searched for: to match a text of some megabytes character by
# character, each of them remembered, takes 600 MB.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?!\Z)")
_FOREIGN = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")

_format("date-time", parse_instant)
_format("date", lambda text: date.fromisoformat(text).isoformat() == text, (ValueError,))
_format("regex", re.compile, (re.error, RecursionError, OverflowError))
_format("uri", lambda text: _SCHEME.match(text) and not _FOREIGN.search(text))
_format("uri-reference", lambda text: not _FOREIGN.search(text))


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """Where an instance departs from its schema."""

    #: JSON path of the offending part, "$" for the whole; of headers the name, empty for the whole.
    path: str
    expected: str
    seen: str


def schema_root() -> Path:
    """The folder of the schemas: in the installed package or the checkout."""
    return next(root for root in _ROOTS if root.is_dir())


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Every schema by its path below `schemas/`: ``responses/202.body.json``."""
    root = schema_root()
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.json"))
    }


#: Schemas of the suite's own files, not of the API.
_OF_THE_SUITE = frozenset(
    {"catalogue.json", "conformance-report.json", "target-profile.json", "waivers.json"}
)


@cache
def words() -> frozenset[str]:
    """The API's own words: member names, and values of enums and consts."""
    found: set[str] = set()
    rest: list[Any] = [one for name, one in documents().items() if name not in _OF_THE_SUITE]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            found.update(node.get("properties", ()), node.get("required", ()))
            found.update(map(str, node.get("enum", ())), [str(node.get("const", ""))])
            rest += node.values()
        elif isinstance(node, list):
            rest += node
    return frozenset(found - {""})


@cache
def _registry() -> Registry[Any]:
    resources = [Resource.from_contents(document) for document in documents().values()]
    return Registry().with_resources((str(one.id()), one) for one in resources).crawl()


#: Keywords that are of no use once references are resolved.
_LEFT_OUT = frozenset({"$id", "$schema", "$defs", "$ref", "x-invalid"})


def _written_out(node: Any, resolver: Any) -> Any:
    """The schema *node* with its references resolved, which takes most of a validation's time.

    No schema leads back to itself.
    """
    if isinstance(node, list):
        return [_written_out(one, resolver) for one in node]
    if not isinstance(node, dict):
        return node
    whole: dict[str, Any] = {
        name: _written_out(value, resolver) for name, value in node.items() if name not in _LEFT_OUT
    }
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
    return Draft202012Validator(whole, format_checker=FORMATS)


def matches(name: str, instance: object) -> bool:
    """True if *instance* is valid under the schema *name*."""
    return validator(name).is_valid(instance)


def problems(name: str, instance: object) -> Iterator[SchemaProblem]:
    """Yield the errors of *instance* under the schema *name*, one for each wrong part."""
    yield from problems_of(validator(name).iter_errors(instance))


def problems_of(
    errors: Iterable[ValidationError], *, headers: bool = False
) -> Iterator[SchemaProblem]:
    """Yield one problem for each offending part that *errors* name."""
    told = set()
    for error in errors:
        problem = problem_of(error, headers=headers)
        place = (problem.path, problem.expected if error.validator == "required" else "")
        if place not in told:
            told.add(place)
            yield problem


@cache
def requirements(name: str) -> tuple[str, ...]:
    """Return the ids in `x-requirement` of the schema *name*, the root's first."""
    found: list[str] = []
    nodes: list[Any] = [validator(name).schema]
    while nodes:
        node = nodes.pop(0)
        if (one := node.get("x-requirement")) is not None and one not in found:
            found.append(one)
        nodes += node.get("allOf", ())
    return tuple(found)


def breaches(name: str, instance: object) -> Mapping[str, Sequence[ValidationError]]:
    """Return the errors of *instance*, for each requirement that the schema *name* decides.

    Each error breaches the innermost requirement around it; one without errors is met.
    """
    found: dict[str, list[ValidationError]] = {one: [] for one in requirements(name)}
    compiled = validator(name)
    for error in () if compiled.is_valid(instance) else compiled.iter_errors(instance):
        found[_innermost(compiled.schema, error)].append(error)
    return found


def _innermost(schema: Any, error: ValidationError) -> str:
    requirement = schema.get("x-requirement", "")
    for step in error.absolute_schema_path:
        schema = schema[step]
        if isinstance(schema, dict):
            requirement = schema.get("x-requirement", requirement)
    return str(requirement)


def problem_of(error: ValidationError, *, headers: bool = False) -> SchemaProblem:
    """Describe one validation error, reduced to the part that decides it."""
    worst = best_match([error]) or error
    # Of alternatives for one value, all of them.
    while worst.parent is not None and worst.parent.json_path == worst.json_path:
        worst = worst.parent
    path = worst.json_path
    if headers:
        path = expectations.header_name(str(worst.absolute_path[0])) if worst.absolute_path else ""
    return SchemaProblem(path, *expectations.describe(worst, header=headers))
