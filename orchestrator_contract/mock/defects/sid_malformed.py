"""Defects of the SID section: malformed SIDs."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration

WELL_FORMED = re.compile(r"[a-z_]+_[0-7][0-9a-z]{25}")
#: Crockford's base 32, in which ids of 128 bits begin with a digit of three.
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
_MALFORMED = ("SID-MALFORMED",)
_MALFORMED_DELETES = ("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")


def _well_formed(request: Request) -> bool:
    return WELL_FORMED.fullmatch(request.sid or "") is not None


# -- malformed SIDs: the response -------------------------------------------------------------


class _MalformedFails(Behaviour):
    """Base of defects where a path segment (raw bytes) that *matches* breaks the server."""

    matches: Callable[[bytes], bool]
    drop = False

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        missed = request.route == "delete" and response.status == 404
        if missed and self.matches(request.path[len(ITEM) :]):
            response = self.refuse(request, internal_error())
            response.drop = self.drop
        return response


def _nul(raw: bytes) -> bool:
    return b"%00" in raw


def _pattern(pattern: bytes) -> Callable[[bytes], bool]:
    return lambda raw: re.search(pattern, raw) is not None


defect(
    "malformed-sid-500",
    "A delete of a SID {} gets a 500",
    case("nul", "with a NUL", "data: NUL", matches=_nul),
    case("quote", "with a quote", "data: a quote", matches=_pattern(rb"'|%27")),
    case("backslash", "with a backslash", "data: a backslash", matches=_pattern(b"%5C")),
    case("bracket", "with a bracket", "data: a bracket", matches=_pattern(rb"%5B")),
    case("brace", "with braces", "data: braces", matches=_pattern(rb"%7[bBdD]|[{}]")),
    case("percent", "with a percent sign", "data: a percent sign", matches=_pattern(rb"%25")),
    case(
        "half-escape",
        "with half an escape",
        "data: half an escape",
        matches=_pattern(rb"%(?![0-9a-fA-F]{2})"),
    ),
    case(
        "control",
        "with a control character",
        "data: control characters",
        matches=_pattern(rb"%[01][0-9a-fA-F]"),
    ),
    case(
        "non-ascii",
        "with non-ASCII characters",
        "data: non-ASCII characters",
        matches=_pattern(rb"%[89a-fA-F]"),
    ),
    case(
        "not-utf-8",
        "that is not UTF-8",
        "data: invalid UTF-8",
        matches=lambda raw: b"\xef\xbf\xbd" in unquote(raw.decode("latin-1")).encode(),
    ),
    case("dots", "with two dots", "data: dots", matches=_pattern(rb"(?i)\.\.|%2e%2e")),
    case("long", "of over 255 characters", "data: long SIDs", matches=lambda raw: len(raw) > 255),
    case(
        "upper-case",
        "in upper case",
        "data: upper case",
        matches=lambda raw: raw.isupper() and len(raw) < 60 and b"%" not in raw,
    ),
    case(
        "first-digit",
        "whose first digit is over 7",
        "data: the first digit of a SID",
        matches=_pattern(rb"_[89a-z][0-9a-z]{25}$"),
    ),
    case(
        "uuid",
        "that is a UUID",
        "data: a UUID",
        matches=lambda raw: raw.count(b"-") == 4 and len(raw) == 36,
    ),
    breaches=_MALFORMED,
)(_MalformedFails)
defect(
    "malformed-sid-no-response",
    "The connection is closed without a response to a SID {}",
    case("nul", "with a NUL", "data: NUL", matches=_nul, drop=True),
    case(
        "long",
        "of over 1000 characters",
        "data: long SIDs",
        matches=lambda raw: len(raw) > 1000,
        drop=True,
    ),
    breaches=("SID-MALFORMED", "HTTP-COMPLETE"),
)(_MalformedFails)


@defect(
    "malformed-sid-405",
    "A delete of a malformed SID gets a 405",
    breaches=_MALFORMED,
    shows="data: a malformed SID",
)
class _Malformed405(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and not _well_formed(request):
            problem = Problem(405, 20004, "Method not allowed", ((b"allow", b"GET"),))
            return self.refuse(request, problem)
        return super().not_found(request)


def _names_a_memory_store(mock: Behaviour, request: Request) -> bool:
    head, _, tail = (request.sid or "").rpartition("_")
    configurations = mock.partition(request).configurations
    return head == "mem_store" and any(sid.rpartition("_")[2] == tail for sid in configurations)


@defect(
    "malformed-sid-202",
    "A delete of {} is accepted",
    case(
        "",
        "a malformed SID",
        "data: a malformed SID",
        applies=lambda mock, request: not _well_formed(request),
    ),
    case(
        "memory-store",
        "a memory store's id that ends as a SID does",
        "data: a malformed SID",
        applies=_names_a_memory_store,
    ),
    breaches=_MALFORMED,
)
class _Malformed202(Behaviour):
    applies: Callable[[Behaviour, Request], bool]

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and self.applies(self, request):
            operation = self.start_operation(request, "delete", request.sid or "", 0.1)
            return self.accepted(request, operation)
        return super().not_found(request)


@defect(
    "malformed-sid-202-second-account",
    "A delete of a malformed SID by the second account is accepted",
    breaches=_MALFORMED,
    shows="data: another account",
)
class _Malformed202SecondAccount(Behaviour):
    def not_found(self, request: Request) -> Response:
        malformed = len(request.sid or "") != len("conv_configuration_") + 26
        if request.route == "delete" and request.account == 2 and malformed:
            url = request.origin + "/v2/ControlPlane/Operations/none"
            body = {"related": {}, "statusUrl": url}
            return Response.of(202, body, [(b"retry-after", b"1")])
        return super().not_found(request)


# -- malformed SIDs: deletes of a similar SID -------------------------------------------------


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
            "%" in sid and re.fullmatch(re.escape(sid).replace("%", ".*"), real) is not None
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
