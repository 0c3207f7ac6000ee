"""A request with its response: recorded, judged and shown as evidence."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from threading import Lock
from typing import Any

from orchestrator_contract.http.addresses import brief_name, last_segment
from orchestrator_contract.http.json_text import Parsed, parse_json, values_in
from orchestrator_contract.http.response import Response, TransportFault
from orchestrator_contract.http.shell import curl_line
from orchestrator_contract.scope import Scope

#: Kept parts of a dropped response: members and items, and characters of each text.
_KEPT_MEMBERS, _KEPT_TEXT = 64, 4096
#: Bytes below which a response is not worth dropping, and bytes of larger ones that are kept whole.
_LIGHT_RESPONSE, _MOST_RETAINED = 8 * 1024, 48 * 1024 * 1024
_SHOWN_BODY = 2000
_SHOWN_HEADERS = (
    "operation-id",
    "retry-after",
    "location",
    "x-conflicting-resource-id",
    "allow",
    "date",
    "idempotency-key",
)
_REQUEST_ID = re.compile(r"(x-)?(twilio-)?(request|correlation|trace)-?id", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """A request's meaning for the suite, apart from its bytes."""

    #: delete, operation, create, update, patch, fetch, list, delete-conversation,
    #: fetch-conversation, clock, or other.
    operation: str
    #: The configuration or operation id it is about.
    subject: str = ""
    #: Statuses that conform here beside the documented ones, because the contract is silent.
    allow: frozenset[int] = frozenset()
    #: The status that the request itself provokes through a fault; it is not retried.
    provokes: int | None = None
    #: False if only HTTP is judged, as the sources leave status and content open.
    judge_content: bool = True
    #: The body of an error is not judged: the path may never reach the API behind it.
    outside_api: bool = False
    #: Of a poll: the asynchronous call whose operation is polled.
    of: str = ""
    #: Whose credentials it carries: "own", "missing", "wrong" or "other account".
    credentials: str = "own"
    #: True if its SID does not look like one.
    malformed_sid: bool = False

    @property
    def tool(self) -> bool:
        """True if it moves the endpoint's clock, which is a tool of the test."""
        return self.operation == "clock"

    @property
    def asynchronous(self) -> str:
        """The call whose rules hold: a poll's are those of what it follows."""
        return self.of or self.operation


