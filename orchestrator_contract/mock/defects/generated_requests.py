"""Defects of pages and headers that no short list of requests shows: inputs must be generated."""

from __future__ import annotations

import string
from urllib.parse import parse_qs

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, read_query, token
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration

_ALPHABET = string.ascii_letters + string.digits + "-_"


def _page_token(request: Request) -> str:
    query = parse_qs(request.query.decode("latin-1"), encoding="latin-1")
    return query.get("pageToken", [""])[-1]


@defect(
    "page-token-of-one-length-500",
    "A page token of 13 to 15 characters is a 500",
    breaches=("CTRL-PAGE",),
    shows="data: the length of a page token",
)
class _TokenLength(Behaviour):
    def list_page(self, request: Request) -> Response:
        if 13 <= len(_page_token(request)) <= 15:
            return self.refuse(request, internal_error())
        return super().list_page(request)


@defect(
    "page-token-cut-opens-another-account",
    "A page token without its last character shows the configurations of another account",
    breaches=("AUTH-READ-OTHER-ACCOUNT",),
    shows="data: another account, a page token cut by a character",
)
class _TokenCut(Behaviour):
    def list_page(self, request: Request) -> Response:
        try:
            return super().list_page(request)
        except Refused:
            if not self._cut(_page_token(request)):
                raise
        others = (n for n in self.settings.accounts.values() if n[0] != request.account)
        request.account, request.query = next(others, (request.account, ""))[0], b""
        return super().list_page(request)

    @staticmethod
    def _cut(text: str) -> bool:
        for letter in _ALPHABET:
            try:
                read_query(f"pageToken={text}{letter}".encode("ascii", "replace"))
            except Refused:
                continue
            return True
        return False


@defect(
    "page-size-of-eleven-skips",
    "Between two pages whose size is a multiple of eleven an item is left out",
    breaches=("CTRL-PAGINATION",),
    shows="data: pageSize",
)
class _Elevens(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = super().cut_page(items, query)
        if query.size % 11 or page.next_token is None:
            return page
        following = next(one for one in items if one.number > page.items[-1].number)
        return Page(page.items, page.size, page.previous_token, token("a", following.number))


@defect(
    "header-beyond-ascii-500",
    "A DELETE with a byte beyond ASCII in a header, other than the key, is a 500",
    breaches=("DEL-ACCEPTED",),
    shows="data: a header beyond ASCII",
)
class _HeaderBytes(Behaviour):
    def delete(self, request: Request) -> Response:
        values = (value for name, value in request.headers if name != b"idempotency-key")
        if not all(value.isascii() for value in values):
            return self.refuse(request, internal_error())
        return super().delete(request)
