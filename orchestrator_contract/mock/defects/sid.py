"""Defects of the SID section: unknown SIDs and wrong methods."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import inf

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import delete_silently
from orchestrator_contract.mock.errors import MORE_INFO, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Configuration

WELL_FORMED = re.compile(r"[a-z_]+_[0-7][0-9a-z]{25}")
_UNKNOWN = ("SID-UNKNOWN",)
_UNKNOWN_STATUS = ("SID-UNKNOWN", "DEL-STATUS")
_UNKNOWN_NO_EFFECT = ("SID-UNKNOWN-NO-EFFECT",)


def _well_formed(request: Request) -> bool:
    return WELL_FORMED.fullmatch(request.sid or "") is not None


# -- unknown SIDs -----------------------------------------------------------------------------


def _error(status: int, code: int) -> Callable[[Request], Response]:
    page = MORE_INFO.format(code=code)
    body = {"code": code, "message": "no", "more_info": page, "status": status}
    return lambda request: Response.of(status, body)


def _accepted(request: Request) -> Response:
    url = f"{request.origin}/v2/ControlPlane/Operations/none"
    return Response.of(202, {"statusUrl": url, "related": None}, [(b"retry-after", b"1")])


@defect(
    "unknown-sid",
    "A delete of an unknown SID gets a {}",
    case("200", breaches=_UNKNOWN_STATUS, response=lambda request: Response.of(200, {})),
    case("202", response=_accepted),
    case("204", breaches=_UNKNOWN_STATUS, response=lambda request: Response(204)),
    *(
        case(str(status), breaches=_UNKNOWN_STATUS, response=_error(status, 530007))
        for status in (400, 403, 410, 422)
    ),
    case(
        "400-cfg-prefix",
        "400 if it begins with cfg_",
        "data: the other prefix",
        response=_error(400, 530007),
        applies=lambda sid: sid.startswith("cfg_"),
    ),
    case("409", response=_error(409, 20409)),
    case("500", response=_error(500, 20500)),
    case(
        "500-digit",
        "500 if it ends in 0 to 4",
        "data: last character of the SID",
        response=_error(500, 20500),
        applies=lambda sid: sid[-1] in "01234",
    ),
    breaches=_UNKNOWN,
)
class _Unknown(Behaviour):
    response: Callable[[Request], Response]
    applies: Callable[[str], bool] = staticmethod(lambda sid: True)

    def not_found(self, request: Request) -> Response:
        unknown = request.route == "delete" and self.locate(request, request.sid) is None
        if unknown and _well_formed(request) and self.applies(request.sid or ""):
            return self.response(request)
        return super().not_found(request)


@defect(
    "unknown-sid-204-second-day",
    "From the second day on a delete of an unknown SID gets a 204",
    breaches=_UNKNOWN_STATUS,
    shows="time: a day after the start",
)
class _UnknownSecondDay(Behaviour):
    def not_found(self, request: Request) -> Response:
        first = self.memory.setdefault("first 404", self.now())
        unknown = request.route == "delete" and self.locate(request, request.sid) is None
        late = unknown and self.now() - first > DAY
        return Response(204) if late else super().not_found(request)


@defect(
    "unknown-sid-202-same-key",
    "A delete of an unknown SID gets a 404 and, with the same key again, a 202",
    breaches=_UNKNOWN,
    shows="data: a key that met a 404",
)
class _UnknownSameKey(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route != "delete" or request.key is None:
            return super().not_found(request)
        request_id = (request.key, request.sid)
        if request_id in self.memory:
            seconds = self.settings.operation_seconds
            operation = self.start_operation(request, "delete", request.sid or "", seconds)
            return self.accepted(request, operation)
        self.memory[request_id] = True
        return super().not_found(request)


@defect(
    "unknown-sid-deletes",
    "A delete of an unknown SID deletes {}",
    case("newest", "the newest configuration", chosen=lambda sid, found: found[-1:]),
    case(
        "same-prefix",
        "the configurations whose SID has the same prefix",
        breaches=("SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
        shows="data: an unknown SID similar to a real one",
        chosen=lambda sid, found: (
            [one for one in found if one.id.startswith(sid[:-1])] if len(sid) > 41 else []
        ),
    ),
    case(
        "last-character",
        "the configurations whose SID differs in its last character",
        "data: an unknown SID similar to a real one",
        chosen=lambda sid, found: [
            one for one in found if len(one.id) == len(sid) and one.id[:-1] == sid[:-1]
        ],
    ),
    breaches=_UNKNOWN_NO_EFFECT,
)
class _UnknownDeletes(Behaviour):
    chosen: Callable[[str, list[Configuration]], list[Configuration]]

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and self.locate(request, request.sid) is None:
            configurations = self.partition(request).configurations.values()
            found = [one for one in configurations if self.visible(one, self.now())]
            for one in self.chosen(request.sid or "", found):
                delete_silently(self, one)
        return super().not_found(request)


# -- wrong methods ----------------------------------------------------------------------------


@defect(
    "wrong-method",
    "A method that the path does not support gets a {}",
    case("200", to=lambda mock, request: Response.of(200, {})),
    case("404", to=lambda mock, request: mock.not_found(request)),
    case("500", to=lambda mock, request: mock.refuse(request, internal_error())),
    case("405-no-allow", "405 without Allow", to=lambda mock, request: None),
    breaches=("SID-METHOD-NOT-ALLOWED",),
)
class _WrongMethod(Behaviour):
    to: Callable[[Behaviour, Request], Response | None]

    def method_not_allowed(self, request: Request, methods: Mapping[str, object]) -> Response:
        other = self.to(self, request)
        if other is not None:
            return other
        response = super().method_not_allowed(request, methods)
        response.set("allow", None)
        return response


@defect(
    "concurrent-unknown-sid-202",
    "A delete of an unknown SID within {} of an accepted delete gets that one's 202",
    case("8-ms", "8 ms", "race: 8 ms", seconds=0.008),
    case("30-ms-keyed", "30 ms, if it has a key,", "race: 30 ms", seconds=0.03, keyed=True),
    breaches=("SID-UNKNOWN",),
)
class _UnknownBeside(Behaviour):
    seconds: float
    keyed = False

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        name = "accepted", request.account, request.region
        if response.status == 202:
            self.memory[name] = self.now(), response.copy()
        accepted_at, accepted = self.memory.get(name, (-inf, None))
        known = self.locate(request, request.sid) is not None
        if known or accepted is None or self.now() >= accepted_at + self.seconds:
            return response
        copy: Response = accepted.copy()
        return copy if request.key or not self.keyed else response
