"""The sources that requirements name, for the legend of a report."""

from __future__ import annotations

import re
from typing import NamedTuple


class Source(NamedTuple):
    """A document that a requirement rests on."""

    id: str
    title: str
    #: Its lasting address; empty for the vendor's pages, which move.
    url: str = ""


_RFC = "https://www.rfc-editor.org/rfc/rfc"
_DRAFT = "draft-ietf-httpapi-idempotency-key-header-07"
SOURCES = (
    Source("S1", "Twilio docs, Delete Configuration (Conversations v2), as of 2026-11"),
    Source("S2", "Twilio OpenAPI twilio_conversations_v2.yaml, version 2.0.0, as of 2026-11"),
    Source("S3", "Twilio docs, Conversation Orchestrator: Async operations, as of 2026-11"),
    Source("S4", "Twilio docs, Conversation Orchestrator: Troubleshooting, as of 2026-11"),
    Source("S5", "Twilio error dictionary: 17534, 20003, 20404, 20409, 20429, 20500, 20503"),
    Source("S6", "Twilio OpenAPI of other control planes: knowledge v2 and memory v1"),
    Source("R1", "RFC 9110, HTTP Semantics; for status 429 RFC 6585", f"{_RFC}9110"),
    Source("R2", "RFC 9457, Problem Details for HTTP APIs", f"{_RFC}9457"),
    Source("R3", "RFC 9562, Universally Unique IDentifiers", f"{_RFC}9562"),
    Source("R4", f"Internet draft {_DRAFT}", f"https://datatracker.ietf.org/doc/html/{_DRAFT}"),
)

_ID = re.compile(rf"\b({'|'.join(source.id for source in SOURCES)})\b")


def split(text: str) -> list[tuple[str, str]]:
    """Split *text* into pairs of words and source id, empty if they name none."""
    pieces = _ID.split(text)
    return [(piece, piece * (number % 2)) for number, piece in enumerate(pieces) if piece]
