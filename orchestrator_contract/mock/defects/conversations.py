"""Defects of the CONV section: the delete of a conversation."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.conversations import DELETE
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import (
    header,
    member,
    on_response,
    with_status,
    without,
)
from orchestrator_contract.mock.state import Conversation, Operation, State

_OTHER = "conv_conversation_7unrelated0000000000000000"

defect(
    "conversation-accepted",
    "An accepted delete of a conversation {}",
    case("204", "gets a 204", change=with_status(204)),
    case("no-retry-after", "has no Retry-After", change=header("retry-after", None)),
    case(
        "related-other",
        "names another conversation in related",
        change=member("related", {"conversationId": _OTHER}),
    ),
    breaches=("CONV-202",),
)(on_response(route=DELETE))
defect(
    "conversation-operation-no-created-at",
    "The operation of a conversation's delete has no createdAt",
    breaches=("CONV-OPERATION",),
)(on_response(without("createdAt"), route=f"operation-{DELETE}", status=200))


@defect(
    "conversation-operation-fails",
    "The operation of a conversation's delete ends FAILED",
    breaches=("CONV-OPERATION",),
)
class _Fails(Behaviour):
    def decide_conversation(self, conversation: Conversation, operation: Operation) -> None:
        self.fail(operation)
        super().decide_conversation(conversation, operation)


@defect(
    "conversation-key-not-stored",
    "The 202 to the delete of a conversation is not stored for its key",
    breaches=("CONV-KEY",),
    shows="time: after the end",
)
class _KeyNotStored(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return request.route != DELETE and super().storable(request, response)


@defect(
    "conversation-kept",
    "A COMPLETED delete of a conversation deletes nothing",
    breaches=("CONV-DELETED",),
)
class _Kept(Behaviour):
    def decide_conversation(self, conversation: Conversation, operation: Operation) -> None:
        if operation.outcome is not State.COMPLETED:
            super().decide_conversation(conversation, operation)
