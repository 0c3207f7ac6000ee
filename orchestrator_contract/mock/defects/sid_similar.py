"""Defects of the SID section: a malformed SID deletes a configuration with a similar one."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration

#: Crockford's base 32, in which ids of 128 bits begin with a digit of three.
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
_UNKNOWN_DELETES = ("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT")
_MALFORMED_DELETES = ("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")


def _first_digit_modulo_8(sid: str) -> str:
    head, line, tail = sid.rpartition("_")
    if tail[:1] not in tuple(_BASE_32):
        return sid
    return f"{head}{line}{_BASE_32.index(tail[0]) % 8}{tail[1:]}"


def _without_accents(sid: str) -> str:
    decomposed = unicodedata.normalize("NFD", sid)
    return "".join(one for one in decomposed if not unicodedata.combining(one))


@defect(
    "sid-normalised",
    "A delete of a malformed SID deletes, because {}",
    case("trimmed", "white space around it is dropped", "data: white space", to=str.strip),
    case(
        "vertical-tab",
        "a vertical tab after it is dropped",
        "data: a vertical tab",
        to=lambda sid: sid.removesuffix("\v"),
    ),
    case(
        "separators",
        "separators of ASCII around it are dropped",
        "data: control characters",
        to=lambda sid: sid.strip("\x1c\x1d\x1e\x1f"),
    ),
    case(
        "byte-order-mark",
        "a byte order mark after it is dropped",
        "data: a byte order mark",
        to=lambda sid: sid.removesuffix("\ufeff"),
    ),
    case("lower-cased", "upper case is folded", "data: upper case", to=str.lower),
    case(
        "tail-lower-cased",
        "upper case after the prefix is folded",
        "data: upper case",
        to=lambda sid: sid[:20] + sid[20:].lower(),
    ),
    case("accents", "accents are dropped", "data: an accent", to=_without_accents),
    case(
        "compatibility",
        "compatibility characters are folded",
        "data: compatibility characters",
        to=lambda sid: unicodedata.normalize("NFKC", sid),
    ),
    case(
        "json-suffix",
        "a suffix .json is dropped",
        "data: .json",
        to=lambda sid: sid.removesuffix(".json"),
    ),
    case("nul", "it ends at a NUL", "data: NUL", to=lambda sid: sid.partition("\0")[0]),
    case("decoded-twice", "it is percent-decoded twice", "data: encoded twice", to=unquote),
    case(
        "path",
        "encoded slashes and dots are resolved",
        "data: encoded slashes",
        to=lambda sid: sid.rstrip("/").rpartition("/")[2],
    ),
    case(
        "semicolon",
        "it ends at a semicolon",
        "data: a semicolon",
        to=lambda sid: sid.partition(";")[0],
    ),
    case(
        "query",
        "it ends at an encoded question mark or hash",
        "data: an encoded ? or #",
        to=lambda sid: re.split(r"[?#]", sid)[0],
    ),
    case("comma", "it ends at a comma", "data: a comma", to=lambda sid: sid.partition(",")[0]),
    case("plus", "a plus at its end is dropped", "data: a plus", to=lambda sid: sid.rstrip("+")),
    case("quotes", "quotes around it are dropped", "data: quotes", to=lambda sid: sid.strip("\"'")),
    case(
        "braces",
        "braces around it are dropped",
        "data: a malformed SID",
        to=lambda sid: sid.strip("{}"),
    ),
    case(
        "hyphens",
        "hyphens count as underscores",
        "data: a malformed SID",
        to=lambda sid: sid.replace("-", "_"),
    ),
    case("tail", "it ends after 45 characters", "data: more characters", to=lambda sid: sid[:45]),
    case(
        "first-digit",
        "its first digit counts modulo 8",
        "data: the first digit of a SID",
        to=_first_digit_modulo_8,
    ),
    breaches=_MALFORMED_DELETES,
)
class _Normalised(Behaviour):
    to: Callable[[str], str]

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is None and sid and request.route == "delete":
            return super().locate(request, self.to(sid))
        return found


def _read(sid: str, letters: str, digits: str, ignored: str = "") -> str:
    """*sid* with the *letters* of its last part read as *digits*."""
    prefix, mark, tail = sid.rpartition("_")
    return prefix + mark + tail.translate(str.maketrans(letters, digits, ignored))


def _swapped(sid: str, real: str) -> bool:
    if len(sid) != len(real):
        return False
    differ = [at for at, pair in enumerate(zip(sid, real, strict=True)) if pair[0] != pair[1]]
    if len(differ) != 2 or differ[1] != differ[0] + 1:
        return False
    return sid[differ[0] : differ[0] + 2] == real[differ[0] : differ[0] + 2][::-1]


@defect(
    "sid-matched",
    "A delete of a malformed SID deletes a configuration, because {}",
    case(
        "prefix",
        "a prefix matches",
        "data: a prefix",
        matches=lambda sid, real: len(sid) > 20 and real.startswith(sid),
    ),
    case(
        "prefix-4",
        "its last four characters may be missing",
        "data: a prefix",
        matches=lambda sid, real: real.startswith(sid) and len(real) - len(sid) <= 4,
    ),
    case(
        "prefix-1",
        "its last character may be missing",
        "data: a prefix",
        matches=lambda sid, real: sid == real[:-1],
    ),
    case(
        "wildcard",
        "* and ? are wildcards",
        "data: wildcards",
        matches=lambda sid, real: fnmatch.fnmatchcase(real, sid) and sid != real,
    ),
    case(
        "sql-like",
        "% is a wildcard",
        "data: SQL wildcards",
        matches=lambda sid, real: (
            "%" in sid and re.fullmatch(re.sub("%+", ".*", re.escape(sid)), real) is not None
        ),
    ),
    case(
        "sql-or",
        "it is part of an SQL statement",
        "data: SQL",
        matches=lambda sid, real: "' OR" in sid.upper(),
    ),
    case(
        "latest",
        "latest names the newest one",
        "data: a malformed SID",
        matches=lambda sid, real: sid == "latest",
    ),
    case(
        "private-use",
        "private-use characters are dropped",
        "data: a SID with a character for private use",
        matches=lambda sid, real: (
            real == "".join(c for c in sid if unicodedata.category(c) != "Co")
        ),
    ),
    case(
        "dotless-i",
        "non-ASCII SIDs are compared in upper case",
        "data: a SID with a letter whose upper case is ASCII",
        matches=lambda sid, real: not sid.isascii() and sid.upper() == real.upper(),
    ),
    case(
        "base32-hyphens",
        "hyphens in its last part are dropped",
        "data: a SID with a hyphen",
        matches=lambda sid, real: _read(sid, "", "", "-") == real,
    ),
    case(
        "base32-lookalikes",
        "o is read as 0, i and l as 1",
        "data: a SID with a letter for a digit",
        breaches=_UNKNOWN_DELETES,
        matches=lambda sid, real: _read(sid, "oil", "011") == _read(real, "oil", "011"),
    ),
    case(
        "base32-v",
        "v is read as u",
        "data: a SID with v for u",
        breaches=_UNKNOWN_DELETES,
        matches=lambda sid, real: _read(sid, "v", "u") == _read(real, "v", "u"),
    ),
    case(
        "swapped",
        "two neighbouring characters may be swapped",
        "data: a SID with two characters swapped",
        breaches=(*_UNKNOWN_DELETES, "SID-MALFORMED"),
        matches=_swapped,
    ),
    breaches=_MALFORMED_DELETES,
)
class _Matched(Behaviour):
    matches: Callable[[str, str], bool]

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is not None or not sid or request.route != "delete":
            return found
        for one in reversed(self.partition(request).configurations.values()):
            alive = one.reserved_for is None and not self.is_deleted(one, self.now())
            if alive and self.matches(sid, one.id):
                return one
        return None


@defect(
    "sid-display-name",
    "A delete of a displayName in place of a SID deletes its configuration",
    breaches=_MALFORMED_DELETES,
    shows="data: a displayName as SID",
)
class _ByName(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        for one in self.partition(request).configurations.values():
            if one.members.get("displayName") == request.sid and self.visible(one, self.now()):
                return one
        return super().target_of_delete(request)


@defect(
    "sid-matches-all",
    "A delete of {} deletes all configurations of the account",
    case("star", "the SID *", "data: a lone wildcard", matches=lambda sid: sid == "*"),
    case("percent", "the SID %", "data: a lone wildcard", matches=lambda sid: sid == "%"),
    case("all", "the SID all", "data: the word all", matches=lambda sid: sid == "all"),
    case("empty", "an empty SID", "data: an empty SID", matches=lambda sid: not sid.strip()),
    breaches=_MALFORMED_DELETES,
)
class _MatchesAll(Behaviour):
    matches: Callable[[str], bool]

    async def respond(self, request: Request) -> Response:
        if request.method == "DELETE" and request.path + b"/" == ITEM and self.matches(""):
            request.path = ITEM
        return await super().respond(request)

    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        if found is not None or request.sid is None or not self.matches(request.sid):
            return found
        living = [
            one
            for one in self.partition(request).configurations.values()
            if self.listed(one, self.now()) and self.pending_deletion(one) is None
        ]
        for one in living[1:]:
            self.begin_delete(request, one)
        return living[0] if living else None
