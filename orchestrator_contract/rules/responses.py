"""The one judge: every exchange against HTTP, the documented statuses, the schemas and the rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator

from orchestrator_contract.contract import schemas
from orchestrator_contract.http.content_coding import offers
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.results.findings import Findings

#: Statuses with a documented meaning, by operation (S1, S2).
DELETE_STATUSES = frozenset({202, 404, 409, 429, 500, 503})
_DOCUMENTED = {
    "delete": DELETE_STATUSES,
    "operation": frozenset({200}),
    "fetch": frozenset({200}),
    "list": frozenset({200}),
    "create": frozenset({202}),
    "update": frozenset({202}),
    "patch": frozenset({202}),
    "delete-conversation": DELETE_STATUSES | {400},
    "fetch-conversation": frozenset({200}),
}

#: Error codes that the error dictionary ties to one HTTP status (S5).
CODE_STATUS = {20003: 401, 20404: 404, 20409: 409, 20429: 429, 20500: 500, 20503: 503}

_JSON_TYPE = re.compile(r"application/json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One departure from a rule."""

    expected: str
    seen: str
    where: str = ""


#: The largest page that may be asked for (S2).
LARGEST_PAGE = 1000

Rule = Callable[[Exchange], "Problem | None"]


def _integer(value: Any) -> int | None:
    """*value* as an integer: to JSON Schema 400.0 is one, too. None where it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _stated_status(exchange: Exchange) -> Problem | None:
    for member in ("status", "httpStatusCode"):
        stated = _integer(exchange.object.get(member))
        if stated is not None and stated != exchange.status:
            return Problem(f"the HTTP status {exchange.status}", str(stated)[:40], f"$.{member}")
    return None


def _code_of_status(exchange: Exchange) -> Problem | None:
    code = _integer(exchange.object.get("code"))
    if code is None:
        return None
    tied = CODE_STATUS.get(code)
    if tied is not None and tied != exchange.status:
        return Problem(
            f"no code that belongs to another status than {exchange.status}",
            f"{code}, which is {tied}'s",
            "$.code",
        )
    return None


def _info_of_code(exchange: Exchange) -> Problem | None:
    code, info = _integer(exchange.object.get("code")), exchange.object.get("more_info")
    if code is None or not isinstance(info, str):
        return None
    if not re.search(rf"(?<![0-9]){code}(?![0-9])", info):
        return Problem(f"the address of the page of code {code}", repr(info[:120]), "$.more_info")
    return None


_ERROR_RULES: dict[str, Rule] = {
    "ERR-STATUS-MATCHES": _stated_status,
    "ERR-CODE-MATCHES": _code_of_status,
    "ERR-MORE-INFO": _info_of_code,
}


class Judge:
    """Judges exchanges into a ledger; validators are compiled once."""

    def __init__(self, findings: Findings, tolerated: Iterable[int] = ()) -> None:
        self.findings = findings
        self._tolerated = frozenset(tolerated)
        self._bound: dict[tuple[str, int, str], list[tuple[str, Draft202012Validator]]] = {}
        for requirement in findings.catalogue.requirements.values():
            if requirement.schema and requirement.applies:
                validator = schemas.validator(requirement.schema)
                sisters = (
                    findings.catalogue.sisters(requirement.id)
                    if "delete" in requirement.applies.operation
                    else []
                )
                for operation in (*requirement.applies.operation, *sisters):
                    for status in requirement.applies.status:
                        slot = self._bound.setdefault(
                            (operation, status, requirement.applies.part), []
                        )
                        slot.append((requirement.id, validator))

    def __call__(self, exchange: Exchange) -> None:
        """Judge an exchange that was sent; an observer of the sender."""
        if not exchange.judged:
            return
        call = exchange.call
        if exchange.status in (429, 503) and exchange.status != call.provokes:
            self.findings.observe("OBS-THROTTLED", f"{exchange.status} on {call.operation}")
        self.judge(exchange)

    def judge(self, exchange: Exchange) -> bool:
        """Record every check that this exchange alone allows; whether all that gate held."""
        ok, judged = self._http(exchange), False
        if exchange.response is None or exchange.call.silent:
            return ok
        if exchange.call.operation in ("delete", "delete-conversation"):
            ok &= self._status(exchange)
        apart = exchange.call.outside_api and exchange.response.status >= 400
        if exchange.status in _DOCUMENTED.get(exchange.call.operation, ()) and not apart:
            ok &= self._content(exchange)
            judged = True
        elif (
            exchange.call.operation == "delete"
            and exchange.status in exchange.call.allow
            and not apart
        ):
            # How it is refused is open; what an error says of itself is not.
            ok &= self._rules(exchange, "ERR-STATUS-MATCHES", "ERR-CODE-MATCHES")
        if exchange.call.operation == "delete":
            self.findings.tally(exchange.response.status, valid=ok if judged or not ok else None)
        return ok

    def _http(self, exchange: Exchange) -> bool:
        check = self.findings.check
        response = exchange.response
        if response is None:
            text = exchange.fault_text or str(exchange.fault)
            if exchange.fault is TransportFault.ENCODING:
                return check(
                    "HTTP-CONTENT-ENCODING",
                    False,
                    expected="a body that decodes",
                    seen=text,
                    exchanges=[exchange],
                )
            return check(
                "HTTP-COMPLETE",
                False,
                expected="a complete, well-formed response",
                seen=text,
                exchanges=[exchange],
            )
        broken = response.defect
        decoded = broken is None or broken[0] is not TransportFault.ENCODING
        ok = broken is None
        if response.stray:
            check(
                "HTTP-COMPLETE",
                False,
                expected="nothing on a connection between a response and the next request",
                seen=f"{response.stray} byte(s) that no request asked for",
                exchanges=[exchange],
            )
        check(
            "HTTP-COMPLETE",
            ok or not decoded,
            expected="a response that ends where its headers say",
            seen=broken[1] if broken else "",
            exchanges=[exchange],
        )
        coding = exchange.headers.get("content-encoding", "")
        if coding:
            offered = next(
                (v for n, v in exchange.request_headers if n.lower() == "accept-encoding"), ""
            )
            ok &= check(
                "HTTP-CONTENT-ENCODING",
                decoded and offers(offered, coding),
                expected=f"a coding that was offered ({offered or 'none'}), undamaged",
                seen=broken[1] if broken and not decoded else f"Content-Encoding: {coding[:60]}",
                exchanges=[exchange],
            )
        return ok

    def _status(self, exchange: Exchange) -> bool:
        status = exchange.status
        documented = _DOCUMENTED[exchange.call.operation]
        if status in self._tolerated and status not in documented:
            self.findings.observe("OBS-UNDOCUMENTED", f"{status}")
            return True
        allowed = documented | exchange.call.allow
        return self.findings.on(exchange.call)(
            "DEL-STATUS",
            status in allowed,
            expected=" or ".join(str(one) for one in sorted(allowed)),
            seen=str(status),
            exchanges=[exchange],
        )

    def _content(self, exchange: Exchange) -> bool:
        assert exchange.response is not None  # for the type checker; judge() looked
        check, status, operation = (
            self.findings.on(exchange.call),
            exchange.response.status,
            exchange.call.operation,
        )
        if exchange.response.defect and exchange.response.defect[0] is TransportFault.ENCODING:
            return False
        parsed = exchange.json
        ok = check(
            "HTTP-JSON",
            parsed.error is None,
            expected="one JSON text",
            seen=parsed.error or "",
            exchanges=[exchange],
        )
        if exchange.response.body:
            said = exchange.headers.get("content-type")
            ok &= check(
                "HTTP-CONTENT-TYPE",
                said is not None and _JSON_TYPE.fullmatch(said.strip()) is not None,
                expected="Content-Type: application/json",
                seen=f"{said!r:.80}",
                exchanges=[exchange],
            )
        value = parsed.value
        if operation == "fetch":
            self._prefix(exchange)
        if operation == "list":
            ok &= self._unique(exchange)
            value = self._longest_page(exchange, value)
        if parsed.error is None:
            ok &= self._schemas(exchange, (operation, status, "body"), value)
            if operation == "delete" and status >= 400:
                ok &= self._rules(exchange, *_ERROR_RULES)
                self._shape(exchange)
        return ok & self._schemas(exchange, (operation, status, "headers"), dict(exchange.headers))

    def _rules(self, exchange: Exchange, *requirements: str) -> bool:
        ok, check = True, self.findings.on(exchange.call)
        for requirement in requirements:
            problem = _ERROR_RULES[requirement](exchange)
            ok &= check(
                requirement,
                problem is None,
                exchanges=[exchange],
                **(
                    {"expected": problem.expected, "seen": problem.seen, "where": problem.where}
                    if problem
                    else {}
                ),
            )
        return ok

    def _schemas(self, exchange: Exchange, slot: tuple[str, int, str], instance: Any) -> bool:
        good, check = True, self.findings.on(exchange.call)
        for requirement, validator in self._bound.get(slot, ()):
            if validator.is_valid(instance):
                check(requirement, True)
                continue
            good &= not self.findings.catalogue[
                self.findings.catalogue.on(exchange.call.asynchronous, requirement)
            ].level.gates
            errors = validator.iter_errors(instance)
            for problem in islice(schemas.problems_of(errors, headers=slot[2] == "headers"), 4):
                check(
                    requirement,
                    False,
                    expected=problem.expected,
                    seen=problem.seen,
                    where="body" if problem.path == "$" else problem.path,
                    exchanges=[exchange],
                )
        return good

    def _prefix(self, exchange: Exchange) -> None:
        """Observe how the id of a fetched configuration begins: the sources differ."""
        sid = exchange.object.get("id")
        if isinstance(sid, str):
            head, line, _ = sid.rpartition("_")
            self.findings.observe("OBS-SID-PREFIX", f"{head}{line}" if line else "none")

    def _unique(self, exchange: Exchange) -> bool:
        items = exchange.object.get("configurations")
        sids = (
            [item.get("id") for item in items if isinstance(item, dict)]
            if isinstance(items, list)
            else []
        )
        texts = [sid for sid in sids if isinstance(sid, str)]
        twice = [sid for sid, times in Counter(texts).items() if times > 1]
        return self.findings.check(
            "CTRL-PAGINATION",
            not twice,
            expected="each configuration once on a page",
            seen=f"{twice[0]:.80} twice" if twice else "",
            exchanges=[exchange],
        )

    def _longest_page(self, exchange: Exchange, value: Any) -> Any:
        """A page without what is past the most that can be asked for: judging it would take as long as the endpoint likes."""
        items = value.get("configurations") if isinstance(value, dict) else None
        if not isinstance(items, list) or len(items) <= LARGEST_PAGE:
            return value
        self.findings.check(
            "CTRL-PAGINATION",
            False,
            expected=f"at most {LARGEST_PAGE} configurations on a page",
            seen=str(len(items)),
            exchanges=[exchange],
        )
        return value | {"configurations": items[:LARGEST_PAGE]}

    def _shape(self, exchange: Exchange) -> None:
        members = exchange.object.keys()
        if members & {"httpStatusCode", "userError", "params"}:
            shape = "code, httpStatusCode, message, userError, params (S4)"
        elif members & {"more_info", "status"}:
            shape = "code, message, more_info, status (S2)"
        else:
            shape = "neither shape's own members"
        self.findings.observe("OBS-ERROR-SHAPE", shape)


def decodes(findings: Findings, exchange: Exchange) -> bool:
    """The body decodes by the coding that the response names, or has none."""
    response = exchange.response
    defect = response.defect if response else None
    return findings.check(
        "HTTP-CONTENT-ENCODING",
        response is not None and defect is None,
        expected="a response that decodes",
        seen=defect[1] if defect else exchange.outcome(),
        exchanges=[exchange],
    )
