"""Defects against SID."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import CORNER, vanish
from orchestrator_contract.mock.errors import Problem, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, Configuration, World


@defect(
    "unknown-sid-202-again",
    "A delete of an unknown SID, sent again with its key, is accepted",
    breaches=("SID-UNKNOWN",),
    shows="data: a key that met a 404",
)
class _UnknownAgain(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[tuple[str, str | None]] = set()

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            if (request.key, request.sid) in self.missed:
                seconds = self.settings.operation_seconds
                return self.accepted(
                    request, self.start_operation(request, "delete", request.sid or "", seconds)
                )
            self.missed.add((request.key, request.sid))
        return super().not_found(request)


@defect(
    "sid-is-name",
    "A display name does for a SID",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a name as SID",
)
class _ByName(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        for one in self.partition(request).configurations.values():
            if one.members.get("displayName") == request.sid and self.visible(one, self.now()):
                return one
        return super().target_of_delete(request)


@defect(
    "odd-202-second-account",
    "The second account's deletes of odd SIDs are accepted",
    breaches=("SID-MALFORMED",),
    shows="data: another account",
)
class _AcceptsOddAway(Behaviour):
    def not_found(self, request: Request) -> Response:
        response = super().not_found(request)
        if (
            request.route == "delete"
            and request.account == CORNER[0]
            and len(request.sid or "") != len("conv_configuration_") + 26
        ):
            return Response.of(
                202,
                {"related": {}, "statusUrl": request.origin + "/v2/ControlPlane/Operations/none"},
                [(b"retry-after", b"1")],
            )
        return response


@defect(
    "unknown-204-second-day",
    "From the second day on an unknown SID answers 204",
    breaches=("SID-UNKNOWN", "DEL-STATUS"),
    shows="time: a day after the start",
)
class _UnknownNextDay(Behaviour):
    begun: float | None = None

    def not_found(self, request: Request) -> Response:
        self.begun = self.now() if self.begun is None else self.begun
        late = (
            request.route == "delete"
            and self.locate(request, request.sid) is None
            and self.now() - self.begun > DAY
        )
        return Response(204) if late else super().not_found(request)


@defect(
    "refused-404-deletes-neighbouring",
    "A delete of an unknown well-formed SID takes one that begins alike",
    breaches=("SID-UNKNOWN-NO-EFFECT",),
    shows="data: an unknown SID next to a real one",
)
class _TakesNeighbour(Behaviour):
    def not_found(self, request: Request) -> Response:
        sid = request.sid or ""
        if request.route == "delete" and self.locate(request, sid) is None:
            for one in self.partition(request).configurations.values():
                if (
                    one.deleted_at is None
                    and one.reserved_for is None
                    and len(one.id) == len(sid)
                    and one.id[:-1] == sid[:-1]
                ):
                    one.deleted_at = self.now()
        return super().not_found(request)


@defect(
    "refused-404-deletes-newest",
    "A delete of an unknown SID takes the newest configuration instead",
    breaches=("SID-UNKNOWN-NO-EFFECT",),
)
class _NotFoundTakesNewest(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and self.locate(request, request.sid) is None:
            living = [
                one
                for one in self.partition(request).configurations.values()
                if self.visible(one, self.now())
            ]
            vanish(self, living[-1] if living else None)
        return super().not_found(request)


@defect(
    "refused-404-deletes-similar",
    "A delete of an unknown SID takes a configuration whose SID begins alike",
    breaches=("SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
    shows="data: an unknown SID next to a real one",
)
class _NotFoundTakesSimilar(Behaviour):
    def not_found(self, request: Request) -> Response:
        start = (request.sid or "")[:-1]
        if (
            request.route == "delete"
            and len(start) > 40
            and self.locate(request, request.sid) is None
        ):
            for one in self.partition(request).configurations.values():
                if one.id.startswith(start):
                    vanish(self, one)
        return super().not_found(request)


WELL_FORMED = re.compile(r"[a-z_]+_[0-7][0-9a-z]{25}")


def _unknown(
    name: str,
    text: str,
    answer: Callable[[Request], Response | None],
    *,
    shows: str = "always",
    breaches: tuple[str, ...] = ("SID-UNKNOWN",),
) -> None:
    """Registers a defect where a well-formed SID that was never used gets another answer."""

    class Unknown(Behaviour):
        def not_found(self, request: Request) -> Response:
            response = super().not_found(request)
            if request.route != "delete" or self.locate(request, request.sid) is not None:
                return response
            known = WELL_FORMED.fullmatch(request.sid or "") is not None
            return (answer(request) if known else None) or response

    defect(name, text, breaches=breaches, shows=shows)(Unknown)


def _plain(status: int, code: int) -> Callable[[Request], Response]:
    body = {
        "code": code,
        "message": "no",
        "more_info": f"https://www.twilio.com/docs/api/errors/{code}",
        "status": status,
    }
    return lambda request: Response.of(status, body)


_BOTH = ("SID-UNKNOWN", "DEL-STATUS")


for _status in (400, 403, 410):
    _unknown(
        f"unknown-{_status}",
        f"An unknown SID answers {_status}",
        _plain(_status, 530007),
        breaches=_BOTH,
    )


_unknown("unknown-500", "An unknown SID answers 500", _plain(500, 20500))


_unknown("unknown-409", "An unknown SID answers 409", _plain(409, 20409))


_unknown(
    "unknown-200",
    "An unknown SID answers 200",
    lambda request: Response.of(200, {}),
    breaches=_BOTH,
)


_unknown("unknown-204", "An unknown SID answers 204", lambda request: Response(204), breaches=_BOTH)


_unknown(
    "unknown-202",
    "An unknown SID is accepted",
    lambda request: Response.of(
        202,
        {"statusUrl": f"{request.origin}/v2/ControlPlane/Operations/none", "related": None},
        [(b"retry-after", b"1")],
    ),
)


_unknown(
    "unknown-400-other-prefix",
    "An unknown cfg_configuration_ SID answers 400",
    shows="data: the other prefix",
    answer=lambda request: (
        _plain(400, 530007)(request) if (request.sid or "").startswith("cfg_") else None
    ),
)


_unknown(
    "unknown-500-digit",
    "Unknown SIDs that end in 0 to 4 answer 500",
    shows="data: last letter of the SID",
    answer=lambda request: (
        _plain(500, 20500)(request) if (request.sid or "")[-1] in "01234" else None
    ),
)


def _odd(
    name: str, text: str, matches: Callable[[bytes], bool], shows: str, *, drop: bool = False
) -> None:
    """Registers a defect where an odd segment (raw bytes) breaks the server."""

    class Odd(Behaviour):
        async def finish(self, request: Request, response: Response) -> Response:
            response = await super().finish(request, response)
            if (
                request.route == "delete"
                and response.status == 404
                and matches(request.path[len(ITEM) :])
            ):
                response = self.refuse(request, internal_error())
                response.drop = drop
            return response

    defect(
        name,
        text,
        breaches=("SID-MALFORMED", "HTTP-COMPLETE") if drop else ("SID-MALFORMED",),
        shows=shows,
    )(Odd)


_odd("odd-nul-500", "A NUL in the SID is a 500", lambda raw: b"%00" in raw, "data: NUL")


_odd(
    "odd-quote-500",
    "A quote in the SID is a 500",
    lambda raw: b"'" in raw or b"%27" in raw,
    "data: a quote",
)


_odd(
    "odd-backslash-500",
    "A backslash in the SID is a 500",
    lambda raw: b"%5C" in raw,
    "data: a backslash",
)


_odd(
    "odd-bracket-500", "A bracket in the SID is a 500", lambda raw: b"%5B" in raw, "data: a bracket"
)


_odd(
    "odd-long-500",
    "A SID of more than 255 characters is a 500",
    lambda raw: len(raw) > 255,
    "data: long SIDs",
)


_odd(
    "odd-percent-500",
    "A percent sign in the SID is a 500",
    lambda raw: b"%25" in raw,
    "data: a percent sign",
)


_odd(
    "odd-unicode-500",
    "A SID beyond ASCII is a 500",
    lambda raw: re.search(rb"%[89a-fA-F]", raw) is not None,
    "data: bytes beyond ASCII",
)


_odd(
    "odd-control-500",
    "A control character in the SID is a 500",
    lambda raw: re.search(rb"%[01][0-9a-fA-F]", raw) is not None,
    "data: control characters",
)


_odd(
    "odd-not-utf-8-500",
    "A SID that is no UTF-8 is a 500",
    lambda raw: b"\xef\xbf\xbd" in unquote(raw.decode("latin-1")).encode(),
    "data: broken UTF-8",
)


_odd(
    "odd-brace-500",
    "Braces in the SID are a 500",
    lambda raw: re.search(rb"%7[bBdD]|[{}]", raw) is not None,
    "data: braces",
)


_odd(
    "odd-capital-500",
    "A SID in capitals is a 500",
    lambda raw: raw.isupper() and len(raw) < 60 and b"%" not in raw,
    "data: capitals",
)


_odd(
    "odd-half-escape-500",
    "A percent sign that begins no escape is a 500",
    lambda raw: re.search(rb"%(?![0-9a-fA-F]{2})", raw) is not None,
    "data: half an escape",
)


_odd(
    "odd-overflow-500",
    "A first digit past the largest is a 500",
    lambda raw: re.search(rb"_[89a-z][0-9a-z]{25}$", raw) is not None,
    "data: the first digit of a SID",
)


_odd(
    "odd-uuid-500",
    "A UUID for a SID is a 500",
    lambda raw: raw.count(b"-") == 4 and len(raw) == 36,
    "data: a UUID",
)


_odd(
    "odd-dots-500",
    "Two dots in the SID are a 500",
    lambda raw: b".." in raw or b"%2e%2e" in raw.lower(),
    "data: dots",
)


_odd(
    "odd-nul-silence",
    "A NUL in the SID ends the connection",
    lambda raw: b"%00" in raw,
    "data: NUL",
    drop=True,
)


_odd(
    "odd-long-silence",
    "A SID of more than 1000 characters ends the connection",
    lambda raw: len(raw) > 1000,
    "data: long SIDs",
    drop=True,
)


@defect(
    "odd-short-405",
    "A SID that does not look like one answers 405",
    breaches=("SID-MALFORMED",),
    shows="data: odd SIDs",
)
class _Odd405(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and WELL_FORMED.fullmatch(request.sid or "") is None:
            return self.refuse(
                request, Problem(405, 20004, "Method not allowed", ((b"allow", b"GET"),))
            )
        return super().not_found(request)


@defect(
    "odd-accepted",
    "A SID that does not look like one is accepted",
    breaches=("SID-MALFORMED",),
    shows="data: odd SIDs",
)
class _OddAccepted(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and WELL_FORMED.fullmatch(request.sid or "") is None:
            return self.accepted(
                request, self.start_operation(request, "delete", request.sid or "", 0.1)
            )
        return super().not_found(request)


def _folding(name: str, text: str, fold: Callable[[str], str], shows: str) -> None:
    """Registers a defect where a SID that is folded to a real one deletes it."""

    class Folding(Behaviour):
        def locate(self, request: Request, sid: str | None) -> Configuration | None:
            found = super().locate(request, sid)
            if found is None and sid and request.route == "delete":
                return super().locate(request, fold(sid))
            return found

    defect(name, text, breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"), shows=shows)(Folding)


_folding("odd-trimmed", "White space around a SID is dropped", str.strip, "data: white space")


_folding("odd-folded", "Capitals in a SID are folded", str.lower, "data: capitals")


_folding(
    "odd-tail-folded",
    "Capitals in a SID are folded behind its prefix",
    lambda sid: sid[:20] + sid[20:].lower(),
    "data: capitals",
)


_folding(
    "odd-accents",
    "Accents in a SID do not count",
    lambda sid: "".join(
        c for c in unicodedata.normalize("NFD", sid) if not unicodedata.combining(c)
    ),
    "data: an accent",
)


_folding(
    "odd-suffix", "A suffix .json is dropped", lambda sid: sid.removesuffix(".json"), "data: .json"
)


_folding("odd-nul-cut", "A SID ends at a NUL", lambda sid: sid.partition("\0")[0], "data: NUL")


_folding("odd-decoded-twice", "A SID is percent-decoded twice", unquote, "data: encoded twice")


_folding(
    "odd-traversal",
    "Encoded slashes and dots are resolved",
    lambda sid: sid.rstrip("/").rpartition("/")[2],
    "data: encoded slashes",
)


_folding(
    "odd-parameters",
    "What follows a semicolon is dropped",
    lambda sid: sid.partition(";")[0],
    "data: a semicolon",
)


_folding(
    "odd-query",
    "What follows an encoded question mark or hash is dropped",
    lambda sid: re.split(r"[?#]", sid)[0],
    "data: an encoded ? or #",
)


_folding(
    "odd-normalised",
    "Compatibility characters are folded",
    lambda sid: unicodedata.normalize("NFKC", sid),
    "data: compatibility characters",
)


_folding(
    "odd-list",
    "Of a comma list the first SID is deleted",
    lambda sid: sid.partition(",")[0],
    "data: a comma",
)


_folding(
    "odd-plus",
    "A plus in a SID is read as a space and dropped",
    lambda sid: sid.rstrip("+"),
    "data: a plus",
)


_folding(
    "odd-quoted", "Quotes around a SID are dropped", lambda sid: sid.strip("\"'"), "data: quotes"
)


_folding(
    "odd-tail", "What follows the 45th character is dropped", lambda sid: sid[:45], "data: a tail"
)


#: Crockford's base 32, in which ids of 128 bits begin with a digit of three.
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"


def _reduced(sid: str) -> str:
    head, line, tail = sid.rpartition("_")
    return (
        f"{head}{line}{_BASE_32.index(tail[0]) % 8}{tail[1:]}"
        if tail[:1] in tuple(_BASE_32)
        else sid
    )


_folding(
    "odd-overflow",
    "The first digit of a SID counts modulo 8",
    _reduced,
    "data: the first digit of a SID",
)


def _matching(name: str, text: str, matches: Callable[[str, str], bool], shows: str) -> None:
    """Registers a defect where a pattern in the SID deletes the first configuration it matches."""

    class Matching(Behaviour):
        def locate(self, request: Request, sid: str | None) -> Configuration | None:
            found = super().locate(request, sid)
            if found is not None or not sid or request.route != "delete":
                return found
            partition, now = self.partition(request), self.now()
            for one in reversed(partition.configurations.values()):
                if (
                    one.reserved_for is None
                    and not self.is_deleted(one, now)
                    and matches(sid, one.id)
                ):
                    return one
            return None

    defect(name, text, breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"), shows=shows)(Matching)


_matching(
    "odd-prefix",
    "The beginning of a SID is enough",
    lambda sid, real: len(sid) > 20 and real.startswith(sid),
    "data: a prefix",
)


_matching(
    "odd-prefix-long",
    "A SID may lack its last four characters",
    lambda sid, real: real.startswith(sid) and len(real) - len(sid) <= 4,
    "data: a prefix",
)


_matching(
    "odd-prefix-but-one",
    "A SID may lack its last character",
    lambda sid, real: sid == real[:-1],
    "data: a prefix",
)


_matching(
    "odd-wildcard",
    "* and ? are wildcards",
    lambda sid, real: fnmatch.fnmatchcase(real, sid) and sid != real,
    "data: wildcards",
)


_matching(
    "odd-like",
    "% and _ match as in SQL",
    lambda sid, real: (
        "%" in sid and re.fullmatch(re.escape(sid).replace("%", ".*"), real) is not None
    ),
    "data: SQL wildcards",
)


_matching(
    "odd-injected",
    "A quote and OR delete any configuration",
    lambda sid, real: "' OR" in sid.upper(),
    "data: SQL",
)


@defect("method-no-allow", "405 without Allow", breaches=("SID-METHOD-NOT-ALLOWED",))
class _NoAllow(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if response.status == 405:
            response.set("allow", None)
        return response


@defect("method-404", "A wrong method answers 404", breaches=("SID-METHOD-NOT-ALLOWED",))
class _Method404(Behaviour):
    def method_not_allowed(self, request: Request, methods: object) -> Response:
        return self.not_found(request)


@defect("method-500", "A wrong method answers 500", breaches=("SID-METHOD-NOT-ALLOWED",))
class _Method500(Behaviour):
    def method_not_allowed(self, request: Request, methods: object) -> Response:
        return self.refuse(request, internal_error())


@defect("method-200", "A wrong method answers 200", breaches=("SID-METHOD-NOT-ALLOWED",))
class _Method200(Behaviour):
    def method_not_allowed(self, request: Request, methods: object) -> Response:
        return Response.of(200, {})


class _NearSid(Behaviour):
    """Base of defects where a SID that is near a real one does for it."""

    def near(self, request: Request) -> str | None:
        """The SID that the request's is taken for."""
        return (request.sid or "").strip("{}")

    def target_of_delete(self, request: Request) -> Configuration | None:
        found = self.locate(request, self.near(request))
        return (
            found
            if found is not None and self.visible(found, self.now())
            else super().target_of_delete(request)
        )


