"""Every schema file is sound, resolves without a network and decides its own examples as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.schemas import FORMATS

SCHEMAS = Path(__file__).parents[3] / "schemas"
BASE = "https://orchestrator-contract.example/schemas/"
DOCUMENTS: dict[str, Any] = {
    path.relative_to(SCHEMAS).as_posix(): json.loads(path.read_text("utf-8"))
    for path in sorted(SCHEMAS.rglob("*.json"))
}
CHECKER = FORMATS


#: Fetches nothing: a reference that is not among the files is a fault of the files.
REGISTRY: Registry[Any] = Registry().with_resources(
    (document["$id"], Resource.from_contents(document)) for document in DOCUMENTS.values()
)


def validator(path: str) -> Draft202012Validator:
    """A validator of schemas/*path* that checks formats and stays offline."""
    return Draft202012Validator(DOCUMENTS[path], registry=REGISTRY, format_checker=CHECKER)


def references(node: Any) -> list[str]:
    """Every $ref under *node*, data in examples left out."""
    if isinstance(node, list):
        return [ref for item in node for ref in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [
        ref
        for key, item in node.items()
        if key not in {"examples", "x-invalid"}
        for ref in references(item)
    ]


FILES = [pytest.param(path, id=path) for path in DOCUMENTS]
VALID = [
    pytest.param(path, example, id=f"{path}-{number}")
    for path, document in DOCUMENTS.items()
    for number, example in enumerate(document.get("examples", []))
]
INVALID = [
    pytest.param(path, entry["instance"], id=f"{path}-{entry['why'].replace(' ', '-')}")
    for path, document in DOCUMENTS.items()
    for entry in document.get("x-invalid", [])
]


@pytest.mark.parametrize("path", FILES)
def test_file_is_a_2020_12_schema(path: str) -> None:
    """The dialect is named and the file obeys it."""
    assert DOCUMENTS[path]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(DOCUMENTS[path], format_checker=CHECKER)


@pytest.mark.parametrize("path", FILES)
def test_id_is_the_path(path: str) -> None:
    """The id repeats the path, so no two files share one."""
    assert DOCUMENTS[path]["$id"] == BASE + path


@pytest.mark.parametrize("path", FILES)
def test_file_explains_itself(path: str) -> None:
    """Title, description, valid and invalid instances are there, and each invalid one says why, once."""
    document = DOCUMENTS[path]

    assert document["title"].strip()
    assert document["description"].strip()
    assert document["examples"]
    reasons = [entry["why"] for entry in document["x-invalid"]]
    assert reasons
    assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("path", FILES)
def test_references_resolve_offline(path: str) -> None:
    """Each $ref leads to a file here."""
    resolver = REGISTRY.resolver(DOCUMENTS[path]["$id"])

    for ref in references(DOCUMENTS[path]):
        resolver.lookup(ref)


@pytest.mark.parametrize("path", FILES)
def test_references_mean_the_same_by_id_and_by_file(path: str) -> None:
    """References are relative, so a tool that goes by file paths finds the same file as one that goes by ids."""
    for ref in references(DOCUMENTS[path]):
        target = ref.partition("#")[0]
        assert "://" not in target
        if target:
            assert (
                (SCHEMAS / path).parent.joinpath(target).resolve().is_relative_to(SCHEMAS.resolve())
            )
            assert (SCHEMAS / path).parent.joinpath(target).is_file()


@pytest.mark.parametrize(("path", "instance"), VALID)
def test_example_is_valid(path: str, instance: Any) -> None:
    """The examples of a file pass it."""
    validator(path).validate(instance)


@pytest.mark.parametrize(("path", "instance"), INVALID)
def test_counterexample_is_invalid(path: str, instance: Any) -> None:
    """The counterexamples of a file fail it."""
    assert not validator(path).is_valid(instance)


@pytest.mark.parametrize(("path", "instance"), [*VALID, *INVALID])
def test_what_the_suite_writes_out_means_the_same(path: str, instance: Any) -> None:
    """The suite judges by schemas whose references are written out: it finds in each instance what the file itself does."""
    judged = [
        sorted((error.json_path, str(error.validator)) for error in one.iter_errors(instance))
        for one in (validator(path), schemas.validator(path))
    ]

    assert judged[0] == judged[1]


@pytest.mark.parametrize("name", ["date-time", "uri", "uri-reference", "date"])
def test_format_is_checked(name: str) -> None:
    """The formats that the files lean on are known to the checker; an unknown one would pass everything."""
    assert name in CHECKER.checkers
