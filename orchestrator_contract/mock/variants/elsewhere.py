"""Conformant ways of the asynchronous calls beside the delete."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.conversations import DELETE
from orchestrator_contract.mock.errors import Refused, unknown_path
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.state import Operation


@variant(
    "conversation-related-null",
    "related of a conversation's delete is null, in the 202 and in the operation",
)
class _RelatedNull(Behaviour):
    def related(self, operation: Operation) -> dict[str, str] | None:
        return None if operation.kind == DELETE else super().related(operation)


@variant(
    "conversations-nowhere", "There are no conversations where the profile says that there are"
)
class _Nowhere(Behaviour):
    def fetch_conversation(self, request: Request) -> Response:
        raise Refused(unknown_path())

    def delete_conversation(self, request: Request) -> Response:
        raise Refused(unknown_path())


@variant("updates-at-once", "The operation of an update has COMPLETED when its 202 comes")
class _UpdatesAtOnce(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        return super().start_operation(request, kind, sid, 0.0 if kind == "update" else seconds)
