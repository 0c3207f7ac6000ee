"""Defects against CONV."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.conversations import DELETE
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import altering, header, member, without
from orchestrator_contract.mock.state import Conversation, Operation

_CONVERSATION = ("CONV-202",)


altering(
    "conversation-204",
    "An accepted delete of a conversation answers 204",
    breaches=_CONVERSATION,
    route=DELETE,
)(lambda request, response: setattr(response, "status", 204))


altering(
    "conversation-no-retry-after",
    "The 202 of a conversation's delete has no Retry-After",
    breaches=_CONVERSATION,
    route=DELETE,
)(header("retry-after", None))


altering(
    "conversation-related-stranger",
    "related names another conversation",
    breaches=_CONVERSATION,
    route=DELETE,
)(member("related", {"conversationId": "conv_conversation_7stranger00000000000000000"}))


altering(
    "conversation-operation-timeless",
    "The operation of a conversation's delete has no createdAt",
    status=200,
    breaches=("CONV-OPERATION",),
    route=f"operation-{DELETE}",
)(without("createdAt"))


@defect(
    "conversation-key-forgotten",
    "A conversation's delete is not replayed once it has COMPLETED",
    breaches=("CONV-KEY",),
    shows="time: after the end",
)
class _KeyForgotten(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return request.route != DELETE and super().storable(request, response)


@defect(
    "conversation-stays",
    "A conversation whose delete has COMPLETED is still there",
    breaches=("CONV-DELETED",),
)
class _Stays(Behaviour):
    def decide_conversation(self, conversation: Conversation, operation: Operation) -> None:
        if operation.outcome is not State.COMPLETED:
            super().decide_conversation(conversation, operation)


@defect(
    "conversation-fails",
    "The operation of a conversation's delete ends FAILED",
    breaches=("CONV-OPERATION",),
)
class _ConversationFails(Behaviour):
    def decide_conversation(self, conversation: Conversation, operation: Operation) -> None:
        self.fail(operation)
        super().decide_conversation(conversation, operation)
