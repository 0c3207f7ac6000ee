"""Updates of the run's own configurations, if the endpoint accepts them."""

from __future__ import annotations

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.payload import replacement
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import control_plane
from orchestrator_contract.steps.step import Step


class Updates(Step):
    """Sends PUT and PATCH, on which no requirement depends (contract.md)."""

    def update(
        self,
        configuration: Configuration,
        method: str,
        text: str = "changed by a contract test",
        *,
        key: str | None = None,
    ) -> Operation:
        """An accepted update of the description by *method*, not followed yet.

        Raises:
            Inconclusive: the endpoint refuses it, or the content is not the run's to change.
        """
        exchange = past_500(
            lambda: self._api.send(self.request(configuration, method, text, key=key))
        )
        if exchange.status not in range(400, 500):
            configuration.shown.pop("description", None)  # it may be another one now
        if exchange.succeeded:
            control_plane.accepted(self._endpoint.findings, exchange)
        if exchange.status != 202:
            self._endpoint.findings.observe("OBS-UPDATE", f"{method}: {exchange.status}")
            raise Inconclusive(f"{method} was answered {exchange.outcome()}")
        return self._endpoint.poller.accept(exchange, configuration)

    def updated(self, configuration: Configuration, method: str) -> Operation:
        """The operation of an update, followed to its end.

        Raises:
            Inconclusive: the endpoint refuses it.
        """
        operation = self.update(configuration, method)
        self.finish(operation)
        return operation

    def finish(self, operation: Operation) -> None:
        """Follow an update to its end."""
        self._endpoint.finish([operation])

    def request(
        self, configuration: Configuration, method: str, text: str, *, key: str | None = None
    ) -> Request:
        """An update of the description, not sent yet.

        Raises:
            Inconclusive: the content is not the run's to change.
        """
        if not configuration.payload:
            raise Inconclusive(
                "the run did not write the content of this configuration, and so does not change it"
            )
        changed = {"description": text}
        payload = replacement(configuration, **changed) if method == "PUT" else changed
        return self._api.update_request(configuration, payload, method=method, key=key)
