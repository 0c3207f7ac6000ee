"""Error bodies: RFC 9457 under both media types, and bare statuses as codes."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant

PROBLEM = "application/problem+json"


@variant("error-rfc9457-json", "Errors have the members of RFC 9457, as application/json")
class _Rfc9457(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {
            "type": problem.more_info,
            "title": problem.message,
            "status": problem.status,
            "code": problem.code,
            "detail": f"{problem.message}.",
            "instance": "/v2/ControlPlane/Requests/RQ0",
            "errors": [{"detail": problem.message, "pointer": "#/"}],
        }


@variant("error-rfc9457", "Errors have the members of RFC 9457, as application/problem+json")
class _Rfc9457Problem(_Rfc9457):
    def refuse(self, request: Request, problem: Problem) -> Response:
        response = super().refuse(request, problem)
        response.set("content-type", PROBLEM)
        return response


@variant("error-problem-json", "Errors have the shape of S2, as application/problem+json")
class _ProblemJson(Behaviour):
    def refuse(self, request: Request, problem: Problem) -> Response:
        response = super().refuse(request, problem)
        response.set("content-type", PROBLEM)
        return response


def _bare(document: Any, code: int) -> Any:
    """*document* with the bare HTTP status *code* as its code and in its more_info."""
    shown = {**document, "code": code}
    for name in ("more_info", "type"):
        if name in shown:
            shown[name] = Problem(code, code, "").more_info
    return shown


@variant("error-code-bare", "The code of an error is its HTTP status, more_info ends in it")
class _CodeBare(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return _bare(super().error_document(problem), problem.status)


@variant("conflict-code-400", "A 409 has the code 400, and more_info ends in errors/400")
class _ConflictCode(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        document = super().error_document(problem)
        return _bare(document, 400) if problem.status == 409 else document
