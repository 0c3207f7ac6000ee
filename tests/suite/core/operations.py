"""Responses that accept a delete and show its operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator_contract.resources.operation import Operation

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

ORIGIN = "http://target.example"
PLANE = f"{ORIGIN}/v2/ControlPlane"
URL = f"{PLANE}/Operations/op_1"
SID = "conv_configuration_0aaaaaaaaaaaaaaaaaaaaaaaaa"
OPERATION = {
    "operationId": "op_1",
    "status": "PENDING",
    "createdAt": "2026-11-23T00:00:00Z",
    "statusUrl": URL,
    "completedAt": None,
    "related": {"configurationId": SID},
    "error": None,
}
LONG = "o" * 200
END = "2026-11-23T00:00:05Z"


def accepted(location: str | None = None, header: str | None = None, **body: Any) -> Said:
    """A 202 with these links."""
    links = {"Location": location, "Operation-Id": header}
    return (
        202,
        body,
        {"Retry-After": "1"} | {name: value for name, value in links.items() if value is not None},
    )


def poll(status: Any = "PENDING", **members: Any) -> Said:
    """An operation as a poll shows it."""
    done = {"completedAt": END} if status in ("COMPLETED", "FAILED") else {}
    return 200, {**OPERATION, "status": status, **done, **members}


def begun(bench: Bench, sid: str = SID, operation: str = "op_1", *polls: Said) -> Operation:
    """An operation by its statusUrl, with the answers of its polls scripted."""
    bench.script.on(f"GET /Operations/{operation}", *polls)
    return bench.accepted(sid, accepted(statusUrl=f"{PLANE}/Operations/{operation}"))
