"""Keys used again where they do not belong: on another SID or in another scope."""

from __future__ import annotations

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.response_schemas import DELETE_STATUSES
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Exchange

#: What a key that was used for another request may be refused with beside the documented statuses (S5 17534; the status is open).
MISMATCH = frozenset(range(400, 500)) - DELETE_STATUSES
#: What a key may be answered with while another request with it is handled, beside the response to that (R4: 409; others are in use).
HANDLED = frozenset({409, 423, 425})


def not_the_first(
    endpoint: Endpoint,
    requirement: str,
    first: Operation,
    again: Exchange,
    sid: str,
    *,
    scoped: bool = False,
) -> None:
    """The answer to the reused key does not name the first request's operation or SID.

    With *scoped* ids may coincide by chance, as accounts and regions may number their operations alike.
    """
    named = again.related_sid
    same_id = again.succeeded and bool(again.operation_names & first.accepted.operation_names)
    shown = named == first.sid or (
        same_id and (not scoped or (again.object == first.accepted.object and named is None))
    )
    if (
        scoped
        and same_id
        and named is None
        and again.object.get("statusUrl") == first.accepted.object.get("statusUrl")
    ):
        shown = shown or len(next(iter(again.operation_names))) > 12
    endpoint.findings.check(
        requirement,
        not shown,
        expected=f"an answer of its own for {sid}",
        seen=f"the operation of {first.sid}: {again.outcome()}",
        exchanges=[first.accepted, again],
    )
