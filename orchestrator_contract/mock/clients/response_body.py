"""The body of a response as its client reads it, after every content coding."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from orchestrator_contract.mock.messages import Response


def members(response: Response) -> dict[str, Any]:
    """The JSON object of the body; empty without one."""
    try:
        document = json.loads(_decoded(response))
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _decoded(response: Response) -> bytes:
    """The body without its content codings, the last one that was applied first.

    Raises:
        ValueError: a coding is not known.
        OSError, EOFError, zlib.error: the body does not have the coding that its header names.
    """
    names = [
        name.strip().lower()
        for known, value in response.headers
        if known.lower() == b"content-encoding"
        for name in value.decode("latin-1").split(",")
    ]
    body = response.body
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            body = gzip.decompress(body)
        elif name == "deflate":
            body = _inflated(body)
        elif name not in ("", "identity"):
            raise ValueError(name)
    return body


def _inflated(body: bytes) -> bytes:
    """Undo deflate, which comes with and without the header of zlib."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)
