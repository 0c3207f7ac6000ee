"""Judges each response: HTTP, documented statuses, schemas of its call.

The schema files decide the shape of a response; a rule stands here only where JSON Schema can't say
it. Source: S1 and S2 responses; contract.md "Responses of DELETE".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.contract.response_schemas import SCHEMAS, UNDOCUMENTED_REFUSAL, Part
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import DELETES, Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.rules.transport import judge_transport, undecodable

_JSON_TYPE = re.compile(r"application/json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_ERROR_TYPE = re.compile(
    r"application/(?:json|problem\+json)[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
#: The members by which an error body states its HTTP status.
_STATED = ("status", "httpStatusCode")
#: Errors of one response that are shown for one requirement.
_MOST_SHOWN = 4
#: The members that tell the shapes of an error body apart, and how a report calls each shape.
_SHAPES = {
    "code, httpStatusCode, message, userError, params (S4)": {
        "httpStatusCode",
        "userError",
        "params",
    },
    "type, title, status, code, detail, instance, errors (RFC 9457)": {
        *("type", "title", "detail", "instance", "errors")
    },
    "code, message, more_info, status (S2)": {"more_info", "status"},
}


class Judge:
    """Judges exchanges one by one."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def __call__(self, exchange: Exchange) -> None:
        """Judge an exchange that was sent; an observer of the sender."""
        if not exchange.judged:
            return
        call = exchange.call
        if exchange.status in (429, 503) and exchange.status != call.provokes:
            self.findings.observe("OBS-THROTTLED", f"{exchange.status} on {call.operation}")
        self.judge(exchange)

    def judge(self, exchange: Exchange, *, whole: bool = True) -> bool:
        """Record each check that *exchange* alone allows; True if no check that gates failed.

        One that is not *whole*, as in a recording, counts as invalid or not judged.
        """
        ok = judge_transport(self.findings, exchange)
        if exchange.response is None or not exchange.call.judge_content:
            return ok
        tolerated = self.findings.tolerates(exchange)
        if tolerated:
            self.findings.observe("OBS-UNDOCUMENTED", f"{exchange.status}")
        else:
            ok &= self._status(exchange)
            ok &= self._content(exchange)
        if exchange.call.operation == "delete":
            judged = whole and exchange.status in SCHEMAS["delete"] and not _of_edge(exchange)
            self.findings.tally(exchange.response.status, valid=ok if judged or not ok else None)
        return ok

    def _status(self, exchange: Exchange) -> bool:
        call = exchange.call
        if call.operation not in DELETES:
            return True
        allowed = SCHEMAS[call.operation].keys() | call.allow
        return self.findings.status("DEL-STATUS", [exchange], *allowed, call=call)

    def _content(self, exchange: Exchange) -> bool:
        call, status = exchange.call, exchange.status or 0
        if _of_edge(exchange):
            return self._as_labelled(exchange)
        bound = SCHEMAS.get(call.operation, {}).get(status)
        if bound is not None:
            return self._documented(exchange, bound)
        if call.operation == "delete" and status in call.allow:
            return self._undocumented_refusal(exchange)
        return self._as_labelled(exchange)

    def _as_labelled(self, exchange: Exchange) -> bool:
        """Check that a body that calls itself JSON is JSON; an edge may answer in HTML."""
        labelled = _ERROR_TYPE.fullmatch(exchange.headers.get("content-type", "").strip())
        body = exchange.response.body if exchange.response else b""
        return not (labelled and body) or undecodable(exchange) or is_json(self.findings, exchange)

    # ---------------------------------------------------------------- documented responses

    def _documented(self, exchange: Exchange, bound: Mapping[Part, str]) -> bool:
        if undecodable(exchange):
            return False
        ok = self._content_type(exchange)
        if "body" in bound:
            ok &= self._beyond_shape(exchange)
        else:
            ok &= is_json(self.findings, exchange)
        for name in bound.values():
            ok &= matches_schema(self.findings, exchange, name)
        return ok

    def _content_type(self, exchange: Exchange) -> bool:
        if exchange.response is None or not exchange.response.body:
            return True
        said, is_error = exchange.headers.get("content-type"), exchange.response.status >= 400
        allowed = _ERROR_TYPE if is_error else _JSON_TYPE
        return self.findings.check(
            "HTTP-CONTENT-TYPE",
            said is not None and allowed.fullmatch(said.strip()) is not None,
            expected=f"application/json{' or application/problem+json' if is_error else ''}",
            seen=f"{said!r:.80}",
            where="Content-Type",
            exchanges=[exchange],
            call=exchange.call,
        )

    def _beyond_shape(self, exchange: Exchange) -> bool:
        """Check a body beyond JSON Schema, and observe what is open."""
        call = exchange.call.operation
        if exchange.json.error is not None:
            return True
        if call == "list":
            items = exchange.object.get("configurations")
            items = items if isinstance(items, list) else []
            return control_plane.page_holds_each_once(self.findings, exchange, items)
        if call == "fetch":
            self._observe_prefix(exchange)
        if call == "delete" and (exchange.status or 0) >= 400:
            self._observe_shape(exchange)
            return self._more_info(exchange)
        return True

    # ---------------------------------------------------------------- errors

    def _more_info(self, exchange: Exchange) -> bool:
        """Check that more_info carries the number of the code."""
        code, info = _integer(exchange.object.get("code")), exchange.object.get("more_info")
        ok = (
            code is None
            or not isinstance(info, str)
            or re.search(rf"(?<![0-9]){code}(?![0-9])", info) is not None
        )
        return self.findings.check(
            "ERR-MORE-INFO",
            ok,
            expected=f"the address of the page of code {code}",
            seen=f"{info!r:.122}",
            where="$.more_info",
            exchanges=[exchange],
            call=exchange.call,
        )

    def _undocumented_refusal(self, exchange: Exchange) -> bool:
        """Check a refusal of open status, to which no file is bound."""
        stated = {name: _integer(exchange.object.get(name)) for name in _STATED}
        wrong = [name for name in _STATED if stated[name] not in (None, exchange.status)]
        ok = self.findings.check(
            "ERR-STATUS-MATCHES",
            not wrong,
            expected=f"the HTTP status {exchange.status}",
            seen=f"{stated[wrong[0]]!s:.40}" if wrong else "",
            where=f"$.{wrong[0]}" if wrong else "",
            exchanges=[exchange],
            call=exchange.call,
        )
        if exchange.json.error is not None:
            return ok & self._as_labelled(exchange)
        return ok & matches_schema(self.findings, exchange, UNDOCUMENTED_REFUSAL)

    def _observe_shape(self, exchange: Exchange) -> None:
        members = exchange.object.keys()
        shapes = (shape for shape, own in _SHAPES.items() if members & own)
        self.findings.observe("OBS-ERROR-SHAPE", next(shapes, "members of no shape alone"))

    # ---------------------------------------------------------------- configurations

    def _observe_prefix(self, exchange: Exchange) -> None:
        """Observe the prefix of a fetched configuration's id."""
        sid = exchange.object.get("id")
        if isinstance(sid, str):
            head, line, _ = sid.rpartition("_")
            self.findings.observe("OBS-SID-PREFIX", f"{head}{line}" if line else "none")


