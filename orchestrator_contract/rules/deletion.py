"""A delete removes its configuration and no other; a refused one none.

Source: S1, S3, S5 (404, 409 and 429 were not carried out); contract.md "The operation" and
"Responses of DELETE".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.authorization import UNAUTHORIZED

#: Members that the owner wrote; a delete without effect leaves them as they were.
_WRITTEN = ("displayName", "description", "conversationGroupingType", "memoryStoreId")
#: Optional members, each with the nested one that the suite writes: the endpoint may change others.
_OPTIONAL = {
    "statusCallbacks": "url",
    "conversationsV1Bridge": "serviceId",
    "intelligenceConfigurationIds": "",
    "memoryExtractionEnabled": "",
    "channelSettings": "SMS",
}
#: The requirement that a refused delete has no effect, by the status that refused it.
_NO_EFFECT = {404: "SID-UNKNOWN-NO-EFFECT", 409: "ERR-409-NO-EFFECT", 429: "ERR-429-NO-EFFECT"}


def accepted(findings: Findings, exchanges: Sequence[Exchange]) -> bool:
    """The delete of an existing, idle configuration is accepted, at last."""
    return findings.status("DEL-ACCEPTED", exchanges, 202, call=exchanges[-1].call)


def completes(findings: Findings, tries: Sequence[Operation]) -> bool:
    """A delete that is repeated while it FAILED ends COMPLETED."""
    return findings.check(
        "OP-COMPLETES",
        tries[-1].status == "COMPLETED",
        expected="COMPLETED",
        seen=", then ".join(one.status or "no end" for one in tries),
        exchanges=[step for one in tries for step in one.steps],
        call=tries[-1].accepted.call,
    )


# ------------------------------------------------------------------ after COMPLETED


def deleted_by_fetch(findings: Findings, operation: Operation, fetch: Exchange) -> bool:
    """After COMPLETED a fetch of the configuration returns 404."""
    steps = [*operation.steps, fetch]
    return findings.status("DELETED-FETCH", steps, 404, call=operation.accepted.call)


def deleted_by_delete(
    findings: Findings, operation: Operation, again: Exchange, *, also: int | None = None
) -> bool:
    """After COMPLETED another delete returns 404 or *also*, a stored status."""
    return findings.status(
        "DELETED-DELETE",
        [*operation.steps, again],
        404,
        also or 404,
        expected=f"404, or {also} as before" if also else "404",
        call=operation.accepted.call,
    )


def not_listed(findings: Findings, steps: Sequence[Exchange], sid: str, page: Exchange) -> bool:
    """After COMPLETED no page holds the configuration, as this one does."""
    exchanges = [*steps, page]
    return findings.check(
        "DELETED-LIST", False, expected=f"no {sid}", seen="it is listed", exchanges=exchanges
    )


def none_listed(findings: Findings) -> bool:
    """After COMPLETED no page of the list holds the configurations: none did."""
    return findings.check("DELETED-LIST", True)


def not_restored(findings: Findings, restored: bool, steps: Sequence[Exchange]) -> bool:
    """After COMPLETED no update restores the configuration."""
    return findings.check(
        "EFFECT-NO-RESTORE",
        not restored,
        expected="404 after a late update",
        seen=f"the configuration exists again: {steps[-1].outcome()}",
        exchanges=steps,
    )


def carried_out(
    findings: Findings, requirement: str, steps: Sequence[Exchange], sid: str, fetch: Exchange
) -> bool:
    """A COMPLETED delete has deleted the configuration that it names."""
    return findings.check(
        requirement,
        fetch.status != 200,
        expected=f"{sid} deleted by its own request",
        seen="it exists",
        exchanges=[*steps, fetch],
    )


# ------------------------------------------------------------------ without effect


def no_effect_requirement(after: Sequence[Exchange]) -> str:
    """The requirement that the last of *after* has no effect.

    The caller's credentials decide first, then the form of the SID, the method, the operation, and
    the status.
    """
    last = after[-1] if after else None
    if last is None:
        return "EFFECT-NO-OTHER"
    if last.call.credentials != "own":
        return UNAUTHORIZED[last.call.credentials]
    if last.call.malformed_sid:
        return "SID-MALFORMED-NO-EFFECT"
    if last.call.operation not in ("delete", "operation"):
        return "EFFECT-ONLY-BY-DELETE"
    if last.call.operation == "operation":
        return "OP-FAILED-NO-EFFECT"
    return _NO_EFFECT.get(last.status or 0, "EFFECT-NO-OTHER")


def exists(
    findings: Findings,
    requirement: str,
    configuration: Configuration,
    after: Sequence[Exchange],
    fetch: Exchange,
    *,
    content: bool = True,
) -> bool:
    """The configuration exists, its *content* as before the requests *after*."""
    there = fetch.status == 200
    changed = changes(configuration.shown, fetch.object) if there and content else ""
    return findings.check(
        requirement,
        there and not changed,
        expected=f"{configuration.sid} exists{', unchanged' if changed else ''}",
        seen=changed or "it is deleted",
        exchanges=[*after, fetch],
    )


def version_unchanged(
    findings: Findings, before: Exchange, after: Exchange, steps: Sequence[Exchange]
) -> bool:
    """A rate-limited delete leaves the version of the configuration as it was."""
    versions = [one.object.get("version") for one in (before, after)]
    return findings.check(
        "ERR-429-NO-EFFECT",
        after.status != 200 or versions[0] == versions[1],
        expected=f"version {versions[0]!r:.40}",
        seen=f"version {versions[1]!r:.40}",
        exchanges=steps,
    )


def exists_in_list(findings: Findings) -> bool:
    """A configuration that no request named exists: a page of the list holds it."""
    return findings.check("EFFECT-NO-OTHER", True)


def failed_status(findings: Findings, operation: Operation, fetch: Exchange) -> bool:
    """An operation that COMPLETED has deleted its configuration."""
    return findings.check(
        "OP-FAILED-STATUS",
        fetch.status != 200,
        expected="FAILED: the configuration exists",
        seen="COMPLETED",
        exchanges=[*operation.steps, fetch],
    )


def failed_as_provoked(findings: Findings) -> bool:
    """A delete that the profile makes fail ends FAILED: it did."""
    return findings.check("OP-FAILED-STATUS", True)


def listed_after_failed(findings: Findings, operation: Operation, *, listed: bool) -> bool:
    """After FAILED the list holds the configuration."""
    return findings.check(
        "OP-FAILED-NO-EFFECT",
        listed,
        expected=f"{operation.sid} listed",
        seen="not there",
        exchanges=operation.steps,
    )


def deletable_after_failed(findings: Findings, operation: Operation, again: Exchange) -> bool:
    """After FAILED another delete finds the configuration."""
    return findings.check(
        "OP-FAILED-NO-EFFECT",
        again.status != 404,
        expected="another delete accepted",
        exchanges=[*operation.steps, again],
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """How the content of a configuration changed; empty where it did not.

    A missing id, or another configuration's, is left to the schemas and to CTRL-CONFIGURATION.
    """
    if before.get("id") != after.get("id"):
        return ""
    changed = [
        name
        for name in _WRITTEN
        if isinstance(after.get(name), str) and name in before and after[name] != before[name]
    ]
    changed += [
        name
        for name, part in _OPTIONAL.items()
        if before.get(name) and _content(after.get(name), part) != _content(before[name], part)
    ]
    return ", ".join(
        f"{name} {after.get(name)!r:.60} instead of {before[name]!r:.60}" for name in changed
    )


def _content(value: Any, part: str) -> Any:
    """The compared *part* of *value*; of a list, of its items in any order."""
    if isinstance(value, list):
        return sorted(repr(_content(item, part)) for item in value)
    return value.get(part) if isinstance(value, dict) else value
