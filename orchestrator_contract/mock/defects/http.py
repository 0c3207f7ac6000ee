"""Defects of the HTTP section: incomplete messages, bodies, content types and codings."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    SECOND_ACCOUNT,
    SECOND_REGION,
    ManyDeletes,
    Scoped,
    page_token,
)
from orchestrator_contract.mock.errors import Problem, Refused
from orchestrator_contract.mock.idempotency import HEADER
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import (
    ChangedResponse,
    header,
    on_response,
    raw_message,
)
from orchestrator_contract.mock.routing import ITEM

_TYPE = ("HTTP-CONTENT-TYPE",)
_CODING = ("HTTP-CONTENT-ENCODING",)
_COMPLETE = ("HTTP-COMPLETE",)


# -- the message ------------------------------------------------------------------------------


def _content_length(difference: int, request: Request, response: Response) -> None:
    response.raw = raw_message(response, length=len(response.body) + difference)


defect(
    "accepted-content-length",
    "The Content-Length of the 202 is too {}",
    case(
        "large",
        breaches=_COMPLETE,
        change=lambda request, response: _content_length(40, request, response),
    ),
    case(
        "small",
        breaches=("HTTP-COMPLETE", "HTTP-JSON"),
        change=lambda request, response: _content_length(-20, request, response),
    ),
)(ChangedResponse)


def _without_last_chunk(request: Request, response: Response) -> None:
    head = raw_message(response).partition(b"content-length")[0]
    size = b"%x" % len(response.body)
    response.raw = head + b"transfer-encoding: chunked\r\n\r\n" + size + b"\r\n" + response.body


defect("accepted-chunk-missing", "The 202 has no last chunk", breaches=_COMPLETE)(
    on_response(_without_last_chunk)
)
defect(
    "accepted-no-response",
    "The connection is closed without a response to an accepted delete",
    breaches=_COMPLETE,
    shows="1 in 20",
)(on_response(lambda request, response: setattr(response, "drop", True), every=20))


defect(
    "read-no-response",
    "The connection is closed without a response to a {}",
    case("fetch", "fetch, one in twenty", "1 in 20", route="fetch", every=20),
    case("list", "list of configurations, one in seven", "1 in 7", route="list", every=7),
    case("poll", "poll, one in twenty", "1 in 20", route="operation", every=20),
    breaches=_COMPLETE,
)(on_response(lambda request, response: setattr(response, "drop", True), status=None))


@defect(
    "concurrent-deletes-no-response",
    "One of more than five concurrent deletes gets no response",
    breaches=_COMPLETE,
    shows="race: six at once",
)
class _OverloadedWithoutResponse(ManyDeletes):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        response.drop = self.others > 4
        return response


# -- the body ---------------------------------------------------------------------------------


def _empty(request: Request, response: Response) -> None:
    response.body = b""


def _truncated(request: Request, response: Response) -> None:
    response.body = response.body[: len(response.body) // 2]


def _latin_1(request: Request, response: Response) -> None:
    response.body = response.body[:-1] + b',"note":"gel\xf6scht"}'


def _two_texts(request: Request, response: Response) -> None:
    response.body += response.body


defect(
    "accepted-body",
    "The 202 body is {}",
    case("empty", change=_empty),
    case("truncated", change=_truncated),
    case("latin-1", "not UTF-8", change=_latin_1),
    case("two-texts", "two JSON texts", change=_two_texts),
    breaches=("HTTP-JSON", "DEL-202-BODY"),
)(ChangedResponse)
defect(
    "error-empty",
    "The {} has no body",
    *(
        case(str(status), status=status, breaches=("HTTP-JSON", f"ERR-{status}-BODY"))
        for status in (404, 409, 429, 500, 503)
    ),
)(on_response(_empty))


# -- bodies that quote their input ------------------------------------------------------------


class _Quotes(Behaviour):
    """Base of defects where the message of an error quotes the input."""

    status: int
    quote: Callable[[str, bytes], bytes]
    #: The input that is quoted.
    read: Callable[[Request], bytes]

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        shown = request.route in ("delete", "fetch") and request.method != "HEAD"
        if shown and response.status == self.status:
            document = {**response.document, "message": "@INPUT@ is not known"}
            text = json.dumps(document, ensure_ascii=False)
            response.body = self.quote(text, self.read(request))
        return response


def _unescaped(text: str, quoted: bytes) -> bytes:
    return text.encode().replace(b"@INPUT@", quoted)


def _escaped(text: str, quoted: bytes) -> str:
    literal = json.dumps(quoted.decode("utf-8", "replace"), ensure_ascii=False)
    return text.replace("@INPUT@", literal[1:-1])


def _cut(text: str, quoted: bytes) -> bytes:
    whole = _escaped(text, quoted)
    return whole.encode()[: len(whole)]


@defect(
    "error-404-quotes-sid",
    "A 404 quotes the SID {}",
    case(
        "unescaped",
        "unescaped",
        "data: a quote, a backslash or a control character in the SID",
        quote=_unescaped,
    ),
    case(
        "truncated",
        "and is cut to its length in characters",
        "data: a non-ASCII SID",
        quote=_cut,
    ),
    case(
        "latin-1",
        "in Latin-1",
        "data: a SID with characters of Latin-1",
        quote=lambda text, sid: _escaped(text, sid).encode("latin-1", "replace"),
    ),
    breaches=("HTTP-JSON", "ERR-404-BODY"),
)
class _QuotesSid(_Quotes):
    status = 404

    @staticmethod
    def read(request: Request) -> bytes:
        return unquote_to_bytes(request.path[len(ITEM) :])


@defect(
    "error-400-quotes-key",
    "A 400 quotes the malformed key {}",
    case("unescaped", "unescaped", "data: a quote in the key", quote=_unescaped),
    case(
        "truncated",
        "and is cut to its length in characters",
        "data: a non-ASCII key",
        quote=_cut,
    ),
    breaches=("HTTP-JSON",),
)
class _QuotesKey(_Quotes):
    status = 400

    @staticmethod
    def read(request: Request) -> bytes:
        return b", ".join(request.lines(HEADER))


@defect(
    "error-400-quotes-page-token",
    "A 400 quotes the page token unescaped",
    breaches=("HTTP-JSON",),
    shows="data: a quote or a control character in the page token",
)
class _QuotesPageToken(Behaviour):
    def list_page(self, request: Request) -> Response:
        try:
            return super().list_page(request)
        except Refused as refusal:
            problem = Problem(refusal.problem.status, refusal.problem.code, "@TOKEN@ is no token")
            response = self.refuse(request, problem)
            token = page_token(request).encode("latin-1")
            response.body = response.body.replace(b"@TOKEN@", token)
            return response


# -- the content type -------------------------------------------------------------------------

defect(
    "accepted-content-type",
    "The Content-Type of the 202 is {}",
    case("html", "text/html", change=header("content-type", "text/html")),
    case("missing", change=header("content-type", None)),
    breaches=_TYPE,
)(ChangedResponse)
defect(
    "operation-content-type-text", "The Content-Type of an operation is text/plain", breaches=_TYPE
)(on_response(header("content-type", "text/plain"), route="operation", status=200))
defect(
    "error-404-content-type-text",
    "The Content-Type of a 404 is text/plain",
    breaches=_TYPE,
    shows="1 in 7",
)(on_response(header("content-type", "text/plain"), status=404, every=7))


def _html(request: Request, response: Response) -> None:
    response.set("content-type", "text/html")
    response.body = b"<!doctype html><title>Error</title><h1>Something went wrong</h1>"


class _HtmlError(ChangedResponse, Scoped):
    change = staticmethod(_html)

    def applies(self, request: Request) -> bool:
        return self.in_scope(request)


def _not_json(status: int) -> tuple[str, ...]:
    return ("HTTP-CONTENT-TYPE", "HTTP-JSON", f"ERR-{status}-BODY")


defect(
    "error-html",
    "The {} is an HTML page",
    *(
        case(str(status), status=status, breaches=_not_json(status))
        for status in (404, 409, 429, 500, 503)
    ),
    case("404-1-in-6", "404", status=404, every=6, breaches=_not_json(404)),
    *(
        case(
            f"{status}-{place}",
            f"{status} {where}",
            status=status,
            breaches=_not_json(status),
            **scope,
        )
        for status in (500, 503)
        for place, where, scope in (
            ("second-account", "to the second account", SECOND_ACCOUNT),
            ("second-region", "in the second region", SECOND_REGION),
        )
    ),
)(_HtmlError)


@defect(
    "concurrent-deletes-html",
    "One of more than five concurrent deletes gets an HTML page",
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON"),
    shows="race: six at once",
)
class _OverloadedHtml(ManyDeletes):
    def delete(self, request: Request) -> Response:
        if self.others > 4:
            return Response(
                503, [(b"content-type", b"text/html"), (b"retry-after", b"1")], b"<h1>Busy</h1>"
            )
        return super().delete(request)


def _traceback(request: Request, response: Response) -> None:
    response.set("content-type", "text/plain; charset=utf-8")
    response.body = b"Traceback (most recent call last):\n  ...\nKeyError: 'sid'\n"


def _plain_text_500(request: Request, response: Response) -> None:
    response.status, response.body = 500, b"Internal Server Error"
    response.headers = [(b"content-type", b"text/plain")]


defect("error-500-traceback", "The 500 is a plain-text traceback", breaches=_not_json(500))(
    on_response(_traceback, status=500)
)
defect(
    "accepted-500-plain-text",
    "An accepted delete gets a plain-text 500",
    breaches=_not_json(500),
    shows="1 in 25",
)(on_response(_plain_text_500, every=25))


def _xml(request: Request, response: Response) -> None:
    if request.header(b"accept") == b"*/*":
        response.set("content-type", "application/xml")
        response.body = b"<Response/>"


defect(
    "read-accept-any-xml",
    "A read with Accept: */* gets XML",
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON"),
    shows="data: Accept: */*",
)(on_response(_xml, route=("operation", "fetch", "list"), status=200))


# -- the content coding -----------------------------------------------------------------------


def _not_offered(request: Request, response: Response) -> None:
    response.set("content-encoding", "compress")
    response.body = bytes(value ^ 0x5A for value in response.body)


def _deflated(request: Request, response: Response) -> None:
    if any(b"gzip" in line for line in request.lines(b"accept-encoding")):
        response.set("content-encoding", "deflate")
        response.body = zlib.compress(response.body)


def _gzipped(request: Request, response: Response) -> None:
    if any(b"gzip;q=0" in line for line in request.lines(b"accept-encoding")):
        response.set("content-encoding", "gzip")
        response.body = gzip.compress(response.body)


defect(
    "accepted-content-encoding",
    "The Content-Encoding of the 202 is {}",
    case("not-applied", "gzip, the body plain", change=header("content-encoding", "gzip")),
    case("not-offered", "one that no client offers", change=_not_offered),
    breaches=_CODING,
)(ChangedResponse)
defect(
    "error-404-deflated", "A 404 is deflated for a client that offers only gzip", breaches=_CODING
)(on_response(_deflated, status=404))
defect(
    "error-404-gzipped",
    "A 404 is gzipped for a client that refuses gzip by gzip;q=0",
    breaches=_CODING,
    shows="data: gzip;q=0",
)(on_response(_gzipped, status=404))
