"""Keys used again where they do not belong: on another SID, in another scope, or changed until they are none."""

from __future__ import annotations

from orchestrator_contract.bad_keys import BadKey
from orchestrator_contract.client.retry import past_500
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow.operation import Operation, operation_names
from orchestrator_contract.suite import Suite

#: What a key that was used for another request may be refused with (S5 17534; the status is open).
MISMATCH = frozenset({400, 422})


def not_the_first(suite: Suite, requirement: str, first: Operation, again: Exchange, sid: str, *, scoped: bool = False) -> None:
    """The answer to the reused key does not name the first request's operation or SID.

    With *scoped* ids may coincide by chance, as accounts and regions may number their operations alike.
    """
    related = again.object.get("related")
    named = related.get("configurationId") if isinstance(related, dict) else None
    same_id = again.status is not None and 200 <= again.status < 300 and bool(operation_names(again) & operation_names(first.accepted))
    shown = named == first.sid or (same_id and (not scoped or (again.object == first.accepted.object and named is None)))
    if scoped and same_id and named is None and again.object.get("statusUrl") == first.accepted.object.get("statusUrl"):
        shown = shown or len(next(iter(operation_names(again)))) > 12
    suite.ledger.hold(requirement, not shown, expected=f"an answer of its own for {sid}",
                      seen=f"the operation of {first.sid}: {again.outcome()}", exchanges=[first.accepted, again])


def send_bad(suite: Suite, sid: str, bad: BadKey, *, account: int = 0, region: int = 0) -> Exchange:
    """Delete *sid* with a malformed key and hold the answer against KEY-BAD-SAFE."""
    call = Call("delete", sid, allow=frozenset(range(400, 500)))
    exchange = past_500(lambda: suite.client.delete(sid, key=bad.value, account=account, region=region, call=call, silence=True))
    status = exchange.status
    suite.ledger.hold("KEY-BAD-SAFE", status is not None and status < 500, expected="a 4xx, or the key ignored",
                      seen=f"{exchange.outcome()} to a key with {bad.why}", exchanges=[exchange])
    return exchange


def send_near(suite: Suite, operation: Operation, bad: BadKey) -> None:
    """A value near the key of an ended *operation* does not get its response (KEY-BAD-DEAF)."""
    first = operation.accepted
    exchange = send_bad(suite, operation.sid, bad, account=first.account or 0, region=first.region)
    same = exchange.status is not None and 200 <= exchange.status < 300
    suite.ledger.hold("KEY-BAD-DEAF", not same, expected=f"no replay to a key with {bad.why}", seen=exchange.outcome(),
                      exchanges=[first, exchange])
