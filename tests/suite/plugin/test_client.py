"""The client's patience: refusals that go away are waited for, those that never do only once; what a body may escape."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orchestrator_contract import profile
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import Throttled
from orchestrator_contract.http.json_text import parse_json
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.resources.configuration import Configuration

REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Moody:
    """Answers every request with 429 while it refuses."""

    def __init__(self) -> None:
        self.refusals = 1_000_000
        self.seen = 0

    def __call__(self, connection: socket.socket, index: int) -> None:
        """Serve one connection to its end."""
        data = b""
        while more := connection.recv(65536):
            data += more
            while b"\r\n\r\n" in data:
                data = data.partition(b"\r\n\r\n")[2]
                self.seen += 1
                self.refusals -= 1
                connection.sendall(REFUSAL if self.refusals >= 0 else ANSWER)


@pytest.fixture
def moody() -> Moody:
    """The server's behaviour."""
    return Moody()


@pytest.fixture
def endpoint(canned: Callable[..., Any], moody: Moody) -> Iterator[Endpoint]:
    """A suite whose refusals may last two seconds."""
    known = profile.from_url(f"http://127.0.0.1:{canned(moody).port}")
    target = replace(known, limits=replace(known.limits, poll_timeout_s=2.0))
    made = Endpoint(Settings(target, EFFORTS["quick"], 1, "meta"), Coordinator(10_000, 0, 10, None))
    yield made
    made.client.settle()


def tries(endpoint: Endpoint, moody: Moody) -> int:
    """How often a fetch was sent until it was given up."""
    before = moody.seen
    with pytest.raises(Throttled):
        endpoint.client.fetch(Configuration("conv_configuration_x"))
    return moody.seen - before


def test_refusals_for_ever_cost_once(endpoint: Endpoint, moody: Moody) -> None:
    """The first is waited for, later ones ever less, in the end a request is sent once; successes bring patience back."""
    first = tries(endpoint, moody)
    assert first > 2
    assert not endpoint.client.retry.hopeless("fetch")

    later = [tries(endpoint, moody) for _ in range(4)]
    assert later == sorted(later, reverse=True)
    assert later[-1] == 1
    assert endpoint.client.retry.hopeless("fetch")
    assert not endpoint.client.retry.hopeless("delete")

    moody.refusals = 0
    for _ in range(30):
        assert endpoint.client.fetch(Configuration("conv_configuration_x")).status == 200
    assert not endpoint.client.retry.hopeless("fetch")
    moody.refusals = 2
    assert endpoint.client.fetch(Configuration("conv_configuration_x")).status == 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(
            rb'{"id": "a\ud800", "\udfff": [1]}', {"id": "a\ufffd", "\ufffd": [1]}, id="half-pairs"
        ),
        pytest.param(rb'{"id": "\ud83d\ude00"}', {"id": "\U0001f600"}, id="pair"),
        pytest.param(rb'{"id": "\\ud800"}', {"id": r"\ud800"}, id="no-escape-at-all"),
    ],
)
def test_half_a_surrogate_pair(body: bytes, value: object) -> None:
    """Characters that no URL, file or terminal takes are replaced; others stay."""
    assert parse_json(body).value == value


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "9" * 5000}, float("inf"), id="more-digits-than-days-have"),
        pytest.param(
            {
                "retry-after": "Tue, 24 Nov 2026 10:00:03 GMT",
                "date": "Tue, 24 Nov 2026 10:00:00 GMT",
            },
            3.0,
            id="date-by-the-endpoint's-clock",
        ),
        pytest.param(
            {
                "retry-after": "Tuesday, 24-Nov-26 10:00:03 GMT",
                "date": "Tue, 24 Nov 2026 10:00:00 GMT",
            },
            3.0,
            id="obsolete-date",
        ),
        pytest.param({"retry-after": "Tue, 24 Nov 1998 10:00:00 GMT"}, 0.0, id="date-in-the-past"),
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param(
            {"retry-after": "Tue, 24 Nov 2026 10:00:03 GMT", "date": "\u0661"},
            None,
            id="unreadable-date-header",
        ),
    ],
)
def test_asked_delay(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After is a number of seconds or a date; what is neither asks nothing."""
    assert asked_delay(headers) == seconds
