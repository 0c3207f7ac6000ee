"""A replay returns the original response; a key means one request.

Source: S1 (24 hours, account and region), S5 17534, R4; contract.md "Requests" and "Silent in every
source".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import DELETES, Findings

#: The error code of a key that was used for another request (S5).
KEY_USED = 17534
#: Statuses that may refuse such a key, beside the documented ones: the sources give none.
MISMATCH = frozenset(range(400, 500)) - {404, 409, 429}
#: Statuses that may refuse a key whose first request is still in progress (R4 says 409; 423 and 425
#: are in use).
IN_PROGRESS = frozenset({409, 423, 425})
#: The requirement that a replay checks, by the state of the operation that the key started.
REPLAY = {"COMPLETED": "KEY-REPLAY-ENDED", "FAILED": "KEY-REPLAY-FAILED"}
#: The two ends of a key's 24 hours.
TTL_REQUIREMENTS = _TTL_MIN, _TTL_MAX = "KEY-TTL-MIN", "KEY-TTL-MAX"
#: The parts of a response by which a replay is compared that stand in its headers.
_IN_HEADERS = frozenset({"Operation-Id", "Location"})
#: Characters from which an operation id is unlikely to exist twice by chance.
_UNIQUE_ID = 12


def replay_requirement(state: str, age_s: float = 0.0) -> str:
    """The requirement of a replay *age_s* seconds after the key's first use."""
    return _TTL_MIN if age_s > HOUR else REPLAY.get(state, "KEY-REPLAY")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that both of two responses show; a recording may lack some."""

    body: bool = True
    headers: bool = True

    def has(self, part: str) -> bool:
        """True if *part* of `Exchange.documented` can be compared."""
        return part == "status" or (self.headers if part in _IN_HEADERS else self.body)


WHOLE = Parts()


def differences(original: Exchange, again: Exchange, parts: Parts = WHOLE) -> list[str]:
    """The documented parts in which *again* differs from the original."""
    # Of a large response only digests are kept: `documented` compares those.
    return [
        f"{part} {again.documented[part]!r:.100} instead of {before!r:.100}"
        for part, before in original.documented.items()
        if parts.has(part) and before != again.documented[part]
    ]


def conclusive(original: Exchange, again: Exchange, changed: Sequence[str], parts: Parts) -> bool:
    """True if both show enough to tell that they are the same, if nothing has *changed*."""
    named = bool(original.operation_names and again.operation_names)
    return bool(changed) or parts.body or named


def same_parts(
    findings: Findings, original: Exchange, again: Exchange, requirement: str, parts: Parts = WHOLE
) -> bool:
    """The replay *again* is the original response; too few *parts* are not compared."""
    changed = differences(original, again, parts)
    if conclusive(original, again, changed, parts):
        findings.check(
            requirement,
            not changed,
            expected="the original response",
            seen="; ".join(changed),
            exchanges=[original, again],
            call=original.call,
            tolerable=True,
        )
    return not changed


def same_response(
    findings: Findings, original: Exchange, again: Exchange, requirement: str, parts: Parts = WHOLE
) -> bool:
    """The replay *again* is the original response, of the same operation."""
    same, steps = same_parts(findings, original, again, requirement, parts), [original, again]
    if again.status == 202 and original.status == 202:
        if parts == WHOLE or all(step.operation_names for step in steps):
            one_operation(findings, "KEY-ONE-OPERATION", steps)
        if same and parts == WHOLE and original.call.operation in DELETES:
            findings.check(
                "KEY-REPLAY-BODY",
                original.fingerprint == again.fingerprint,
                expected="the same body",
                seen=again.text[:120],
                exchanges=steps,
                call=original.call,
            )
    return same


def one_operation(findings: Findings, requirement: str, accepted: Sequence[Exchange]) -> bool:
    """Accepted requests under one key all name the same operation."""
    operations = distinct_operations(accepted)
    return findings.check(
        requirement,
        len(operations) <= 1,
        expected="one operation",
        seen=f"{len(operations)}: {', '.join(sorted(map(min, operations))):.160}",
        exchanges=accepted,
        call=accepted[0].call,
    )


def distinct_operations(accepted: Sequence[Exchange]) -> list[frozenset[str]]:
    """The ids of each operation that the 202 responses in *accepted* name."""
    found: list[frozenset[str]] = []
    for exchange in accepted:
        names = exchange.operation_names
        if names and not any(names & known for known in found):
            found.append(names)
    return found


def reuse_requirement(first: Exchange, again: Exchange) -> str:
    """The requirement of a key's use for another request, by its target."""
    if first.scope.account != again.scope.account:
        return "KEY-SCOPE-ACCOUNT"
    if first.scope != again.scope:
        return "KEY-SCOPE-REGION"
    same_call = first.call.operation == again.call.operation
    return "KEY-REUSE-OTHER-SID" if same_call else "KEY-REUSE-OTHER-CALL"


def reused(findings: Findings, first: Exchange, again: Exchange) -> bool:
    """A key with another SID or scope does not return the first operation."""
    requirement = reuse_requirement(first, again)
    if first.scope != again.scope:
        return own_response_in_scope(findings, requirement, first, again)
    outcome = f"{again.status} {again.object.get('code', '')}".strip()
    findings.observe("OBS-KEY-REUSE-OTHER-SID", outcome)
    return own_response(findings, requirement, first, again)


