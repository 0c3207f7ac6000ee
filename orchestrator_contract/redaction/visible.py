"""Makes text safe to show: what a terminal, an editor or a CI runner acts on becomes escapes."""

from __future__ import annotations

import re

# Runners of CI jobs take these as commands: GitHub at the start of a line, GitHub and Azure ##[ and
# ##vso[ anywhere.
_AT_LINE_START = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE)
_ANYWHERE = re.compile(r"#(?=#\w*\[)")


def visible(text: str, limit: int | None = None, *, lines: bool = False) -> str:
    """*text* with control, bidi, invisible and surrogate characters escaped.

    Longer texts than *limit* characters end in an ellipsis. With *lines* line feeds stay. The
    result encodes to UTF-8, holds no workflow command, and passes through again unchanged.
    """
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() or (lines and c == "\n") else c.encode("unicode_escape").decode()
            for c in text
        )
    return _ANYWHERE.sub(r"\\x23", _AT_LINE_START.sub(r"\1\\x3a", text))
