"""Judges each response by itself: HTTP, the documented statuses, and the schemas of its call.

The schema files decide the shape of a response; a rule stands here only where JSON Schema can't say it.
Source: S1 and S2 responses; contract.md "Responses of DELETE".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.contract.response_schemas import SCHEMAS, UNDOCUMENTED_REFUSAL, Part
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import control_plane
from orchestrator_contract.rules.transport import judge_transport, undecodable

_JSON_TYPE = re.compile(r"application/json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_ERROR_TYPE = re.compile(
    r"application/(?:json|problem\+json)[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
#: The members by which an error body states its HTTP status.
_STATED = ("status", "httpStatusCode")
_DELETES = frozenset({"delete", "delete-conversation"})
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
        "type",
        "title",
        "detail",
        "instance",
        "errors",
    },
    "code, message, more_info, status (S2)": {"more_info", "status"},
}


class Judge:
    """Judges exchanges one by one."""

    def __init__(self, findings: Findings, tolerated: Iterable[int] = ()) -> None:
        """Record in *findings*; the statuses *tolerated* by the profile's policy are only observed."""
        self.findings = findings
        self._tolerated = frozenset(tolerated)

    def __call__(self, exchange: Exchange) -> None:
        """Judge an exchange that was sent; an observer of the sender."""
        if not exchange.judged:
            return
        call = exchange.call
        if exchange.status in (429, 503) and exchange.status != call.provokes:
            self.findings.observe("OBS-THROTTLED", f"{exchange.status} on {call.operation}")
        self.judge(exchange)

    def judge(self, exchange: Exchange) -> bool:
        """Record each check that *exchange* alone allows; True if no check that gates failed."""
        ok = self._transport(exchange)
        if exchange.response is None or not exchange.call.judge_content:
            return ok
        if self.tolerates(exchange):
            self.findings.observe("OBS-UNDOCUMENTED", f"{exchange.status}")
        else:
            ok &= self._status(exchange)
            ok &= self._content(exchange)
        if exchange.call.operation == "delete":
            self.findings.tally(exchange.response.status, valid=ok)
        return ok

    def tolerates(self, exchange: Exchange) -> bool:
        """Whether the profile tolerates the undocumented status of this response to a DELETE."""
        call, status = exchange.call.operation, exchange.status
        return call in _DELETES and status in self._tolerated and status not in SCHEMAS[call]

    def _transport(self, exchange: Exchange) -> bool:
        return judge_transport(self.findings, exchange)

    def _status(self, exchange: Exchange) -> bool:
        if exchange.call.operation not in _DELETES:
            return True
        allowed = SCHEMAS[exchange.call.operation].keys() | exchange.call.allow
        return self.findings.on(exchange.call)(
            "DEL-STATUS",
            exchange.status in allowed,
            expected=" or ".join(map(str, sorted(allowed))),
            seen=str(exchange.status),
            exchanges=[exchange],
        )

    def _content(self, exchange: Exchange) -> bool:
        call, status = exchange.call, exchange.status or 0
        if call.outside_api and status >= 400:
            return True
        bound = SCHEMAS.get(call.operation, {}).get(status)
        if bound is not None:
            return self._documented(exchange, bound)
        if call.operation == "delete" and status in call.allow:
            return self._undocumented_refusal(exchange)
        return True

    # ---------------------------------------------------------------- documented responses

    def _documented(self, exchange: Exchange, bound: Mapping[Part, str]) -> bool:
        if undecodable(exchange):
            return False
        ok = self._content_type(exchange)
        if "body" in bound:
            ok &= self._beyond_shape(exchange) & self._schema(exchange, bound["body"])
        else:
            ok &= is_json(self.findings, exchange)
        return ok & self._headers(exchange, bound)

    def _headers(self, exchange: Exchange, bound: Mapping[Part, str]) -> bool:
        return "headers" not in bound or self._schema(exchange, bound["headers"])

    def _schema(self, exchange: Exchange, name: str) -> bool:
        return matches_schema(self.findings, exchange, name)

    def _content_type(self, exchange: Exchange) -> bool:
        if exchange.response is None or not exchange.response.body:
            return True
        said, is_error = exchange.headers.get("content-type"), exchange.response.status >= 400
        allowed = _ERROR_TYPE if is_error else _JSON_TYPE
        return self.findings.on(exchange.call)(
            "HTTP-CONTENT-TYPE",
            said is not None and allowed.fullmatch(said.strip()) is not None,
            expected=f"application/json{' or application/problem+json' if is_error else ''}",
            seen=f"{said!r:.80}",
            where="Content-Type",
            exchanges=[exchange],
        )

    def _beyond_shape(self, exchange: Exchange) -> bool:
        """Check what JSON Schema can't say of a body, and observe what the sources leave open."""
        call = exchange.call.operation
        if exchange.json.error is not None:
            return True
        if call == "list":
            return self._page(exchange)
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
        return self.findings.on(exchange.call)(
            "ERR-MORE-INFO",
            ok,
            expected=f"the address of the page of code {code}",
            seen=f"{info!r:.122}",
            where="$.more_info",
            exchanges=[exchange],
        )

    def _undocumented_refusal(self, exchange: Exchange) -> bool:
        """Check what a refusal says of itself; that its status is open leaves no file to pin it."""
        stated = {name: _integer(exchange.object.get(name)) for name in _STATED}
        wrong = [name for name in _STATED if stated[name] not in (None, exchange.status)]
        ok = self.findings.on(exchange.call)(
            "ERR-STATUS-MATCHES",
            not wrong,
            expected=f"the HTTP status {exchange.status}",
            seen=f"{stated[wrong[0]]!s:.40}" if wrong else "",
            where=f"$.{wrong[0]}" if wrong else "",
            exchanges=[exchange],
        )
        return ok & (
            exchange.json.error is not None or self._schema(exchange, UNDOCUMENTED_REFUSAL)
        )

    def _observe_shape(self, exchange: Exchange) -> None:
        members = exchange.object.keys()
        shapes = (shape for shape, own in _SHAPES.items() if members & own)
        self.findings.observe("OBS-ERROR-SHAPE", next(shapes, "members of no shape alone"))

    # ---------------------------------------------------------------- configurations

    def _observe_prefix(self, exchange: Exchange) -> None:
        """Observe how the id of a fetched configuration begins: the sources differ."""
        sid = exchange.object.get("id")
        if isinstance(sid, str):
            head, line, _ = sid.rpartition("_")
            self.findings.observe("OBS-SID-PREFIX", f"{head}{line}" if line else "none")

    def _page(self, exchange: Exchange) -> bool:
        """Check that a page holds each configuration once, and no more than may be asked for."""
        items = exchange.object.get("configurations")
        items = items if isinstance(items, list) else []
        ids = [item.get("id") for item in items if isinstance(item, dict)]
        ok = control_plane.page_holds_each_once(self.findings, exchange, ids)
        if len(items) <= LARGEST_PAGE:
            return ok
        return control_plane.page_too_long(self.findings, exchange, len(items))