@defect(
    "sid-in-braces",
    "Braces around a SID are ignored",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: an odd SID",
)
class _Braces(_NearSid):
    pass


@defect(
    "sid-with-hyphens",
    "Hyphens do for a SID's underscores",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: an odd SID",
)
class _Hyphens(_NearSid):
    def near(self, request: Request) -> str | None:
        return (request.sid or "").replace("-", "_")


@defect(
    "sid-latest",
    "The word latest names the newest configuration",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: an odd SID",
)
class _Latest(_NearSid):
    def near(self, request: Request) -> str | None:
        partition = [
            one.id
            for one in self.partition(request).configurations.values()
            if self.visible(one, self.now())
        ]
        return partition[-1] if request.sid == "latest" and partition else request.sid


@defect(
    "sid-of-memory-store-accepted",
    "A memory store's id that ends as a real SID does is accepted",
    breaches=("SID-MALFORMED",),
    shows="data: an odd SID",
)
class _MemoryStore(Behaviour):
    def not_found(self, request: Request) -> Response:
        head, _, tail = (request.sid or "").rpartition("_")
        alike = any(
            one.id.rpartition("_")[2] == tail
            for one in self.partition(request).configurations.values()
        )
        if request.route == "delete" and head == "mem_store" and alike:
            return self.accepted(
                request, self.start_operation(request, "delete", request.sid or "", 0.1)
            )
        return super().not_found(request)
