"""Defects against DEL."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import STRAY, _Crowd, _Remembers, cornered
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    unknown_configuration,
)
from orchestrator_contract.mock.idempotency import HEADER, Perform
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import (
    altering,
    header,
    member,
    without,
)
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World, new_id

for _status in (200, 201, 204):

    def _restate(request: Request, response: Response, status: int = _status) -> None:
        response.status = status

    altering(
        f"accepted-{_status}", f"An accepted delete answers {_status}", breaches=("DEL-STATUS",)
    )(_restate)


_BODY = ("DEL-202-BODY",)


_HEADERS = ("DEL-202-HEADERS",)


_LINKS = ("DEL-202-LINKS-AGREE",)


altering("accepted-url-number", "statusUrl is a number", breaches=_BODY)(member("statusUrl", 17))


altering("accepted-url-null", "statusUrl is null", breaches=_BODY)(member("statusUrl", None))


altering("accepted-url-empty", "statusUrl is empty", breaches=_BODY)(member("statusUrl", ""))


altering("accepted-related-list", "related is a list", breaches=_BODY)(member("related", []))


altering("accepted-related-number", "related maps to a number", breaches=_BODY)(
    member("related", {"count": 5})
)


altering("accepted-related-text", "related is a string", breaches=_BODY)(
    member("related", "configuration")
)


altering(
    "accepted-related-stranger",
    "related names another configuration",
    breaches=("DEL-202-RELATED",),
)(member("related", {"configurationId": "conv_configuration_7stranger00000000000000000"}))


altering("accepted-no-retry-after", "Retry-After is missing", breaches=_HEADERS)(
    header("retry-after", None)
)


altering("accepted-retry-after-float", "Retry-After is 1.5", breaches=_HEADERS)(
    header("retry-after", "1.5")
)


altering("accepted-retry-after-negative", "Retry-After is -1", breaches=_HEADERS)(
    header("retry-after", "-1")
)


altering("accepted-retry-after-word", "Retry-After is a word", breaches=_HEADERS)(
    header("retry-after", "soon")
)


altering("accepted-retry-after-unit", "Retry-After has a unit", breaches=_HEADERS)(
    header("retry-after", "1s")
)


altering("accepted-retry-after-date", "Retry-After is an HTTP date", breaches=_HEADERS)(
    header("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")
)


altering("accepted-id-stray", "Operation-Id is another operation's", breaches=_LINKS)(
    header("operation-id", STRAY)
)


altering(
    "accepted-no-retry-after-sometimes",
    "Retry-After is missing now and then",
    breaches=_HEADERS,
    every=10,
)(header("retry-after", None))


altering("accepted-related-null-text", "related maps to null", breaches=_BODY, every=8)(
    member("related", {"configurationId": None})
)


@altering(
    "accepted-untraceable",
    "Neither statusUrl nor Location nor Operation-Id",
    breaches=("DEL-202-OPERATION-NAMED",),
)
def _untraceable(request: Request, response: Response) -> None:
    without("statusUrl")(request, response)
    response.set("location", None)
    response.set("operation-id", None)


@altering("accepted-url-relative", "statusUrl is relative", breaches=_BODY)
def _relative(request: Request, response: Response) -> None:
    url = response.document["statusUrl"]
    member("statusUrl", url.removeprefix(request.origin))(request, response)


@altering(
    "accepted-url-elsewhere",
    "statusUrl leads to another origin",
    breaches=("DEL-202-STATUS-URL-ORIGIN",),
)
def _elsewhere(request: Request, response: Response) -> None:
    url = response.document["statusUrl"].replace(request.origin, "http://operations.mock.invalid")
    member("statusUrl", url)(request, response)
    response.set("location", url)


@altering(
    "accepted-url-elsewhere-sometimes",
    "statusUrl leads elsewhere",
    breaches=("DEL-202-STATUS-URL-ORIGIN",),
    every=12,
)
def _elsewhere_sometimes(request: Request, response: Response) -> None:
    _elsewhere(request, response)


@altering("accepted-location-stray", "Location is another operation's", breaches=_LINKS)
def _location_stray(request: Request, response: Response) -> None:
    response.set("location", f"{request.origin}/v2/ControlPlane/Operations/{STRAY}")


@altering("accepted-location-relative", "Location is relative", breaches=("DEL-202-LOCATION",))
def _location_relative(request: Request, response: Response) -> None:
    response.set("location", (response.get("location") or "").removeprefix(request.origin))


@altering(
    "accepted-location-resource",
    "Location is the configuration's, not the operation's",
    breaches=_LINKS,
)
def _location_resource(request: Request, response: Response) -> None:
    response.set("location", f"{request.origin}/v2/ControlPlane/Configurations/{request.sid}")


@altering(
    "accepted-links-drift",
    "Operation-Id belongs to no operation now and then",
    breaches=_LINKS,
    every=9,
)
def _links_drift(request: Request, response: Response) -> None:
    response.set("operation-id", new_id("conv_operation"))


@altering(
    "accepted-related-folded", "related has the SID in capitals", breaches=("DEL-202-RELATED",)
)
def _folded(request: Request, response: Response) -> None:
    member("related", {"configurationId": (request.sid or "").upper()})(request, response)


@altering("accepted-body-list", "The 202 body is a list", breaches=_BODY)
def _list(request: Request, response: Response) -> None:
    response.document = [response.document]


@altering("accepted-bad-sometimes", "A bare 202 body now and then", breaches=_BODY, every=20)
def _bad_sometimes(request: Request, response: Response) -> None:
    response.document = {"statusUrl": "pending", "related": 0}


@altering("accepted-bad-rarely", "A bare 202 body once in a while", breaches=_BODY, every=50)
def _bad_rarely(request: Request, response: Response) -> None:
    response.document = {"statusUrl": "pending", "related": 0}


@defect(
    "accepted-url-previous",
    "statusUrl is the previous delete's",
    breaches=("DEL-202-LINKS-AGREE", "DEL-202-OWN-OPERATION"),
)
class _Previous(Behaviour):
    last: str | None = None

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "delete" and response.status == 202 and not request.replayed:
            mine = response.document["statusUrl"]
            member("statusUrl", self.last or mine)(request, response)
            self.last = mine
        return response


@defect(
    "accepted-related-previous",
    "related names the SID deleted before, now and then",
    shows="1 in 10",
    breaches=("DEL-202-RELATED",),
)
class _RelatedPrevious(Behaviour):
    last: str | None = None

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "delete" and response.status == 202 and not request.replayed:
            if self.last and self.once_in(10, "related"):
                member("related", {"configurationId": self.last})(request, response)
            self.last = request.sid
        return response


@defect(
    "accepted-refused-existing",
    "An existing configuration is not found for DELETE",
    breaches=("DEL-ACCEPTED",),
)
class _Refused(Behaviour):
    def delete(self, request: Request) -> Response:
        return self.not_found(request)


@defect(
    "accepted-refused-sometimes",
    "An existing configuration is not found now and then",
    shows="1 in 15",
    breaches=("DEL-ACCEPTED",),
)
class _RefusedSometimes(Behaviour):
    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        if found is not None and self.once_in(15, "delete"):
            return self.not_found(request)
        return super().delete(request)


@defect(
    "accepted-refused-digit",
    "SIDs that end in a digit are refused with 400",
    shows="data: last letter of the SID",
    breaches=("DEL-STATUS", "DEL-ACCEPTED"),
)
class _RefusedDigit(Behaviour):
    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if found is not None and found.id[-1].isdigit():
            response = Response.of(
                400, {"code": 530001, "message": "bad SID", "more_info": "530001", "status": 400}
            )
        return response


@defect(
    "accepted-one-for-all",
    "Deletes within half a second share one operation",
    shows="time: 0.5 s",
    breaches=("DEL-202-OWN-OPERATION", "DEL-202-RELATED"),
)
class _Shared(Behaviour):
    kept: tuple[float, Response] | None = None

    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status != 202:
            return response
        if self.kept is None or self.now() - self.kept[0] > 0.5:
            self.kept = (self.now(), response.copy())
        return self.kept[1].copy()


@altering(
    "accepted-related-other-name",
    "related names the configuration as configuration_id",
    breaches=("DEL-202-RELATED",),
)
def _related_otherwise(request: Request, response: Response) -> None:
    sid = (response.document["related"] or {}).get("configurationId")
    member("related", {"configuration_id": sid})(request, response)


@defect(
    "accepted-404-without-key-sometimes",
    "Now and then a delete without a key is carried out and answered 404",
    breaches=("DEL-ACCEPTED", "EFFECT-NO-OTHER"),
    shows="data: 1 in 10 without a key",
)
class _NotFoundWithoutKey(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.key is None and not fails and self.once_in(10, "delete"):
            raise Refused(unknown_configuration())
        return operation


@defect(
    "accept-anything-406",
    "Accept: */* is answered 406",
    breaches=("DEL-STATUS", "SID-UNKNOWN", "DEL-ACCEPTED"),
    shows="data: an Accept of */*",
)
class _NotAcceptable(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.header(b"accept") == b"*/*":
            raise Refused(Problem(406, 20006, "Not acceptable"))
        return super().not_found(request)


@defect(
    "fetch-404-remembered",
    "A delete is 404 for a moment where a fetch was 404 while the create ran",
    breaches=("DEL-ACCEPTED",),
    shows="time: within 2 s of a fetch during a create",
)
class _AbsenceRemembered(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._missed: dict[str, float] = {}

    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 404 and request.sid:
            self._missed[request.sid] = self.now()
        return response

    def target_of_delete(self, request: Request) -> Configuration | None:
        missed = self._missed.get(request.sid or "", 0.0)
        return None if self.now() < missed + 2 else super().target_of_delete(request)


@defect(
    "accepted-location-dead-corner",
    "For the second account in the second region Location leads to nothing",
    breaches=("DEL-202-LINKS-AGREE",),
    shows="data: another account in another region",
)
class _DeadInTheCorner(Behaviour):
    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        dead = f"{request.origin}/v2/Operations/{operation.id}".encode()
        there = request.route == "delete" and cornered(request)
        return [
            (name, dead if there and name == b"location" else value)
            for name, value in super().accepted_headers(request, operation)
        ]


@defect(
    "key-refused-401-stored",
    "A request without good credentials stores its 401 under the key",
    breaches=("DEL-ACCEPTED",),
    shows="data: a key that met a 401",
)
class _RefusalStored(_Remembers):
    def unauthenticated(self, request: Request) -> Response:
        if request.route == "delete":
            self.met[(request.header(HEADER) or b"").decode("latin-1")] = 401
        return super().unauthenticated(request)

    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        return (
            self.unauthenticated(request)
            if key in self.met
            else await super().once(request, perform)
        )


@defect(
    "race-crowd-502",
    "With more than five deletes under way one is a 502",
    breaches=("DEL-STATUS",),
    shows="race: six at once",
)
class _Crowd502(_Crowd):
    def delete(self, request: Request) -> Response:
        if self.crowd() > 4:
            return self.refuse(request, Problem(502, 20500, "Bad gateway"))
        return super().delete(request)
