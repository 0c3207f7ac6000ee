"""Defects against KEY-FORMAT, KEY-MALFORMED and KEY-DUPLICATE-HEADER."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import (
    Refused,
    internal_error,
    malformed_key,
)
from orchestrator_contract.mock.idempotency import HEADER, PATTERN
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect


@defect(
    "keys-alike-ending",
    "Keys are told apart by their last 16 digits only",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that end alike",
)
class _AlikeEnding(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key.replace("-", "")[16:]


@defect(
    "keys-alike-beginning",
    "Keys are told apart by their first 16 digits only",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that begin alike",
)
class _AlikeBeginning(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key.replace("-", "")[:16]


@defect(
    "keys-without-version",
    "Keys that differ in their version only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutVersion(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[:14] + key[15:]


_DEAF = ("KEY-MALFORMED-NOT-HONOURED",)


def _honour(name: str, text: str, normalise: Callable[[bytes], str], shows: str = "") -> None:
    """Registers a defect that reads a malformed key through *normalise*; "" keeps it refused."""

    class Honours(Behaviour):
        def read_key(self, request: Request) -> str | None:
            lines = request.lines(HEADER)
            if len(lines) == 1 and PATTERN.fullmatch(lines[0]) is None:
                key = normalise(lines[0])
                if key:
                    return key
            return super().read_key(request)

    defect(name, text, breaches=_DEAF, shows=shows or "data: a malformed key")(Honours)


def _if_key(candidate: bytes) -> str:
    """*candidate* when it matches the pattern, else nothing."""
    return candidate.decode() if PATTERN.fullmatch(candidate) else ""


def _unicode_digits(value: bytes) -> str:
    try:
        folded = unicodedata.normalize("NFKC", value.decode("utf-8"))
        digits = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in folded)
        return _if_key(digits.encode("ascii"))
    except (UnicodeError, ValueError):
        return ""


def _dashed(value: bytes) -> str:
    if re.fullmatch(rb"[0-9a-fA-F]{32}", value) is None:
        return ""
    text = value.decode()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


_honour(
    "key-any-text", "Whatever stands in the header is a key", lambda value: value.decode("latin-1")
)


_honour(
    "key-any-uuid-like",
    "Any 36 characters are a key",
    lambda value: value.decode("latin-1") if len(value) == 36 else "",
)


_honour(
    "key-braces",
    "Braces around a key are dropped",
    lambda value: _if_key(value.strip(b"{}")),
    "data: braces",
)


_honour(
    "key-urn",
    "urn:uuid: is dropped",
    lambda value: _if_key(re.sub(rb"(?i)^urn:uuid:", b"", value)),
    "data: a URN",
)


_honour("key-bare-hex", "32 hex digits without hyphens are a key", _dashed, "data: no hyphens")


_honour(
    "key-quotes",
    "Quotes around a key are dropped",
    lambda value: _if_key(value.strip(b"\"'")),
    "data: quotes",
)


_honour(
    "key-cut-to-36",
    "What follows the 36th character is dropped",
    lambda value: _if_key(value[:36]),
    "data: a tail",
)


_honour(
    "key-found-inside",
    "A key anywhere in the header is taken",
    lambda value: match[0].decode() if (match := PATTERN.search(value)) else "",
    "data: a key inside other text",
)


_honour(
    "key-37-cut",
    "Exactly one character too many is dropped",
    lambda value: _if_key(value[:36]) if len(value) == 37 else "",
    "data: 37 characters",
)


_honour(
    "key-list-first",
    "Of a comma list the first key is taken",
    lambda value: _if_key(value.split(b",")[0].strip()),
    "data: a comma list",
)


_honour(
    "key-unicode-digits",
    "Digits of other scripts count as digits",
    _unicode_digits,
    "data: Unicode digits",
)


_honour(
    "key-letters-beyond-f",
    "Any letter is taken, not only a to f",
    lambda value: value.decode() if re.fullmatch(rb"\w{8}(-\w{4}){3}-\w{12}", value) else "",
    "data: g to z",
)


_honour(
    "key-short-last-group",
    "The last group may be shorter",
    lambda value: (
        value.decode()
        if re.fullmatch(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{1,11}", value)
        else ""
    ),
    "data: 25 to 35 characters",
)


_honour(
    "key-moved-hyphens",
    "Hyphens may stand anywhere",
    lambda value: (
        value.replace(b"-", b"").decode() if re.fullmatch(rb"(-*[0-9a-fA-F]-*){32}", value) else ""
    ),
    "data: moved hyphens",
)


_honour(
    "key-underscores",
    "Underscores count as hyphens",
    lambda value: _if_key(value.replace(b"_", b"-")),
    "data: underscores",
)


_honour("key-malformed-one", "All malformed keys are one key", lambda value: "malformed")


_honour(
    "key-empty-one",
    "An empty header is a key like any other",
    lambda value: "" if value else "empty",
    "data: an empty header",
)


class _Breaks(Behaviour):
    """Base of defects where a malformed key breaks the server."""

    def breaks(self, line: bytes) -> bool:
        """Whether this malformed key does it."""
        return True

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and PATTERN.fullmatch(lines[0]) is None and self.breaks(lines[0]):
            raise Refused(internal_error())
        return super().read_key(request)


@defect("key-malformed-500", "A malformed key is a 500", breaches=("KEY-MALFORMED-NO-5XX",))
class _Malformed500(_Breaks):
    pass


@defect(
    "key-malformed-500-sometimes",
    "Now and then a malformed key is a 500",
    breaches=("KEY-MALFORMED-NO-5XX",),
    shows="1 in 9",
)
class _Malformed500Sometimes(_Breaks):
    def breaks(self, line: bytes) -> bool:
        return self.once_in(9, "malformed")


@defect(
    "key-long-500",
    "A key of more than 255 characters is a 500",
    breaches=("KEY-MALFORMED-NO-5XX",),
    shows="data: long keys",
)
class _Long500(_Breaks):
    def breaks(self, line: bytes) -> bool:
        return len(line) > 255


@defect(
    "key-non-ascii-500",
    "A key with bytes beyond ASCII is a 500",
    breaches=("KEY-MALFORMED-NO-5XX",),
    shows="data: bytes beyond ASCII",
)
class _NonAscii500(_Breaks):
    def breaks(self, line: bytes) -> bool:
        return not line.isascii()


@defect(
    "key-empty-500",
    "An empty key is a 500",
    breaches=("KEY-MALFORMED-NO-5XX",),
    shows="data: an empty header",
)
class _Empty500(_Breaks):
    def breaks(self, line: bytes) -> bool:
        return not line


@defect(
    "key-malformed-silence",
    "A malformed key ends the connection",
    breaches=("KEY-MALFORMED-NO-5XX", "HTTP-COMPLETE"),
)
class _Silence(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "delete" and response.status == 400 and b"530002" in response.body:
            response.drop = True
        return response


class _Doubled(Behaviour):
    """Base of defects that take one of two key lines."""

    index = 0

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        return lines[self.index].decode("latin-1") if len(lines) > 1 else super().read_key(request)


@defect(
    "key-doubled-first",
    "Of two key lines the first one counts",
    breaches=("KEY-DUPLICATE-HEADER",),
    shows="data: two lines",
)
class _DoubledFirst(_Doubled):
    pass


@defect(
    "key-doubled-last",
    "Of two key lines the last one counts",
    breaches=("KEY-DUPLICATE-HEADER",),
    shows="data: two lines",
)
class _DoubledLast(_Doubled):
    index = -1


@defect(
    "keys-without-first-digit",
    "Keys that differ in their first digit only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutFirst(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[1:]


@defect(
    "keys-without-variant",
    "Keys that differ in their variant bits only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutVariant(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[:19], int(key[19], 16) & 3, key[20:]


class _Picky(Behaviour):
    """Base of defects that refuse some well-formed keys."""

    def takes(self, key: str) -> bool:
        """Whether the key is accepted."""
        return True

    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        if key is not None and request.route == "delete" and not self.takes(key):
            raise Refused(malformed_key())
        return key


@defect(
    "key-v4-only",
    "Only version 4 UUIDs are accepted",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID version",
)
class _Version4(_Picky):
    def takes(self, key: str) -> bool:
        return key[14] == "4"


@defect(
    "key-no-v7",
    "Version 7 UUIDs are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID version 7",
)
class _NoVersion7(_Picky):
    def takes(self, key: str) -> bool:
        return key[14] != "7"


@defect(
    "key-no-nil",
    "The nil UUID is refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: the nil UUID",
)
class _NoNil(_Picky):
    def takes(self, key: str) -> bool:
        return key.strip("0-") != ""


@defect(
    "key-no-max",
    "The max UUID is refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: the max UUID",
)
class _NoMax(_Picky):
    def takes(self, key: str) -> bool:
        return key.lower().strip("f-") != ""


@defect(
    "key-no-capitals",
    "Capital letters are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: capitals",
)
class _NoCapitals(_Picky):
    def takes(self, key: str) -> bool:
        return key == key.lower()


@defect(
    "key-variant-checked",
    "The UUID variant has to be RFC 9562's",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID variant",
)
class _VariantChecked(_Picky):
    def takes(self, key: str) -> bool:
        return key[19] in "89abAB"


class _Tolerant(Behaviour):
    """Base of defects where a malformed key counts as the well-formed one that :meth:`mend` makes of it."""

    def mend(self, value: str) -> str:
        """The key that *value* is taken for."""
        return value.replace(".", "-")

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        mended = (
            self.mend(lines[0].decode("latin-1")).encode("latin-1", "replace")
            if len(lines) == 1
            else b""
        )
        return mended.decode() if PATTERN.fullmatch(mended) else super().read_key(request)


@defect(
    "key-with-dots",
    "Dots do for a key's hyphens",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _Dots(_Tolerant):
    pass


@defect(
    "key-in-single-quotes",
    "Single quotes around a key are ignored",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _SingleQuotes(_Tolerant):
    def mend(self, value: str) -> str:
        return value.strip("'")


@defect(
    "key-with-unicode-hyphens",
    "Any Unicode hyphen does for a key's hyphens",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _UnicodeHyphens(_Tolerant):
    def mend(self, value: str) -> str:
        return re.sub("[\u2010-\u2015]", "-", value.encode("latin-1").decode("utf-8", "replace"))


@defect(
    "key-with-blanks",
    "Blanks within a key are left out",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _Blanks(_Tolerant):
    def mend(self, value: str) -> str:
        return re.sub(r"[ \t]", "", value)


@defect(
    "key-of-any-hyphens",
    "Keys are honoured wherever their hyphens are",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _AnyHyphens(Behaviour):
    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and re.fullmatch(rb"[0-9a-fA-F-]{36}", lines[0]):
            return lines[0].decode("ascii")
        return super().read_key(request)


@defect(
    "key-of-any-length",
    "Keys of more than 100 characters are honoured",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _AnyLength(Behaviour):
    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and 100 < len(lines[0]) < 1000 and lines[0].isalnum():
            return lines[0].decode("ascii")
        return super().read_key(request)


class _NoSuchKey(Behaviour):
    """Base of defects where some well-formed keys are refused."""

    refused = re.compile(rb".{14}[09a-fA-F].*")

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if (
            len(lines) == 1
            and self.refused.fullmatch(lines[0])
            and lines[0].strip(b"0-")
            and lines[0].lower().strip(b"f-")
        ):
            raise Refused(malformed_key())
        return super().read_key(request)


@defect(
    "key-no-rare-version",
    "Keys of versions that no RFC defines are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a key of a rare version",
)
class _NoRareVersion(_NoSuchKey):
    pass


@defect(
    "key-no-v6",
    "Keys of version 6 are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a version 6 key",
)
class _NoVersionSix(_NoSuchKey):
    refused = re.compile(rb".{14}6.*")


@defect(
    "key-no-digits-only",
    "Keys without a letter are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a key of digits",
)
class _NoDigitsOnly(_NoSuchKey):
    refused = re.compile(rb"[0-9-]+")
