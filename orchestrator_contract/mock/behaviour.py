"""The conformant endpoint, cut into small methods that defects and variants override.

A request runs through :meth:`Behaviour.handle`: route, credentials, rate limit, key,
handler, and last :meth:`Behaviour.finish`, which sees every response before it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from orchestrator_contract.mock.auth import Auth
from orchestrator_contract.mock.clock import rfc3339
from orchestrator_contract.mock.conversations import Conversations
from orchestrator_contract.mock.errors import (
    Refused,
    bad_clock,
    throttled,
    unauthenticated,
    unknown_path,
    wrong_method,
)
from orchestrator_contract.mock.idempotency import Idempotency
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.rate_limit import RateLimit
from orchestrator_contract.mock.routing import PREFIXES, ROUTES, Route, Routing

CLOCK = b"/__clock"
ROOT = b"/"
_LOOPBACK_HOST = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")
#: Ten years; beyond that timestamps leave the range of a date.
FURTHEST = 10 * 366 * 86_400


@lru_cache(maxsize=256)
def own_origin(origin: str, host: bytes | None) -> str:
    """*origin* with the host name that the client used for this port."""
    match = _LOOPBACK_HOST.fullmatch(host or b"")
    if match is None or not origin.endswith(":" + match[1].decode()):
        return origin
    return "http://" + (host or b"").decode("ascii")


def clock_seconds(body: bytes) -> float:
    """The seconds in the body of a POST to the clock.

    Raises:
        Refused: the body has no number of seconds that the clock can move by.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(bad_clock("the body is not JSON")) from None
    if not isinstance(document, dict) or "seconds" not in document:
        raise Refused(bad_clock("the body is no object with a member seconds"))
    seconds = document["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise Refused(bad_clock(f"seconds is {json.dumps(seconds)[:40]} and no number"))
    if not 0 <= seconds <= FURTHEST:
        raise Refused(
            bad_clock(
                f"seconds is {seconds!r:.40}, the clock goes forward only, and at most {FURTHEST}"
            )
        )
    return float(seconds)


class Behaviour(Routing, Auth, RateLimit, Conversations, Idempotency):
    """All overridable steps together; see the classes it is made of."""

    async def handle(self, request: Request) -> Response:
        """The response to *request*."""
        request.origin = own_origin(self.settings.origins[request.region], request.header(b"host"))
        try:
            response = await self.respond(request)
        except Refused as refusal:
            response = self.refuse(request, refusal.problem)
        return await self.finish(request, response)

    async def respond(self, request: Request) -> Response:
        """The response before :meth:`finish`.

        Raises:
            Refused: the request ends early.
        """
        if request.path == CLOCK:
            return self.move_clock(request)
        if request.path == ROOT and request.method in ("GET", "HEAD"):
            return Response.of(200, self.self_description())
        resource = self.resource(request)
        if resource is None:
            raise Refused(unknown_path())
        routes = self.routes_of(request, resource)
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            return self.method_not_allowed(request, routes)
        request.route = route.name
        account = self.authenticate(request)
        if account is None:
            return self.unauthenticated(request)
        request.account = account
        if self.throttles(request):
            raise Refused(throttled(self.settings.retry_after))
        if resource != "collection" and self.too_long(request.path.rpartition(b"/")[2]):
            return self.long_segment(request)
        return await self.call(request, route)

    async def call(self, request: Request, route: Route) -> Response:
        """Runs the handler of *route*, under the request's key if the call takes one."""
        handler: Callable[[Request], Response] = getattr(self, route.handler)

        async def perform(request: Request) -> Response:
            await self.before_action(request)
            try:
                return handler(request)
            except Refused as refusal:
                return self.refuse(request, refusal.problem)

        return await (self.once(request, perform) if route.keyed else perform(request))

    def routes_of(self, request: Request, resource: str) -> Mapping[str, Route]:
        """The calls on *resource*, by method."""
        return ROUTES[resource]

    def self_description(self) -> dict[str, object]:
        """The body of ``GET /``."""
        return {
            "service": "mock of the Conversation Orchestrator control plane: a test double",
            "paths": [path.decode() for path, _ in PREFIXES],
            "provides": sorted(self.provides()),
            "help": "python -m orchestrator_contract.mock --help",
        }

    def method_not_allowed(self, request: Request, methods: Mapping[str, object]) -> Response:
        """The response to a method that the resource does not have."""
        allowed = ", ".join(["GET", "HEAD", *(name for name in methods if name != "GET")])
        return self.refuse(request, wrong_method(allowed))

    @classmethod
    def among_others(cls) -> type[Behaviour]:
        """The class that stands for this one beside others."""
        return cls

    def unauthenticated(self, request: Request) -> Response:
        """The response to missing or wrong credentials."""
        return self.refuse(request, unauthenticated())

    async def before_action(self, request: Request) -> None:
        """Runs after the key was reserved and before the handler; delays belong here."""

    async def finish(self, request: Request, response: Response) -> Response:
        """The response to send; sees replays and refusals too."""
        return response

    def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
        """Runs after a response was sent; *reached* is False if the connection was closed."""

    def move_clock(self, request: Request) -> Response:
        """POST /__clock {"seconds": n} moves the clock of all regions; GET reads it."""
        if request.method not in ("GET", "HEAD", "POST"):
            return self.refuse(request, wrong_method("GET, HEAD, POST"))
        if request.method == "POST":
            self.world.clock.advance(clock_seconds(request.body))
        return Response.of(200, {"now": rfc3339(self.now())})


def compose(*behaviours: type[Behaviour]) -> type[Behaviour]:
    """One behaviour made of several overriding ones; an earlier one wraps a later one."""
    if not behaviours:
        return Behaviour
    parts = [one.among_others() for one in behaviours]
    return type("Composed", (*parts, Behaviour), {"among_others": classmethod(lambda cls: cls)})
