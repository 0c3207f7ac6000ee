"""Schemas as code uses them: loaded by name, formats checked, errors put into words."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from orchestrator_contract.contract import response_schemas, schemas
from orchestrator_contract.contract.response_schemas import DELETE_STATUSES

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


def test_documented_statuses_are_read_off_the_folder() -> None:
    """The documented statuses of DELETE are those that the names of its schemas begin with."""
    names = [path.name for path in (PROJECT / "schemas" / "responses").iterdir()]

    assert {int(name[:3]) for name in names} == DELETE_STATUSES == {202, 404, 409, 429, 500, 503}
    assert sorted(f"responses/{name}" for name in names) == sorted(
        name for _, _, name in response_schemas.delete_schemas()
    )


def test_every_documented_status_has_a_body() -> None:
    """The schema of a body stands for each documented status, that of headers where they matter."""
    parts = [(status, part) for status, part, _ in response_schemas.delete_schemas()]

    assert [status for status, part in parts if part == "body"] == sorted(DELETE_STATUSES)
    assert {status for status, part in parts if part == "headers"} == {202, 409, 429, 503}


def test_requirements_by_part() -> None:
    """Which requirements a response's body decides, and which its headers."""
    body, headers = response_schemas.decided_by("body"), response_schemas.decided_by("headers")

    assert {"DEL-202-BODY", "ERR-STATUS-MATCHES", "OP-COMPLETED-AT", "CTRL-PAGE"} <= body
    assert headers == {
        "DEL-202-HEADERS",
        "DEL-202-LOCATION",
        "ERR-409-HEADERS",
        "ERR-429-RETRY-AFTER",
        "ERR-503-RETRY-AFTER",
    }
    assert not body & headers


@pytest.mark.parametrize(
    ("name", "instance", "breached"),
    [
        pytest.param("responses/404.body.json", {"status": 404, "code": 20404}, set(), id="none"),
        pytest.param("responses/404.body.json", [], {"ERR-404-BODY"}, id="the-root-s"),
        pytest.param("responses/404.body.json", {"code": "x"}, {"ERR-404-BODY"}, id="referenced"),
        pytest.param(
            "responses/404.body.json", {"status": 409}, {"ERR-STATUS-MATCHES"}, id="the-innermost"
        ),
        pytest.param(
            "responses/404.body.json",
            {"status": 600, "code": 20500, "message": 7},
            {"ERR-404-BODY", "ERR-STATUS-MATCHES", "ERR-CODE-MATCHES", "ERR-BOUNDS"},
            id="all",
        ),
        pytest.param(
            "responses/202.headers.json",
            {"retry-after": "1", "location": "/x"},
            {"DEL-202-LOCATION"},
            id="advisory",
        ),
        pytest.param(
            "operation.json",
            {"status": "PENDING", "completedAt": "2026-11-23T00:00:00Z", "error": {}},
            {"OP-BODY", "OP-COMPLETED-AT", "OP-ERROR"},
            id="operation",
        ),
        pytest.param(
            "configuration-page.json",
            {"configurations": [{}], "meta": {"key": "x", "pageSize": 1}},
            {"CTRL-PAGE"},
            id="items-of-a-page",
        ),
    ],
)
def test_an_error_breaches_the_innermost_requirement(
    name: str, instance: object, breached: set[str]
) -> None:
    """Each requirement of a schema is looked at; an error lands on the innermost around it."""
    found = schemas.breaches(name, instance)

    assert tuple(found) == schemas.requirements(name)
    assert {one for one, errors in found.items() if errors} == breached


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
    """Matching needs no memory for each character."""
    tracemalloc.start()
    try:
        assert schemas.FORMATS.conforms(f"http://x/{text}", "uri")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 10_000_000


def test_matches() -> None:
    """True if an instance fits a schema."""
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
            ("$", "a member 'operationId'", "no member 'operationId'"),
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
            "error-bounds.json", {"code": 5}, ("$.code", "at least 100", "5"), id="minimum"
        ),
        pytest.param(
            "error-bounds.json",
            {"code": 1_000_000},
            ("$.code", "at most 999999", "1000000"),
            id="maximum",
        ),
        pytest.param(
            "error-bounds.json",
            {"message": "m" * 1025},
            ("$.message", "at most 1024 characters", "'" + "m" * 119 + "…"),
            id="maxLength",
        ),
        pytest.param(
            "responses/409.headers.json",
            {"x-conflicting-resource-id": ""},
            ("$['x-conflicting-resource-id']", "at least 1 character", "''"),
            id="minLength",
        ),
        pytest.param(
            "responses/202.headers.json",
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
