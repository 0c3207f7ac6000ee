"""Fuzzing with schemathesis: its generation and its checks, on the suite's session."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
import schemathesis
from hypothesis import Phase, given, seed
from schemathesis import GenerationMode

from orchestrator_contract.contract import schemas
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.fuzzing.session import ClientSession
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import KEY_HEADER
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules.malformed_input import (
    MALFORMED_SID_STATUSES,
    OUTSIDE_API_STATUSES,
)

_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_PATH = "/v2/ControlPlane/Configurations/{Sid}"


@dataclass(frozen=True, slots=True)
class Sent:
    """One generated request with its exchange."""

    segment: str
    exchange: Exchange


class _Declined(Exception):
    """A generated request that may not be sent: what it names was not shown to be absent."""


def run_generated(
    endpoint: Endpoint, method: str, mode: str, judge: Callable[[Sent], None]
) -> None:
    """Send generated requests of one operation and have each judged.

    A request whose answer *judge* finds wrong is generated again by Hypothesis while it shrinks: what repeats
    and what does not is on record either way.

    Raises:
        Inconclusive: one could not be sent, or was not answered; none was sent after it.
    """
    operation = _document()[_PATH][method]
    generation = GenerationMode.POSITIVE if mode == "positive" else GenerationMode.NEGATIVE
    sent: list[Exchange] = []

    def perform(prepared: requests.PreparedRequest) -> Exchange:
        sent[:] = [_perform(endpoint, method, prepared)]
        return sent[0]

    session = ClientSession(perform)
    over: list[Inconclusive] = []

    chosen = endpoint.random.getrandbits(32)

    @seed(chosen)
    @settings(Phase.generate, seed=chosen, max_examples=endpoint.effort.fuzz_examples)
    @given(case=operation.as_strategy(generation_mode=generation))
    def run(case: Any) -> None:
        # What can't go on must not fail an example: Hypothesis would repeat it, and take one that then passes for an error.
        if over:
            return
        sent.clear()
        try:
            case.call(base_url=endpoint.profile.base_url, session=session)
        except Inconclusive as error:
            over.append(error)
            return
        except (_Declined, requests.RequestException, schemathesis.errors.SchemathesisError):
            if not sent:
                return
        for exchange in sent:
            judge(Sent(exchange.url.rpartition("/")[2], exchange))

    with endpoint.client.steps.step(f"sending generated requests ({mode})"):
        run()
    if over:
        raise over[0]


@cache
def _document() -> Any:
    return schemathesis.openapi.from_path(str(schemas.schema_root() / "openapi.yaml"))


def _perform(endpoint: Endpoint, method: str, prepared: requests.PreparedRequest) -> Exchange:
    segment = str(prepared.url).partition("/Configurations/")[2]
    if not segment.strip(".") or "/" in segment or segment == endpoint.targets.control.sid:
        raise _Declined
    try:
        endpoint.absent.confirm(Configuration(segment))
    except BudgetExhausted:
        raise
    except Inconclusive:
        raise _Declined from None
    # Other generated headers are left out: a server may refuse a request for them, and that says nothing here.
    lines = [
        (
            name,
            raw.decode("latin-1")
            if isinstance(raw, bytes)
            else str(raw).encode("utf-8").decode("latin-1"),
        )
        for name, raw in prepared.headers.items()
        if name.lower() == KEY_HEADER.lower()
    ]
    key = next((value for _, value in lines if _VALUE.fullmatch(value)), None)
    well_formed = key is not None and endpoint.well_formed_key(key)
    odd = frozenset(range(400, 500)) if key is not None and not well_formed else frozenset()
    call = Call(
        "delete",
        segment,
        allow=MALFORMED_SID_STATUSES | OUTSIDE_API_STATUSES | odd,
        outside_api=True,
    )

    def send() -> Exchange:
        # Generators come back to the same values: a key may have been used on another SID, and have stored a 500.
        out = endpoint.client.request(
            call, method, f"/Configurations/{segment}", key=endpoint.key() if well_formed else key
        )
        return endpoint.client.send(out, allow_no_response=True)

    return past_500(send)
