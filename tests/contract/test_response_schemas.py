"""Responses of DELETE match the schemas of their status: one file for each status and part."""

import pytest

from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.response_schemas import delete_schemas
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.rules.responses import matches_schema
from orchestrator_contract.steps.sampled_responses import SampledResponses

#: What a response must be before a schema can be applied to its part.
IS_JSON = {"body": ["HTTP-JSON"], "headers": []}
FILES = [
    pytest.param(
        status,
        name,
        marks=pytest.mark.requirement(*IS_JSON[part], *schemas.requirements(name)),
        id=f"{status}-{part}",
    )
    for status, part, name in delete_schemas()
]


@pytest.mark.parametrize(("status", "name"), FILES)
def test_response_matches_its_schema(
    endpoint: Endpoint, responses: SampledResponses, status: int, name: str
) -> None:
    """Every sampled response is valid under the schema of its status and part."""
    for response in responses.sample(status):
        matches_schema(endpoint.findings, response, name)