def matches_schema(findings: Findings, exchange: Exchange, name: str) -> bool:
    """Check each requirement that the schema *name* decides; True if none that gates is breached."""
    headers = name.endswith(".headers.json")
    if not headers and not is_json(findings, exchange):
        return False
    ok, check = True, findings.on(exchange.call)
    instance = dict(exchange.headers) if headers else _longest_page(exchange.json.value)
    for requirement, errors in schemas.breaches(name, instance).items():
        if not errors:
            check(requirement, True)
            continue
        found = findings.catalogue.on(exchange.call.asynchronous, requirement)
        ok &= not findings.catalogue[found].level.gates
        for problem in map(schemas.problem_of, errors[:_MOST_SHOWN]):
            check(
                requirement,
                False,
                expected=problem.expected,
                seen=problem.seen,
                where=f"headers {problem.path}" if headers else problem.path,
                exchanges=[exchange],
            )
    return ok


def is_json(findings: Findings, exchange: Exchange) -> bool:
    """Check that the body is one JSON text."""
    return findings.on(exchange.call)(
        "HTTP-JSON",
        exchange.json.error is None,
        expected="one JSON text",
        seen=exchange.json.error or "",
        exchanges=[exchange],
    )


def _longest_page(value: Any) -> Any:
    """*value* without the items past the largest page: judging those would take as long as the endpoint likes."""
    items = value.get("configurations") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) <= LARGEST_PAGE:
        return value
    return value | {"configurations": items[:LARGEST_PAGE]}


def _integer(value: Any) -> int | None:
    """*value* as an integer, which 400.0 is to JSON Schema, too; None if it is no integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