def own_response(findings: Findings, requirement: str, first: Exchange, again: Exchange) -> bool:
    """A key used for *first* does not return its operation or SID to another."""
    return findings.check(
        requirement,
        not _shows(first, again),
        expected="a response of its own, or a refusal",
        seen=f"the operation of {first.call.subject or first.call.operation}: {again.outcome()}",
        exchanges=[first, again],
        call=first.call,
    )


def own_response_in_scope(
    findings: Findings, requirement: str, first: Exchange, again: Exchange
) -> bool:
    """A key in another scope does not return the first scope's response.

    Scopes may number their operations alike, and their configurations, so an equal id alone is no
    evidence unless it is long.
    """
    named = again.related_sid if again.call.subject != first.call.subject else None
    same_id = again.succeeded and bool(again.operation_names & first.operation_names)
    alike = again.related_sid is None and again.object == first.object
    same_url = again.object.get("statusUrl") == first.object.get("statusUrl")
    if same_id and named is None and same_url:
        alike = alike or len(min(again.operation_names)) > _UNIQUE_ID
    return findings.check(
        requirement,
        not (named == first.call.subject or (same_id and alike)),
        expected="a response of its own",
        seen=f"the response of the first scope: {again.outcome()}",
        exchanges=[first, again],
    )


def new_in_scope(findings: Findings, first: Exchange, again: Exchange) -> bool:
    """A key that is new in its scope is accepted for a configuration."""
    expected = "202: a new request"
    return findings.status(reuse_requirement(first, again), [first, again], 202, expected=expected)


def response_after_disconnect(findings: Findings, sent: Exchange, again: Exchange) -> bool:
    """A key returns the response that its client did not read."""
    expected = "202: the response to the delete that was carried out under this key"
    return findings.status("KEY-REPLAY", [sent, again], 202, expected=expected)


def not_stored_in_scope(findings: Findings, away: Exchange, again: Exchange) -> bool:
    """A 404 in one scope is not stored for another, where the SID exists."""
    return findings.check(
        reuse_requirement(away, again),
        again.status != 404,
        expected="202: a new request",
        exchanges=[away, again],
    )


# ------------------------------------------------------------------ 24 hours


def expired(
    findings: Findings, first: Exchange, again: Exchange, *, must_accept: bool = False
) -> bool:
    """A key is new 25 hours after its first use: no replay, no mismatch.

    With *must_accept* it comes with an idle configuration, so that nothing else may refuse it.
    """
    old = again.status == 202 and bool(again.operation_names & first.operation_names)
    known = old or again.object.get("code") == KEY_USED
    return findings.check(
        _TTL_MAX,
        not known and (again.status == 202 or not must_accept),
        expected="a new request after 25 h",
        seen="the old operation" if old else again.outcome() + ": the key counts as used" * known,
        exchanges=[first, again],
        call=first.call,
        tolerable=not known,
    )


def aged_key(
    findings: Findings, original: Mapping[str, Any], again: Exchange, least_s: float, most_s: float
) -> str:
    """An earlier run's key replays while it is young, and is new once old.

    Its age was *least_s* to *most_s* seconds. Returns the requirement that it was checked for;
    none between the two limits.
    """
    changed = [part for part, before in original.items() if again.documented.get(part) != before]
    requirement = (
        _TTL_MIN if most_s <= KEY_LIVES_S else _TTL_MAX if least_s >= KEY_EXPIRES_S else ""
    )
    if not requirement:
        between(findings, replayed=not changed, age_s=most_s)
        return ""
    young = requirement == _TTL_MIN
    known = again.status == original.get("status") or again.object.get("code") == KEY_USED
    findings.check(
        requirement,
        not changed if young else not known,
        expected=f"{'the original' if young else 'a new'} response {most_s / HOUR:.1f} h later",
        seen=f"{again.outcome()}, {', '.join(changed) or 'nothing'} changed",
        exchanges=[again],
        tolerable=young,
    )
    return requirement


def between(findings: Findings, *, replayed: bool, age_s: float) -> None:
    """Observe a key between 23 h 55 min and 25 h: either is conformant."""
    findings.observe("OBS-KEY-24H", f"{'replayed' if replayed else 'new'} at {age_s / HOUR:.1f} h")


# ------------------------------------------------------------------ form


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
        tolerable=tries[-1].object.get("code") != KEY_USED,
    )


def letter_case(findings: Findings, again: Exchange) -> None:
    """Observe whether keys that differ only in letter case are one."""
    findings.observe("OBS-KEY-CASE", "one key" if again.status == 202 else "two keys")


def duplicate_header(findings: Findings, first: Operation, again: Exchange) -> bool:
    """Two Idempotency-Key lines in a request are not honoured as one."""
    return findings.check(
        "KEY-DUPLICATE-HEADER",
        not again.succeeded,
        expected="a refusal, or both lines ignored",
        exchanges=[first.accepted, again],
    )


def _shows(first: Exchange, again: Exchange) -> bool:
    same = again.succeeded and bool(again.operation_names & first.operation_names)
    other = first.call.subject not in ("", again.call.subject)
    return same or (other and again.related_sid == first.call.subject)
