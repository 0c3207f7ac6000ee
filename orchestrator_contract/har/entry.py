"""One HAR entry as an exchange for judging, without secrets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from orchestrator_contract.har.cached_entries import answered_by
from orchestrator_contract.har.calls import Calls
from orchestrator_contract.har.counts import EntryCount
from orchestrator_contract.har.messages import (
    CONDITIONS,
    Headers,
    Request,
    Unreadable,
    body_of,
    headers_of,
    request_of,
    response_of,
)
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.times import LONGEST_S, Timeline, duration_of, parse_start
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.redaction.redactor import Redactor

#: Redactors that are kept, one for each set of credentials.
_MOST_CALLERS = 256
#: Request headers that are kept: someone else's traffic may carry secrets in any other.
_KEPT = CONDITIONS | {
    *("idempotency-key", "content-type", "accept", "accept-encoding", "content-length")
}
#: Response headers that don't fit a body as the recording has it, or hold secrets.
_DROPPED = frozenset({"set-cookie", "content-encoding"})


class EntryReader:
    """Turns entries into exchanges, in the order of the file."""

    def __init__(self) -> None:
        self.count = EntryCount()
        self._callers = _Callers()
        self._calls = Calls()
        self._timeline = Timeline()
        #: The origin of the first call, free of secrets.
        self.origin = ""

    def read(self, number: int, entry: Any) -> Recorded | None:
        """The entry's exchange, if it is a call to the control plane that was answered."""
        self.count.entries += 1
        named = None
        try:
            request = request_of(entry)
            named = self._calls.named(request.method, request.url)
            seen = self._call(number, entry, request, *named) if named else None
        except Unreadable as error:
            self.count.unread(number, str(error), call=named is not None)
            return None
        if seen is not None:
            self.count.call(seen)
        return seen

    def _call(
        self, number: int, entry: dict[str, Any], request: Request, name: str, subject: str
    ) -> Recorded | None:
        """The call with its response; None if the endpoint gave none, which is counted."""
        if source := answered_by(entry):
            self.count.not_from_network(source)
            return None
        answer = response_of(entry)
        if answer is None:
            self.count.no_response()
            return None
        response, status = answer
        start = parse_start(entry.get("startedDateTime"))
        if start is None:
            raise Unreadable("startedDateTime is no ISO 8601 date and time")
        seconds, elapsed = self._timeline.place(start), duration_of(entry)
        authorization = request.header("authorization")
        redactor = self._callers.redactor(authorization)
        self.origin = self.origin or redactor.text(request.origin)
        headers = headers_of(response)
        body = body_of(response, status, headers)
        call = self._calls.call(name, subject, request)
        exchange = Exchange(
            replace(call, subject=redactor.text(call.subject)),
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
            note=f"entry {number}" + ("" if body is not None else ", body not recorded"),
        )
        exchange.sent = seconds = seconds + _clock_shift(entry)
        self._calls.learn(exchange)
        account, context = str(entry.get("_account")), request.header("x-pre-auth-context")
        return Recorded(
            exchange,
            self._callers.scope(request.origin, authorization, context, account),
            credentials=bool(authorization) or "_account" in entry,
            start=seconds,
            end=seconds + (LONGEST_S if elapsed is None else elapsed),
            zoned=start.zoned,
            body=body is not None,
            headers=headers.whole,
            key_ok=request.key_ok,
            conditional=request.conditional,
        )


def _kept(headers: Headers, clean: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """The request headers that evidence shows."""
    return tuple(
        (name, "***" if name.lower() == "authorization" else clean(value))
        for name, value in headers.lines
        if name.lower() in _KEPT or name.lower() == "authorization"
    )


def _clock_shift(entry: dict[str, Any]) -> float:
    """Seconds by which the suite had moved the endpoint's clock (writer.py)."""
    shift = entry.get("_endpointClock")
    return float(shift) if isinstance(shift, (int, float)) else 0.0


class _Callers:
    """Knows callers by a keyed hash; forgets credentials once replaced."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._redactors: OrderedDict[str, Redactor] = OrderedDict()

    def scope(self, *parts: str) -> str:
        """A name for the same origin, credentials and account in this process."""
        text = "\n".join(parts).encode("utf-8", "replace")
        return hmac.new(self._salt, text, hashlib.sha256).hexdigest()

    def redactor(self, authorization: str) -> Redactor:
        """The redactor of these credentials, in each form that they travel in."""
        name = self.scope(authorization)
        if name not in self._redactors:
            self._redactors[name] = _redactor(authorization)
            if len(self._redactors) > _MOST_CALLERS:
                self._redactors.popitem(last=False)
        return self._redactors[name]


def _redactor(authorization: str) -> Redactor:
    made = Redactor()
    made.learn(authorization)
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return made
        user, _, password = pair.partition(":")
        made.add(user, password)
    return made
