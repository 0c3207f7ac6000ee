"""Text from an endpoint, made safe for terminals, editors and CI logs."""

from __future__ import annotations

import re

# CI runners take these as commands: GitHub `::` at the start of a line, GitHub and Azure `##[` and
# `##vso[` anywhere.
_AT_LINE_START = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE)
_ANYWHERE = re.compile(r"#(?=#\w*\[)")


def _escape(char: str) -> str:
    code = ord(char)
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def visible(text: str, limit: int | None = None, *, lines: bool = False) -> str:
    """Escape control, bidi, invisible and surrogate characters of *text*.

    A text of more than *limit* characters ends in an ellipsis. With *lines* line feeds stay. The
    result encodes to UTF-8, holds no workflow command, and passes through again unchanged.
    """
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    if not text.isprintable():
        text = "".join(c if c.isprintable() or (lines and c == "\n") else _escape(c) for c in text)
    return _ANYWHERE.sub(r"\\x23", _AT_LINE_START.sub(r"\1\\x3a", text))
