"""Requests and responses between the wire and the handlers."""

from __future__ import annotations

import json
from typing import Any

Headers = list[tuple[bytes, bytes]]


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def encode(document: Any) -> bytes:
    """*document* as compact JSON in ASCII, so that lone surrogates can be sent."""
    return _ENCODER.encode(document).encode("ascii")


class Request:
    """A request: raw path and query in bytes, header names in lower case."""

    __slots__ = (
        "account",
        "body",
        "connection",
        "headers",
        "http_version",
        "key",
        "method",
        "origin",
        "path",
        "query",
        "region",
        "replayed",
        "route",
        "sid",
        "written",
    )

    def __init__(
        self, method: str, path: bytes, query: bytes = b"", headers: Headers | None = None
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers: Headers = headers if headers is not None else []
        #: Header names in their original letter case.
        self.written: list[bytes] = []
        self.body = b""
        self.http_version = "1.1"
        #: Index of the region whose port took the request, and that region's origin.
        self.region = 0
        self.origin = ""
        #: Number of the TCP connection, counted from 1; 0 when there is none.
        self.connection = 0
        #: Filled in while the request is handled.
        self.route = ""
        #: The decoded last path segment; None when it cannot be decoded.
        self.sid: str | None = None
        self.account = 0
        self.key: str | None = None
        self.replayed = False

    def lines(self, name: bytes) -> list[bytes]:
        """Every value of the header *name*, one per line received."""
        return [value for known, value in self.headers if known == name]

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header *name*, or None."""
        for known, value in self.headers:
            if known == name:
                return value
        return None


class Response:
    """A response, with the wire-level faults that a defect or variant may select."""

    __slots__ = ("body", "chunked", "delay", "drop", "early", "headers", "raw", "status")

    def __init__(self, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
        self.status = status
        self.headers: Headers = headers if headers is not None else []
        self.body = body
        #: Seconds to wait before anything is written.
        self.delay = 0.0
        #: Written to the socket ahead of the response, for example a 103.
        self.early = b""
        #: Written to the socket instead of the response; the connection is closed after it.
        self.raw: bytes | None = None
        #: Close the connection without a response.
        self.drop = False
        #: Send the body in chunks.
        self.chunked = False

    @classmethod
    def of(cls, status: int, document: Any, headers: Headers | None = None) -> Response:
        """A JSON response."""
        return cls(
            status, [(b"content-type", b"application/json"), *(headers or ())], encode(document)
        )

    def copy(self) -> Response:
        """An independent copy of status, headers and body."""
        return Response(self.status, list(self.headers), self.body)

    @property
    def document(self) -> Any:
        """The body parsed as JSON."""
        return json.loads(self.body)

    @document.setter
    def document(self, value: Any) -> None:
        self.body = encode(value)

    def get(self, name: str) -> str | None:
        """The value of the header *name* (lower case), or None."""
        wanted = name.encode()
        return next(
            (value.decode("latin-1") for known, value in self.headers if known == wanted), None
        )

    def set(self, name: str, value: str | None) -> None:
        """Replaces the header *name* (lower case) in place, appends it, or with None removes it."""
        wanted = name.encode()
        if value is None:
            self.headers = [pair for pair in self.headers if pair[0] != wanted]
            return
        encoded = value.encode("latin-1")
        for index, (known, _) in enumerate(self.headers):
            if known == wanted:
                self.headers[index] = (wanted, encoded)
                return
        self.headers.append((wanted, encoded))
