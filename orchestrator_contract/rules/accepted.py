"""The links of a 202: they agree, and lead to the operation."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import partial
from threading import Lock
from urllib.parse import quote, urljoin

from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.http.addresses import Origin, brief_name, last_segment
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.request import given_origin
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation, why_no_json
from orchestrator_contract.results.findings import Findings

#: The member of `related` that names what a call is about, where it is not configurationId (S2).
_RELATED = {"delete-conversation": "conversationId"}
#: Longest operation id that is put into a path, in characters.
_MAX_ID = 512
#: What a path segment may hold as it is, beside letters and digits (R1 4.2, RFC 3986 3.3).
_SEGMENT = "-._~!$&'()*+,;=:@"
#: Longest statusUrl that is followed, in characters: no server takes as much, and each poll would
#: keep a copy.
_MAX_URL = 64 * 1024


class Links:
    """Reads the links of each 202; remembers the owner of each operation id."""

    def __init__(
        self,
        findings: Findings,
        origins: Container[Origin | None] | None = None,
        url: Callable[[str, int], str] = lambda path, _region: path,
    ) -> None:
        """Without *origins* the target's are not known, as in a recording: nothing is polled."""
        self.findings = findings
        self._origins = origins
        self._url = url
        self._lock = Lock()
        self._owners: dict[tuple[int | None, int, str, str], str] = {}

    def accept(self, exchange: Exchange, configuration: Configuration) -> Operation:
        """Read the links of a 202 and judge them against each other.

        Raises:
            OperationUnreachable: no link leads to an operation on the target.
        """
        check = partial(self.findings.check, exchanges=[exchange], call=exchange.call)
        status_url = exchange.object.get("statusUrl")
        status_url = status_url if isinstance(status_url, str) and status_url else None
        location = exchange.headers.get("location") or None
        header = exchange.headers.get("operation-id") or None
        links = {"statusUrl": status_url, "Location": location, "Operation-Id": header}
        found = [name for name, link in links.items() if link]
        if exchange.call.operation == "delete":
            self.findings.observe("OBS-STATUS-URL", ", ".join(found) or "none of them")
        check(
            "DEL-202-OPERATION-NAMED",
            bool(found),
            expected="statusUrl, Location or Operation-Id",
            seen="none of them",
        )
        try:
            absolute = urljoin(exchange.url, location) if location else None
        except ValueError:
            absolute = None
        names = {
            "Operation-Id": brief_name(header or ""),
            "statusUrl": last_segment(status_url) if status_url else None,
            "Location": last_segment(absolute) if absolute else None,
        }
        given = {name: value for name, value in names.items() if value}
        if found:
            check(
                "DEL-202-LINKS-AGREE",
                len(set(given.values())) <= 1 and (not status_url or "statusUrl" in given),
                expected="one operation id in all of them",
                seen=", ".join(f"{n} {v:.80}" for n, v in given.items()),
            )
            if absolute and status_url:
                check(
                    "DEL-202-LINKS-AGREE",
                    self._leads_to_target(absolute),
                    expected="a Location on the target's own origins",
                    seen=f"{absolute:.160}",
                    where="Location",
                )
            judge_related(self.findings, exchange, "DEL-202-RELATED", configuration.sid, [exchange])
        operation_id = next(iter(given.values()), "")
        if operation_id:
            self._own_operation(exchange, configuration.sid, operation_id)
        return Operation(
            exchange,
            configuration,
            operation_id,
            self._poll_url(exchange, status_url, absolute, operation_id),
        )

    def forget(self, most: int) -> None:
        """Drop who owns which operation once that has grown beyond *most*."""
        if len(self._owners) > most:
            self._owners.clear()

    def _own_operation(self, exchange: Exchange, sid: str, operation_id: str) -> None:
        # A delete's subject is its SID, a create's its name.
        subject, call = sid or exchange.call.subject, exchange.call
        with self._lock:
            name = (exchange.account, exchange.region, call.operation, operation_id)
            owner = self._owners.setdefault(name, subject)
        self.findings.check(
            "DEL-202-OWN-OPERATION",
            owner == subject,
            expected=f"an operation of its own for {subject}",
            seen=f"operation {operation_id:.80}, which belongs to {owner}",
            exchanges=[exchange],
            call=call,
        )

    def _leads_to_target(self, link: str) -> bool:
        origin = given_origin(link)
        return origin is not None and (self._origins is None or origin in self._origins)

    def _poll_url(
        self, exchange: Exchange, status_url: str | None, location: str | None, operation_id: str
    ) -> str:
        """Where to poll the operation: the first link that leads to the target.

        Raises:
            OperationUnreachable: none does, or it is longer than any that can be asked for.
        """
        if self._origins is None:
            return status_url or location or operation_id
        inside = status_url is None or self._leads_to_target(status_url)
        self.findings.check(
            "DEL-202-STATUS-URL-ORIGIN",
            inside,
            expected="an address on the target's own origins",
            seen=f"{status_url!s:.160}",
            exchanges=[exchange],
            call=exchange.call,
        )
        if status_url is not None and inside:
            if len(status_url) > _MAX_URL:
                raise OperationUnreachable(
                    f"the 202's statusUrl has {len(status_url)} characters: none of more than "
                    f"{_MAX_URL} is followed"
                )
            return status_url
        if location is not None and self._leads_to_target(location):
            return location
        usable = operation_id.strip(".") and operation_id.isascii() and "/" not in operation_id
        if usable and len(operation_id) < _MAX_ID:
            return self._url(f"/Operations/{quote(operation_id, safe=_SEGMENT)}", exchange.region)
        raise OperationUnreachable(
            f"the 202 has no link that leads to its operation on the target{why_no_json(exchange)}"
        )


def own_operation_after_failed(findings: Findings, failed: Operation, again: Operation) -> bool:
    """After FAILED another accepted delete gets an operation of its own."""
    return findings.check(
        "DEL-202-OWN-OPERATION",
        again.id != failed.id or not again.id,
        expected="an operation of its own for a delete after FAILED",
        seen=f"the FAILED operation {failed.id:.80}",
        exchanges=[*failed.steps, again.accepted],
    )


def location_agrees(findings: Findings, operation: Operation, exchange: Exchange) -> bool:
    """Location leads to the operation that statusUrl leads to."""
    named = exchange.object.get("operationId")
    return findings.check(
        "DEL-202-LINKS-AGREE",
        exchange.status == 200 and named == operation.object.get("operationId"),
        expected=f"operation {operation.id:.80} at Location",
        seen=f"{exchange.outcome()} {named!r:.80}",
        exchanges=[operation.accepted, exchange],
        call=operation.accepted.call,
    )


def judge_related(
    findings: Findings, exchange: Exchange, requirement: str, sid: str, steps: Sequence[Exchange]
) -> None:
    """The related of a response names the SID of its request."""
    related = exchange.object.get("related")
    name = _RELATED.get(exchange.call.asynchronous, "configurationId")
    named = related.get(name) if isinstance(related, dict) else None
    # Of this call alone the sources give the name.
    if (
        isinstance(related, dict)
        and name not in related
        and exchange.call.asynchronous == "delete"
        and sid in related.values()
    ):
        named = next(f"{sid} as {other}" for other, value in related.items() if value == sid)
    if sid:
        findings.check(
            requirement,
            named in (None, sid),
            expected=f"{name} {sid}",
            seen=f"{named!r:.120}",
            where="$.related",
            exchanges=steps,
            call=exchange.call,
        )
