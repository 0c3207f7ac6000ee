"""A listener on another origin; it counts requests, none of which should come."""

from __future__ import annotations

import base64
import threading
from urllib.parse import quote, quote_plus

from .listener import Listener
from .messages import Reply, Request, read_request
from .wire import Wire


def spellings(user: str, password: str) -> frozenset[str]:
    """The forms of the credentials: plain, base64 (alone, as a pair), URL-encoded."""

    def b64(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    return frozenset(
        {
            password,
            b64(password),
            b64(f"{user}:{password}"),
            quote(password, safe=""),
            quote_plus(password),
        }
    )


class Canary(Listener):
    """Answers everything with a tempting COMPLETED operation.

    ``GET /seen`` gives ``{"requests": n, "credentials": n}``, where credentials counts the requests
    with an Authorization header or with the password in any spelling anywhere in them.
    """

    def __init__(self, user: str, password: str) -> None:
        self._secrets = [text.encode() for text in spellings(user, password)]
        self._lock = threading.Lock()
        self.requests = 0
        self.credentials = 0
        super().__init__(0)

    def talk(self, wire: Wire) -> None:
        while True:
            request = read_request(wire)
            if request.path == "/seen":
                reply = Reply.of(200, {"requests": self.requests, "credentials": self.credentials})
            else:
                reply = self._tempted(request)
            wire.send(reply.framed())

    def _tempted(self, request: Request) -> Reply:
        leaked = "authorization" in request.headers or any(
            text in request.raw for text in self._secrets
        )
        with self._lock:
            self.requests += 1
            self.credentials += leaked
        now = "2026-11-23T12:00:00Z"
        operation = {
            "operationId": "op_canary",
            "status": "COMPLETED",
            "createdAt": now,
            "completedAt": now,
        }
        return Reply.of(
            200,
            {**operation, "statusUrl": f"{self.url}{request.path}", "related": None, "error": None},
        )
