"""The header lines of an entry, of which one that can't be read hides no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Lines = list[tuple[str, str]]
#: Response headers that the contract speaks of.
_OF_CONTRACT = frozenset(
    {"operation-id", "location", "retry-after", "x-conflicting-resource-id", "content-type"}
)


@dataclass(frozen=True, slots=True)
class Headers:
    """Header lines as far as they can be read."""

    lines: Lines
    #: Names, in lower case, of lines whose value can't be read; empty for a line without a name.
    unread: frozenset[str]

    def values(self, name: str) -> list[str]:
        """Every value of the header *name* (lower case)."""
        return [value for known, value in self.lines if known.lower() == name]

    @property
    def whole(self) -> bool:
        """Whether a header of the contract that is not among the lines was not there."""
        return bool(self.lines) and self.unread.isdisjoint(_OF_CONTRACT | {""})


def headers_of(part: dict[str, Any]) -> Headers:
    """Read the headers of a request or response; `whole` is false where none were recorded."""
    found, unread = [], set()
    for name, value in _pairs(part.get("headers")):
        values = value if isinstance(value, list) else [value]
        texts = [str(one) for one in values if isinstance(one, (str, int, float))]
        if not isinstance(name, str) or not name:
            unread.add("")
        elif not texts or len(texts) < len(values):
            unread.add(name.lower())
        else:
            found += [(name, text) for text in texts]
    return Headers(found, frozenset(unread))


def _pairs(lines: Any) -> list[tuple[Any, Any]]:
    """Take a list of name and value, or an object of them, which some programs write."""
    if isinstance(lines, dict):
        return list(lines.items())
    if not isinstance(lines, list):
        return []
    return [
        (line.get("name"), line.get("value")) if isinstance(line, dict) else (None, None)
        for line in lines
    ]