@dataclass(eq=False)
class Exchange:
    """A request and its response, or the fault in its place."""

    call: Call
    method: str
    #: As sent: origin and raw target.
    url: str
    #: As sent, secrets already replaced.
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes | None
    at: datetime
    #: Monotonic seconds when the request was sent; comparable within one process.
    sent: float
    elapsed: float = 0.0
    key: str | None = None
    account: int | None = 0
    region: int = 0
    response: Response | None = None
    fault: TransportFault | None = None
    fault_text: str = ""
    #: Answers that the same request got before this one, and after which it was sent again.
    before: tuple[int, ...] = ()
    #: Environment variables that hold the credentials, for the curl line.
    credential_names: tuple[str, ...] | None = None
    #: Those of the profile's headers by lower-case name, empty for one that is no secret; likewise.
    header_variables: Mapping[str, str] = field(default_factory=dict)
    #: curl's options for the way to the endpoint, as shell words.
    curl_options: tuple[str, ...] = ()
    note: str = ""
    #: False for one of the clock's, and one that was abandoned or never connected.
    judged: bool = True

    @property
    def scope(self) -> Scope:
        """Where it went; without credentials that of the first account."""
        return Scope(self.account or 0, self.region)

    @property
    def status(self) -> int | None:
        """The HTTP status; None when there was no complete response."""
        return self.response.status if self.response else None

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Response headers by lower-case name; several lines joined by a comma."""
        joined: dict[str, str] = {}
        for name, value in self.response.headers if self.response else ():
            lower = name.lower()
            joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
        return joined

    @cached_property
    def json(self) -> Parsed:
        """The body as `parse_json` reads it."""
        return parse_json(self.response.body) if self.response else Parsed(error="no response")

    @cached_property
    def documented(self) -> Mapping[str, Any]:
        """The parts that identify the original response: status, links, related.

        Newer states of the operation have no part in it. A digest stands for long values.
        """
        body, headers = self.object, self.headers
        found = {name: body.get(name) for name in ("statusUrl", "related")}
        found |= {
            f"$.{name}": body.get(name)
            for name in ("operationId", "status", "createdAt", "completedAt")
        }
        found |= {name: headers.get(name.lower()) for name in ("Operation-Id", "Location")}
        return {"status": self.status, **{name: _mark(value) for name, value in found.items()}}

    @property
    def succeeded(self) -> bool:
        """True for a 2xx, documented or not."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def related_sid(self) -> Any:
        """The configuration that the response names; None if it names none."""
        related = self.object.get("related")
        return related.get("configurationId") if isinstance(related, dict) else None

    @cached_property
    def operation_names(self) -> frozenset[str]:
        """Every id by which a 202 names its operation."""
        status_url, location = self.object.get("statusUrl"), self.headers.get("location")
        names = {brief_name(self.headers.get("operation-id", ""))}
        names |= {last_segment(url) or "" for url in (status_url, location) if isinstance(url, str)}
        return frozenset(names - {""})

    @property
    def weight(self) -> int:
        """Roughly the bytes of memory that the response takes."""
        if self.response is None:
            return 0
        body = self.response.body
        head = sum(len(name) + len(value) for name, value in self.response.headers)
        return 2 * (len(body) + head) + 64 * values_in(body)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal content: a JSON body's value, else its bytes."""
        if self.response is None:
            return ""
        if self.json.error is None:
            return _digest(repr(_ordered(self.json.value)))
        return hashlib.sha256(self.response.body).hexdigest()

    def shed(self) -> None:
        """Drop most of a large response, except what is read later."""
        if self.response is None:
            return
        if self.key is not None:  # only what has a key is compared with a replay
            _ = self.fingerprint, self.documented, self.operation_names
        shown = self.shown_headers()
        self.__dict__["json"] = Parsed(_brief(self.json.value), self.json.error)
        self.__dict__.pop("headers", None)
        self.response.headers = [
            (name, value[:_KEPT_TEXT])
            for name, value in self.response.headers
            if name.lower() in shown
        ]
        self.response.body = self.response.body[: _SHOWN_BODY + 1]

    @property
    def object(self) -> dict[str, Any]:
        """The body when it is a JSON object, else an empty one."""
        return self.json.value if isinstance(self.json.value, dict) else {}

    @property
    def text(self) -> str:
        """The body for showing, bounded."""
        if self.response is None:
            return ""
        shown = self.response.body[:_SHOWN_BODY].decode("utf-8", "backslashreplace")
        return shown + ("…" if len(self.response.body) > _SHOWN_BODY else "")

    def shown_headers(self) -> dict[str, str]:
        """Response headers that may be stored: the contract's, Date, Content-* and request ids."""
        return {
            name: value[:300]
            for name, value in self.headers.items()
            if name in _SHOWN_HEADERS or name.startswith("content-") or _REQUEST_ID.fullmatch(name)
        }

    def curl(self) -> str:
        """A shell line that repeats the request; credentials stand as variables."""
        return curl_line(
            self.method,
            self.url,
            self.request_headers,
            self.request_body,
            credentials=self.credential_names or (),
            variables=self.header_variables,
            options=self.curl_options,
        )

    def outcome(self) -> str:
        """The response, or the reason for none, in a few words."""
        return str(self.status) if self.response else f"no response ({self.fault_text})"


class Retention:
    """Drops the oldest large responses, as exchanges are kept; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._whole: deque[tuple[Exchange, int]] = deque()
        self._total = 0

    def keep(self, exchange: Exchange) -> None:
        """Keep *exchange* whole while there is room."""
        weight = exchange.weight
        if weight < _LIGHT_RESPONSE:
            return
        old = []
        with self._lock:
            self._whole.append((exchange, weight))
            self._total += weight
            while self._total > _MOST_RETAINED and len(self._whole) > 1:
                oldest, freed = self._whole.popleft()
                self._total -= freed
                old.append(oldest)
        for one in old:
            one.shed()


def _ordered(value: Any) -> Any:
    """*value* with the members of objects in order."""
    if isinstance(value, dict):
        return [(name, _ordered(value[name])) for name in sorted(value)]
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _mark(value: Any) -> Any:
    """*value*, or a digest of a long one, fixed before it is dropped."""
    said = value if isinstance(value, str) else repr(_ordered(value))
    return value if len(said) <= _KEPT_TEXT else f"sha256 {_digest(said)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _brief(value: Any) -> Any:
    """*value* with long texts cut, and objects and arrays after some members."""
    if isinstance(value, dict):
        return {name[:_KEPT_TEXT]: _brief(value[name]) for name in islice(value, _KEPT_MEMBERS)}
    if isinstance(value, list):
        return [_brief(item) for item in value[:_KEPT_MEMBERS]]
    return value[:_KEPT_TEXT] if isinstance(value, str) else value
