"""Operations seen through caches and replicas that vary by a request header."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Operation

_BACKWARDS = ("OP-STATUS-ORDER",)


class _Cached(Behaviour):
    """Base of defects where each further representation of an operation is cached on its own.

    The representation that was asked for first is always up to date.
    """

    header = b"accept-encoding"
    seconds = 5.0

    def poll(self, request: Request) -> Response:
        asked = request.header(self.header)
        first = self.memory.setdefault((type(self), request.sid), asked)
        response = super().poll(request)
        if asked == first or response.status != 200:
            return response
        kept, until = self.memory.get((request.sid, asked), (response, self.now() + self.seconds))
        if self.now() >= until:
            kept, until = response, self.now() + self.seconds
        self.memory[request.sid, asked] = kept, until
        return Response(kept.status, list(kept.headers), kept.body)


@defect(
    "operation-cached-by-encoding",
    "A poll with another Accept-Encoding gets the status that it got up to five seconds ago",
    breaches=_BACKWARDS,
    shows="data: polls with another Accept-Encoding before and after the end",
)
class _ByEncoding(_Cached):
    pass


@defect(
    "operation-cached-by-agent",
    "A poll with another User-Agent gets the status that it got up to five seconds ago",
    breaches=_BACKWARDS,
    shows="data: polls with another User-Agent before and after the end",
)
class _ByAgent(_Cached):
    header = b"user-agent"


@defect(
    "operation-replica-by-accept",
    "A poll that accepts more than application/json goes to a replica that lags by three seconds",
    breaches=_BACKWARDS,
    shows="data: a poll with another Accept within 3 s of the end",
)
class _ByAccept(Behaviour):
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
