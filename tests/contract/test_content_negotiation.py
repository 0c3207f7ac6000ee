"""Content negotiation: responses have an accepted coding and type."""

from __future__ import annotations

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.check import Check
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.deletes import Deletes


@pytest.mark.requirement("HTTP-CONTENT-ENCODING", "ERR-404-BODY")
@pytest.mark.parametrize(
    "offer",
    [
        "identity",
        pytest.param("gzip", marks=pytest.mark.extended),
        pytest.param("gzip;q=1.0, deflate;q=0.5", marks=pytest.mark.extended),
        pytest.param("identity, gzip;q=0", marks=pytest.mark.extended),
    ],
)
def test_response_uses_an_offered_coding(
    api: Client, absent: Configuration, check: Check, offer: str
) -> None:
    """A response comes uncoded, or in a coding that the request offered."""
    response = api.delete(absent, headers=[("Accept-Encoding", offer)])

    check.decodes(response)


@pytest.mark.requirement("SID-UNKNOWN", "ERR-404-BODY")
@pytest.mark.parametrize(
    "accept",
    [
        pytest.param("", id="absent"),
        pytest.param("*/*", marks=pytest.mark.extended, id="anything"),
        pytest.param("application/*, text/plain;q=0.5", marks=pytest.mark.extended, id="range"),
    ],
)
def test_response_does_not_depend_on_accept(
    api: Client, absent: Configuration, check: Check, accept: str
) -> None:
    """A request that takes JSON in any way gets the documented response."""
    response = api.delete(absent, headers=[("Accept", accept)])

    check.not_found(response)


@pytest.mark.extended
@pytest.mark.requirement("HTTP-CONTENT-ENCODING", "DEL-202-BODY")
def test_202_without_an_offered_coding_is_not_coded(
    deletes: Deletes, configuration: Configuration, check: Check
) -> None:
    """A 202 to a request that offers no coding comes without one."""
    plain = Trigger({"Accept-Encoding": "identity", "Accept": "*/*"})

    operation = deletes.accept(configuration, trigger=plain)

    check.decodes(operation.accepted)
    deletes.later(operation)
