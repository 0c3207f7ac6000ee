"""One request with what came back: the unit that is recorded, judged and shown as evidence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from orchestrator_contract.http.addresses import brief_name, last_segment
from orchestrator_contract.http.response import Response, TransportFault
from orchestrator_contract.http.shell import curl_line
from orchestrator_contract.scope import Scope

#: Nesting past which a JSON text is refused; documented bodies nest three deep.
MAX_DEPTH = 64
_LONE = re.compile("[\ud800-\udfff]")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 400
#: Values past which a JSON text is refused, by its commas and opening brackets: reading more takes seconds, and 100 bytes for each.
MAX_VALUES = 250_000
#: What is kept of an answer that is let go of: members and items, and characters of each text.
_KEPT_MEMBERS, _KEPT_TEXT = 64, 4096
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
    """What a request means to the suite, apart from its bytes."""

    #: delete, operation, create, update, patch, fetch, list, delete-conversation, fetch-conversation, clock, or other.
    operation: str
    #: The configuration or operation id it is about.
    subject: str = ""
    #: Statuses that conform here beside the documented ones, because the contract is silent.
    allow: frozenset[int] = frozenset()
    #: The status that the request itself provokes through a fault; it is not retried.
    provokes: int | None = None
    #: Whether the contract binds status and content here; where not (bad credentials), only HTTP is judged.
    judge_content: bool = True
    #: The body of an error is not judged: the path may never reach the API behind it.
    outside_api: bool = False
    #: Of a poll: the asynchronous call whose operation is polled.
    of: str = ""
    #: Whose credentials it carries: "own", "missing", "wrong" or "other account".
    credentials: str = "own"
    #: Whether its SID does not look like one.
    malformed_sid: bool = False

    @property
    def tool(self) -> bool:
        """Whether it moves the endpoint's clock: a lever of whoever runs the suite, and not what is under test."""
        return self.operation == "clock"

    @property
    def asynchronous(self) -> str:
        """The call whose rules hold: a poll's are those of what it follows."""
        return self.of or self.operation


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body read as JSON: its value, or why it is none."""

    value: Any = None
    error: str | None = None


@dataclass(eq=False)
class Exchange:
    """A request and its answer, or the fault that took the answer's place."""

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
    note: str = field(default="")
    #: Whether the rules may judge it: not one of the clock's, nor one that the client abandoned or never connected.
    judged: bool = True

    @property
    def scope(self) -> Scope:
        """Where it went; without credentials that of the first account."""
        return Scope(self.account or 0, self.region)

    @property
    def status(self) -> int | None:
        """The HTTP status; None when there was no complete answer."""
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
        """The body as JSON, strictly: UTF-8, no NaN, bounded depth."""
        return parse_json(self.response.body) if self.response else Parsed(error="no answer")

    @cached_property
    def documented(self) -> Mapping[str, Any]:
        """What makes an answer the original one: status, links, related, and nothing newer of the operation; a digest stands for what is long."""
        of_body = {name: _mark(self.object.get(name)) for name in ("statusUrl", "related")}
        of_body |= {
            f"$.{name}": _mark(self.object.get(name))
            for name in ("operationId", "status", "createdAt", "completedAt")
        }
        return {
            "status": self.status,
            **of_body,
            **{
                name: _mark(self.headers.get(name.lower())) for name in ("Operation-Id", "Location")
            },
        }

    @property
    def succeeded(self) -> bool:
        """Whether the answer is a 2xx, documented or not."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def related_sid(self) -> Any:
        """The configuration that the answer says it is about, whatever its type; None where it names none."""
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
        """Roughly the bytes of memory that the answer takes."""
        if self.response is None:
            return 0
        body = self.response.body
        return (
            2 * len(body)
            + 64 * _values(body)
            + 2 * sum(len(name) + len(value) for name, value in self.response.headers)
        )

    @cached_property
    def fingerprint(self) -> str:
        """The same for bodies that say the same: of JSON its value counts, of anything else its bytes."""
        if self.response is None:
            return ""
        plain = (
            repr(_ordered(self.json.value)).encode("utf-8", "backslashreplace")
            if self.json.error is None
            else self.response.body
        )
        return hashlib.sha256(plain).hexdigest()

    def shed(self) -> None:
        """Let go of most of a large answer; what is read of exchanges long after they were judged stays."""
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
        """The response headers that may be stored (docs/safety.md): the contract's, Date, Content-*, request ids."""
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
        """What came back, in a few words."""
        return str(self.status) if self.response else f"no answer ({self.fault_text})"


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    deepest, stack = 0, [(value, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        if depth > MAX_DEPTH:
            break
        children = (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        )
        stack.extend((child, depth + 1) for child in children if isinstance(child, (dict, list)))
    return deepest


def _values(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _ordered(value: Any) -> Any:
    """*value* with the members of objects in order."""
    if isinstance(value, dict):
        return [(name, _ordered(value[name])) for name in sorted(value)]
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _mark(value: Any) -> Any:
    """*value*, or where it is long what is equal for equal values; it is what it was when the value is no longer whole."""
    said = value if isinstance(value, str) else repr(_ordered(value))
    return (
        value
        if len(said) <= _KEPT_TEXT
        else f"sha256 {hashlib.sha256(said.encode('utf-8', 'backslashreplace')).hexdigest()}"
    )


def _brief(value: Any) -> Any:
    """*value* with long texts cut, and objects and arrays after some members."""
    if isinstance(value, dict):
        return {name[:_KEPT_TEXT]: _brief(value[name]) for name in islice(value, _KEPT_MEMBERS)}
    if isinstance(value, list):
        return [_brief(item) for item in value[:_KEPT_MEMBERS]]
    return value[:_KEPT_TEXT] if isinstance(value, str) else value


def parse_json(body: bytes) -> Parsed:
    """Read one JSON text; never raises."""
    if _values(body) > MAX_VALUES:
        return Parsed(error=f"more than {MAX_VALUES} values")
    try:
        value = json.loads(body.decode("utf-8"), parse_int=_integer, parse_constant=_constant)
    except UnicodeDecodeError as error:
        return Parsed(error=f"not UTF-8: {error.reason} at byte {error.start}")
    except RecursionError:
        return Parsed(error=f"nested deeper than {MAX_DEPTH}")
    except ValueError as error:
        return Parsed(error=f"not JSON: {error}" if body.strip() else "empty")
    if _depth(value) > MAX_DEPTH:
        return Parsed(error=f"nested deeper than {MAX_DEPTH}")
    if _HALF_PAIR.search(body):
        # JSON can escape half a surrogate pair, which no later URL, file or terminal can take; what takes its place is in no URI either.
        value = json.loads(_LONE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    return Parsed(value)
