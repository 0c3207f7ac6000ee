"""Callers told apart without their credentials, and these kept out of what is stored."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict

from orchestrator_contract.redaction.redactor import Redactor

#: Redactors that are kept, one for each set of credentials.
_MOST = 256


class Callers:
    """Knows callers by a keyed hash; forgets credentials as soon as they are replaced."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._redactors: OrderedDict[str, Redactor] = OrderedDict()

    def scope(self, *parts: str) -> str:
        """A name of the same origin, credentials and account; no other process makes it."""
        text = "\n".join(parts).encode("utf-8", "replace")
        return hmac.new(self._salt, text, hashlib.sha256).hexdigest()

    def redactor(self, authorization: str) -> Redactor:
        """What replaces these credentials, in each form that they can travel in."""
        name = self.scope(authorization)
        if name not in self._redactors:
            self._redactors[name] = _redactor(authorization)
            if len(self._redactors) > _MOST:
                self._redactors.popitem(last=False)
        return self._redactors[name]


def _redactor(authorization: str) -> Redactor:
    made = Redactor()
    made.learn(authorization)
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return made
        user, _, password = pair.partition(":")
        made.add(user, password)
    return made
