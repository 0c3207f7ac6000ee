"""Wrong asynchronous calls beside the delete: updates, and the delete of a conversation."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.conversations import DELETE
from orchestrator_contract.mock.defects.accepted import STRAY
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import altering, header, member, without
from orchestrator_contract.mock.state import Conversation, Operation

_CHANGED = ("CTRL-202",)
altering(
    "update-no-retry-after",
    "The 202 of an update has no Retry-After",
    breaches=_CHANGED,
    route="update",
)(header("retry-after", None))
altering(
    "create-location-relative",
    "Location on the 202 of a create is relative",
    breaches=_CHANGED,
    route="create",
)(
    lambda request, response: response.set(
        "location", (response.get("location") or "").removeprefix(request.origin)
    )
)
altering(
    "update-related-stranger",
    "related of an update names another configuration",
    breaches=_CHANGED,
    route="update",
)(member("related", {"configurationId": "conv_configuration_7stranger00000000000000000"}))
altering(
    "update-id-stray",
    "Operation-Id of an update is another operation's",
    breaches=_CHANGED,
    route="update",
)(header("operation-id", STRAY))


@defect("update-fails", "The operation of an update ends FAILED", breaches=("CTRL-OPERATION",))
class _UpdateFails(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        operation = super().start_operation(request, kind, sid, seconds)
        if kind == "update":
            self.fail(operation)
        return operation


@defect(
    "key-payload-blind",
    "A key that comes with another payload gets the first response",
    breaches=("CTRL-KEY-PAYLOAD",),
)
class _PayloadBlind(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return request.method, request.path


def _blind(name: str, text: str, what: Callable[[bytes], Hashable], shows: str) -> None:
    """Registers a defect where a payload is told from another by *what* of it alone."""

    class Blind(Behaviour):
        def fingerprint(self, request: Request) -> Hashable:
            return request.method, request.path, what(request.body)

    defect(name, text, breaches=("CTRL-KEY-PAYLOAD",), shows=shows)(Blind)


def _flat(body: bytes) -> Hashable:
    document = json.loads(body or b"{}")
    return tuple(
        (name, value if isinstance(value, (str, bool)) else "") for name, value in document.items()
    )


_blind(
    "key-payload-nested-blind",
    "Nested members of a payload don't count for its key",
    _flat,
    "data: a nested member",
)
_blind(
    "key-payload-head",
    "The first 128 bytes of a payload count for its key",
    lambda body: body[:128],
    "data: beyond 128 bytes",
)
_blind(
    "key-payload-length",
    "The length of a payload alone counts for its key",
    len,
    "data: payloads of one length",
)
_blind(
    "key-payload-case",
    "Case in a payload does not count for its key",
    bytes.lower,
    "data: letter case",
)


@defect(
    "patch-key-deaf",
    "PATCH has no use for the key: each is an operation of its own",
    breaches=("CTRL-KEY",),
)
class _PatchDeaf(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return request.method != "PATCH" and super().storable(request, response)


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
