"""Handlers of the calls on conversations: fetch and delete."""

from __future__ import annotations

from orchestrator_contract.mock.clock import rfc3339
from orchestrator_contract.mock.errors import conflict, unknown_conversation
from orchestrator_contract.mock.handlers import Handlers
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.state import Conversation, Operation, State

PATH = b"/v2/Conversations/"
#: Conversations of each account in each region at the start; the profile offers them for deletion.
SIDS = tuple(f"conv_conversation_0{f'mockconversation{number:02}':0<25}" for number in range(16))
DELETE = "delete-conversation"


class Conversations(Handlers):
    """Overridable steps of the calls on conversations."""

    def conversation(self, request: Request) -> Conversation | None:
        """The undeleted conversation that the request names, or None."""
        partition, now = self.partition(request), self.now()
        if not partition.conversations:
            partition.conversations.update(
                {sid: Conversation(sid, request.account, now) for sid in SIDS}
            )
        found = partition.conversations.get(request.sid or "")
        return (
            None
            if found is None or (found.deleted_at is not None and now >= found.deleted_at)
            else found
        )

    def fetch_conversation(self, request: Request) -> Response:
        """GET …/Conversations/{Sid}."""
        found = self.conversation(request)
        if found is None:
            return self.refuse(request, unknown_conversation())
        document = {
            "id": found.id,
            "accountId": f"AC{found.account:032x}",
            "configurationId": "conv_configuration_" + "0" * 26,
            "status": "CLOSED",
            "createdAt": rfc3339(found.created_at),
            "updatedAt": rfc3339(found.created_at),
        }
        return Response.of(200, document)

    def delete_conversation(self, request: Request) -> Response:
        """DELETE …/Conversations/{Sid}."""
        found = self.conversation(request)
        if found is None:
            return self.refuse(request, unknown_conversation())
        if found.deletion is not None and not found.deletion.state(self.now()).terminal:
            return self.refuse(request, conflict(found.deletion.id))
        operation = self.start_operation(request, DELETE, found.id, self.operation_seconds(request))
        found.deletion = operation
        self.decide_conversation(found, operation)
        return self.accepted(request, operation)

    def decide_conversation(self, conversation: Conversation, operation: Operation) -> None:
        """Schedules the effect of *operation*."""
        if operation.outcome is State.COMPLETED:
            conversation.deleted_at = operation.ends_at

    def related(self, operation: Operation) -> dict[str, str] | None:
        """As for configurations; a conversation's delete names its conversationId."""
        if operation.kind == DELETE:
            return {"conversationId": operation.configuration_id}
        return super().related(operation)
