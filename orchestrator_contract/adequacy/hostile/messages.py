"""Requests as they came and replies as they are written: plain HTTP/1.1, nothing clever."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote

from .wire import PeerGone, Wire


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with the raw bytes it came as."""

    method: str
    #: The request target before `?`, still percent-encoded.
    path: str
    query: dict[str, list[str]]
    #: Lower-case name to value; several lines of one name are joined by ", ".
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def segments(self) -> list[str]:
        """The path's segments, each decoded, so that an encoded slash stays in its segment."""
        return [unquote(part) for part in self.path.split("/")[1:]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: what the conformant core says before a behaviour lays hands on it."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    #: An answer to HEAD: the head alone is sent.
    bare: bool = False

    @classmethod
    def of(cls, status: int, document: object, **headers: str) -> Reply:
        """A JSON reply; in header names given as keywords `_` stands for `-`."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(
            status, json.dumps(document).encode(), (("Content-Type", "application/json"), *named)
        )

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; empty without one."""
        found = json.loads(self.body) if self.body else {}
        return found if isinstance(found, dict) else {}

    def edited(self, **members: object) -> Reply:
        """The same reply with these members of its JSON object set."""
        return replace(self, body=json.dumps({**self.document, **members}).encode())

    def with_body(self, body: bytes) -> Reply:
        """The same reply around another body."""
        return replace(self, body=body)

    def with_headers(self, **headers: str) -> Reply:
        """The same reply with these headers set; `_` stands for `-`."""
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        lower = {name.lower() for name in new}
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in lower)
        return replace(self, headers=kept + tuple(new.items()))

    def as_status(self, status: int) -> Reply:
        """The same reply under another status."""
        return replace(self, status=status)

    def status_line(self) -> bytes:
        """The status line with the usual reason phrase."""
        reason = http.client.responses.get(self.status, "Unknown")
        return f"HTTP/1.1 {self.status} {reason}\r\n".encode()

    def header_lines(self) -> bytes:
        """All header lines but Content-Length, in UTF-8, as careless servers do."""
        return "".join(f"{name}: {value}\r\n" for name, value in self.headers).encode(
            "utf-8", "surrogatepass"
        )

    def head(self, *more: bytes, length: int | None = None) -> bytes:
        """Status line, headers, *more* raw lines and, unless None, Content-Length."""
        size = b"" if length is None else b"Content-Length: %d\r\n" % length
        return self.status_line() + self.header_lines() + b"".join(more) + size + b"\r\n"

    def framed(self, *more: bytes) -> bytes:
        """The whole reply, well-formed."""
        if self.bare:
            return self.head(*more)
        return self.head(*more, length=len(self.body)) + self.body


def read_request(wire: Wire) -> Request:
    """The next request on *wire*.

    Raises:
        PeerGone: the peer left, or sent what no HTTP client sends.
    """
    raw = wire.read_until(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) < 3:
        raise PeerGone
    headers: dict[str, str] = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body = _read_body(wire, headers)
    # An absolute-form target is cut down to its path.
    target = " ".join(parts[1:-1])
    if "://" in target.partition("?")[0] and not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return Request(
        parts[0], path, parse_qs(query, keep_blank_values=True), headers, body, raw + body
    )


def _read_body(wire: Wire, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b""
        while True:
            line = wire.read_until(b"\r\n").partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise PeerGone from None
            if size == 0:
                while wire.read_until(b"\r\n") != b"\r\n":
                    pass
                return body
            body += wire.read_exactly(size)
            wire.read_exactly(2)
    length = headers.get("content-length", "0")
    return wire.read_exactly(int(length)) if length.isascii() and length.isdigit() else b""
