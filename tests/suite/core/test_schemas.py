"""Schemas as code uses them: loaded by name, formats by the contract's meaning, errors in the words of a message."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from orchestrator_contract.contract import schemas
from orchestrator_contract.rules.responses import DELETE_STATUSES

PROJECT = Path(__file__).parents[3]
URL = "https://x.example/y"


def test_every_schema_is_known_by_its_path() -> None:
    """A schema is named by its path below schemas/, and compiled once."""
    written = {
        path.relative_to(PROJECT / "schemas").as_posix()
        for path in (PROJECT / "schemas").rglob("*.json")
    }

    assert schemas.documents().keys() == written
    assert schemas.schema_root().is_dir()
    assert schemas.validator("error.json") is schemas.validator("error.json")


@pytest.mark.parametrize("part", ["body", "headers"])
def test_each_documented_status_of_a_delete_has_its_schemas(part: str) -> None:
    """What the judge takes for documented is what there are schemas for."""
    names = {
        name
        for name in schemas.documents()
        if name.startswith("delete/") and name.endswith(f".{part}.json")
    }

    assert names == {f"delete/{status}.{part}.json" for status in DELETE_STATUSES}


@pytest.mark.parametrize(
    ("form", "value", "good"),
    [
        pytest.param("date-time", "2026-11-23T00:00:60.123456789+01:00", True, id="leap-second"),
        pytest.param("date-time", "2026-11-23", False, id="a-day-is-no-instant"),
        pytest.param("date-time", 5, True, id="number-is-no-date-time"),
        pytest.param("date", "2026-11-23", True, id="day"),
        pytest.param("date", "20261123", False, id="day-in-another-form"),
        pytest.param("date", "2026-02-30", False, id="no-such-day"),
        pytest.param("date", None, True, id="null-is-no-date"),
        pytest.param("regex", "^a+$", True, id="pattern"),
        pytest.param("regex", "(", False, id="no-pattern"),
        pytest.param("regex", 1, True, id="number-is-no-pattern"),
        pytest.param("uri", "https://x.example/a%20b?c#d", True, id="address"),
        pytest.param("uri", "/x", False, id="relative"),
        pytest.param("uri", "https://x.example/a b", False, id="blank"),
        pytest.param("uri", "https://x/%2", False, id="half-an-escape"),
        pytest.param("uri", "https:", False, id="scheme-alone"),
        pytest.param("uri", "https://x/%", False, id="a-sign-alone"),
        pytest.param("uri", "a:\n", False, id="line-feed"),
        pytest.param("uri", "1a:b", False, id="no-scheme"),
        pytest.param("uri", [], True, id="list-is-no-uri"),
        pytest.param("uri-reference", "/x?y", True, id="reference"),
        pytest.param("uri-reference", "", True, id="empty-reference"),
        pytest.param("uri-reference", "/\xe9", False, id="reference-beyond-ascii"),
        pytest.param("uri-reference", {}, True, id="object-is-no-reference"),
    ],
)
def test_formats(form: str, value: object, good: bool) -> None:
    """A format is checked on texts, by what the contract means by it."""
    assert schemas.FORMATS.conforms(value, form) is good


@pytest.mark.parametrize("text", ["x" * 2_000_000, "%41" * 700_000])
def test_a_long_address_is_read_in_place(text: str) -> None:
    """Whether it is one is told without remembering each of its characters."""
    tracemalloc.start()
    try:
        assert schemas.FORMATS.conforms(f"http://x/{text}", "uri")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 10_000_000


def test_matches() -> None:
    """Whether an instance fits a schema."""
    assert schemas.matches("accepted.json", {"statusUrl": URL})
    assert not schemas.matches("accepted.json", [])


@pytest.mark.parametrize(
    ("name", "instance", "problem"),
    [
        pytest.param("accepted.json", [], ("$", "an object", "[]"), id="type"),
        pytest.param(
            "accepted.json", {"related": {"a": 1}}, ("$.related.a", "a string", "1"), id="nested"
        ),
        pytest.param(
            "accepted.json",
            {"statusUrl": "a:\x7f"},
            ("$.statusUrl", "an absolute URI", "'a:\\x7f'"),
            id="format",
        ),
        pytest.param(
            "operation.json",
            {"status": "PENDING", "createdAt": "2026-11-23T00:00:00Z", "statusUrl": URL},
            ("$", "a member 'operationId'", "none"),
            id="missing",
        ),
        pytest.param(
            "operation.json",
            {
                "operationId": "o",
                "status": "GONE",
                "createdAt": "2026-11-23T00:00:00Z",
                "statusUrl": URL,
            },
            (
                "$.status",
                "one of PENDING, RUNNING, COMPLETED, FAILED, CANCELLED",
                "'GONE'",
            ),
            id="enum",
        ),
        pytest.param(
            "advisory/error.json", {"code": 5}, ("$.code", "at least 100", "5"), id="minimum"
        ),
        pytest.param(
            "advisory/error.json",
            {"code": 1_000_000},
            ("$.code", "at most 999999", "1000000"),
            id="maximum",
        ),
        pytest.param(
            "advisory/error.json",
            {"message": "m" * 1025},
            ("$.message", "at most 1024 characters", "'" + "m" * 119 + "…"),
            id="maxLength",
        ),
        pytest.param(
            "delete/409.headers.json",
            {"x-conflicting-resource-id": ""},
            ("$['x-conflicting-resource-id']", "at least 1 character", "''"),
            id="minLength",
        ),
        pytest.param(
            "delete/202.headers.json",
            {"retry-after": "x"},
            ("$['retry-after']", "whole seconds", "'x'"),
            id="pattern",
        ),
        pytest.param("error.json", {"message": "é"} | {"code": "é" * 90}, None, id="quoted"),
    ],
)
def test_a_problem_in_words(
    name: str, instance: object, problem: tuple[str, str, str] | None
) -> None:
    """Where it is, what was expected and what was found, quoted up to a bound."""
    found = [(one.path, one.expected, one.seen) for one in schemas.problems(name, instance)]

    if problem is None:
        assert all(len(seen) <= 121 for _, _, seen in found)
        assert found
    else:
        assert problem in found
        assert len(found) <= 2
