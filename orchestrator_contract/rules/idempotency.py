"""Idempotency keys: replays return the original response, and a key means one request in one scope.

Source: S1 (24 hours, account and region), S5 17534, R4; contract.md "Requests" and "Silent in every source".
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings

#: The error code of a key that was used for another request (S5).
KEY_USED = 17534
#: Statuses that may refuse such a key, beside the documented ones: the sources give none.
MISMATCH = frozenset(range(400, 500)) - {404, 409, 429}
#: Statuses that may refuse a key whose first request is still in progress (R4 says 409; 423 and 425 are in use).
IN_PROGRESS = frozenset({409, 423, 425})
#: The requirement that a replay checks, by the state of the operation that the key started.
REPLAY = {"COMPLETED": "KEY-REPLAY-ENDED", "FAILED": "KEY-REPLAY-FAILED"}
#: Characters from which an operation id is unlikely to exist twice by chance.
_UNIQUE_ID = 12


def replay_requirement(state: str, age_s: float = 0.0) -> str:
    """The requirement that a replay checks, *age_s* seconds after the key's first use."""
    return "KEY-TTL-MIN" if age_s > HOUR else REPLAY.get(state, "KEY-REPLAY")


def differences(original: Exchange, again: Exchange) -> list[str]:
    """The documented parts in which *again* differs from the original response."""
    # Of a large response only digests are kept: `documented` compares those.
    return [
        f"{part} {again.documented[part]!r:.100} instead of {before!r:.100}"
        for part, before in original.documented.items()
        if before != again.documented[part]
    ]


def same_response(
    findings: Findings, original: Exchange, again: Exchange, requirement: str
) -> bool:
    """The replay *again* is the original response and names the original operation."""
    steps = [original, again]
    changed = differences(original, again)
    check = findings.on(original.call)
    check(
        requirement,
        not changed,
        expected="the original response",
        seen="; ".join(changed),
        exchanges=steps,
    )
    if again.status == 202 and original.status == 202:
        one_operation(findings, "KEY-ONE-OPERATION", steps)
        if not changed and original.call.operation in ("delete", "delete-conversation"):
            check(
                "KEY-REPLAY-BODY",
                original.fingerprint == again.fingerprint,
                expected="the same body",
                seen=again.text[:120],
                exchanges=steps,
            )
    return not changed


def one_operation(findings: Findings, requirement: str, accepted: Sequence[Exchange]) -> bool:
    """Accepted requests under one key all name the same operation."""
    operations = distinct_operations(accepted)
    return findings.on(accepted[0].call)(
        requirement,
        len(operations) <= 1,
        expected="one operation",
        seen=f"{len(operations)}: {', '.join(sorted(map(min, operations))):.160}",
        exchanges=accepted,
    )


def distinct_operations(accepted: Sequence[Exchange]) -> list[frozenset[str]]:
    """The ids of each operation that the 202 responses in *accepted* name."""
    found: list[frozenset[str]] = []
    for exchange in accepted:
        names = exchange.operation_names
        if names and not any(names & known for known in found):
            found.append(names)
    return found


def own_response(findings: Findings, requirement: str, first: Exchange, again: Exchange) -> bool:
    """A key that was used for *first* does not return its operation, or its SID, to another request."""
    return findings.on(first.call)(
        requirement,
        not _shows(first, again),
        expected="a response of its own, or a refusal",
        seen=f"the operation of {first.call.subject or first.call.operation}: {again.outcome()}",
        exchanges=[first, again],
    )


def own_response_in_scope(
    findings: Findings, requirement: str, first: Exchange, again: Exchange
) -> bool:
    """The same key in another scope does not return the first scope's response.

    Scopes may number their operations alike, so an equal id alone is no evidence unless it is long.
    """
    named = again.related_sid
    same_id = again.succeeded and bool(again.operation_names & first.operation_names)
    alike = named is None and again.object == first.object
    if same_id and named is None and _same_url(first, again):
        alike = alike or len(min(again.operation_names)) > _UNIQUE_ID
    return findings.check(
        requirement,
        not (named == first.call.subject or (same_id and alike)),
        expected="a response of its own",
        seen=f"the response of the first scope: {again.outcome()}",
        exchanges=[first, again],
    )


def new_request(findings: Findings, requirement: str, first: Exchange, again: Exchange) -> bool:
    """A key that is new in its scope is accepted."""
    return findings.check(
        requirement,
        again.status == 202,
        expected="202: a new request",
        seen=again.outcome(),
        exchanges=[first, again],
    )


def response_after_disconnect(findings: Findings, sent: Exchange, again: Exchange) -> bool:
    """A key returns the response that its client did not read."""
    return findings.check(
        "KEY-REPLAY",
        again.status == 202,
        expected="202: the response to the delete that was carried out under this key",
        seen=again.outcome(),
        exchanges=[sent, again],
    )


def expired(findings: Findings, first: Exchange, again: Exchange) -> bool:
    """A key is new 25 hours after its first use: neither the old response nor a mismatch returns."""
    old = again.status == 202 and bool(again.operation_names & first.operation_names)
    known = old or again.object.get("code") == KEY_USED
    return findings.on(first.call)(
        "KEY-TTL-MAX",
        not known,
        expected="a new request after 25 h",
        seen="the old operation" if old else f"{again.outcome()}: the key counts as used",
        exchanges=[first, again],
    )


def new_key_accepted(
    findings: Findings, accepted: bool, reason: str, tries: Sequence[Exchange]
) -> bool:
    """A well-formed key that was not used before is accepted."""
    return findings.check(
        "KEY-FORMAT-ACCEPTED",
        accepted,
        expected="202: the key is new",
        seen=reason,
        exchanges=tries,
    )


def duplicate_header(findings: Findings, first: Operation, again: Exchange) -> bool:
    """Two Idempotency-Key lines in one request are not honoured as one of them."""
    return findings.check(
        "KEY-DUPLICATE-HEADER",
        not again.succeeded,
        expected="a refusal, or both lines ignored",
        seen=again.outcome(),
        exchanges=[first.accepted, again],
    )


def _shows(first: Exchange, again: Exchange) -> bool:
    same = again.succeeded and bool(again.operation_names & first.operation_names)
    other = first.call.subject not in ("", again.call.subject)
    return same or (other and again.related_sid == first.call.subject)


def _same_url(first: Exchange, again: Exchange) -> bool:
    return bool(again.object.get("statusUrl") == first.object.get("statusUrl"))
