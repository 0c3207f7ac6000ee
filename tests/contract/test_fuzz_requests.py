"""Requests that Schemathesis generates from the OpenAPI description."""

from __future__ import annotations

import pytest

from orchestrator_contract.steps.generated_requests import GeneratedRequests


@pytest.mark.requirement("SID-UNKNOWN", "SID-MALFORMED", "DEL-STATUS", "KEY-MALFORMED-NO-5XX")
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_deletes(generated_requests: GeneratedRequests, mode: str) -> None:
    """A generated delete, valid or not, gets a documented response."""
    generated_requests.delete(mode)
