"""Defects against HTTP."""

from __future__ import annotations

import zlib

from orchestrator_contract.mock.defects.bases import _Crowd, _html
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import (
    altering,
    header,
    raw_message,
)

altering("accepted-type-html", "The 202 says text/html", breaches=("HTTP-CONTENT-TYPE",))(
    header("content-type", "text/html")
)


altering("accepted-type-missing", "The 202 has no Content-Type", breaches=("HTTP-CONTENT-TYPE",))(
    header("content-type", None)
)


altering(
    "accepted-encoding-lie", "Says gzip, sends plain bytes", breaches=("HTTP-CONTENT-ENCODING",)
)(header("content-encoding", "gzip"))


_JSON = ("HTTP-JSON", "DEL-202-BODY")


@altering("accepted-body-empty", "The 202 has no body", breaches=_JSON)
def _empty(request: Request, response: Response) -> None:
    response.body = b""


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


altering(
    "error-404-html-sometimes",
    "The 404 is HTML now and then",
    status=404,
    every=6,
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", "ERR-404-BODY"),
)(_html)


@altering(
    "error-404-deflated",
    "A 404 is deflated for whoever takes a coding, whichever",
    status=404,
    breaches=("HTTP-CONTENT-ENCODING",),
)
def _deflated(request: Request, response: Response) -> None:
    if any(b"gzip" in line for line in request.lines(b"accept-encoding")):
        response.set("content-encoding", "deflate")
        response.body = zlib.compress(response.body)


@altering(
    "error-500-trace",
    "The 500 is a plain-text traceback",
    status=500,
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", "ERR-500-BODY"),
)
def _trace(request: Request, response: Response) -> None:
    response.set("content-type", "text/plain; charset=utf-8")
    response.body = b"Traceback (most recent call last):\n  ...\nKeyError: 'sid'\n"


def _html_where(
    name: str, text: str, status: int, shows: str, *, account: int = 0, region: int = 0
) -> None:
    """Registers a defect where a *status* is a page of HTML in one region, or to one account, only."""

    def change(request: Request, response: Response) -> None:
        if (account and request.account == account) or (region and request.region == region):
            _html(request, response)

    altering(
        name,
        text,
        status=status,
        shows=shows,
        breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", f"ERR-{status}-BODY"),
    )(change)


for _status in (500, 503):
    _html_where(
        f"error-{_status}-html-second-region",
        f"In the second region the {_status} is a page of HTML",
        _status,
        "data: another region",
        region=1,
    )
    _html_where(
        f"error-{_status}-html-second-account",
        f"To the second account the {_status} is a page of HTML",
        _status,
        "data: another account",
        account=2,
    )


altering(
    "operation-type-text",
    "Polls say text/plain",
    breaches=("HTTP-CONTENT-TYPE",),
    route="operation",
    status=200,
)(header("content-type", "text/plain"))


@altering(
    "read-anything-gets-xml",
    "A read that takes anything is given XML",
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON"),
    shows="data: Accept: */*",
    route=("operation", "fetch", "list"),
    status=200,
)
def _xml(request: Request, response: Response) -> None:
    if request.header(b"accept") == b"*/*":
        response.set("content-type", "application/xml")
        response.body = b"<Response/>"


@defect(
    "race-crowd-silence",
    "With more than five deletes under way one gets no answer",
    breaches=("HTTP-COMPLETE",),
    shows="race: six at once",
)
class _CrowdSilence(_Crowd):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        response.drop = self.crowd() > 4
        return response


@defect(
    "race-crowd-html",
    "With more than five deletes under way the answer is a page of HTML",
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON"),
    shows="race: six at once",
)
class _CrowdHtml(_Crowd):
    def delete(self, request: Request) -> Response:
        if self.crowd() > 4:
            return Response(
                503, [(b"content-type", b"text/html"), (b"retry-after", b"1")], b"<h1>Busy</h1>"
            )
        return super().delete(request)


altering(
    "unknown-type-sometimes",
    "Now and then a 404 says text/plain",
    breaches=("HTTP-CONTENT-TYPE",),
    status=404,
    every=7,
)(header("content-type", "text/plain"))
