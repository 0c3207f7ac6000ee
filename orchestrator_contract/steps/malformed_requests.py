"""Requests with a SID or a key that is none, each held against what such a request may be answered."""

from __future__ import annotations

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import MalformedSid
from orchestrator_contract.scope import Scope

#: What a SID that does not look like one may be refused with.
REFUSALS = frozenset({400, 404, 414})
#: What a path that is no path of the API may be answered with as well: routers and proxies have their say.
OUTSIDE_API_STATUSES = frozenset({301, 302, 303, 307, 308, 401, 403, 405, 410, 411, 421, 431})


def send_bad(
    endpoint: Endpoint, sid: str, bad: MalformedKey, *, account: int = 0, region: int = 0
) -> Exchange:
    """Delete *sid* with a malformed key and hold the answer against KEY-MALFORMED-NO-5XX."""
    call = Call("delete", sid, allow=frozenset(range(400, 500)))
    exchange = past_500(
        lambda: endpoint.client.delete(
            Configuration(sid, scope=Scope(account, region)),
            key=bad.value,
            call=call,
            allow_no_response=True,
        )
    )
    status = exchange.status
    endpoint.findings.check(
        "KEY-MALFORMED-NO-5XX",
        status is not None and status < 500,
        expected="a 4xx, or the key ignored",
        seen=f"{exchange.outcome()} to a key with {bad.why}",
        exchanges=[exchange],
    )
    return exchange


def send_odd(
    endpoint: Endpoint, odd: MalformedSid, *, account: int = 0, region: int = 0
) -> Exchange:
    """Delete a SID that does not look like one and hold the answer against SID-MALFORMED."""
    call = Call(
        "delete",
        odd.segment,
        allow=REFUSALS | (OUTSIDE_API_STATUSES if odd.outside_api else frozenset()),
        silent=odd.outside_api,
        outside_api=not odd.plain,
    )
    exchange = past_500(
        lambda: endpoint.client.delete(
            Configuration(odd.segment, scope=Scope(account, region)),
            call=call,
            allow_no_response=True,
        )
    )
    endpoint.findings.observe("OBS-SID-MALFORMED", f"{exchange.status or 'no response'}: {odd.why}")
    endpoint.findings.check(
        "SID-MALFORMED",
        exchange.status in call.allow,
        expected="404, 400 or 414",
        seen=f"{exchange.outcome()} to {odd.why}",
        exchanges=[exchange],
    )
    return exchange


def send_near(endpoint: Endpoint, operation: Operation, bad: MalformedKey) -> None:
    """A value near the key of an ended *operation* does not get its response (KEY-MALFORMED-NOT-HONOURED)."""
    first = operation.accepted
    exchange = send_bad(
        endpoint, operation.sid, bad, account=first.account or 0, region=first.region
    )
    endpoint.findings.check(
        "KEY-MALFORMED-NOT-HONOURED",
        not exchange.succeeded,
        expected=f"no replay to a key with {bad.why}",
        seen=exchange.outcome(),
        exchanges=[first, exchange],
    )
