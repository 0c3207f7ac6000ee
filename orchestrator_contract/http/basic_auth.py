"""Credentials on the wire: Basic, and bytes that no traceback shows."""

from __future__ import annotations

import base64


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (S2: HTTP Basic)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SecretBytes(bytes):
    """Bytes of credentials; pytest prints the arguments and locals of every frame."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes of a request>"

    __str__ = __repr__
