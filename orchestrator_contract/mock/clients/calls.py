"""One request of the client under judgement, as its rules see it: when it came, and what it was answered."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from orchestrator_contract.mock.messages import Request, Response

_ITEM = re.compile(rb"/v2/ControlPlane/Configurations/[^/]+")
_OPERATION = re.compile(rb"/v2/ControlPlane/Operations/([^/]+)")
_COLLECTION = b"/v2/ControlPlane/Configurations"
_TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
#: Long runs forget their oldest keys, SIDs and operations beyond so many.
REMEMBERED = 20_000

_V = TypeVar("_V")


class Recent(Generic[_V]):
    """A mapping that keeps its newest entries only."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[object, _V] = OrderedDict()

    def get(self, name: object) -> _V | None:
        """The entry *name*, or None."""
        return self._entries.get(name)

    def put(self, name: object, value: _V) -> None:
        """Stores *value* as the newest entry."""
        self._entries[name] = value
        self._entries.move_to_end(name)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def values(self) -> list[_V]:
        """All entries, oldest first."""
        return list(self._entries.values())


def kind_of(method: str, path: bytes) -> str:
    """Which call of the contract this is: create, list, delete, fetch, update, poll; empty for any other."""
    if path == _COLLECTION:
        return {"GET": "list", "POST": "create"}.get(method, "")
    if _ITEM.fullmatch(path):
        return {"DELETE": "delete", "GET": "fetch", "PUT": "update", "PATCH": "update"}.get(
            method, ""
        )
    return "poll" if method == "GET" and _OPERATION.fullmatch(path) else ""


def printable(text: bytes | str, most: int = 160) -> str:
    """*text* for a terminal: a client's bytes must not steer it."""
    shown = text.decode("latin-1") if isinstance(text, bytes) else text
    shown = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in shown[: most + 1])
    return shown if len(shown) <= most else shown[:most] + "…"


def members(response: Response) -> dict[str, Any]:
    """The answer's JSON object as the client reads it; empty when there is none."""
    try:
        coded = response.get("content-encoding") == "gzip"
        document = json.loads(gzip.decompress(response.body) if coded else response.body)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


@dataclass(slots=True, eq=False)
class Call:
    """One request; all instants in seconds of one steady clock."""

    kind: str
    method: str
    path: bytes
    query: bytes
    region: int
    #: Tells callers apart without holding what they authenticate with.
    caller: bytes
    #: Every Idempotency-Key line.
    keys: tuple[bytes, ...]
    #: Digest of the payload.
    payload: bytes
    #: The secret of an account stands outside the Authorization header.
    shows_secret: bool
    came: float
    #: Seconds of the mock's movable clock: keys age by it.
    moved: float
    #: From here on filled in by the answer. None while there is none.
    answered: float | None = None
    status: int = 0
    #: False when the client had gone, or the connection was cut.
    reached: bool = True
    retry_after: float | None = None
    #: Id of the operation that a 202 or a poll is about.
    operation: str = ""
    terminal: bool = False

    @property
    def key(self) -> bytes | None:
        """The key; None without one."""
        return self.keys[0] if self.keys else None

    @property
    def name(self) -> str:
        """How findings call it."""
        return f"{self.method} {printable(self.path)}"

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for a request and its retry."""
        return self.caller, self.region, self.method, self.path, self.query

    @classmethod
    def of(cls, request: Request, came: float, moved: float, secrets: tuple[bytes, ...]) -> Call:
        """The call that *request* makes."""
        open_lines = [
            v for n, v in request.headers if n not in (b"authorization", b"proxy-authorization")
        ]
        elsewhere = b"\n".join([request.path, request.query, *open_lines])
        return cls(
            kind=kind_of(request.method, request.path),
            method=request.method,
            path=request.path,
            query=request.query,
            region=request.region,
            caller=hashlib.sha256(b"\n".join(request.lines(b"authorization"))).digest(),
            keys=tuple(request.lines(b"idempotency-key")),
            payload=hashlib.sha256(request.body).digest(),
            shows_secret=any(secret in elsewhere for secret in secrets),
            came=came,
            moved=moved,
        )

    def answer(self, response: Response, now: float, *, reached: bool) -> None:
        """Fills in what the client was told."""
        self.answered, self.status, self.reached = now, response.status, reached
        asked = response.get("retry-after") or ""
        self.retry_after = (
            float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
        )
        if self.kind == "poll":
            match = _OPERATION.fullmatch(self.path)
            self.operation = match[1].decode("latin-1") if match else ""
            self.terminal = response.status == 200 and members(response).get("status") in _TERMINAL
        elif response.status == 202:
            url = (
                response.get("operation-id")
                or members(response).get("statusUrl")
                or response.get("location")
                or ""
            )
            self.operation = str(url).rstrip("/").rpartition("/")[2]


@dataclass(slots=True, eq=False)
class Followed:
    """One operation and how the client follows it."""

    id: str
    accepted: Call
    polls: int = 0
    polls_after_end: int = 0
    last: Call | None = None
    #: The client knows the outcome, by a poll or because the configuration was shown to be gone.
    settled: bool = False


@dataclass(slots=True)
class History:
    """What the rules share: the operations that were accepted."""

    operations: Recent[Followed] = field(default_factory=Recent)

    def arrived(self, call: Call) -> Followed | None:
        """The operation that a poll is about, if the client was told of it."""
        match = _OPERATION.fullmatch(call.path) if call.kind == "poll" else None
        return self.operations.get(match[1].decode("latin-1")) if match else None

    def answered(self, call: Call) -> None:
        """Takes over what the client has learned from an answer that reached it."""
        if not call.reached:
            return
        if call.kind == "poll":
            followed = self.operations.get(call.operation)
            if followed is not None:
                followed.last = call
                followed.settled |= call.terminal
        elif call.status == 202 and call.operation and self.operations.get(call.operation) is None:
            self.operations.put(call.operation, Followed(call.operation, call))
        elif call.kind == "fetch" and call.status == 404:
            for followed in self.operations.values():
                if followed.accepted.path == call.path and followed.accepted.region == call.region:
                    followed.settled = True
