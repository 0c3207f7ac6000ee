"""Bodies and headers of every response."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.clock import rfc3339
from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.pagination import Page
from orchestrator_contract.mock.state import Configuration, Operation, State

OPERATIONS = "/v2/ControlPlane/Operations/"


class Bodies(Context):
    """Overridable bodies and headers."""

    def timestamp(self, instant: float) -> str:
        """An instant as text."""
        return rfc3339(instant)

    # -- errors ---------------------------------------------------------------------------

    def error_document(self, problem: Problem) -> Any:
        """The error object in the shape of S2."""
        return {
            "code": problem.code,
            "message": problem.message,
            "more_info": problem.more_info,
            "status": problem.status,
        }

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The error response for *problem*."""
        return Response.of(problem.status, self.error_document(problem), list(problem.headers))

    # -- 202 ------------------------------------------------------------------------------

    def status_url(self, request: Request, operation_id: str) -> str:
        """URL of the operation."""
        return f"{request.origin}{OPERATIONS}{operation_id}"

    def related(self, operation: Operation) -> dict[str, str] | None:
        """The ``related`` member of an operation and its 202."""
        return {"configurationId": operation.configuration_id}

    def accepted_document(self, request: Request, operation: Operation) -> Any:
        """Body of a 202."""
        return {"statusUrl": operation.status_url, "related": self.related(operation)}

    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        """Headers of a 202 besides Content-Type."""
        return [
            (b"operation-id", operation.id.encode()),
            (b"location", operation.status_url.encode()),
            (b"retry-after", str(self.settings.retry_after).encode()),
        ]

    def accepted(self, request: Request, operation: Operation) -> Response:
        """The 202 that names *operation*."""
        document = self.accepted_document(request, operation)
        return Response.of(202, document, self.accepted_headers(request, operation))

    # -- operation ------------------------------------------------------------------------

    def operation_state(self, operation: Operation, now: float) -> str:
        """The status that a poll shows."""
        return operation.state(now)

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        """Body of a poll."""
        status = self.operation_state(operation, now)
        ended = status in (State.COMPLETED, State.FAILED)
        return {
            "operationId": operation.id,
            "status": status,
            "createdAt": self.timestamp(operation.created_at),
            "completedAt": self.timestamp(operation.ends_at) if ended else None,
            "statusUrl": operation.status_url,
            "related": self.related(operation),
            "error": operation.error if status == State.FAILED else None,
        }

    def operation_error(self, operation: Operation) -> dict[str, Any] | None:
        """The ``error`` member of a FAILED operation (RFC 9457)."""
        return {
            "type": "https://www.twilio.com/docs/api/errors/530500",
            "title": "Configuration not deleted",
            "status": 500,
            "detail": "The deletion could not be carried out; the configuration is unchanged.",
            "instance": OPERATIONS + operation.id,
        }

    # -- configuration --------------------------------------------------------------------

    def configuration_document(self, configuration: Configuration) -> dict[str, Any]:
        """A configuration as fetch and list show it."""
        return {
            "id": configuration.id,
            **configuration.members,
            "createdAt": self.timestamp(configuration.created_at),
            "updatedAt": self.timestamp(configuration.updated_at),
            "version": configuration.version,
        }

    def page_document(self, page: Page) -> dict[str, Any]:
        """Body of a list."""
        meta: dict[str, Any] = {"key": "configurations", "pageSize": page.size}
        if page.previous_token is not None:
            meta["previousToken"] = page.previous_token
        if page.next_token is not None:
            meta["nextToken"] = page.next_token
        return {
            "configurations": [self.configuration_document(one) for one in page.items],
            "meta": meta,
        }
