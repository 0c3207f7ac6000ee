"""HTTP itself: codings, connections."""

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.profile import Trigger
from orchestrator_contract.steps.deletes import Scenarios


@pytest.mark.requirement("HTTP-CONTENT-ENCODING", "ERR-404-BODY")
@pytest.mark.parametrize("offer", ["identity", "gzip", "gzip;q=1.0, deflate;q=0.5"])
def test_content_coding(endpoint: Endpoint, offer: str) -> None:
    """An answer comes uncoded, or in a coding that the request offered."""
    sid = endpoint.absent_sid()

    exchange = endpoint.client.delete(Configuration(sid), headers=[("Accept-Encoding", offer)])

    defect = exchange.response.defect if exchange.response else None
    endpoint.findings.check(
        "HTTP-CONTENT-ENCODING",
        exchange.response is not None and defect is None,
        expected="an answer that decodes",
        seen=defect[1] if defect else exchange.outcome(),
        exchanges=[exchange],
    )


@pytest.mark.requirement("DEL-STATUS", "SID-UNKNOWN", "ERR-404-BODY")
@pytest.mark.parametrize(
    "accept",
    [
        pytest.param("", id="absent"),
        pytest.param("*/*", marks=pytest.mark.twice, id="anything"),
        pytest.param("application/*, text/plain;q=0.5", marks=pytest.mark.twice, id="a-range"),
    ],
)
def test_accept(endpoint: Endpoint, accept: str) -> None:
    """An answer comes in the documented type to whoever takes it, as to whoever does not say what they take."""
    sid = endpoint.absent_sid()

    exchange = endpoint.client.delete(Configuration(sid), headers=[("Accept", accept)])

    endpoint.findings.check(
        "SID-UNKNOWN",
        exchange.status in (404, 500),
        expected="404",
        seen=exchange.outcome(),
        exchanges=[exchange],
    )


@pytest.mark.requirement("HTTP-CONTENT-ENCODING", "DEL-202-BODY")
def test_accepted_without_coding(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A 202 to a request that offers no coding comes without one."""
    configuration = endpoint.configurations.one()

    try:
        accepted = scenarios.accepted(
            configuration, trigger=Trigger({"Accept-Encoding": "identity", "Accept": "*/*"})
        ).accepted
    except Inconclusive as error:
        raise CheckInconclusive(str(error)) from error

    # The judge has held what the answer says of its coding against what was offered; that it says nothing is right, too.
    endpoint.findings.check(
        "HTTP-CONTENT-ENCODING",
        accepted.response is not None and accepted.response.defect is None,
        expected="an answer that is not coded",
        seen=accepted.outcome(),
        exchanges=[accepted],
    )
