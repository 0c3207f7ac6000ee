"""One request of the client under judgement, as its rules see it, and its response."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from orchestrator_contract.mock.messages import Request, Response

_ITEM = re.compile(rb"/v2/ControlPlane/Configurations/[^/]+")
_OPERATION = re.compile(rb"/v2/ControlPlane/Operations/([^/]+)")
_COLLECTION = b"/v2/ControlPlane/Configurations"
_TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_OF_COLLECTION = {"GET": "list", "POST": "create"}
_OF_ITEM = {
    "DELETE": "delete",
    "GET": "fetch",
    "HEAD": "fetch",
    "PUT": "update",
    "PATCH": "update",
}


def kind_of(method: str, path: bytes) -> str:
    """The call of the contract: create, list, delete, fetch, update, poll; empty for any other."""
    if path == _COLLECTION:
        return _OF_COLLECTION.get(method, "")
    if _ITEM.fullmatch(path):
        return _OF_ITEM.get(method, "")
    return "poll" if method in ("GET", "HEAD") and _OPERATION.fullmatch(path) else ""


def printable(text: bytes | str, most: int = 160) -> str:
    """*text* for a terminal: a client's bytes must not steer it."""
    shown = text.decode("latin-1") if isinstance(text, bytes) else text
    shown = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in shown[: most + 1])
    return shown if len(shown) <= most else shown[:most] + "…"


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
    #: The members of a list's page, as far as the client reads them.
    page: dict[str, Any] = field(default_factory=dict)

    @property
    def polled(self) -> str:
        """Id of the operation that a poll names."""
        match = _OPERATION.fullmatch(self.path)
        return match[1].decode("latin-1") if match else ""

    @property
    def sid(self) -> str:
        """The SID that the path of a configuration names."""
        return unquote(self.path.rpartition(b"/")[2].decode("latin-1"))

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
        """Add the response that the client got; to HEAD that is no more than the status."""
        self.answered, self.status, self.reached = now, response.status, reached
        asked = response.get("retry-after") or ""
        seconds = asked.isascii() and asked.isdigit() and len(asked) < 9
        self.retry_after = float(asked) if seconds else None
        told = {} if self.method == "HEAD" else members(response)
        if self.kind == "poll":
            self.operation = self.polled
            self.terminal = response.status == 200 and str(told.get("status")) in _TERMINAL
        elif self.kind == "list":
            self.page = told
        elif response.status == 202:
            links = response.get("operation-id"), told.get("statusUrl"), response.get("location")
            self.operation = str(next(filter(None, links), "")).rstrip("/").rpartition("/")[2]


def members(response: Response) -> dict[str, Any]:
    """The JSON object of a body as its client reads it; empty without one."""
    try:
        document = json.loads(_decoded(response))
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _decoded(response: Response) -> bytes:
    """The body without its content codings, the last one that was applied first.

    Raises:
        ValueError: a coding is not known.
        OSError, EOFError, zlib.error: the body does not have the coding that its header names.
    """
    names = [
        name.strip().lower()
        for known, value in response.headers
        if known.lower() == b"content-encoding"
        for name in value.decode("latin-1").split(",")
    ]
    body = response.body
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            body = gzip.decompress(body)
        elif name == "deflate":
            body = _inflated(body)
        elif name not in ("", "identity"):
            raise ValueError(name)
    return body


def _inflated(body: bytes) -> bytes:
    """Undo deflate, which comes with and without the header of zlib."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)
