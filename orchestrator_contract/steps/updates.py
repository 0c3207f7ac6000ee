"""What a configuration may have been through before something is aimed at it."""

from __future__ import annotations

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.retry_after import past_500


def patched(endpoint: Endpoint, configuration: Configuration) -> Operation:
    """The operation of a PATCH of *configuration*, followed to its end.

    Raises:
        Inconclusive: it was not accepted, or the content is not the run's to change.
    """
    if not configuration.payload:
        raise Inconclusive("configurations that the profile gives may be deleted, but not changed")
    exchange = past_500(
        lambda: endpoint.client.update(
            configuration, {"description": "patched by a contract test"}, method="PATCH"
        )
    )
    if exchange.status != 202:
        raise Inconclusive(f"PATCH was answered {exchange.outcome()}")
    operation = endpoint.poller.accept(exchange, configuration.sid)
    endpoint.poller.finish([operation], early=False)
    return operation
