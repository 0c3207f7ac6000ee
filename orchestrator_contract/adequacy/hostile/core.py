"""A small conformant endpoint: what a hostile one is everywhere but in its one place."""

from __future__ import annotations

import base64
import json
import re
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .messages import Reply, Request
from .place import Place

_ALPHABET = string.digits + string.ascii_lowercase
_KEY = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
MEMORY_STORE = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"
_CONFIGURATIONS = ["v2", "ControlPlane", "Configurations"]
_OPERATIONS = ["v2", "ControlPlane", "Operations"]


def new_id(prefix: str) -> str:
    """A fresh id of the documented look: prefix, a digit up to 7, 25 letters or digits."""
    return f"{prefix}_{secrets.choice('01234567')}" + "".join(
        secrets.choice(_ALPHABET) for _ in range(25)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, code: int, message: str, **headers: str) -> Reply:
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Reply.of(status, body, **headers)


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in *body*, if that is what it holds."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


class Core:
    """Configurations and operations of one account; every operation is COMPLETED by its first poll.

    *foreign* configurations are there from the start and belong to somebody else's work:
    each DELETE that names one of them is counted in `foreign_deletes`.
    """

    def __init__(self, base_url: str, user: str, password: str, foreign: int) -> None:
        self.base_url = base_url
        self.foreign_deletes = 0
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._authorization = f"Basic {pair}"
        self._lock = threading.RLock()
        self._operations: dict[str, tuple[Place, dict[str, Any]]] = {}
        self._answers: dict[str, tuple[tuple[str, str, bytes], Reply]] = {}
        self.configurations: dict[str, dict[str, Any]] = {}
        #: For units that refuse a SID once.
        self.refused: set[str] = set()
        for number in range(foreign):
            self.add({"displayName": f"Production {number}", "description": "in use, not yours"})
        self.foreign = frozenset(self.configurations)

    def place_of(self, request: Request) -> Place:
        """Which place of the contract *request* touches."""
        path = request.segments
        if path[:3] == _OPERATIONS and len(path) == 4:
            return self._operations.get(path[3], (Place.OTHER, {}))[0]
        if path[:3] == _CONFIGURATIONS:
            if request.method == "DELETE":
                return Place.DELETE
            if request.method == "POST" and len(path) == 3:
                return Place.CREATE
            if request.method == "GET":
                return Place.LIST if len(path) == 3 else Place.FETCH
        return Place.OTHER

    def answer(self, request: Request) -> Reply:
        """The conformant answer; what the request asks for is done."""
        return replace(self._answer(request), bare=request.method == "HEAD")

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            path = request.segments
            if request.method == "DELETE" and path[-1] in self.foreign:
                self.foreign_deletes += 1
            if request.headers.get("authorization") != self._authorization:
                return _error(401, 20003, "Authenticate", WWW_Authenticate='Basic realm="hostile"')
            if path[:3] == _OPERATIONS and len(path) == 4:
                return self._operation(request, path[3])
            if path[:3] == _CONFIGURATIONS and len(path) == 3:
                return self._collection(request)
            if path[:3] == _CONFIGURATIONS and len(path) == 4:
                return self._item(request, path[3])
            return _error(404, 20404, "Not found")

    def _operation(self, request: Request, name: str) -> Reply:
        if request.method != "GET":
            return _error(405, 20004, "Method not allowed", Allow="GET")
        if name not in self._operations:
            return _error(404, 20404, "Not found")
        return Reply.of(200, self._operations[name][1])

    def _collection(self, request: Request) -> Reply:
        match request.method:
            case "GET":
                return self._list(request)
            case "POST":
                return self._once(request, self._create)
            case "DELETE":
                return _error(404, 20404, "Not found")
            case _:
                return _error(405, 20004, "Method not allowed", Allow="GET, POST")

    def _item(self, request: Request, sid: str) -> Reply:
        match request.method:
            case "GET" if sid in self.configurations:
                return Reply.of(200, self.configurations[sid])
            case "DELETE":
                return self._once(request, self._delete)
            case "PUT" | "PATCH":
                return self._once(request, self._update)
            case "GET":
                return _error(404, 20404, "Not found")
            case _:
                return _error(405, 20004, "Method not allowed", Allow="GET, PUT, PATCH, DELETE")

    def _once(self, request: Request, act: Callable[[Request], Reply]) -> Reply:
        """Answer a repeated key with the stored 202; a malformed key is as good as none."""
        key = request.headers.get("idempotency-key", "")
        fingerprint = (request.method, request.path, request.body)
        if not _KEY.fullmatch(key):
            return act(request)
        if key in self._answers:
            seen, reply = self._answers[key]
            return (
                reply
                if seen == fingerprint
                else _error(409, 17534, "The key belongs to another request")
            )
        reply = act(request)
        if reply.status == 202:
            self._answers[key] = (fingerprint, reply)
        return reply

    def _delete(self, request: Request) -> Reply:
        sid = request.segments[3]
        if self.configurations.pop(sid, None) is None:
            return _error(404, 20404, "Not found")
        return self.accept(sid, Place.POLL)

    def _update(self, request: Request) -> Reply:
        sid = request.segments[3]
        if sid not in self.configurations:
            return _error(404, 20404, "Not found")
        wanted = _object(request.body)
        if wanted is None:
            return _error(400, 20001, "Bad request")
        old = self.configurations[sid]
        kept = {name: old[name] for name in ("id", "createdAt")}
        self.configurations[sid] = (
            old | wanted | kept | {"updatedAt": _now(), "version": old["version"] + 1}
        )
        return self.accept(sid, Place.CREATE_POLL)

    def _create(self, request: Request) -> Reply:
        wanted = _object(request.body)
        if wanted is None or not isinstance(wanted.get("displayName"), str):
            return _error(400, 20001, "Bad request")
        return self.accept(self.add(wanted), Place.CREATE_POLL)

    def add(self, members: dict[str, Any]) -> str:
        """Put a configuration with these *members* there and return its id."""
        sid, now = new_id("conv_configuration"), _now()
        self.configurations[sid] = {
            "description": "",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": MEMORY_STORE,
            **members,
            "id": sid,
            "createdAt": now,
            "updatedAt": now,
            "version": 1,
        }
        return sid

    def accept(self, sid: str, polled_as: Place) -> Reply:
        """The 202 that names a new operation on *sid*, whose polls count as *polled_as*."""
        name, now = new_id("conv_operation"), _now()
        url = f"{self.base_url}/v2/ControlPlane/Operations/{name}"
        self._operations[name] = (
            polled_as,
            {
                "operationId": name,
                "status": "COMPLETED",
                "createdAt": now,
                "completedAt": now,
                "statusUrl": url,
                "related": {"configurationId": sid},
                "error": None,
            },
        )
        body = {"statusUrl": url, "related": {"configurationId": sid}}
        return Reply.of(202, body, Operation_Id=name, Location=url, Retry_After="0")

    def _list(self, request: Request) -> Reply:
        def asked(name: str, default: str) -> str:
            return request.query.get(name, [default])[0]

        try:
            size, start = int(asked("pageSize", "50")), int(asked("pageToken", "0"))
        except ValueError:
            return _error(400, 20001, "Bad request")
        if not (1 <= size <= 1000 and start >= 0):
            return _error(400, 20001, "Bad request")
        store = asked("memoryStoreId", "")
        found = [
            one
            for one in self.configurations.values()
            if not store or one["memoryStoreId"] == store
        ]
        meta: dict[str, object] = {"key": "configurations", "pageSize": size}
        if start:
            meta["previousToken"] = str(max(0, start - size))
        if start + size < len(found):
            meta["nextToken"] = str(start + size)
        return Reply.of(200, {"configurations": found[start : start + size], "meta": meta})
