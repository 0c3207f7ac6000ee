"""Errors of JSON Schemas in plain words, worked out from the keywords of any schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator_contract.contract import expectations, schemas
from orchestrator_contract.contract.schemas import SchemaProblem


def problems(
    schema: dict[str, Any], instance: object, *, headers: bool = False
) -> list[SchemaProblem]:
    """Return the problems of *instance* under an ad-hoc schema."""
    validator = Draft202012Validator(schema, format_checker=schemas.FORMATS)
    return list(schemas.problems_of(validator.iter_errors(instance), headers=headers))


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        pytest.param("x" * 118, "'" + "x" * 118 + "'", id="as-long-as-is-shown"),
        pytest.param("x" * 119, "'" + "x" * 119 + "…", id="longer"),
        pytest.param({"é": [1]}, '{"\\u00e9": [1]}', id="json"),
        pytest.param([float("inf")], "[Infinity]", id="infinity"),
        pytest.param(None, "null", id="null"),
        pytest.param(True, "true", id="true"),
        pytest.param([object], "[\"<class 'object'>\"]", id="anything"),
    ],
)
def test_quotes(value: object, quoted: str) -> None:
    """Values are quoted as ASCII JSON, strings as Python writes them."""
    assert expectations.quote(value) == quoted


@pytest.mark.parametrize(
    ("schema", "instance", "expected"),
    [
        pytest.param({"type": "object"}, [], "an object", id="type"),
        pytest.param({"type": ["object", "null"]}, 1, "an object or null", id="types"),
        pytest.param({"enum": ["A", 2, None]}, "B", "one of A, 2, null", id="enum"),
        pytest.param({"const": 3}, 4, "3", id="const"),
        pytest.param({"const": ""}, 4, '""', id="const-empty"),
        pytest.param({"format": "uri"}, "/x", "an absolute URI", id="format"),
        pytest.param({"pattern": "^a(?!\\n)$"}, "b", "a match of ^a$", id="pattern"),
        pytest.param(
            {"pattern": "^[0-9]$", "examples": ["5"]},
            "b",
            "a value such as 5, a match of ^[0-9]$",
            id="pattern-with-example",
        ),
        pytest.param(
            {"type": "string", "pattern": "^x:", "format": "uri"},
            "/x",
            "an absolute URI",
            id="pattern-of-a-format",
        ),
        pytest.param(
            {"pattern": "^[0-9]$", "x-expected": "one digit"}, "b", "one digit", id="own-words"
        ),
        pytest.param({"minLength": 1}, "", "at least 1 character", id="minLength"),
        pytest.param({"maxLength": 2}, "abc", "at most 2 characters", id="maxLength"),
        pytest.param({"minItems": 2}, [], "at least 2 items", id="minItems"),
        pytest.param({"minimum": 2}, 1, "at least 2", id="minimum"),
        pytest.param({"exclusiveMaximum": 2}, 2, "less than 2", id="exclusiveMaximum"),
        pytest.param({"uniqueItems": True}, [1, 1], "no item twice", id="uniqueItems"),
        pytest.param({"not": {"type": "string"}}, "x", "anything but a string", id="not"),
        pytest.param(
            {"anyOf": [{"type": "null"}, {"allOf": [{"enum": [1, 2]}]}]},
            5,
            "null or one of 1, 2",
            id="anyOf-of-references",
        ),
        pytest.param(
            {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
            5,
            "null or a date such as 2027-03-31",
            id="anyOf",
        ),
        pytest.param({"oneOf": [True, {"const": 1}]}, 1, "anything or 1", id="oneOf"),
        pytest.param(
            {"properties": {"b": True, "a": True}, "additionalProperties": False},
            {"c": 1},
            "only the members a, b",
            id="additionalProperties",
        ),
        pytest.param({"multipleOf": 2}, 3, "multipleOf 2", id="keyword-without-words"),
        pytest.param({"contains": {"const": 1}}, [], "contains as the schema says", id="subschema"),
    ],
)
def test_expectation(schema: dict[str, Any], instance: object, expected: str) -> None:
    """Each keyword has words of its own; a keyword without shows its value."""
    found = [one.expected for one in problems(schema, instance)]

    assert found == [expected]


def test_missing_members() -> None:
    """Each missing member is a problem of its own, and nothing stands in its place."""
    schema = {"required": ["a", "retry-after"]}

    assert [(one.path, one.expected, one.seen) for one in problems(schema, {})] == [
        ("$", "a member 'a'", "no member 'a'"),
        ("$", "a member 'retry-after'", "no member 'retry-after'"),
    ]
    assert [(one.path, one.expected) for one in problems(schema, {"a": ""}, headers=True)] == [
        ("", "a Retry-After header")
    ]


def test_header() -> None:
    """A wrong header is named as people write it."""
    schema = {"properties": {"x-conflicting-resource-id": {"minLength": 1}}}

    (found,) = problems(schema, {"x-conflicting-resource-id": ""}, headers=True)

    assert (found.path, found.expected) == ("X-Conflicting-Resource-Id", "at least 1 character")


def test_one_problem_a_place() -> None:
    """Two errors of one value are one problem; alternatives show the deciding part."""
    twice = problems({"properties": {"a": {"format": "uri", "pattern": "^a"}}}, {"a": "/x"})
    schema = {"anyOf": [{"type": "null"}, {"properties": {"title": {"type": "string"}}}]}

    assert [(one.path, one.expected) for one in twice] == [("$.a", "an absolute URI")]
    assert [one.path for one in problems(schema, {"title": 5})] == ["$.title"]


def test_unknown_member_gets_a_suggestion() -> None:
    """An unknown member is named with the closest known one."""
    schema = {"properties": {"requirement": True}, "additionalProperties": False}

    (close,) = problems(schema, {"requirment": 1})
    (far,) = problems(schema, {"x": 1})

    assert close.seen == "'requirment'; did you mean 'requirement'?"
    assert far.seen == "'x'"
