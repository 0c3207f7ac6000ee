"""Conformant habits of services in real use: what fails half way, what others do meanwhile."""

from __future__ import annotations

from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.problems import internal_error
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.variants.choices import _SecondFails


@variant("error-yet-deleted", "Every 12th accepted delete is answered 500 and carried out; a second one gets an operation that FAILS")
class _ErrorYetDeleted(_SecondFails):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status == 202 and self.once_in(12, "error-yet-deleted"):
            return self.refuse(request, internal_error())
        return response
