"""Basic authentication: maps the Authorization header of a request to an account."""

from __future__ import annotations

import base64
import binascii
import hmac

from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


class Auth(Context):
    """Overridable steps of authentication."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        #: By region, too: credentials need not be good in all.
        self._known: dict[tuple[int, bytes], int] = {}

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
        """True if the password is right."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())

    def account_of(self, request: Request) -> int | None:
        """Number of the account whose credentials the request carries, or None."""
        pair = self.credentials(request)
        return None if pair is None else self.account_of_pair(request, *pair)

    def account_of_pair(self, request: Request, user: str, password: str) -> int | None:
        """The number of the account with this user and password, or None."""
        known = self.settings.accounts.get(user)
        if known is None or not self.password_matches(password, known[1]):
            return None
        return known[0]

    def authenticate(self, request: Request) -> int | None:
        """As :meth:`account_of`, with a cache of valid headers."""
        lines = request.lines(b"authorization")
        account = self._known.get((request.region, lines[0])) if len(lines) == 1 else None
        if account is None:
            account = self.account_of(request)
            if account is not None:
                self._known[request.region, lines[0]] = account
        return account
