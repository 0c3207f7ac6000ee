"""Places where a create names its id: the 202, the operation, or none."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.state import Operation, State


class _Reticent(Behaviour):
    """Base of variants whose creates hide the id."""

    told_in_202 = False
    told_at_end = False

    def accepted_document(self, request: Request, operation: Operation) -> Any:
        document = super().accepted_document(request, operation)
        if operation.kind != "create" or self.told_in_202:
            return document
        return {**document, "related": {}}

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        document = super().operation_document(operation, now)
        told = self.told_at_end and document["status"] == State.COMPLETED
        if operation.kind != "create" or told:
            return document
        kept = {name: value for name, value in document.items() if name != "result"}
        return {**kept, "related": {}}


@variant("create-id-in-202", "The 202 of a create names the id, its operation does not")
class _In202(_Reticent):
    told_in_202 = True


@variant(
    "create-id-in-operation",
    "The operation of a create names the id once it has COMPLETED, its 202 does not",
)
class _InOperation(_Reticent):
    told_at_end = True


@variant("create-id-nowhere", "Neither the 202 of a create nor its operation names the id")
class _Nowhere(_Reticent):
    pass
