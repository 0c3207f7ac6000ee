"""Each schema that judges responses decides requirements, and its instances show which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.contract.response_schemas import (
    SCHEMAS,
    UNDOCUMENTED_REFUSAL,
    delete_schemas,
)

#: Codes that S5 ties to HTTP statuses.
TIED = {
    20003: {401, 403},
    20404: {404},
    20409: {409},
    20429: {429},
    20500: {500},
    20503: {503},
}
JUDGING = sorted(
    {name for call in SCHEMAS.values() for parts in call.values() for name in parts.values()}
    | {UNDOCUMENTED_REFUSAL}
)
ERRORS = [
    (status, name) for status, part, name in delete_schemas() if status >= 400 and part == "body"
]


def marks(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each `x-requirement` below *node*, with the keywords that lead to it."""
    if isinstance(node, dict):
        if isinstance(node.get("x-requirement"), str):
            yield path, node["x-requirement"]
        for key, value in node.items():
            if key not in {"examples", "x-invalid"}:
                yield from marks(value, (*path, key))
    elif isinstance(node, list):
        for item in node:
            yield from marks(item, path)


def breached(name: str, instance: Any) -> set[str]:
    """The requirements that *instance* breaches under the schema *name*."""
    return {one for one, errors in schemas.breaches(name, instance).items() if errors}


@pytest.mark.parametrize("name", JUDGING)
def test_root_names_a_requirement(name: str) -> None:
    """No error of a judged response lands on nothing."""
    assert "x-requirement" in schemas.documents()[name]


@pytest.mark.parametrize("name", sorted(schemas.documents()))
def test_requirements_stand_where_they_always_apply(name: str) -> None:
    """A requirement stands at the root or in its `allOf`, where no instance leaves it out."""
    assert {path for path, _ in marks(schemas.documents()[name])} <= {(), ("allOf",)}


@pytest.mark.parametrize("name", JUDGING)
def test_requirements_are_in_the_catalogue(name: str) -> None:
    """Each requirement that a schema names is known."""
    assert set(schemas.requirements(name)) <= catalogue.load().requirements.keys()


@pytest.mark.parametrize("name", JUDGING)
def test_each_requirement_is_decided(name: str) -> None:
    """For each requirement of a file one of its invalid instances breaches it, and no example does."""
    document = schemas.documents()[name]
    shown = [breached(name, entry["instance"]) for entry in document["x-invalid"]]

    assert set().union(*shown) == set(schemas.requirements(name))
    assert [example for example in document["examples"] if breached(name, example)] == []


def test_only_the_folder_binds_by_name() -> None:
    """Every file of schemas/responses/ judges a response of DELETE."""
    files = {name for name in schemas.documents() if name.startswith("responses/")}

    assert files == {name for _, _, name in delete_schemas()}


def test_no_other_file_names_a_requirement() -> None:
    """A subschema that names a requirement is bound to a response."""
    naming = {name for name, document in schemas.documents().items() if [*marks(document)]}

    assert naming == set(JUDGING)


@pytest.mark.parametrize(("status", "name"), ERRORS)
def test_error_body_pins_its_status(status: int, name: str) -> None:
    """An error body states its own status and no code that S5 ties to another."""
    for member in ("status", "httpStatusCode"):
        accepted = {one for one in range(100, 600) if not breached(name, {member: one})}
        assert accepted == {status}
    refused = {code for code in [*TIED, *range(17500, 17540)] if breached(name, {"code": code})}
    assert refused == {code for code, statuses in TIED.items() if status not in statuses}


@pytest.mark.parametrize(("status", "name"), ERRORS)
def test_error_body_decides_four_requirements(status: int, name: str) -> None:
    """Shape, status, code and bounds of an error are one file's."""
    assert schemas.requirements(name) == (
        f"ERR-{status}-BODY",
        "ERR-STATUS-MATCHES",
        "ERR-CODE-MATCHES",
        "ERR-BOUNDS",
    )
