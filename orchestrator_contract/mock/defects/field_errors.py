"""Error bodies that quote their input and break on it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote_to_bytes

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, Refused
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM


class _QuotesSid(Behaviour):
    """Base of defects where the message of a 404 repeats the SID."""

    def quote(self, response: Response, sid: bytes) -> None:
        """Repeats *sid*, the decoded bytes of the path, in the body of *response*."""
        raise NotImplementedError

    def text_with(self, response: Response, sid: bytes) -> str:
        """The body of *response* with *sid* in its message, correctly escaped."""
        message = f"Configuration {sid.decode('utf-8', 'replace')} was not found"
        return json.dumps({**response.document, "message": message}, ensure_ascii=False)

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        shown = request.route in ("delete", "fetch") and request.method != "HEAD"
        if shown and response.status == 404:
            self.quote(response, unquote_to_bytes(request.path[len(ITEM) :]))
        return response


@defect(
    "error-404-quotes-unescaped",
    "The message of a 404 repeats the SID, quotes, backslashes and control characters unescaped",
    breaches=("HTTP-JSON", "ERR-404-BODY"),
    shows="data: a quote, a backslash or a control character in the SID",
)
class _Unescaped(_QuotesSid):
    def quote(self, response: Response, sid: bytes) -> None:
        body = self.text_with(response, b"@SID@").encode()
        response.body = body.replace(b"@SID@", sid)


@defect(
    "error-404-quotes-cut-short",
    "The message of a 404 repeats the SID, and the body is cut to its length in characters",
    breaches=("HTTP-JSON", "ERR-404-BODY"),
    shows="data: a SID beyond ASCII",
)
class _CutShort(_QuotesSid):
    def quote(self, response: Response, sid: bytes) -> None:
        text = self.text_with(response, sid)
        response.body = text.encode()[: len(text)]


@defect(
    "error-404-quotes-latin-1",
    "The message of a 404 repeats the SID in Latin-1",
    breaches=("HTTP-JSON", "ERR-404-BODY"),
    shows="data: a SID with characters of Latin-1",
)
class _Latin1(_QuotesSid):
    def quote(self, response: Response, sid: bytes) -> None:
        response.body = self.text_with(response, sid).encode("latin-1", "replace")


@defect(
    "error-400-quotes-page-token",
    "The message of a 400 repeats the page token, quotes and control characters unescaped",
    breaches=("HTTP-JSON",),
    shows="data: a quote or a control character in the page token",
)
class _QuotesToken(Behaviour):
    def list_page(self, request: Request) -> Response:
        try:
            return super().list_page(request)
        except Refused as refusal:
            query = parse_qs(request.query.decode("latin-1"), encoding="latin-1")
            token = query.get("pageToken", [""])[-1].encode("latin-1")
            problem = Problem(refusal.problem.status, refusal.problem.code, "@TOKEN@ is no token")
            response = self.refuse(request, problem)
            response.body = response.body.replace(b"@TOKEN@", token)
            return response
