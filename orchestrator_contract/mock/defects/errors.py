"""Wrong error bodies and headers, for each documented status, and faults that answer otherwise."""

from __future__ import annotations

import zlib

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, key_mismatch
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import Change, altering, header, member

#: status -> a code that the error dictionary ties to another status
FOREIGN_CODE = {404: 20500, 409: 20404, 429: 20503, 500: 20404, 503: 20429}


def _html(request: Request, response: Response) -> None:
    response.set("content-type", "text/html")
    response.body = b"<!doctype html><title>Error</title><h1>Something went wrong</h1>"


def _empty(request: Request, response: Response) -> None:
    response.body = b""


def _listed(request: Request, response: Response) -> None:
    response.document = [response.document]


def _other_page(request: Request, response: Response) -> None:
    member("more_info", "https://www.twilio.com/docs/api/errors/11200")(request, response)


def _foreign(status: int) -> Change:
    def change(request: Request, response: Response) -> None:
        code = FOREIGN_CODE[status]
        more_info = f"https://www.twilio.com/docs/api/errors/{code}"
        response.document = {**response.document, "code": code, "more_info": more_info}

    return change


for _status in FOREIGN_CODE:
    _shape = (f"ERR-{_status}-BODY",)
    _rows: tuple[tuple[str, str, tuple[str, ...], Change], ...] = (
        ("html", "is a page of HTML", ("HTTP-CONTENT-TYPE", "HTTP-JSON", *_shape), _html),
        ("empty", "has no body", ("HTTP-JSON", *_shape), _empty),
        ("list", "is a list", _shape, _listed),
        ("code-text", "has its code as a string", _shape, member("code", str(20000 + _status))),
        ("code-int64", "has a code beyond int32", _shape, member("code", 20_000_000_000)),
        ("message-object", "has an object as message", _shape, member("message", {"en": "no"})),
        ("status-other", "states another status", ("ERR-STATUS-MATCHES",), member("status", 418)),
        ("code-foreign", "has another status' code", ("ERR-CODE-MATCHES",), _foreign(_status)),
        ("info-other", "points at another code's page", ("ERR-MORE-INFO",), _other_page),
    )
    for _name, _text, _breaches, _change in _rows:
        altering(
            f"error-{_status}-{_name}", f"The {_status} {_text}", breaches=_breaches, status=_status
        )(_change)

altering(
    "error-404-html-sometimes",
    "The 404 is HTML now and then",
    status=404,
    every=6,
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", "ERR-404-BODY"),
)(_html)
altering(
    "error-404-status-sometimes",
    "The 404 states 400 now and then",
    status=404,
    every=5,
    breaches=("ERR-STATUS-MATCHES",),
)(member("status", 400))
altering(
    "error-404-message-long",
    "The 404 message has 2000 characters",
    status=404,
    breaches=("ERR-BOUNDS",),
)(member("message", "no " * 700))
altering("error-404-code-small", "The 404 code is 7", status=404, breaches=("ERR-BOUNDS",))(
    lambda request, response: setattr(
        response,
        "document",
        {**response.document, "code": 7, "more_info": "https://www.twilio.com/docs/api/errors/7"},
    )
)
altering(
    "error-409-conflict-empty",
    "X-Conflicting-Resource-Id is empty",
    status=409,
    breaches=("ERR-409-HEADERS",),
)(header("x-conflicting-resource-id", ""))
altering(
    "error-429-no-retry-after",
    "The 429 has no Retry-After",
    status=429,
    breaches=("ERR-429-RETRY-AFTER",),
)(header("retry-after", None))
altering(
    "error-429-retry-after-float",
    "The 429 says Retry-After 0.5",
    status=429,
    breaches=("ERR-429-RETRY-AFTER",),
)(header("retry-after", "0.5"))
altering(
    "error-503-retry-after-word",
    "The 503 says Retry-After later",
    status=503,
    breaches=("ERR-503-RETRY-AFTER",),
)(header("retry-after", "later"))


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


@altering("error-404-null", "The 404 body is null", status=404, breaches=("ERR-404-BODY",))
def _null(request: Request, response: Response) -> None:
    response.document = None


@altering(
    "error-500-trace",
    "The 500 is a plain-text traceback",
    status=500,
    breaches=("HTTP-CONTENT-TYPE", "HTTP-JSON", "ERR-500-BODY"),
)
def _trace(request: Request, response: Response) -> None:
    response.set("content-type", "text/plain; charset=utf-8")
    response.body = b"Traceback (most recent call last):\n  ...\nKeyError: 'sid'\n"


#: the fault asked for -> the status it answers with instead, and what that breaches
_INSTEAD = {
    "429": (420, ("ERR-429-STATUS", "DEL-STATUS")),
    "409": (423, ("ERR-409-STATUS", "DEL-STATUS")),
    "500": (502, ("ERR-500-STATUS", "DEL-STATUS")),
    "503": (504, ("ERR-503-STATUS", "DEL-STATUS")),
}
for _fault, (_instead, _ids) in _INSTEAD.items():

    class _Otherwise(Behaviour):
        asked, instead = _fault, _instead

        def fault_problem(self, request: Request, fault: str) -> Problem:
            problem = super().fault_problem(request, fault)
            if fault != self.asked:
                return problem
            return Problem(self.instead, problem.code, problem.message, problem.headers)

    defect(
        f"error-{_fault}-as-{_instead}",
        f"Where {_fault} belongs the answer is {_instead}",
        breaches=_ids,
    )(_Otherwise)


altering(
    "error-status-float",
    "The status in a 404's body is 400.0",
    breaches=("ERR-STATUS-MATCHES",),
    status=404,
)(member("status", 400.0))


@altering(
    "error-code-float",
    "The code in a 404's body is 20500.0",
    breaches=("ERR-CODE-MATCHES",),
    status=404,
)
def _foreign_float(request: Request, response: Response) -> None:
    response.document = {
        **response.document,
        "code": 20500.0,
        "more_info": "https://www.twilio.com/docs/api/errors/20500",
    }


@altering(
    "error-info-float",
    "more_info is not that of the code, which is written as 20404.0",
    breaches=("ERR-MORE-INFO",),
    status=404,
)
def _info_of_float(request: Request, response: Response) -> None:
    response.document = {
        **response.document,
        "code": 20404.0,
        "more_info": "https://www.twilio.com/docs/api/errors/20999",
    }


def _of_mismatch(name: str, value: int) -> Change:
    """A change of the member *name* in the refusal of a key that was used for another request, and of nothing else."""

    def change(request: Request, response: Response) -> None:
        if response.document["code"] == key_mismatch().code:
            member(name, value)(request, response)

    return change


altering(
    "error-mismatch-status-other",
    "The 422 to a used key states 409",
    status=422,
    breaches=("ERR-STATUS-MATCHES",),
    shows="data: a used key",
)(_of_mismatch("status", 409))
altering(
    "error-mismatch-code-foreign",
    "The 422 to a used key has a 404's code",
    status=422,
    breaches=("ERR-CODE-MATCHES",),
    shows="data: a used key",
)(_of_mismatch("code", 20404))


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
