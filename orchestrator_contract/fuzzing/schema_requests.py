"""Requests that Schemathesis generates from openapi.yaml, valid ones and others."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import hypothesis.strategies as st
import requests
import schemathesis
from schemathesis import GenerationMode

from orchestrator_contract.contract import schemas
from orchestrator_contract.fuzzing.keys import on_the_wire
from orchestrator_contract.fuzzing.mutations import length, near, unrelated
from orchestrator_contract.http.request import KEY_HEADER

_CONFIGURATIONS = "/v2/ControlPlane/Configurations"
#: Path and method of the calls that are generated.
_OPERATIONS = {"delete": (f"{_CONFIGURATIONS}/{{Sid}}", "DELETE"), "list": (_CONFIGURATIONS, "GET")}
#: Headers that a client may add, whatever their values, and the longest of those.
_HEADERS = ("X-Request-Id", "X-Correlation-Id", "Accept-Language", "Referer", "traceparent", "From")
_LONGEST_VALUE = 200
#: Lengths of page tokens: each as likely, at least these.
_TOKEN_LENGTHS = 32


def segments_and_keys() -> st.SearchStrategy[tuple[str, str | None]]:
    """The last path segment and the key of a delete."""
    return _requests("delete").map(lambda one: (one.url.rpartition("/")[2], _key(one)))


def queries() -> st.SearchStrategy[str]:
    """The query of a list request."""
    return _requests("list").map(lambda one: urlsplit(str(one.url)).query)


@st.composite
def headers(draw: st.DrawFn) -> tuple[str, str]:
    """A further header line, its value of any bytes that a header may carry."""
    value = "".join(chr(draw(st.integers(0x20, 0xFF))) for _ in range(length(draw, 32)))
    chosen = value if draw(st.booleans()) else unrelated(draw, _LONGEST_VALUE)
    return draw(st.sampled_from(_HEADERS)), on_the_wire(chosen)[:_LONGEST_VALUE]


@st.composite
def tokens(draw: st.DrawFn, token: str) -> str:
    """A page token near a real one, or an unrelated one of any length."""
    if draw(st.integers(0, 3)) == 0:
        return near(draw, token, 2 * len(token))
    alphabet = st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEF-_=")
    size = draw(st.integers(1, max(_TOKEN_LENGTHS, 2 * len(token))))
    return "".join(draw(alphabet) for _ in range(size))


def _requests(operation: str) -> st.SearchStrategy[Any]:
    path, method = _OPERATIONS[operation]
    described = _document()[path][method]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.one_of([described.as_strategy(generation_mode=mode).map(_prepared) for mode in modes])


@cache
def _document() -> Any:
    return schemathesis.openapi.from_path(str(schemas.schema_root() / "openapi.yaml"))


def _prepared(case: Any) -> requests.PreparedRequest:
    """The request as `requests` would send it; it goes out by the suite's own client."""
    given = case.as_transport_kwargs(base_url="http://localhost")
    prepared = requests.Request(given["method"], given["url"], params=given.get("params")).prepare()
    prepared.headers.update(given.get("headers") or {})
    return prepared


def _key(prepared: requests.PreparedRequest) -> str | None:
    value = prepared.headers.get(KEY_HEADER)
    if value is None:
        return None
    return on_the_wire(value.decode("latin-1") if isinstance(value, bytes) else str(value))
