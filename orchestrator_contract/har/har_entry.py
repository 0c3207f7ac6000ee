"""One HAR entry as an Exchange: what the judge needs of it, and no secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.instants import parse_instant
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import MAX_BODY, Response
from orchestrator_contract.inputs.malformed_sids import USUAL_SID
from orchestrator_contract.redaction.redactor import Redactor

_PATH = re.compile(r"/v2/ControlPlane/(Configurations|Operations)(?:/([^/]*))?/?")
_CONVERSATION = re.compile(r"/v2/Conversations/([^/]+)/?")
#: Request headers that are kept: someone else's traffic may carry secrets in any other.
_KEPT = frozenset(
    {"idempotency-key", "content-type", "accept", "accept-encoding", "content-length"}
)
_SCOPES = 256
#: Client errors with which a malformed or reused key may be refused.
_REFUSALS = frozenset(range(400, 500))


class BadEntry(Exception):
    """The entry can't be judged; the argument says what is wrong with it."""


class Skipped(Exception):
    """The entry says nothing about the endpoint; the argument says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange with what only the recording knows of it."""

    exchange: Exchange
    #: Tells callers apart: origin and credentials; a keyed hash that lives no longer than the process.
    scope: str
    #: Whether the recording shows credentials at all.
    credentials: bool
    #: Seconds since the epoch, on the endpoint's clock as far as known; `end` is infinite when not recorded.
    start: float
    end: float
    #: False when the recording left the body out.
    body: bool
    key_ok: bool


