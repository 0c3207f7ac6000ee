"""Defects of the KEY section: malformed keys are honoured, well-formed keys are refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, internal_error, malformed_key
from orchestrator_contract.mock.idempotency import HEADER, PATTERN
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect

_ACCEPTED = ("KEY-FORMAT-ACCEPTED",)
_NOT_HONOURED = ("KEY-MALFORMED-NOT-HONOURED",)
_NO_5XX = ("KEY-MALFORMED-NO-5XX",)
_MALFORMED = "data: a malformed key"
_GROUPS = (8, 4, 4, 4, 12)
#: Letters of other scripts that look like hex digits.
_HOMOGLYPHS = str.maketrans("аеcсАВЕСΑΒΕϹ", "aeccABECABEC")


def _malformed(request: Request) -> bytes | None:
    """The value of the one key header if it is malformed, else None."""
    lines = request.lines(HEADER)
    return lines[0] if len(lines) == 1 and PATTERN.fullmatch(lines[0]) is None else None


# -- malformed keys are honoured --------------------------------------------------------------


def _if_key(candidate: bytes) -> str:
    return candidate.decode() if PATTERN.fullmatch(candidate) else ""


def _if_matches(pattern: bytes) -> Callable[[bytes], str]:
    return lambda value: value.decode("latin-1") if re.fullmatch(pattern, value) else ""


def _without(pattern: bytes, replacement: bytes = b"") -> Callable[[bytes], str]:
    return lambda value: _if_key(re.sub(pattern, replacement, value))


def _inside(value: bytes) -> str:
    match = PATTERN.search(value)
    return match[0].decode() if match else ""


def _unicode_digits(value: bytes) -> str:
    try:
        folded = unicodedata.normalize("NFKC", value.decode("utf-8"))
        digits = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in folded)
        return _if_key(digits.encode("ascii"))
    except (UnicodeError, ValueError):
        return ""


def _unicode_hyphens(value: bytes) -> str:
    text = re.sub("[\u2010-\u2015]", "-", value.decode("utf-8", "replace"))
    return _if_key(text.encode("latin-1", "replace"))


def _with_hyphens(value: bytes) -> str:
    if re.fullmatch(rb"[0-9a-fA-F]{32}", value) is None:
        return ""
    text = value.decode()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _without_hyphens(value: bytes) -> str:
    bare = value.replace(b"-", b"")
    return bare.decode() if re.fullmatch(rb"[0-9a-fA-F]{32}", bare) else ""


def _if_text(text: str) -> str:
    return _if_key(text.encode("ascii", "replace"))


def _as_numbers(value: bytes) -> str:
    """The key whose groups a number parser reads in *value*; "" if it reads none."""
    try:
        groups = value.decode("utf-8").split("-")
        numbers = [int(group, 16) for group in groups]
    except ValueError:
        return ""
    if tuple(map(len, groups)) != _GROUPS:
        return ""
    pairs = zip(numbers, _GROUPS, strict=True)
    return _if_text("-".join(f"{number:0{size}x}" for number, size in pairs))


def _without_homoglyph(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    foreign = [one for one in text if not one.isascii()]
    if len(foreign) != 1 or foreign[0].isnumeric():
        return ""
    return _if_text(unicodedata.normalize("NFKC", text).translate(_HOMOGLYPHS))


def _without_swapped_hyphen(value: bytes) -> str:
    for at in (8, 13, 18, 23):
        if value[at - 1 : at] == b"-" and value[at : at + 1] != b"-":
            key = _if_key(value[: at - 1] + value[at : at + 1] + b"-" + value[at + 1 :])
            if key:
                return key
    return ""


@defect(
    "malformed-key-honoured",
    "A malformed key is honoured: {}",
    case("any", "any text is a key", _MALFORMED, key=lambda value: value.decode("latin-1")),
    case("36-characters", "any 36 characters are a key", _MALFORMED, key=_if_matches(b".{36}")),
    case("one", "all malformed keys are one key", _MALFORMED, key=lambda value: "malformed"),
    case(
        "empty",
        "an empty header is a key",
        "data: an empty header",
        key=lambda value: "" if value else "empty",
    ),
    case(
        "hyphens",
        "hex digits and hyphens in any order are a key",
        _MALFORMED,
        key=_if_matches(rb"[0-9a-fA-F-]{36}"),
    ),
    case("moved-hyphens", "hyphens are ignored", "data: moved hyphens", key=_without_hyphens),
    case("no-hyphens", "32 hex digits are a key", "data: no hyphens", key=_with_hyphens),
    case(
        "underscores", "underscores count as hyphens", "data: underscores", key=_without(b"_", b"-")
    ),
    case("dots", "dots count as hyphens", _MALFORMED, key=_without(rb"\.", b"-")),
    case("unicode-hyphens", "Unicode hyphens count as hyphens", _MALFORMED, key=_unicode_hyphens),
    case(
        "unicode-digits",
        "digits of other scripts count as digits",
        "data: Unicode digits",
        key=_unicode_digits,
    ),
    case(
        "letters-after-f",
        "letters after f count as hex digits",
        "data: g to z",
        key=_if_matches(rb"[0-9A-Za-z_]{8}(-[0-9A-Za-z_]{4}){3}-[0-9A-Za-z_]{12}"),
    ),
    case(
        "short-last-group",
        "the last group may be shorter",
        "data: 25 to 35 characters",
        key=_if_matches(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{1,11}"),
    ),
    case(
        "long",
        "101 to 999 letters and digits are a key",
        _MALFORMED,
        key=_if_matches(rb"[0-9A-Za-z]{101,999}"),
    ),
    case("braces", "braces are dropped", "data: braces", key=_without(rb"^[{}]+|[{}]+$")),
    case("urn", "urn:uuid: is dropped", "data: a URN", key=_without(rb"(?i)^urn:uuid:")),
    case("quotes", "quotes are dropped", "data: quotes", key=_without(rb"^[\"']+|[\"']+$")),
    case("single-quotes", "single quotes are dropped", _MALFORMED, key=_without(b"^'+|'+$")),
    case("blanks", "blanks are dropped", _MALFORMED, key=_without(rb"[ \t]")),
    case(
        "inside-text",
        "a key inside other text is honoured",
        "data: a key inside other text",
        key=_inside,
    ),
    case(
        "comma-list",
        "the first key of a comma-separated list is honoured",
        "data: a comma list",
        key=lambda value: _if_key(value.split(b",")[0].strip()),
    ),
    case(
        "tail",
        "characters after the 36th are dropped",
        "data: more characters",
        key=lambda value: _if_key(value[:36]),
    ),
    case(
        "37-characters",
        "one character after the 36th is dropped",
        "data: 37 characters",
        key=lambda value: _if_key(value[:36]) if len(value) == 37 else "",
    ),
    case(
        "numbers",
        "groups are parsed as numbers",
        "data: a key with a group that a number parser takes",
        key=_as_numbers,
    ),
    case(
        "plus-sign",
        "a group may begin with a plus sign",
        "data: a key with a plus sign",
        key=lambda value: _as_numbers(value) if b"+" in value else "",
    ),
    case(
        "underscore-in-group",
        "an underscore between digits of the last group counts as a digit",
        "data: a key with an underscore",
        key=lambda value: _as_numbers(value) if re.search(rb"\w_\w[^-]*$", value) else "",
    ),
    case(
        "space-in-group",
        "a group may begin with a space",
        "data: a key with a space in place of a digit",
        key=lambda value: _as_numbers(value) if b" " in value else "",
    ),
    case(
        "0x",
        "a group may begin with 0x",
        "data: a key with 0x",
        key=lambda value: _as_numbers(value) if b"0x" in value.lower() else "",
    ),
    case(
        "unicode-spaces",
        "Unicode spaces around it are dropped",
        "data: a key with a Unicode space around it",
        key=lambda value: _if_text(value.decode("utf-8", "replace").strip()),
    ),
    case(
        "ideographic-space",
        "an ideographic space after it is dropped",
        "data: a key with an ideographic space after it",
        key=_without("\u3000$".encode()),
    ),
    case(
        "byte-order-mark",
        "a byte order mark after it is dropped",
        "data: a key with a byte order mark after it",
        key=_without("\ufeff$".encode()),
    ),
    case(
        "latin-1-spaces",
        "Latin-1 spaces around it are dropped",
        "data: a key with a Latin-1 space around it",
        key=lambda value: _if_text(value.decode("latin-1").strip()),
    ),
    case(
        "homoglyph",
        "one letter of another script that looks like a hex digit counts as that",
        "data: a key with one letter that looks like a to f",
        key=_without_homoglyph,
    ),
    case(
        "swapped-hyphen",
        "a hyphen may be swapped with the digit before it",
        "data: a key with a hyphen one place too early",
        key=_without_swapped_hyphen,
    ),
    breaches=_NOT_HONOURED,
)
class _Honoured(Behaviour):
    #: The key that a malformed value is taken for; "" if it is refused.
    key: Callable[[bytes], str]

    def read_key(self, request: Request) -> str | None:
        value = _malformed(request)
        key = self.key(value) if value is not None else ""
        return key or super().read_key(request)


@defect(
    "duplicate-key-header",
    "Of two Idempotency-Key headers the {} one is honoured",
    case("first", index=0),
    case("last", index=-1),
    breaches=("KEY-DUPLICATE-HEADER",),
    shows="data: two headers",
)
class _Duplicate(Behaviour):
    index: int

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        return lines[self.index].decode("latin-1") if len(lines) > 1 else super().read_key(request)


# -- malformed keys break the server ----------------------------------------------------------


def _has_stray_byte(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return any(0x80 <= one <= 0x9F for one in value)
    return False


@defect(
    "malformed-key-500",
    "{} gets a 500",
    case("", "A malformed key", breaks=lambda mock, value: True),
    case(
        "1-in-9",
        "One malformed key in nine",
        "1 in 9",
        breaks=lambda mock, value: mock.once_in(9, "key"),
    ),
    case(
        "long",
        "A key of over 255 characters",
        "data: long keys",
        breaks=lambda mock, value: len(value) > 255,
    ),
    case(
        "non-ascii",
        "A key with non-ASCII characters",
        "data: non-ASCII characters",
        breaks=lambda mock, value: not value.isascii(),
    ),
    case("empty", "An empty key", "data: an empty header", breaks=lambda mock, value: not value),
    case(
        "invalid-utf-8",
        "A key with a byte from 80 to 9F outside UTF-8",
        "data: a key that is not UTF-8",
        breaks=lambda mock, value: _has_stray_byte(value),
    ),
    breaches=_NO_5XX,
)
class _Malformed500(Behaviour):
    breaks: Callable[[Behaviour, bytes], bool]

    def read_key(self, request: Request) -> str | None:
        value = _malformed(request)
        if value is not None and self.breaks(self, value):
            raise Refused(internal_error())
        return super().read_key(request)


@defect(
    "malformed-key-no-response",
    "The connection is closed without a response to a malformed key",
    breaches=_NO_5XX,
)
class _NoResponse(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "delete" and response.status == 400 and b"530002" in response.body:
            response.drop = True
        return response


# -- well-formed keys are refused or confused -------------------------------------------------


def _version_undefined(key: str) -> bool:
    return key[14] in "09abcdefABCDEF" and bool(key.strip("0-")) and bool(key.lower().strip("f-"))


def _has_a_run(key: str) -> bool:
    last = key[-12:].lower()
    return len(set(last)) > 1 and re.search(r"(.)\1\1", last) is not None


@defect(
    "key-refused",
    "A key {} is refused",
    case(
        "not-version-4",
        "that is not of version 4",
        "data: UUID version",
        refuses=lambda key: key[14] != "4",
    ),
    case(
        "version-6",
        "of version 6",
        "data: a version 6 key",
        refuses=lambda key: key[14] == "6",
        routes=None,
    ),
    case("version-7", "of version 7", "data: UUID version 7", refuses=lambda key: key[14] == "7"),
    case(
        "version-undefined",
        "of an undefined version",
        "data: a key of a rare version",
        refuses=_version_undefined,
        routes=None,
    ),
    case(
        "variant",
        "of another variant than RFC 9562's",
        "data: UUID variant",
        refuses=lambda key: key[19] not in "89abAB",
    ),
    case(
        "nil",
        "that is the nil UUID",
        "data: the nil UUID",
        refuses=lambda key: key.strip("0-") == "",
    ),
    case(
        "max",
        "that is the max UUID",
        "data: the max UUID",
        refuses=lambda key: key.lower().strip("f-") == "",
    ),
    case("upper-case", "in upper case", "data: upper case", refuses=lambda key: key != key.lower()),
    case(
        "digits",
        "without letters",
        "data: a key of digits",
        refuses=lambda key: re.fullmatch("[0-9-]+", key) is not None and key.strip("0-") != "",
        routes=None,
    ),
    case(
        "repeated-digit",
        "with a digit three times in a row in its last group",
        "data: a key with a digit three times in a row",
        refuses=_has_a_run,
        routes=None,
    ),
    breaches=_ACCEPTED,
)
class _Refused(Behaviour):
    refuses: Callable[[str], bool]
    #: None: of every call
    routes: tuple[str, ...] | None = ("delete",)

    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        applies = self.routes is None or request.route in self.routes
        if key is not None and applies and self.refuses(key):
            raise Refused(malformed_key())
        return key


@defect(
    "keys-equal",
    "Keys that differ in {} only are one key",
    case(
        "beginning",
        "their first 16 digits",
        "data: keys with the same end",
        part=lambda key: key.replace("-", "")[16:],
    ),
    case(
        "end",
        "their last 16 digits",
        "data: keys with the same beginning",
        part=lambda key: key.replace("-", "")[:16],
    ),
    case("first-digit", "their first digit", part=lambda key: key[1:]),
    case("version", "their version", part=lambda key: key[:14] + key[15:]),
    case("variant", "their variant", part=lambda key: (key[:19], int(key[19], 16) & 3, key[20:])),
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _Equal(Behaviour):
    part: Callable[[str], Hashable]

    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, self.part(key)
