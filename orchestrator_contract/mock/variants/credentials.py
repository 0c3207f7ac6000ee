"""Credentials by region, and Bearer tokens beside Basic."""

from __future__ import annotations

import math
import os
import secrets
from urllib.parse import parse_qs

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, unauthenticated
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.settings import Settings, credentials_of, token_of
from orchestrator_contract.mock.state import World

TOKEN_PATH = b"/v2/token"
TOKEN_SECONDS = 3600
REGIONAL = "regional-credentials"


@variant(
    "credentials-by-region",
    "Each region has credentials of its own; those of another region get a 401",
)
class _ByRegion(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        #: (region, user name) -> (account number, password)
        self._regional = {(0, user): pair for user, pair in settings.accounts.items()}
        for region in range(1, len(settings.origins)):
            for number in settings.account_numbers:
                user, secret = credentials_of(number, region, os.environ)
                self._regional[region, user] = (number, secret)

    def provides(self) -> frozenset[str]:
        return super().provides() | {REGIONAL}

    def account_of_pair(self, request: Request, user: str, password: str) -> int | None:
        known = self._regional.get((request.region, user))
        if known is None or not self.password_matches(password, known[1]):
            return None
        return known[0]


# -- lock-outs -----------------------------------------------------------------------------------


class _LocksOut(Behaviour):
    """Base of variants that refuse log-ins with 429 after failed ones, for *seconds*."""

    failures = 6
    seconds = 4.0
    retry_after: int | None = None

    def unauthenticated(self, request: Request) -> Response:
        name = self.source(request)
        failed, until = self.memory.get(name, (0, 0.0))
        if self.now() < until:
            return self.refuse(request, self.locked(until - self.now()))
        failed = failed % self.failures + 1
        until = self.now() + self.seconds if failed == self.failures else 0.0
        self.memory[name] = failed, until
        return super().unauthenticated(request)

    def source(self, request: Request) -> tuple[str, object]:
        """The name under which failed log-ins are counted."""
        return "failed log-ins", None

    def locked(self, left: float) -> Problem:
        """The refusal with *left* seconds to go."""
        told = math.ceil(left) if self.retry_after is None else self.retry_after
        headers = ((b"retry-after", str(told).encode()),) if told else ()
        return Problem(429, 20429, "Too many failed log-ins", headers)


@variant("locks-out", "Bad credentials get a 429 for 4 s after six failed log-ins")
class _LocksOutBriefly(_LocksOut):
    pass


@variant(
    "locks-out-long",
    "Bad credentials get a 429 for ten minutes after three failed log-ins of their user",
)
class _LocksOutLong(_LocksOut):
    failures = 3
    seconds = 600.0

    def source(self, request: Request) -> tuple[str, object]:
        user, _ = self.credentials(request) or ("", "")
        return "failed log-ins", user


@variant(
    "locks-out-unsaid",
    "Bad credentials get a 429 without Retry-After for a minute after ten failed log-ins",
)
class _LocksOutUnsaid(_LocksOut):
    failures = 10
    seconds = 60.0
    retry_after = 0


# -- Bearer tokens --------------------------------------------------------------------------------


@variant(
    "bearer-too",
    "Bearer tokens are taken beside Basic, and POST /v2/token gives out more for client"
    " credentials",
)
class _BearerToo(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        #: (region, token) -> its account, and when it expires.
        self._tokens: dict[tuple[int, str], tuple[int, float]] = {}
        for region in range(len(settings.origins)):
            for account in settings.account_numbers:
                shown = region if REGIONAL in self.provides() else 0
                token = token_of(account, shown, os.environ)
                self._tokens[region, token] = account, float("inf")

    def provides(self) -> frozenset[str]:
        return super().provides() | {"bearer"}

    async def respond(self, request: Request) -> Response:
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.give_token(request)
        return await super().respond(request)

    def give_token(self, request: Request) -> Response:
        """POST /v2/token: a token for client credentials, in the form or as Basic."""
        form = {name: one[-1] for name, one in parse_qs(request.body.decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return Response.of(400, {"error": "unsupported_grant_type"})
        user, password = self.credentials(request) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        account = self.account_of_pair(request, user, password)
        if account is None:
            return Response.of(401, {"error": "invalid_client"})
        token = secrets.token_hex(24)
        self._tokens[request.region, token] = account, self.now() + TOKEN_SECONDS
        given = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return Response.of(200, given, [(b"cache-control", b"no-store")])

    def bearer(self, request: Request) -> str | None:
        """The token of the Authorization header; None for another scheme."""
        lines = request.lines(b"authorization")
        scheme, _, token = lines[0].partition(b" ") if len(lines) == 1 else (b"", b"", b"")
        return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else None

    def authenticate(self, request: Request) -> int | None:
        token = self.bearer(request)
        if token is None:
            return super().authenticate(request)
        account, expires_at = self._tokens.get((request.region, token), (None, 0.0))
        return account if self.now() < expires_at else None


@variant("bearer-only", "Bearer tokens are taken as with bearer-too, and Basic gets a 401")
class _BearerOnly(_BearerToo):
    def provides(self) -> frozenset[str]:
        return super().provides() - {"basic"}

    def authenticate(self, request: Request) -> int | None:
        return None if self.bearer(request) is None else super().authenticate(request)

    def unauthenticated(self, request: Request) -> Response:
        scheme = ((b"www-authenticate", b"Bearer"),)
        refused = unauthenticated()
        return self.refuse(request, Problem(401, refused.code, refused.message, scheme))
