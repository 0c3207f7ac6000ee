"""Wrong 202 answers: status, body, headers, media type, length, and now and then only."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, unknown_configuration
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import (
    altering,
    header,
    member,
    raw_message,
    without,
)
from orchestrator_contract.mock.state import Configuration, Operation, new_id

STRAY = "conv_operation_7strayoperation00000000000"

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
altering("accepted-type-html", "The 202 says text/html", breaches=("HTTP-CONTENT-TYPE",))(
    header("content-type", "text/html")
)
altering("accepted-type-missing", "The 202 has no Content-Type", breaches=("HTTP-CONTENT-TYPE",))(
    header("content-type", None)
)
altering(
    "accepted-no-retry-after-sometimes",
    "Retry-After is missing now and then",
    breaches=_HEADERS,
    every=10,
)(header("retry-after", None))
altering(
    "accepted-encoding-lie", "Says gzip, sends plain bytes", breaches=("HTTP-CONTENT-ENCODING",)
)(header("content-encoding", "gzip"))
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


_JSON = ("HTTP-JSON", "DEL-202-BODY")


@altering("accepted-body-empty", "The 202 has no body", breaches=_JSON)
def _empty(request: Request, response: Response) -> None:
    response.body = b""


@altering("accepted-body-list", "The 202 body is a list", breaches=_BODY)
def _list(request: Request, response: Response) -> None:
    response.document = [response.document]


@altering("accepted-body-cut", "The 202 body stops half way", breaches=_JSON)
def _cut(request: Request, response: Response) -> None:
    response.body = response.body[: len(response.body) // 2]


@altering("accepted-body-latin-1", "The 202 body is no UTF-8", breaches=_JSON)
def _latin(request: Request, response: Response) -> None:
    response.body = response.body[:-1] + b',"note":"gel\xf6scht"}'


@altering("accepted-body-twice", "The 202 body holds two JSON texts", breaches=_JSON)
def _twice(request: Request, response: Response) -> None:
    response.body += response.body


@altering(
    "accepted-encoding-unasked",
    "Content-Encoding that no client offers",
    breaches=("HTTP-CONTENT-ENCODING",),
)
def _unasked(request: Request, response: Response) -> None:
    response.set("content-encoding", "compress")
    response.body = bytes(value ^ 0x5A for value in response.body)


@altering(
    "accepted-length-over", "Content-Length promises more than comes", breaches=("HTTP-COMPLETE",)
)
def _over(request: Request, response: Response) -> None:
    response.raw = raw_message(response, length=len(response.body) + 40)


@altering(
    "accepted-length-under", "Content-Length is too small", breaches=("HTTP-COMPLETE", "HTTP-JSON")
)
def _under(request: Request, response: Response) -> None:
    response.raw = raw_message(response, length=len(response.body) - 20)


@altering("accepted-chunks-broken", "The last chunk never comes", breaches=("HTTP-COMPLETE",))
def _chunks(request: Request, response: Response) -> None:
    head = raw_message(response).partition(b"content-length")[0]
    size = b"%x" % len(response.body)
    response.raw = head + b"transfer-encoding: chunked\r\n\r\n" + size + b"\r\n" + response.body


@altering("accepted-bad-sometimes", "A bare 202 body now and then", breaches=_BODY, every=20)
def _bad_sometimes(request: Request, response: Response) -> None:
    response.document = {"statusUrl": "pending", "related": 0}


@altering("accepted-bad-rarely", "A bare 202 body once in a while", breaches=_BODY, every=50)
def _bad_rarely(request: Request, response: Response) -> None:
    response.document = {"statusUrl": "pending", "related": 0}


@altering(
    "accepted-silence-sometimes",
    "The connection closes without answer",
    breaches=("HTTP-COMPLETE",),
    every=20,
)
def _silence(request: Request, response: Response) -> None:
    response.drop = True


@altering(
    "accepted-500-sometimes",
    "The delete happens, the answer is a plain-text 500",
    every=25,
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", "ERR-500-BODY"),
)
def _crash(request: Request, response: Response) -> None:
    response.status, response.body = 500, b"Internal Server Error"
    response.headers = [(b"content-type", b"text/plain")]


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
