"""Conformant habits of the wire: names, lengths, encodings, connections."""

from __future__ import annotations

import asyncio
import gzip
import secrets
import zlib

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.response_changes import header, on_response, raw_message

ROUTES = (
    "delete",
    "create",
    "update",
    "fetch",
    "list",
    "operation",
    "operation-create",
    "operation-update",
)


def _offered(request: Request, coding: bytes) -> bool:
    """True if Accept-Encoding names *coding* without refusing it."""
    for line in request.lines(b"accept-encoding"):
        for part in line.lower().split(b","):
            name, _, weight = part.strip().partition(b";")
            if name.strip() == coding:
                return weight.strip().replace(b" ", b"") not in (
                    b"q=0",
                    b"q=0.0",
                    b"q=0.00",
                    b"q=0.000",
                )
    return False


def _titled(response: Response) -> Response:
    """*response* with header names in title case."""
    changed = response.copy()
    changed.headers = [(name.title(), value) for name, value in response.headers]
    return changed


def _compressed(response: Response, coding: str, body: bytes) -> None:
    response.set("content-encoding", coding)
    response.set("vary", "accept-encoding")
    response.body = body


def _gzip(request: Request, response: Response) -> None:
    if _offered(request, b"gzip") and response.body:
        _compressed(response, "gzip", gzip.compress(response.body))


def _gzip_members(request: Request, response: Response) -> None:
    if _offered(request, b"gzip") and response.body:
        half = len(response.body) // 2
        _compressed(
            response,
            "gzip",
            gzip.compress(response.body[:half]) + gzip.compress(response.body[half:]),
        )


def _deflate(request: Request, response: Response) -> None:
    if _offered(request, b"deflate") and response.body:
        _compressed(response, "deflate", zlib.compress(response.body))


def _chunked(request: Request, response: Response) -> None:
    response.chunked = response.status not in (204, 304) and request.http_version != "1.0"


def _old(request: Request, response: Response) -> None:
    shown = response.copy()
    if request.method == "HEAD":
        return
    response.raw = raw_message(shown, version="1.0")


def _title(request: Request, response: Response) -> None:
    if request.method != "HEAD":
        response.raw = raw_message(_titled(response))


def _unsized(request: Request, response: Response) -> None:
    """Neither length nor chunks: the end of the connection is the end of the body."""
    if request.method != "HEAD":
        head = raw_message(response).partition(b"content-length")[0]
        response.raw = head + b"connection: close\r\n\r\n" + response.body


def _hints(request: Request, response: Response) -> None:
    if request.http_version == "1.1":
        response.early = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"


def _spaced(request: Request, response: Response) -> None:
    if response.body:
        response.body = b"\n  " + response.body.replace(b'":', b'" : ') + b"\r\n\t "


def _request_id(request: Request, response: Response) -> None:
    response.set("twilio-request-id", "RQ" + secrets.token_hex(16))
    response.set("x-powered-by", "a mock")
    response.headers += [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; Path=/")]


for _name, _text, _change in (
    (
        "type-charset",
        "Content-Type has a charset",
        header("content-type", "application/json; charset=utf-8"),
    ),
    (
        "type-capitals",
        "Content-Type is written APPLICATION/JSON;Charset=UTF-8",
        header("content-type", "APPLICATION/JSON;Charset=UTF-8"),
    ),
    ("gzip", "Bodies are gzipped where that is offered", _gzip),
    ("gzip-members", "Bodies are gzipped in two members", _gzip_members),
    ("deflate", "Bodies are deflated where that is offered", _deflate),
    ("chunked", "Bodies come in chunks", _chunked),
    ("http-1.0", "Answers are HTTP/1.0 and end the connection", _old),
    ("headers-titled", "Header names are in title case, and the connection ends", _title),
    ("close", "The connection is closed after each answer", header("connection", "close")),
    ("unsized", "Bodies end with the connection, with no length", _unsized),
    ("early-hints", "A 103 comes ahead of each answer", _hints),
    ("spaced-json", "JSON is written with white space around everything", _spaced),
    ("more-headers", "Answers have a request id, cookies and other headers", _request_id),
    ("no-store", "Answers have caching headers", header("cache-control", "no-store, max-age=0")),
):
    variant(_name, _text)(on_response(_change, route=ROUTES, status=None))


@variant("slow-deletes", "A delete is worked on for 150 ms before it is answered")
class _SlowDeletes(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.15)


@variant(
    "head-with-body",
    "HEAD is answered with the body that a GET would get, as hand-written servers do",
)
class _HeadWithBody(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.method == "HEAD":
            response.raw = raw_message(response)
        return response
