"""Only the owner deletes, and refused requests disclose nothing.

Source: S2 (credentials are required); contract.md "The operation", last paragraph, and "Silent in
every source".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings

#: The requirement that refuses a request, by whose credentials it carries.
UNAUTHORIZED = {
    "missing": "AUTH-MISSING",
    "wrong": "AUTH-WRONG",
    "other account": "AUTH-OTHER-ACCOUNT",
}
#: 410 discloses that the SID existed once; of a deleted SID 404 is documented.
GONE = 410
#: Names of this length or shorter stand in a response by chance.
_SHORT = 3


def refused(findings: Findings, exchange: Exchange) -> bool:
    """An unauthorized request gets a 4xx that does not disclose the SID."""
    status, whose = exchange.status or 0, exchange.call.credentials
    seen = f"{exchange.outcome()} to {whose} credentials"
    findings.observe("OBS-AUTH-REFUSAL", f"{status}: {whose} credentials")
    findings.check(
        "AUTH-REFUSED-4XX",
        status < 500,
        expected="a client error",
        seen=seen,
        exchanges=[exchange],
        tolerable=True,
    )
    if status == GONE and not findings.tolerates(exchange):
        findings.check(
            disclosure_requirement(exchange),
            False,
            expected="401, 403 or 404, which do not tell that the SID existed",
            seen=seen,
            exchanges=[exchange],
        )
    return findings.check(
        UNAUTHORIZED[whose],
        not exchange.succeeded,
        expected=f"a refusal of {whose} credentials",
        exchanges=[exchange],
    )


def disclosure_requirement(exchange: Exchange) -> str:
    """The requirement of non-disclosure, by the refused credentials."""
    other = exchange.call.credentials == "other account"
    return "AUTH-OTHER-ACCOUNT" if other else "AUTH-NO-DISCLOSURE"


def no_disclosure(
    findings: Findings, exchange: Exchange, secrets: Iterable[str], steps: Sequence[Exchange] = ()
) -> bool:
    """A refusal holds none of *secrets*, which only the owner knows."""
    text = whole_text(exchange)
    told = sorted({one for one in secrets if len(one) > _SHORT and one in text})
    return findings.check(
        disclosure_requirement(exchange),
        not told,
        expected="nothing of the configuration or its operation",
        seen=", ".join(told),
        exchanges=[*steps, exchange],
    )


def is_same_refusal(existing: Sequence[Exchange], unknown: Sequence[Exchange]) -> bool:
    """True if all these refusals say the same."""
    return len({_refusal(one) for one in (*existing, *unknown)}) == 1


def same_refusal(
    findings: Findings, existing: Sequence[Exchange], unknown: Sequence[Exchange]
) -> bool:
    """An existing SID is refused like an unknown one, if each always is alike."""
    told, untold = ({_refusal(one) for one in some} for some in (existing, unknown))
    return findings.check(
        disclosure_requirement(existing[-1]),
        len(told) > 1 or len(untold) > 1 or told == untold,
        expected=f"the refusal of an unknown SID: {min(untold)}",
        seen=str(min(told)),
        exchanges=[existing[-1], unknown[-1]],
    )


def no_conflict_with_others(
    findings: Findings, exchange: Exchange, control: Exchange, again: Exchange
) -> bool:
    """Another account's SID is refused like an unknown SID."""
    return findings.check(
        "AUTH-OTHER-ACCOUNT",
        control.status == exchange.status or again.status != exchange.status,
        expected=f"{control.outcome()}, as for an unknown SID",
        exchanges=[exchange, control, again],
    )


def not_shown(findings: Findings, requirement: str, exchange: Exchange, secret: str) -> bool:
    """A read without the owner's credentials shows no configuration."""
    body = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
    shown = exchange.status == 200 and (
        secret in body
        or "createdAt" in exchange.object
        or bool(exchange.object.get("configurations"))
    )
    return findings.check(
        requirement,
        not shown,
        expected=f"nothing of {exchange.url} with {exchange.call.credentials} credentials",
        exchanges=[exchange],
    )


def completes_regardless(
    findings: Findings, completed: bool, seen: str, steps: Sequence[Exchange]
) -> bool:
    """A delete completes whatever unauthorized callers send meanwhile."""
    return findings.check(
        "AUTH-MISSING",
        completed,
        expected="COMPLETED, whatever unauthorized callers send meanwhile",
        seen=seen,
        exchanges=steps,
    )


def _refusal(exchange: Exchange) -> tuple[int, str, str, str]:
    """Status, code, message and params of a refusal, without the SID."""
    body, sid = exchange.object, exchange.call.subject
    code, message, params = (
        str(body.get(name)).replace(sid, "{Sid}") for name in ("code", "message", "params")
    )
    return exchange.status or 0, code, message, params


def whole_text(exchange: Exchange) -> str:
    """The whole response: body, JSON with escapes resolved, header values."""
    if exchange.response is None:
        return ""
    texts = [
        exchange.response.body.decode("utf-8", "replace"),
        json.dumps(exchange.json.value, ensure_ascii=False, default=str),
    ]
    return "\n".join([*texts, *(value for _, value in exchange.response.headers)])
