"""Text as it reads once escapes are undone: JSON's, those of URLs, and character references."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

_ESCAPE = re.compile(
    r"\\u00([0-9a-f]{2})|%([0-9a-f]{2})|&#x0{0,4}([0-9a-f]{1,2});|&#0{0,4}([0-9]{1,3});|\\([/\"\\])|&(quot|amp|lt|gt|apos);",
    re.IGNORECASE,
)
_NAMED = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}


class Spelled:
    """A text, and the same text plain, with the way back from the one to the other."""

    def __init__(self, text: str) -> None:
        found = list(_ESCAPE.finditer(text))
        pieces, end = [], 0
        for escape in found:
            pieces += [text[end : escape.start()], _char(escape)]
            end = escape.end()
        #: The text with every escape undone, once.
        self.plain = "".join([*pieces, text[end:]])
        #: By how much the text is longer than the plain one, after each number of escapes; where in the plain one these stand.
        self._longer = list(accumulate((len(escape[0]) - 1 for escape in found), initial=0))
        self._at = [escape.start() - longer for escape, longer in zip(found, self._longer, strict=False)]

    def original(self, position: int) -> int:
        """Where in the text the character at *position* of the plain one begins, and the one before it ends."""
        return position + self._longer[bisect_left(self._at, position)]


def has_escapes(text: str) -> bool:
    """Whether undoing escapes would change *text*."""
    return any(sign in text for sign in "\\%&") and _ESCAPE.search(text) is not None


def undone(text: str) -> str:
    """*text* with every escape undone, once."""
    return _ESCAPE.sub(_char, text)


def _char(escape: re.Match[str]) -> str:
    *hexadecimal, decimal, quoted, named = escape.groups()
    digits = next(filter(None, hexadecimal), None)
    if digits:
        return chr(int(digits, 16))
    return chr(int(decimal)) if decimal else quoted or _NAMED[named.lower()]
