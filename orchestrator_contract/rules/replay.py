"""A replay against its original: what of the answer differs, and whether it may."""

from __future__ import annotations

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings


def differences(original: Exchange, again: Exchange) -> list[str]:
    """What of *again* is not as in the original response."""
    # Not the members themselves: of an answer of long ago the beginning is left.
    return [
        f"{what} {again.documented[what]!r:.100} instead of {then!r:.100}"
        for what, then in original.documented.items()
        if then != again.documented[what]
    ]


def judge_replay(findings: Findings, original: Exchange, again: Exchange, requirement: str) -> bool:
    """Whether *again* is the original response; breaches go to *requirement*."""
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
        first, second = original.operation_names, again.operation_names
        same = not first or not second or bool(first & second)
        check(
            "KEY-ONE-OPERATION",
            same,
            expected=f"operation {', '.join(sorted(first))}",
            seen=f"operation {', '.join(sorted(second))}",
            exchanges=steps,
        )
        if not changed and original.call.operation in ("delete", "delete-conversation"):
            check(
                "KEY-REPLAY-BODY",
                original.fingerprint == again.fingerprint,
                expected="the same body",
                seen=again.text[:120],
                exchanges=steps,
            )
    return not changed