def matches_schema(findings: Findings, exchange: Exchange, name: str) -> bool:
    """Check *name*'s requirements; True if no gating one is breached."""
    headers = name.endswith(".headers.json")
    if not headers and not is_json(findings, exchange):
        return False
    ok = True
    check = partial(findings.check, exchanges=[exchange], call=exchange.call)
    instance = dict(exchange.headers) if headers else _longest_page(exchange.json.value)
    for requirement, errors in schemas.breaches(name, instance).items():
        if not errors:
            check(requirement, True)
            continue
        found = findings.catalogue.on(exchange.call.asynchronous, requirement)
        ok &= not findings.catalogue[found].level.gates
        problems = islice(schemas.problems_of(errors, headers=headers), _MOST_SHOWN)
        for problem in problems:
            check(
                requirement,
                False,
                expected=problem.expected,
                seen=problem.seen,
                where="body" if problem.path == "$" else problem.path,
            )
    return ok


def is_json(findings: Findings, exchange: Exchange) -> bool:
    """Check that the body is one JSON text."""
    return findings.check(
        "HTTP-JSON",
        exchange.json.error is None,
        expected="one JSON text",
        seen=exchange.json.error or "",
        exchanges=[exchange],
        call=exchange.call,
    )


def _of_edge(exchange: Exchange) -> bool:
    """True if the error may come from what stands before the API."""
    labelled = exchange.headers.get("content-type", "").strip()
    # What refuses a malformed SID in JSON is the service.
    of_page = exchange.call.malformed_sid and labelled and not _ERROR_TYPE.fullmatch(labelled)
    return (exchange.status or 0) >= 400 and (exchange.call.outside_api or bool(of_page))


def _longest_page(value: Any) -> Any:
    """*value* without the items past the largest page, to bound the time."""
    items = value.get("configurations") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) <= LARGEST_PAGE:
        return value
    return value | {"configurations": items[:LARGEST_PAGE]}


def _integer(value: Any) -> int | None:
    """*value* as an integer, 400.0 too, as in JSON Schema; else None."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
