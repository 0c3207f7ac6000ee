"""Generates requests from the OpenAPI description by Schemathesis.

Kinds are Schemathesis' phases (examples, coverage, fuzzing), each of valid and of invalid requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from string import ascii_letters, digits
from typing import Any
from urllib.parse import urlsplit

import hypothesis.strategies as st
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.overrides import Override

from orchestrator_contract.contract import schemas
from orchestrator_contract.fuzzing.keys import on_the_wire
from orchestrator_contract.fuzzing.mutations import length, near, unrelated
from orchestrator_contract.http.request import KEY_HEADER

_CONFIGURATIONS = "/v2/ControlPlane/Configurations"
_DELETE = f"{_CONFIGURATIONS}/{{Sid}}", "DELETE"
_LIST, _CREATE = (_CONFIGURATIONS, "GET"), (_CONFIGURATIONS, "POST")
_FETCH_OPERATION = "/v2/ControlPlane/Operations/{id}", "GET"
#: Headers that a client may add, whatever their values, and the longest of those.
_HEADERS = ("X-Request-Id", "X-Correlation-Id", "Accept-Language", "Referer", "traceparent", "From")
_LONGEST_VALUE = 200
#: Least longest page token.
_TOKEN_LENGTHS = 32
Kinds = dict[str, st.SearchStrategy[Any]]


def segments_and_keys() -> Kinds:
    """The last path segment and the key of deletes."""
    return _kinds(_DELETE, lambda case: (_segment(_prepared(case)), _key(_prepared(case))))


def operation_ids() -> Kinds:
    """The last path segment of fetches of operations."""
    return _kinds(_FETCH_OPERATION, lambda case: _segment(_prepared(case)))


def queries() -> Kinds:
    """The queries of list requests."""
    return _kinds(_LIST, lambda case: urlsplit(str(_prepared(case).url)).query)


def payloads(*, valid: bool) -> Kinds:
    """The payloads of creates that are JSON objects, as JSON; only invalid ones unless *valid*."""
    kinds = _kinds(
        _CREATE, lambda case: json.dumps(case.body) if isinstance(case.body, dict) else ""
    )
    kinds = {name: kind.filter(lambda text: text[:1] == "{") for name, kind in kinds.items()}
    return {name: kind for name, kind in kinds.items() if valid or "negative" in name}


@st.composite
def headers(draw: st.DrawFn) -> tuple[str, str]:
    """A further header line, its value of any bytes that a header may carry."""
    value = "".join(chr(draw(st.integers(0x20, 0xFF))) for _ in range(length(draw, 32)))
    chosen = value if draw(st.booleans()) else draw(unrelated(_LONGEST_VALUE))
    return draw(st.sampled_from(_HEADERS)), on_the_wire(chosen)[:_LONGEST_VALUE]


def tokens(token: str) -> Kinds:
    """Page tokens near a real one."""
    return near(token, 2 * len(token))


def tokens_by_length(usual: int) -> Kinds:
    """Page tokens of lengths to beyond the *usual* one, two lengths a kind."""
    letters = st.sampled_from(ascii_letters + digits + "-_=")
    lengths = range(1, max(_TOKEN_LENGTHS, usual + 8) + 1, 2)
    return {
        f"{n} or {n + 1} characters": st.text(letters, min_size=n, max_size=n + 1) for n in lengths
    }


@cache
def _description() -> Any:
    return schemathesis.openapi.from_path(str(schemas.schema_root() / "openapi.yaml"))


def _kinds(call: tuple[str, str], part: Callable[[Any], Any]) -> Kinds:
    """The *part* of requests of one *call* that the suite sends, by phase and mode."""
    path, method = call
    operation = _description()[path][method]
    examples = operation.get_strategies_from_examples()
    kinds: Kinds = {"examples": st.one_of(examples)} if examples else {}
    for mode in GenerationMode:
        kinds[f"fuzzing, {mode.value}"] = operation.as_strategy(generation_mode=mode)
        if cases := [one for one in _boundaries(call, mode) if one.method == method]:
            kinds[f"coverage, {mode.value}"] = st.sampled_from(cases)
    return {name: kind.map(part) for name, kind in kinds.items()}


@cache
def _boundaries(call: tuple[str, str], mode: GenerationMode) -> list[Any]:
    """The requests of the coverage phase."""
    operation = _description()[call[0]][call[1]]
    generation = _description().config.generation_for(operation=operation, phase="coverage")
    return [
        *CoverageGenerator(
            operation=operation,
            generation_modes=[mode],
            generation_config=generation,
            auth_storage=None,
            override=Override(),
            feedback=FeedbackSources(),
        )
    ]


def _prepared(case: Any) -> requests.PreparedRequest:
    """The request as `requests` would send it; it goes out by the suite's own client."""
    given = case.as_transport_kwargs(base_url="http://localhost")
    prepared = requests.Request(given["method"], given["url"], params=given.get("params")).prepare()
    prepared.headers.update(given.get("headers") or {})
    return prepared


def _segment(prepared: requests.PreparedRequest) -> str:
    return str(prepared.url).rpartition("/")[2]


def _key(prepared: requests.PreparedRequest) -> str | None:
    value = prepared.headers.get(KEY_HEADER)
    if value is None:
        return None
    return on_the_wire(value.decode("latin-1") if isinstance(value, bytes) else str(value))
