"""Defects of the DEL section: the status, body, headers and links of an accepted delete."""

from __future__ import annotations

from math import inf

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    OTHER_CONFIGURATION,
    OTHER_OPERATION,
    SECOND_ACCOUNT_AND_REGION,
    ManyDeletes,
    Scoped,
    beyond_first_page,
    failed,
    failing,
)
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    internal_error,
    unknown_configuration,
)
from orchestrator_contract.mock.idempotency import HEADER, Perform
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import (
    Change,
    ChangedResponse,
    header,
    member,
    on_response,
    with_status,
    without,
)
from orchestrator_contract.mock.state import Configuration, Operation, State, new_id

_BODY = ("DEL-202-BODY",)
_HEADERS = ("DEL-202-HEADERS",)
_LINKS = ("DEL-202-LINKS-AGREE",)
_RELATED = ("DEL-202-RELATED",)
_ACCEPTED = ("DEL-ACCEPTED",)


# -- the status -------------------------------------------------------------------------------

defect(
    "accepted-status",
    "An accepted delete gets a {}",
    *(case(str(status), change=with_status(status)) for status in (200, 201, 204)),
    breaches=("DEL-STATUS",),
)(ChangedResponse)


@defect(
    "delete-accept-any-406",
    "A delete of an unknown SID with Accept: */* gets a 406",
    breaches=("DEL-STATUS", "SID-UNKNOWN", "DEL-ACCEPTED"),
    shows="data: an Accept of */*",
)
class _NotAcceptable(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.header(b"accept") == b"*/*":
            raise Refused(Problem(406, 20006, "Not acceptable"))
        return super().not_found(request)


@defect(
    "concurrent-deletes-502",
    "One of more than five concurrent deletes gets a 502",
    breaches=("DEL-STATUS",),
    shows="race: six at once",
)
class _Overloaded502(ManyDeletes):
    def delete(self, request: Request) -> Response:
        if self.others > 4:
            return self.refuse(request, Problem(502, 20500, "Bad gateway"))
        return super().delete(request)


@defect(
    "existing-404",
    "A delete of an existing configuration gets a 404",
    case(""),
    case("1-in-15", every=15),
    breaches=_ACCEPTED,
)
class _Existing404(Behaviour):
    every = 1

    def delete(self, request: Request) -> Response:
        if self.every == 1:
            return self.not_found(request)
        exists = self.target_of_delete(request) is not None
        missed = exists and self.once_in(self.every, "delete")
        return self.not_found(request) if missed else super().delete(request)


@defect(
    "existing-400-digit",
    "A delete of an existing SID that ends in a digit gets a 400",
    breaches=("DEL-STATUS", "DEL-ACCEPTED"),
    shows="data: last character of the SID",
)
class _Existing400(Behaviour):
    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if found is not None and found.id[-1].isdigit():
            response = Response.of(
                400, {"code": 530001, "message": "bad SID", "more_info": "530001", "status": 400}
            )
        return response


@defect(
    "existing-404-second-page",
    "A delete of a configuration beyond the first page of the list gets a 404",
    breaches=_ACCEPTED,
    shows="data: more than 50 configurations",
)
class _SecondPage404(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        return None if beyond_first_page(self, found) else found


@defect(
    "existing-500-header",
    "A delete with a non-ASCII header, other than the key, gets a 500",
    breaches=(*_ACCEPTED, "SID-UNKNOWN"),
    shows="data: a non-ASCII header",
)
class _Header500(Behaviour):
    def delete(self, request: Request) -> Response:
        values = (value for name, value in request.headers if name != HEADER)
        if not all(value.isascii() for value in values):
            return self.refuse(request, internal_error())
        return super().delete(request)


@defect(
    "accepted-404-without-key",
    "A delete without a key is carried out and gets a 404",
    breaches=("DEL-ACCEPTED", "EFFECT-NO-OTHER"),
    shows="data: 1 in 10 without a key",
)
class _CarriedOut404(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if request.key is None and not failing(configuration) and self.once_in(10, "delete"):
            raise Refused(unknown_configuration())


@defect(
    "delete-404-after-fetch-404",
    "A delete gets a 404 for 2 s after a fetch during the create got one",
    breaches=_ACCEPTED,
    shows="time: within 2 s of a fetch during a create",
)
class _CachedAbsence(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 404 and request.sid:
            self.memory["404", request.sid] = self.now()
        return response

    def target_of_delete(self, request: Request) -> Configuration | None:
        missed = self.memory.get(("404", request.sid), 0.0)
        return None if self.now() < missed + 2 else super().target_of_delete(request)


@defect(
    "key-401-stored",
    "A 401 is stored for the key of its request",
    breaches=_ACCEPTED,
    shows="data: a key that met a 401",
)
class _Stores401(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        if request.route == "delete":
            self.memory[(request.header(HEADER) or b"").decode("latin-1")] = True
        return super().unauthenticated(request)

    async def once(self, request: Request, perform: Perform) -> Response:
        stored = self.read_key(request) in self.memory
        return self.unauthenticated(request) if stored else await super().once(request, perform)


# -- the body ---------------------------------------------------------------------------------


def _relative(request: Request, response: Response) -> None:
    member("statusUrl", lambda url: url.removeprefix(request.origin))(request, response)


defect(
    "accepted-status-url",
    "statusUrl of the 202 is {}",
    case("number", "a number", change=member("statusUrl", 17)),
    case("null", change=member("statusUrl", None)),
    case("empty", change=member("statusUrl", "")),
    case("relative", change=_relative),
    breaches=_BODY,
)(ChangedResponse)
defect(
    "accepted-related",
    "related of the 202 is {}",
    case("list", "a list", change=member("related", [])),
    case("string", "a string", change=member("related", "configuration")),
    case("number-value", "a map to a number", change=member("related", {"count": 5})),
    case(
        "null-value", "a map to null", change=member("related", {"configurationId": None}), every=8
    ),
    breaches=_BODY,
)(ChangedResponse)
defect(
    "accepted-incomplete",
    "The 202 body has no valid statusUrl and related",
    case("1-in-20", every=20),
    case("1-in-50", every=50),
    breaches=_BODY,
)(
    on_response(
        lambda request, response: setattr(
            response, "document", {"statusUrl": "pending", "related": 0}
        )
    )
)
defect("accepted-list", "The 202 body is a list", breaches=_BODY)(
    on_response(lambda request, response: setattr(response, "document", [response.document]))
)


def _upper_case(request: Request, response: Response) -> None:
    member("related", {"configurationId": (request.sid or "").upper()})(request, response)


def _other_name(request: Request, response: Response) -> None:
    sid = (response.document["related"] or {}).get("configurationId")
    member("related", {"configuration_id": sid})(request, response)


defect(
    "accepted-related-sid",
    "related of the 202 names {}",
    case(
        "other",
        "another configuration",
        change=member("related", {"configurationId": OTHER_CONFIGURATION}),
    ),
    case("upper-case", "the SID in upper case", change=_upper_case),
    case("other-name", "the SID as configuration_id", change=_other_name),
    breaches=_RELATED,
)(ChangedResponse)


class _Previous(Behaviour):
    """Base of defects that mix up an accepted delete with the previous one."""

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "delete" and response.status == 202 and not request.replayed:
            self.mix_up(request, response)
        return response

    def mix_up(self, request: Request, response: Response) -> None:
        """Changes the response."""


@defect(
    "accepted-related-sid-previous",
    "related of the 202 names the SID of the previous delete",
    breaches=_RELATED,
    shows="1 in 10",
)
class _PreviousSid(_Previous):
    previous: str | None = None

    def mix_up(self, request: Request, response: Response) -> None:
        if self.previous and self.once_in(10, "related"):
            member("related", {"configurationId": self.previous})(request, response)
        self.previous = request.sid


# -- headers and links ------------------------------------------------------------------------

defect(
    "accepted-no-retry-after",
    "The 202 has no Retry-After",
    case(""),
    case("1-in-10", every=10),
    breaches=_HEADERS,
)(on_response(header("retry-after", None)))
defect(
    "accepted-retry-after",
    "Retry-After of the 202 is {}",
    case("float", "1.5", change=header("retry-after", "1.5")),
    case("negative", "-1", change=header("retry-after", "-1")),
    case("word", "a word", change=header("retry-after", "soon")),
    case("unit", "a number with a unit", change=header("retry-after", "1s")),
    case("date", "an HTTP date", change=header("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")),
    breaches=_HEADERS,
)(ChangedResponse)


def _unnamed(request: Request, response: Response) -> None:
    without("statusUrl")(request, response)
    response.set("location", None)
    response.set("operation-id", None)


defect(
    "accepted-operation-unnamed",
    "The 202 has neither statusUrl nor Location nor Operation-Id",
    breaches=("DEL-202-OPERATION-NAMED",),
)(on_response(_unnamed))
defect(
    "accepted-operation-id",
    "Operation-Id of the 202 is {}",
    case("other", "that of another operation", change=header("operation-id", OTHER_OPERATION)),
    case(
        "random-1-in-9",
        "that of no operation",
        change=lambda request, response: response.set("operation-id", new_id("conv_operation")),
        every=9,
    ),
    breaches=_LINKS,
)(ChangedResponse)


def _location(path: str) -> Change:
    def change(request: Request, response: Response) -> None:
        response.set("location", f"{request.origin}/v2/ControlPlane/{path.format(request.sid)}")

    return change


def _relative_location(request: Request, response: Response) -> None:
    response.set("location", (response.get("location") or "").removeprefix(request.origin))


defect(
    "accepted-location",
    "Location of the 202 is {}",
    case("other", "that of another operation", change=_location(f"Operations/{OTHER_OPERATION}")),
    case("configuration", "that of the configuration", change=_location("Configurations/{}")),
    case("relative", breaches=("DEL-202-LOCATION",), change=_relative_location),
    breaches=_LINKS,
)(ChangedResponse)


@defect(
    "accepted-location-404",
    "Location of the 202 leads to a 404 {}",
    case(
        "second-account-and-region",
        "for the second account in the second region",
        **SECOND_ACCOUNT_AND_REGION,
    ),
    breaches=_LINKS,
)
class _Location404(Scoped):
    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        wrong = f"{request.origin}/v2/Operations/{operation.id}".encode()
        applies = request.route == "delete" and self.in_scope(request)
        return [
            (name, wrong if applies and name == b"location" else value)
            for name, value in super().accepted_headers(request, operation)
        ]


def _other_origin(request: Request, response: Response) -> None:
    url = response.document["statusUrl"].replace(request.origin, "http://operations.mock.invalid")
    member("statusUrl", url)(request, response)
    response.set("location", url)


defect(
    "accepted-status-url-other-origin",
    "statusUrl of the 202 leads to another origin",
    case(""),
    case("1-in-12", every=12),
    breaches=("DEL-202-STATUS-URL-ORIGIN",),
)(on_response(_other_origin))


@defect(
    "accepted-status-url-previous",
    "statusUrl of the 202 is that of the previous delete",
    breaches=("DEL-202-LINKS-AGREE", "DEL-202-OWN-OPERATION"),
)
class _PreviousUrl(_Previous):
    previous: str | None = None

    def mix_up(self, request: Request, response: Response) -> None:
        mine = response.document["statusUrl"]
        member("statusUrl", self.previous or mine)(request, response)
        self.previous = mine


@defect(
    "accepted-shared-operation",
    "Deletes within half a second share one 202",
    breaches=("DEL-202-OWN-OPERATION", "DEL-202-RELATED"),
    shows="time: 0.5 s",
)
class _SharedOperation(Behaviour):
    shared: tuple[float, Response] | None = None

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status != 202:
            return response
        if self.shared is None or self.now() - self.shared[0] > 0.5:
            self.shared = (self.now(), response.copy())
        return self.shared[1].copy()


@defect(
    "failed-delete-for-refused-key",
    "The key of a delete that was refused while another failed gets the FAILED operation",
    breaches=("DEL-202-OWN-OPERATION",),
    shows="data: a key refused with 409 beside a delete that FAILS",
)
class _FailedForRefusedKey(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key is not None and running.outcome is State.FAILED:
            self.memory[request.account, request.region, request.key, configuration.id] = running
        return super().second_delete(request, configuration, running)

    def delete(self, request: Request) -> Response:
        known = self.memory.get((request.account, request.region, request.key, request.sid))
        if known is not None and known.state(self.now()).terminal:
            return self.accepted(request, known)
        return super().delete(request)


@defect(
    "failed-delete-same-operation",
    "A delete after a failed one gets a 202 with the failed operation {}",
    case("", "at any time"),
    case("3-s", "for 3 s", "time: for 3 s after the end", seconds=3.0),
    case("with-key", "if it has a key", "data: a key", keyed=True),
    breaches=("DEL-202-OWN-OPERATION",),
)
class _SameOperation(Behaviour):
    seconds = inf
    keyed = False

    def delete(self, request: Request) -> Response:
        configuration = self.target_of_delete(request)
        deletion = configuration.deletion if configuration is not None else None
        applies = request.key is not None or not self.keyed
        if deletion is not None and failed(configuration, self.now()) and applies:
            late = self.now() >= deletion.ends_at + self.seconds
            return super().delete(request) if late else self.accepted(request, deletion)
        return super().delete(request)
