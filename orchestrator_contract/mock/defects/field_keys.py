"""Idempotency keys that a lenient parser honours."""

from __future__ import annotations

import re

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import HEADER, PATTERN
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.registry import defect

_GROUPS = (8, 4, 4, 4, 12)
_HONOURED = ("KEY-MALFORMED-NOT-HONOURED",)


def _by_number_parser(value: bytes) -> str | None:
    """The key whose groups a number parser reads in *value*, or None."""
    try:
        groups = value.decode("utf-8").split("-")
        numbers = [int(group, 16) for group in groups]
    except ValueError:
        return None
    if tuple(map(len, groups)) != _GROUPS:
        return None
    read = zip(numbers, _GROUPS, strict=True)
    return "-".join(f"{number:0{size}x}" for number, size in read)


class _Lenient(Behaviour):
    """Base of defects where a malformed key counts as the key that is read in it."""

    def mended(self, value: bytes) -> str | None:
        """The key that is read in the malformed *value*, or None."""
        return _by_number_parser(value)

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and PATTERN.fullmatch(lines[0]) is None:
            key = self.mended(lines[0])
            if key is not None and PATTERN.fullmatch(key.encode("ascii", "replace")):
                return key
        return super().read_key(request)


@defect(
    "key-groups-as-numbers",
    "Groups are read as numbers: signs, underscores, 0x, digits of other scripts, spaces",
    breaches=_HONOURED,
    shows="data: a key with a group that a number parser takes",
)
class _Numbers(_Lenient):
    pass


@defect(
    "key-group-signed",
    "A group may begin with a plus sign in place of a digit",
    breaches=_HONOURED,
    shows="data: a key with a plus sign",
)
class _Signed(_Lenient):
    def mended(self, value: bytes) -> str | None:
        return _by_number_parser(value) if b"+" in value else None


@defect(
    "key-group-underscored",
    "An underscore between two digits of the last group is taken for a digit",
    breaches=_HONOURED,
    shows="data: a key with an underscore",
)
class _Underscored(_Lenient):
    def mended(self, value: bytes) -> str | None:
        return _by_number_parser(value) if re.search(rb"\w_\w[^-]*$", value) else None


@defect(
    "key-group-0x",
    "A group may begin with 0x",
    breaches=_HONOURED,
    shows="data: a key with 0x",
)
class _Prefixed(_Lenient):
    def mended(self, value: bytes) -> str | None:
        return _by_number_parser(value) if b"0x" in value.lower() else None


@defect(
    "key-trimmed-of-unicode-spaces",
    "Unicode spaces around a key are trimmed",
    breaches=_HONOURED,
    shows="data: a key with a Unicode space before or behind it",
)
class _Trimmed(_Lenient):
    def mended(self, value: bytes) -> str | None:
        return value.decode("utf-8", "replace").strip()


@defect(
    "key-trimmed-of-latin-1-spaces",
    "A no-break space or a next line of Latin-1 around a key is trimmed",
    breaches=_HONOURED,
    shows="data: a key with a space of Latin-1 before or behind it",
)
class _TrimmedLatin1(_Lenient):
    def mended(self, value: bytes) -> str | None:
        return value.decode("latin-1").strip()
