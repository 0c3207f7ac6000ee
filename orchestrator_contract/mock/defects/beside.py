"""Deletes and creates that come close together and get each other's answers."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.races import Crossing
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect


@defect(
    "race-create-answers-delete",
    "A delete within 30 ms of a create gets the create's 202",
    breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED"),
    shows="race: within 30 ms of a create",
)
class _CreateAnswers(Behaviour):
    newest: Response | None = None
    at = 0.0

    def create(self, request: Request) -> Response:
        response = super().create(request)
        self.newest, self.at = response, self.now()
        return response

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        crossed = response.status == 202 and self.newest is not None and self.now() - self.at < 0.03
        return self.newest.copy() if crossed and self.newest is not None else response


@defect(
    "race-create-related-null",
    "A delete within 30 ms of a create gets the create's 202, which does not say of what it is",
    breaches=("CONC-OWN-RESPONSE",),
    shows="race: within 30 ms of a create",
)
class _CreateAnswersNamelessly(_CreateAnswers):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route in ("create", "delete") and response.status == 202:
            response.document = {**response.document, "related": None}
        return response


@defect(
    "race-create-crossed",
    "A create and a delete at the same time get each other's answer",
    breaches=("CONC-OWN-RESPONSE", "DEL-202-RELATED"),
    shows="race: within 10 ms",
)
class _Crossed(Crossing):
    kinds = ("create", "delete")
