"""Defects of the CTRL section: create and update."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    OTHER_CONFIGURATION,
    OTHER_OPERATION,
    status_url_on_other_origin,
)
from orchestrator_contract.mock.errors import Refused, internal_error
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import header, member, on_response, with_status
from orchestrator_contract.mock.state import Operation

_ACCEPTED = ("CTRL-ACCEPTED",)
_202 = ("CTRL-202",)
_KEY = ("CTRL-KEY",)


# -- create and update ------------------------------------------------------------------------


def _relative_location(request: Request, response: Response) -> None:
    response.set("location", (response.get("location") or "").removeprefix(request.origin))


defect(
    "update-accepted",
    "An accepted update {}",
    case("200", "gets a 200", change=with_status(200)),
    case("related-list", "has a list as related", change=member("related", [])),
    case("status-url-number", "has a number as statusUrl", change=member("statusUrl", 1)),
    case(
        "related-other",
        "names another configuration in related",
        breaches=_202,
        change=member("related", {"configurationId": OTHER_CONFIGURATION}),
    ),
    case(
        "operation-id-other",
        "has the Operation-Id of another operation",
        breaches=_202,
        change=header("operation-id", OTHER_OPERATION),
    ),
    case("no-retry-after", "has no Retry-After", breaches=_202, change=header("retry-after", None)),
    breaches=_ACCEPTED,
)(on_response(route="update"))
defect(
    "create-accepted",
    "An accepted create has {}",
    case(
        "related-number",
        "a number in related",
        change=member("related", lambda related: {**related, "version": 1}),
    ),
    case("location-relative", "a relative Location", breaches=_202, change=_relative_location),
    breaches=_ACCEPTED,
)(on_response(route="create"))
defect(
    "other-call-status-url-other-origin",
    "statusUrl of the operation of {} is on another origin",
    case("create", "a create", route="operation-create"),
    case("update", "an update", route="operation-update"),
    breaches=("CTRL-OPERATION",),
)(on_response(status_url_on_other_origin, status=200))


@defect(
    "update-operation-fails", "The operation of an update ends FAILED", breaches=("CTRL-OPERATION",)
)
class _UpdateFails(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        operation = super().start_operation(request, kind, sid, seconds)
        if kind == "update":
            self.fail(operation)
        return operation


# -- keys -------------------------------------------------------------------------------------


@defect(
    "other-call-key-ignored",
    "The key of {} is ignored",
    case("create", "a create", ignores=lambda request: request.route == "create"),
    case("update", "an update", ignores=lambda request: request.route == "update"),
    case("patch", "a PATCH", ignores=lambda request: request.method == "PATCH"),
    breaches=_KEY,
)
class _KeyIgnored(Behaviour):
    ignores: Callable[[Request], bool]

    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if self.ignores(request) else key


@defect(
    "create-key-ttl",
    "The key of a create expires after {}",
    case("2-hours", "2 hours", "time: 2 h", seconds=2 * HOUR),
    case("2-days", "2 days", "time: 25 h", seconds=48 * HOUR),
    breaches=_KEY,
)
class _CreateKeyTtl(Behaviour):
    seconds: float

    def key_ttl(self, entry: Entry) -> float:
        create = isinstance(entry.fingerprint, tuple) and entry.fingerprint[0] == "POST"
        return self.seconds if create else super().key_ttl(entry)


@defect(
    "create-replay-creates",
    "The replay of a create whose configuration is deleted creates another one",
    breaches=_KEY,
    shows="data: a create's key after the delete",
)
class _ReplayCreates(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, (response.document["related"] or {}).get("configurationId"))
        if request.route == "create" and found is not None and self.is_deleted(found, self.now()):
            request.replayed = False
            return self.create(request)
        return super().replay(request, entry, response)


def _top_level(body: bytes) -> Hashable:
    document = json.loads(body or b"{}")
    return tuple(
        (name, value if isinstance(value, (str, bool)) else "") for name, value in document.items()
    )


@defect(
    "key-payload-ignored",
    "A key replays its response to another payload{}",
    case("", ", whatever it is", of=lambda body: None),
    case("nested", " that differs in nested members only", "data: a nested member", of=_top_level),
    case(
        "128-bytes",
        " that differs after 128 bytes only",
        "data: beyond 128 bytes",
        of=lambda body: body[:128],
    ),
    case("same-length", " of the same length", "data: payloads of one length", of=len),
    case("case", " that differs in case only", "data: letter case", of=bytes.lower),
    breaches=("CTRL-KEY-PAYLOAD",),
)
class _PayloadIgnored(Behaviour):
    of: Callable[[bytes], Hashable]

    def fingerprint(self, request: Request) -> Hashable:
        return request.method, request.path, self.of(request.body)


# -- refusals ---------------------------------------------------------------------------------


@defect(
    "create-invalid-500",
    "A create with an invalid member gets a 500",
    breaches=("CTRL-REFUSED",),
    shows="data: an invalid member",
)
class _Invalid500(Behaviour):
    def create(self, request: Request) -> Response:
        try:
            return super().create(request)
        except Refused:
            return self.refuse(request, internal_error())


@defect(
    "operation-unknown-500",
    "A fetch of an unknown operation whose id does not begin with a letter gets a 500",
    breaches=("CTRL-REFUSED",),
    shows="data: the id of an operation",
)
class _Unknown500(Behaviour):
    def poll(self, request: Request) -> Response:
        response = super().poll(request)
        letter = (request.sid or "")[:1].isalpha()
        return (
            response if response.status == 200 or letter else self.refuse(request, internal_error())
        )
