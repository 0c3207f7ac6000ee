"""Defects of the OP section: a poll shows a cached, a lagging or another delete's operation."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import scope_and_name
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, Operation

_ORDER = ("OP-STATUS-ORDER",)


@defect(
    "operation-cached",
    "A poll with another {} gets a response that is up to 5 s old",
    case(
        "accept-encoding",
        "Accept-Encoding",
        "data: polls with another Accept-Encoding before and after the end",
        header=b"accept-encoding",
    ),
    case(
        "user-agent",
        "User-Agent",
        "data: polls with another User-Agent before and after the end",
        header=b"user-agent",
    ),
    breaches=_ORDER,
)
class _Cached(Behaviour):
    """The representation that was requested first is always up to date."""

    header: bytes
    seconds = 5.0

    def poll(self, request: Request) -> Response:
        asked = request.header(self.header)
        first = self.memory.setdefault(("first", request.sid), asked)
        response = super().poll(request)
        if asked == first or response.status != 200:
            return response
        kept, until = self.memory.get((request.sid, asked), (response, self.now() + self.seconds))
        if self.now() >= until:
            kept, until = response, self.now() + self.seconds
        self.memory[request.sid, asked] = kept, until
        return Response(kept.status, list(kept.headers), kept.body)


@defect(
    "operation-lags-accept",
    "A poll whose Accept is not only application/json reads a replica that is 3 s behind",
    breaches=_ORDER,
    shows="data: a poll with another Accept within 3 s of the end",
)
class _Lags(Behaviour):
    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        if self.memory.get("lags") and operation.created_at <= now < operation.ends_at + 3:
            document = super().operation_document(operation, operation.created_at)
            return {**document, "status": "PENDING", "completedAt": None}
        return super().operation_document(operation, now)

    def poll(self, request: Request) -> Response:
        accepted = (request.header(b"accept") or b"*/*").strip().lower()
        self.memory["lags"] = accepted not in (b"*/*", b"application/json")
        try:
            return super().poll(request)
        finally:
            del self.memory["lags"]


@defect(
    "operation-overwritten",
    "The next delete of the same displayName overwrites the operation of the previous one",
    breaches=("OP-STATUS-ORDER", "OP-RELATED", "OP-TIMESTAMPS"),
    shows="data: deletes of two configurations of one name",
)
class _Overwritten(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        name = scope_and_name(configuration)
        previous = self.memory.get(name)
        if previous is not None:
            self.memory["overwritten", previous.id] = operation
        self.memory[name] = operation

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        shown = super().operation_document(
            self.memory.get(("overwritten", operation.id), operation), now
        )
        return {**shown, "operationId": operation.id, "statusUrl": operation.status_url}
