"""Sequences that one simulated user repeats, each judged on the way."""

from __future__ import annotations

from orchestrator_contract.check import Check
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.rules import malformed_input
from orchestrator_contract.steps.deletes import Deletes


class Steps:
    """The sequences; each raises Inconclusive when it can't go on."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.deletes = Deletes(endpoint)
        self.check = Check(endpoint)

    def delete(self) -> None:
        """Delete under a key, poll to the end, and fetch the deleted configuration."""
        operation = self.deletes.completed()[0]
        self.check.deleted(operation)

    def replay(self) -> None:
        """Repeat a keyed delete before and after its end, on reused and new connections."""
        operation = self.deletes.accept_new()[0]
        for connection in ("reused", "new"):
            again = self.deletes.repeat(operation, connection=connection)
            self.check.same_response(operation, again)
        for completed in self.deletes.complete([operation]):
            self.check.same_response(completed, self.deletes.repeat(completed))

    def again(self) -> None:
        """Delete without a key, and delete again after the end."""
        operation = self.deletes.completed(keyed=False)[0]
        self.check.not_found_again(operation, key=self.endpoint.key())

    def unknown(self) -> None:
        """Delete a SID that does not exist."""
        absent = self.endpoint.absent.one()
        exchange = self.endpoint.client.delete(absent, key=self.endpoint.key())
        if exchange.status != 500:  # documented, and says nothing of the SID
            malformed_input.not_found(self.endpoint.findings, exchange)
