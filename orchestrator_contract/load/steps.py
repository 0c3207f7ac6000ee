"""What one user does again and again: short stories around a delete, each judged on the way."""

from __future__ import annotations

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.steps.deletes import Scenarios


class Steps:
    """The stories, on the suite of this process; each raises Unverifiable when it cannot go on."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.client: Client = endpoint.client
        self.scenarios = Scenarios(endpoint)

    def delete(self) -> None:
        """A keyed delete, polled to its end; the configuration is gone then."""
        configuration = self.endpoint.configurations.one()
        operation = self.scenarios.accepted(configuration, key=self.endpoint.key())
        self.scenarios.completed([operation], [configuration])
        self.scenarios.existence.gone(operation)

    def replay(self) -> None:
        """A delete whose key comes again, before and after the end, on kept connections and on new ones."""
        configuration = self.endpoint.configurations.one()
        operation = self.scenarios.accepted(configuration, key=self.endpoint.key())
        self.scenarios.replay(operation)
        self.scenarios.replay(operation, new_connection=True)
        self.scenarios.completed([operation], [configuration])
        self.scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")

    def again(self) -> None:
        """A delete without key, and another one after its end, which finds nothing."""
        configuration = self.endpoint.configurations.one()
        operation = self.scenarios.accepted(configuration)
        self.scenarios.completed([operation], [configuration])
        self.scenarios.existence.not_again(operation, keyed=True)

    def unknown(self) -> None:
        """A delete of what does not exist."""
        sid = self.endpoint.absent_sid()
        exchange = self.client.delete(Configuration(sid), key=self.endpoint.key())
        if exchange.status != 500:  # documented, and says nothing of the SID
            self.endpoint.findings.check(
                "SID-UNKNOWN",
                exchange.status == 404,
                expected="404",
                seen=exchange.outcome(),
                exchanges=[exchange],
            )
