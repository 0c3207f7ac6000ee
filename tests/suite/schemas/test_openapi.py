"""The OpenAPI file is sound, is built from the schema files and can be used without a network."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis.core.result import Ok

from orchestrator_contract.contract import response_schemas, schemas

SCHEMAS = Path(__file__).parents[3] / "schemas"
FILE = SCHEMAS / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for item in DOCUMENT["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
}
DELETE = OPERATIONS["deleteConfiguration"]
REFUSALS = [str(status) for status in sorted(response_schemas.DELETE_STATUSES) if status >= 400]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any look-up of a host name or connection ends the test."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"went to the network: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def references(node: Any) -> list[str]:
    """Every $ref under *node*."""
    if isinstance(node, list):
        return [ref for item in node for ref in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [ref for item in node.values() for ref in references(item)]


def test_file_is_openapi_3_1(no_network: None) -> None:
    """The validator has nothing to say, also about what the references lead to."""
    validate(DOCUMENT, base_uri=FILE.as_uri())


def test_references_lead_to_files_or_components() -> None:
    """Each $ref is to a schema file beside this one, or to a place in this file that is there."""
    for ref in references(DOCUMENT):
        target, _, pointer = ref.partition("#")
        assert "://" not in target
        text = (SCHEMAS / target).read_text("utf-8") if target else FILE.read_text("utf-8")
        node = yaml.safe_load(text)
        for step in filter(None, pointer.split("/")):
            node = node[step]


def test_operations_are_those_of_the_contract() -> None:
    """The delete, the six calls that it is provisioned and followed with, and the two on conversations."""
    assert set(OPERATIONS) == {
        "createConfiguration",
        "listConfigurations",
        "fetchConfiguration",
        "updateConfiguration",
        "patchConfiguration",
        "deleteConfiguration",
        "fetchOperation",
        "fetchConversation",
        "deleteConversation",
    }


def test_delete_has_the_documented_statuses_and_no_other() -> None:
    """A default would let every status through."""
    assert set(DELETE["responses"]) == {"202", *REFUSALS}


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("createConfiguration", {"400"}),
        ("listConfigurations", {"400", "429", "500", "503"}),
        ("fetchConfiguration", {"404", "429", "500", "503"}),
        ("updateConfiguration", {"400"}),
        ("patchConfiguration", {"400"}),
        ("fetchOperation", {"400", "404", "429", "500", "503"}),
    ],
)
def test_documented_errors_of_other_operations(name: str, statuses: set[str]) -> None:
    """The document has all that the sources say of the other calls."""
    assert {one for one in OPERATIONS[name]["responses"] if one >= "4"} == {*statuses, "default"}


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"deleteConfiguration"}))
def test_other_operations_have_one_success_and_a_default(name: str) -> None:
    """Success is one documented status; refusals of the calls around the delete are not judged by status."""
    success = "202" if name.startswith(("create", "update", "patch", "delete")) else "200"

    assert [status for status in OPERATIONS[name]["responses"] if status.startswith("2")] == [
        success
    ]
    assert "default" in OPERATIONS[name]["responses"]


@pytest.mark.parametrize("status", ["202", *REFUSALS])
def test_delete_bodies_are_the_schema_files(status: str) -> None:
    """Each status has its own file; an error comes as either media type."""
    content = DELETE["responses"][status]["content"]
    types = ["application/json", *(["application/problem+json"] if status >= "400" else [])]

    assert content == {one: {"schema": {"$ref": f"responses/{status}.body.json"}} for one in types}


def test_delete_headers_are_the_schema_files() -> None:
    """Each header that a file describes is described by that file."""
    headers = DOCUMENT["components"]["headers"]
    for status, part, name in response_schemas.delete_schemas():
        if part == "headers":
            declared = DELETE["responses"][str(status)]["headers"]
            found = {
                header.lower(): headers[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                for header, one in declared.items()
            }
            assert {header: one["schema"]["$ref"] for header, one in found.items()} == {
                header: f"{name}#/properties/{header}"
                for header in schemas.documents()[name]["properties"]
            }


def test_acceptance_promises_retry_after_only() -> None:
    """Of the three headers of a 202 one is required."""
    headers = DOCUMENT["components"]["headers"]

    assert [name for name, header in headers.items() if header.get("required")] == ["RetryAfter"]
    assert set(DELETE["responses"]["202"]["headers"]) == {"Retry-After", "Operation-Id", "Location"}


@pytest.mark.parametrize(
    "name",
    [
        "createConfiguration",
        "updateConfiguration",
        "patchConfiguration",
        "deleteConfiguration",
        "deleteConversation",
    ],
)
def test_changes_take_a_key_and_lead_to_their_operation(name: str) -> None:
    """Idempotency-Key goes with each change, and its 202 links to fetchOperation."""
    responses = DOCUMENT["components"]["responses"]
    accepted = OPERATIONS[name]["responses"]["202"]
    accepted = responses["Accepted"] if "$ref" in accepted else accepted

    assert {"$ref": "#/components/parameters/IdempotencyKey"} in OPERATIONS[name]["parameters"]
    assert accepted["links"] == {"operation": {"$ref": "#/components/links/operation"}}
    assert DOCUMENT["components"]["links"]["operation"]["operationId"] == "fetchOperation"


def test_every_operation_needs_credentials() -> None:
    """Basic or Bearer, for the whole file, and no operation opts out."""
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert DOCUMENT["security"] == [{"basic": []}, {"oauth": []}]
    assert (schemes["basic"]["scheme"], schemes["oauth"]["type"]) == ("basic", "oauth2")
    assert not any("security" in operation for operation in OPERATIONS.values())


def test_schemathesis_generates_every_operation_offline(no_network: None) -> None:
    """Each operation gives cases, through all references, with no host looked up."""
    made: set[str] = set()

    for result in schemathesis.openapi.from_path(str(FILE)).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=3,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def generate(case: Any) -> None:
            made.add(case.operation.definition.raw["operationId"])

        generate()

    assert made == set(OPERATIONS)
