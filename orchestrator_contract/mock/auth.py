"""Who may come in: Basic credentials, and how often an account may ask."""

from __future__ import annotations

import base64
import binascii
import hmac
import time

from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


class Auth(Context):
    """Seams for authentication and rate limiting."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._known: dict[bytes, int] = {}
        self._buckets: dict[int, tuple[float, float]] = {}

    def credentials(self, request: Request) -> tuple[str, str] | None:
        """User and password of the one Basic Authorization header, or None."""
        lines = request.lines(b"authorization")
        if len(lines) != 1:
            return None
        scheme, _, encoded = lines[0].partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            user, colon, password = (
                base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if colon else None

    def password_matches(self, given: str, expected: str) -> bool:
        """Whether the password is the right one."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())

    def account_of(self, request: Request) -> int | None:
        """Number of the account the request comes from; None without good credentials."""
        pair = self.credentials(request)
        if pair is None:
            return None
        known = self.settings.accounts.get(pair[0])
        if known is None or not self.password_matches(pair[1], known[1]):
            return None
        return known[0]

    def authenticate(self, request: Request) -> int | None:
        """As :meth:`account_of`, remembering headers that were good."""
        lines = request.lines(b"authorization")
        account = self._known.get(lines[0]) if len(lines) == 1 else None
        if account is None:
            account = self.account_of(request)
            if account is not None:
                self._known[lines[0]] = account
        return account

    def throttles(self, request: Request) -> bool:
        """True when the account has asked too often."""
        rate = self.settings.rate_limit
        return rate is not None and self.bucket_empty(request, rate)

    def bucket_empty(self, request: Request, rate: float) -> bool:
        """True when the account's token bucket is empty; it fills by the real clock, not the movable one."""
        now = time.monotonic()
        most = max(rate, 1.0)
        tokens, since = self._buckets.get(request.account, (most, now))
        tokens = min(most, tokens + (now - since) * rate)
        self._buckets[request.account] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens < 1
