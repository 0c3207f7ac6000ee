"""Defects of the SID section: the response to a malformed SID."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, unquote_to_bytes

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.routing import ITEM

WELL_FORMED = re.compile(r"[a-z_]+_[0-7][0-9a-z]{25}")
_MALFORMED = ("SID-MALFORMED",)


def _well_formed(request: Request) -> bool:
    return WELL_FORMED.fullmatch(request.sid or "") is not None


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


def _decoded(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode("utf-8", "replace")


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
    case(
        "escape-and-letter",
        "with an escape before a lower-case letter",
        "data: the third byte after a percent sign",
        matches=_pattern(rb"%[c-fC-F][0-9a-fA-F][a-z]"),
    ),
    case(
        "far-plane",
        "with a character of the Unicode planes 3 to 13",
        "data: a character from U+30000 to U+DFFFF",
        matches=lambda raw: any(0x30000 <= ord(one) <= 0xDFFFF for one in _decoded(raw)),
    ),
    case(
        "100-to-120",
        "of 100 to 120 characters",
        "data: the length of a SID",
        matches=lambda raw: 100 <= len(_decoded(raw)) <= 120,
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
    breaches=_MALFORMED,
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
