"""One HAR entry as an exchange: what judging needs of it, and no secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from orchestrator_contract.har.callers import Callers
from orchestrator_contract.har.entry_body import body_of
from orchestrator_contract.har.entry_headers import Headers, headers_of
from orchestrator_contract.har.entry_request import CONDITIONS, Request, Unreadable, request_of
from orchestrator_contract.har.entry_times import LONGEST_S, Timeline, duration_of, start_of
from orchestrator_contract.har.origin_of_response import answered_by
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.recorded_calls import Calls
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import Response

#: Request headers that are kept: someone else's traffic may carry secrets in any other.
_KEPT = CONDITIONS | {
    "idempotency-key",
    "content-type",
    "accept",
    "accept-encoding",
    "content-length",
}
#: Response headers that don't fit a body as the recording has it, or hold secrets.
_DROPPED = frozenset({"set-cookie", "content-encoding"})
_NO_RESPONSE: tuple[Any, ...] = (None, 0, -1, "", [], {})


class UnreadableCall(Unreadable):
    """The entry is a call to the control plane, and can't be read."""


class NotFromNetwork(Exception):
    """The endpoint did not give this response; the argument says what did."""


class NoResponse(Exception):
    """The request has no response in the recording."""


class EntryReader:
    """Turns entries into exchanges, in the order of the file."""

    def __init__(self) -> None:
        self._callers = Callers()
        self._calls = Calls()
        self._timeline = Timeline()
        #: The origin of the first call, free of secrets.
        self.origin = ""

    def read(self, index: int, entry: Any) -> Recorded | None:
        """The entry's exchange; None when it is no call to the control plane.

        Raises:
            Unreadable: it has no request, or a part of the exchange is of no use.
            NotFromNetwork: it says nothing about the endpoint.
            NoResponse: nothing came back.
        """
        request = request_of(entry)
        path = urlsplit(request.url).path
        classified = self._calls.classify(request.method, request.url, path)
        if classified is None:
            return None
        response = entry.get("response")
        if response in _NO_RESPONSE:
            raise NoResponse
        if not isinstance(response, dict):
            raise UnreadableCall("response is no object")
        source = answered_by(entry, response)
        if source:
            raise NotFromNetwork(source)
        return self._recorded(index, entry, request, response, *classified)

    def _recorded(
        self,
        index: int,
        entry: dict[str, Any],
        request: Request,
        response: dict[str, Any],
        name: str,
        subject: str,
    ) -> Recorded:
        status, start = _status(response), start_of(entry)
        if start is None:
            raise UnreadableCall("startedDateTime is no ISO 8601 date and time")
        seconds, elapsed = self._timeline.place(start), duration_of(entry)
        authorization = request.header("authorization")
        redactor = self._callers.redactor(authorization)
        self.origin = self.origin or redactor.text(request.origin)
        headers = headers_of(response)
        body = body_of(response, status, headers)
        call = self._calls.call(
            name, subject, request.url, key_ok=request.key_ok, conditional=request.conditional
        )
        exchange = Exchange(
            replace(call, subject=redactor.text(subject)),
            request.method,
            redactor.text(request.url),
            _kept(request.headers, redactor.text),
            None,
            datetime.fromtimestamp(seconds, UTC),
            seconds,
            elapsed or 0.0,
            key=request.keys[0] if request.key_ok and request.keys else None,
            response=Response(
                status,
                "",
                [(n, redactor.text(v)) for n, v in headers.lines if n.lower() not in _DROPPED],
                redactor.raw(body or b""),
            ),
            note=f"entry {index}" + ("" if body is not None else ", body not recorded"),
        )
        exchange.sent = seconds = seconds + _clock_shift(entry)
        self._calls.learn(exchange)
        account = str(entry.get("_account"))
        return Recorded(
            exchange,
            self._callers.scope(
                request.origin, authorization, request.header("x-pre-auth-context"), account
            ),
            credentials=bool(authorization) or "_account" in entry,
            start=seconds,
            end=seconds + (LONGEST_S if elapsed is None else elapsed),
            zoned=start.zoned,
            body=body is not None,
            headers=headers.whole,
            key_ok=request.key_ok,
            conditional=request.conditional,
        )


def _status(response: dict[str, Any]) -> int:
    status = response.get("status")
    if status in _NO_RESPONSE:
        raise NoResponse
    if isinstance(status, str) and status.strip().isdecimal() and len(status) < 9:
        status = int(status)
    if isinstance(status, float) and status.is_integer():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 999:
        raise UnreadableCall("response.status is no HTTP status")
    return status


def _kept(headers: Headers, clean: Any) -> tuple[tuple[str, str], ...]:
    """The request headers that evidence shows."""
    return tuple(
        (name, "***" if name.lower() == "authorization" else clean(value))
        for name, value in headers.lines
        if name.lower() in _KEPT or name.lower() == "authorization"
    )


def _clock_shift(entry: dict[str, Any]) -> float:
    """By how many seconds this suite had moved the endpoint's clock (see writer.py)."""
    shift = entry.get("_endpointClock")
    return float(shift) if isinstance(shift, (int, float)) else 0.0
