"""The conformant endpoint, cut into small methods that defects and variants override.

A request runs through :meth:`Behaviour.handle`: route, credentials, rate limit, key,
action, and at last :meth:`Behaviour.finish`, which sees every answer before it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from orchestrator_contract.mock.auth import Auth
from orchestrator_contract.mock.clock import rfc3339
from orchestrator_contract.mock.conversations import PATH as CONVERSATION
from orchestrator_contract.mock.conversations import Conversations
from orchestrator_contract.mock.errors import (
    Refused,
    malformed_json,
    throttled,
    unauthenticated,
    unknown_path,
    wrong_method,
)
from orchestrator_contract.mock.idempotency import Idempotency
from orchestrator_contract.mock.messages import Request, Response

CLOCK = b"/__clock"
COLLECTION = b"/v2/ControlPlane/Configurations"
ITEM = COLLECTION + b"/"
OPERATION = b"/v2/ControlPlane/Operations/"
_LOOPBACK_HOST = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")
#: Ten years; beyond that timestamps leave the range of a date.
FURTHEST = 10 * 366 * 86_400

#: resource -> method -> (name of the route, the action, whether a key counts)
ROUTES: Mapping[str, Mapping[str, tuple[str, str, bool]]] = {
    "collection": {"GET": ("list", "list_page", False), "POST": ("create", "create", True)},
    "item": {
        "GET": ("fetch", "fetch", False),
        "PUT": ("update", "update", True),
        "PATCH": ("update", "update", True),
        "DELETE": ("delete", "delete", True),
    },
    "conversation": {
        "GET": ("fetch-conversation", "fetch_conversation", False),
        "DELETE": ("delete-conversation", "delete_conversation", True),
    },
    "operation": {"GET": ("operation", "poll", False)},
}


@lru_cache(maxsize=256)
def own_origin(origin: str, host: bytes | None) -> str:
    """*origin*, spelled with the host name that the client used for this very port."""
    match = _LOOPBACK_HOST.fullmatch(host or b"")
    if match is None or not origin.endswith(":" + match[1].decode()):
        return origin
    return "http://" + (host or b"").decode("ascii")


class Behaviour(Auth, Conversations, Idempotency):
    """All seams together; see the classes it is made of."""

    async def handle(self, request: Request) -> Response:
        """The answer to *request*."""
        request.origin = own_origin(self.settings.origins[request.region], request.header(b"host"))
        try:
            response = await self.answer(request)
        except Refused as refusal:
            response = self.refuse(request, refusal.problem)
        return await self.finish(request, response)

    def resource(self, request: Request) -> str | None:
        """Which resource the path names; the last segment becomes ``request.sid``."""
        path = request.path
        if path == COLLECTION:
            return "collection"
        for prefix, name in (
            (ITEM, "item"),
            (OPERATION, "operation"),
            (CONVERSATION, "conversation"),
        ):
            if path.startswith(prefix):
                segment = path[len(prefix) :]
                if b"/" in segment:
                    return None
                request.sid = self.read_sid(request, segment)
                return name
        return None

    def read_sid(self, request: Request, segment: bytes) -> str | None:
        """The segment percent-decoded once, neither trimmed nor folded; None when it is no UTF-8."""
        try:
            return (
                unquote_to_bytes(segment).decode("utf-8")
                if b"%" in segment
                else segment.decode("utf-8")
            )
        except UnicodeDecodeError:
            return None

    async def answer(self, request: Request) -> Response:
        """The answer before :meth:`finish`.

        Raises:
            Refused: the request ends early.
        """
        if request.path == CLOCK:
            return self.move_clock(request)
        resource = self.resource(request)
        if resource is None:
            raise Refused(unknown_path())
        methods = ROUTES[resource]
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            return self.method_not_allowed(request, methods)
        request.route, action, keyed = methods[method]
        account = self.authenticate(request)
        if account is None:
            return self.unauthenticated(request)
        request.account = account
        if self.throttles(request):
            raise Refused(throttled(self.settings.retry_after))
        if resource != "collection" and self.too_long(request.path.rpartition(b"/")[2]):
            return self.long_segment(request)
        act: Callable[[Request], Response] = getattr(self, action)

        async def perform(request: Request) -> Response:
            await self.before_action(request)
            try:
                return act(request)
            except Refused as refusal:
                return self.refuse(request, refusal.problem)

        return await (self.once(request, perform) if keyed else perform(request))

    def method_not_allowed(self, request: Request, methods: Mapping[str, object]) -> Response:
        """The answer to a method that the resource does not have."""
        allowed = ", ".join(["GET", "HEAD", *(name for name in methods if name != "GET")])
        return self.refuse(request, wrong_method(allowed))

    def unauthenticated(self, request: Request) -> Response:
        """The answer to missing or wrong credentials."""
        return self.refuse(request, unauthenticated())

    async def before_action(self, request: Request) -> None:
        """Runs after the key was reserved and before anything happens: the place for delays."""

    async def finish(self, request: Request, response: Response) -> Response:
        """The last word on every answer, replays and refusals included."""
        return response

    def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
        """Runs after an answer went out, or with *reached* False could not; for those who watch."""

    def move_clock(self, request: Request) -> Response:
        """POST /__clock {"seconds": n} moves the clock of every region; GET reads it. No credentials."""
        if request.method not in ("GET", "HEAD", "POST"):
            return self.refuse(request, wrong_method("GET, HEAD, POST"))
        if request.method == "POST":
            try:
                seconds = json.loads(request.body)["seconds"]
                if isinstance(seconds, bool) or not 0 <= float(seconds) <= FURTHEST:
                    raise ValueError("out of range")
            except (ValueError, TypeError, KeyError, RecursionError):
                raise Refused(malformed_json()) from None
            self.world.clock.advance(float(seconds))
        return Response.of(200, {"now": rfc3339(self.now())})


def compose(*parts: type[Behaviour]) -> type[Behaviour]:
    """One behaviour made of several overriding ones; an earlier part wraps a later one."""
    return type("Composed", (*parts, Behaviour), {}) if parts else Behaviour
