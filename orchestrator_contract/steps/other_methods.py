"""Methods beside DELETE, none of which may delete."""

from __future__ import annotations

from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.step import Step

_READS = 3


class OtherMethods(Step):
    """Sends requests that read, or that the path does not support."""

    def send(self, method: str, configuration: Configuration) -> Exchange:
        """The response to *method* on the configuration's path."""
        payload: dict[str, str] | None = {} if method == "POST" else None
        request = self._api.request(
            Call("other", judge_content=False),
            method,
            f"/Configurations/{configuration.sid}",
            scope=configuration.scope,
            payload=payload,
        )
        return self._api.send(request, allow_no_response=True)

    def send_all(self, configuration: Configuration) -> list[Exchange]:
        """The responses to every method but DELETE, PUT and PATCH."""
        return [self.send(method, configuration) for method in ("POST", "HEAD", "OPTIONS", "GET")]

    def read_list(self) -> list[Exchange]:
        """The first page of the list, several times."""
        return [self._api.page(f"pageSize={LARGEST_PAGE}") for _ in range(_READS)]
