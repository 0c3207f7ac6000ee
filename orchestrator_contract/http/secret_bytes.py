"""Bytes that no traceback shows."""

from __future__ import annotations


class SecretBytes(bytes):
    """Bytes that hold credentials: pytest prints the arguments and locals of every frame of a traceback."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes of a request>"

    __str__ = __repr__
