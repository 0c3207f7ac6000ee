"""Unknown and malformed SIDs and keys are refused or ignored.

Source: S1 (documented statuses, key pattern); contract.md "The operation", last paragraph, and
"Silent in every source".
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings

#: Statuses that may refuse a SID that does not look like one.
MALFORMED_SID_STATUSES = frozenset({400, 403, 404, 414})
#: Statuses that a router or proxy may give to a path that is not one of the API's.
OUTSIDE_API_STATUSES = frozenset({301, 302, 303, 307, 308, 401, 403, 405, 410, 411, 421, 431})
#: Statuses that may refuse a malformed key.
MALFORMED_KEY_STATUSES = frozenset(range(400, 500))


def not_found(findings: Findings, exchange: Exchange, steps: Sequence[Exchange] = ()) -> bool:
    """A well-formed SID that no configuration has returns 404."""
    return findings.status("SID-UNKNOWN", [*steps, exchange], 404)


def malformed_sid_refused(findings: Findings, exchange: Exchange, kind: str) -> bool:
    """A SID that does not look like one is refused."""
    findings.observe("OBS-SID-MALFORMED", f"{exchange.status or 'no response'}: {kind}")
    return findings.status(
        "SID-MALFORMED",
        [exchange],
        *exchange.call.allow,
        expected="404, 400, 403 or 414",
        seen=f"{exchange.outcome()} to {kind}",
    )


def method_not_allowed(findings: Findings, exchange: Exchange) -> bool:
    """A method that the path does not support returns 405 with Allow."""
    return findings.check(
        "SID-METHOD-NOT-ALLOWED",
        exchange.status == 405 and "allow" in exchange.headers,
        expected="405 with Allow",
        exchanges=[exchange],
    )


def malformed_key_no_5xx(findings: Findings, exchange: Exchange, kind: str) -> bool:
    """A malformed key gets a 4xx or is ignored; never a 5xx or no response."""
    return findings.check(
        "KEY-MALFORMED-NO-5XX",
        exchange.status is not None and exchange.status < 500,
        expected="a 4xx, or the key ignored",
        seen=f"{exchange.outcome()} to a key with {kind}",
        exchanges=[exchange],
        call=exchange.call,
        tolerable=True,
    )


def malformed_key_treatment(findings: Findings, exchange: Exchange, kind: str) -> None:
    """Observe whether a malformed key is refused or ignored."""
    refused = exchange.status in MALFORMED_KEY_STATUSES
    treatment = "refused" if refused else "ignored"
    findings.observe("OBS-KEY-MALFORMED", f"{treatment} with {exchange.status}: {kind}")


def malformed_key_not_honoured(
    findings: Findings, honoured: bool, first: Exchange, again: Exchange, kind: str
) -> bool:
    """A malformed key neither replays nor gets another key's response."""
    return findings.check(
        "KEY-MALFORMED-NOT-HONOURED",
        not honoured,
        expected=f"no replay to a key with {kind}",
        exchanges=[first, again],
    )


def malformed_keys_cause_500(
    findings: Findings, malformed: Sequence[Exchange], others: int
) -> bool:
    """A 500 to malformed keys is a passing one that meets *others*, too."""
    return findings.check(
        "KEY-MALFORMED-NO-5XX",
        len(malformed) < 2,
        expected="a 4xx, or the key ignored",
        seen=f"500 to {len(malformed)} malformed keys, and to none of {others} other deletes",
        exchanges=malformed[:2],
    )