class Reader:
    """Turns entries into exchanges; forgets credentials as soon as they are replaced."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._redactors: OrderedDict[str, Redactor] = OrderedDict()
        #: Addresses of operations that answers have named, with the calls that led to them; they need not look like the documented path.
        self.operations: OrderedDict[str, str] = OrderedDict()
        self.origin = ""

    def read(self, index: int, entry: Any) -> Recorded | None:
        """The entry's exchange; None when it is no call to the control plane.

        Raises:
            BadEntry: it can't be judged.
            Skipped: it says nothing about the endpoint.
        """
        request, response = _part(entry, "request"), _part(entry, "response")
        method, url = _text(request, "method"), _text(request, "url")
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            raise BadEntry("request.url is no URL") from None
        url = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        operation, subject = self._classify(method, url, parts.path)
        if operation is None:
            return None
        if entry.get("_fromCache") or response.get("_fromCache"):
            raise Skipped("answered from a cache")
        status = response.get("status")
        if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 999:
            if status in (0, -1):
                raise Skipped("no answer is recorded")
            raise BadEntry("response.status is no HTTP status")
        if response.get("statusText") == "Internal Redirect":
            raise Skipped("a redirect that the browser made itself")
        sent, received = _headers(request, "request"), _headers(response, "response")
        start, elapsed = _times(entry)
        authorization = next((v for n, v in sent if n.lower() == "authorization"), "")
        redactor = self._redactor(authorization)
        origin = f"{parts.scheme}://{host}".lower()
        self.origin = self.origin or redactor.text(origin)
        scope = hmac.new(
            self._salt,
            f"{origin}\n{authorization}\n{entry.get('_account')}".encode("utf-8", "replace"),
            hashlib.sha256,
        )
        keys = [value for name, value in sent if name.lower() == "idempotency-key"]
        key = keys[0] if len(keys) == 1 else None
        key_ok = not keys or (len(keys) == 1 and schemas.matches("idempotency-key.json", key))
        body, known = _body(response, status)
        answer = Response(
            status,
            "",
            [
                (n, redactor.text(v))
                for n, v in received
                if n.lower() not in ("set-cookie", "content-encoding")
            ],
            redactor.raw(body),
        )
        odd = operation == "delete" and not USUAL_SID.fullmatch(subject)
        allow = (
            frozenset({401, 403})
            | (frozenset() if key_ok else _REFUSALS)
            | (frozenset({400, 405, 414}) if odd else frozenset())
        )
        exchange = Exchange(
            Call(
                operation,
                redactor.text(subject),
                allow=allow,
                outside_api=odd,
                of=self._led_to(operation, url),
            ),
            method,
            redactor.text(url),
            tuple(
                (n, "***" if n.lower() == "authorization" else redactor.text(v))
                for n, v in sent
                if n.lower() in _KEPT or n.lower() == "authorization"
            ),
            None,
            datetime.fromtimestamp(start, UTC),
            start,
            elapsed or 0.0,
            key=key if key_ok else None,
            response=answer,
            note=f"entry {index}",
        )
        clock = entry.get("_endpointClock")
        shift = float(clock) if isinstance(clock, (int, float)) else 0.0
        exchange.sent = start = start + shift
        for link in (
            (exchange.object.get("statusUrl"), exchange.headers.get("location"))
            if status == 202
            else ()
        ):
            if isinstance(link, str) and link.lower().startswith("http"):
                self.operations[link.partition("#")[0]] = operation
        while len(self.operations) > 20_000:  # bounded like the history
            self.operations.popitem(last=False)
        end = start + elapsed if elapsed is not None else float("inf")
        return Recorded(
            exchange,
            scope.hexdigest(),
            bool(authorization) or "_account" in entry,
            start,
            end,
            known,
            key_ok,
        )

    def _led_to(self, operation: str, url: str) -> str:
        """Of a poll: the call whose operation it polls."""
        return self.operations.get(url, "") if operation == "operation" else ""

    def _classify(self, method: str, url: str, path: str) -> tuple[str | None, str]:
        if method == "GET" and url in self.operations:
            return "operation", path.rpartition("/")[2]
        conversation = _CONVERSATION.search(path)
        if conversation is not None and conversation.end() == len(path):
            return {"DELETE": "delete-conversation", "GET": "fetch-conversation"}.get(
                method
            ), conversation.group(1)
        at = path.find("/v2/ControlPlane/")
        match = _PATH.fullmatch(path[at:]) if at >= 0 else None
        if match is None:
            return None, ""
        kind, segment = match.group(1), match.group(2) or ""
        if kind == "Operations":
            return ("operation", segment) if method == "GET" and segment else (None, "")
        calls = (
            {"DELETE": "delete", "GET": "fetch", "PUT": "update", "PATCH": "patch"}
            if segment
            else {"GET": "list", "POST": "create"}
        )
        return calls.get(method), segment

    def _redactor(self, authorization: str) -> Redactor:
        digest = hmac.new(
            self._salt, authorization.encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()
        if digest not in self._redactors:
            redactor = Redactor()
            redactor.learn(authorization)
            kind, _, value = authorization.partition(" ")
            if kind.lower() == "basic":
                try:
                    user, _, password = (
                        base64.b64decode(value, validate=False)
                        .decode("utf-8", "replace")
                        .partition(":")
                    )
                    redactor.add(user, password)
                except (binascii.Error, ValueError):
                    pass
            self._redactors[digest] = redactor
            if len(self._redactors) > _SCOPES:
                self._redactors.popitem(last=False)
        return self._redactors[digest]


def _part(entry: Any, name: str) -> dict[str, Any]:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, dict):
        raise BadEntry(f"there is no {name}")
    return value


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise BadEntry(f"request.{name} is no text")
    return value


def _headers(part: dict[str, Any], name: str) -> list[tuple[str, str]]:
    lines = part.get("headers")
    if not isinstance(lines, list):
        raise BadEntry(f"{name}.headers is no list")
    found = []
    for line in lines:
        if (
            not isinstance(line, dict)
            or not isinstance(line.get("name"), str)
            or not isinstance(line.get("value"), str)
        ):
            raise BadEntry(f"{name}.headers has a line without name and value")
        found.append((line["name"], line["value"]))
    return found


def _times(entry: dict[str, Any]) -> tuple[float, float | None]:
    """When the request started, in seconds since the epoch, and for how long; None: not recorded."""
    at = parse_instant(str(entry.get("startedDateTime")))
    if at is None:
        raise BadEntry("startedDateTime is no RFC 3339 instant")
    spent = entry.get("time")
    known = (
        isinstance(spent, (int, float)) and not isinstance(spent, bool) and 0 <= spent < 1e9
    )  # ms
    return at[0].timestamp() + at[1] / 1e9, float(spent) / 1000 if known and isinstance(
        spent, (int, float)
    ) else None


def _body(response: dict[str, Any], status: int) -> tuple[bytes, bool]:
    """The body, and whether the recording has it."""
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text = content.get("text")
    if not isinstance(text, str):
        size = content.get("size")
        return b"", size == 0 and response.get("bodySize") in (0, None) and status != 304
    if len(text) > MAX_BODY:
        raise Skipped(f"its body is larger than {MAX_BODY} bytes")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=False), True
        except (binascii.Error, ValueError):
            raise BadEntry("response.content.text is not base64") from None
    return text.encode("utf-8", "replace"), True
