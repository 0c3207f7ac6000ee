"""The bench of the core tests: scripted responses in place of the wire, and a virtual clock."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response, TransportError, TransportFault
from orchestrator_contract.http.wire import Wire
from orchestrator_contract.profile import Account, Limits, Profile, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from tests.suite.core.world import World

ORIGIN = "http://target.example"
PLANE = "/v2/ControlPlane"
#: Modules that wait for the endpoint; a command and the wire take real time.
_WAITS = re.compile(
    r"orchestrator_contract\.(api|check(_keys)?|coordination\.coordinator|endpoint"
    r"|provision(?!\.command)|resources|schedule|sending\.(allowance|sender|transmitter)|steps)\b"
)
#: Status, body and headers of an answer, or why there is none. A dictionary becomes a JSON body.
Said = tuple[int] | tuple[int, Any] | tuple[int, Any, Mapping[str, str]] | TransportFault


class Clock:
    """Stands for the module `time`: seconds pass by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = Lock()

    def monotonic(self) -> float:
        """Seconds so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


@dataclass(frozen=True)
class Sent:
    """A request as it reached the endpoint."""

    line: str
    headers: dict[str, str]
    body: bytes
    raw: bytes
    origin: Origin
    #: Whether a new connection was asked for.
    new_connection: bool
    #: Seconds on the clock.
    at: float

    @property
    def user(self) -> str:
        """Whose credentials it came with; empty without any."""
        return (
            base64.b64decode(self.headers.get("authorization", "").removeprefix("Basic "))
            .decode()
            .partition(":")[0]
        )


def answer_of(said: Said | Response) -> Response | TransportError:
    """The request as it is on the wire."""
    if isinstance(said, Response):
        return said
    if isinstance(said, TransportFault):
        return TransportError(said, f"it was {said}")
    status, body, more = (
        said[0],
        said[1] if len(said) > 1 else None,
        said[2] if len(said) > 2 else {},
    )
    headers = [] if body is None else [("Content-Type", "application/json")]
    headers = [
        line for line in headers if line[0].lower() not in {name.lower() for name in more}
    ] + list(more.items())
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Response(status, "", headers, data)


class ScriptedEndpoint:
    """Takes the place of the wire: answers each request line from its script, and keeps what was sent."""

    def __init__(self, clock: Clock) -> None:
        self.sent: list[Sent] = []
        #: Seconds that an answer takes.
        self.slow = 0.0
        self.closed = False
        #: What a request line has that moves the clock: its connection is not used again.
        self.tool = b"__clock"
        self._clock = clock
        self._script: dict[str, list[Said | Callable[[Sent], Said | Response]]] = {}
        self._lock = Lock()

    def on(self, line: str, *responses: Said | Callable[[Sent], Said | Response]) -> None:
        """Answer "METHOD path", below the control plane, with these in turn; the last one stays."""
        method, _, path = line.partition(" ")
        self.at(f"{method} {PLANE}{path}", *responses)

    def at(self, line: str, *responses: Said | Callable[[Sent], Said | Response]) -> None:
        """As `on`, for any path."""
        self._script[line] = list(responses)

    def unless_scripted(
        self, line: str, *responses: Said | Callable[[Sent], Said | Response]
    ) -> None:
        """As `on`, where nothing is known of the line yet."""
        method, _, path = line.partition(" ")
        self._script.setdefault(f"{method} {PLANE}{path}", list(responses))

    def lines(self) -> list[str]:
        """The request lines so far, without the control plane."""
        return [sent.line.replace(PLANE, "") for sent in self.sent]

    def _take(self, origin: Origin, raw: bytes, new_connection: bool) -> Response | TransportError:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        line = first.removesuffix(" HTTP/1.1")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in rest)}
        with self._lock:
            sent = Sent(line, headers, body, raw, origin, new_connection, self._clock.now)
            self.sent.append(sent)
            if line not in self._script:
                raise AssertionError(f"nothing was scripted for {line}")
            responses = self._script[line]
            said = responses.pop(0) if len(responses) > 1 else responses[0]
        if self.slow:
            self._clock.now += self.slow
        return answer_of(said(sent) if callable(said) else said)

    def exchange(
        self,
        origin: Origin,
        request: bytes,
        method: str,
        *,
        new_connection: bool = False,
        keep: bool = True,
    ) -> Response:
        """As `Wire.exchange`."""
        assert keep is (self.tool not in request.partition(b"\r\n")[0])
        assert request.startswith(method.encode())
        response = self._take(origin, request, new_connection)
        if isinstance(response, TransportError):
            raise response
        return response

    def together(
        self, origin: Origin, batch: Sequence[tuple[bytes, str]]
    ) -> list[Response | TransportError]:
        """As `Wire.together`."""
        return [self._take(origin, request, new_connection=True) for request, _ in batch]

    def close(self) -> None:
        """As `Wire.close`."""
        self.closed = True


@dataclass
class Bench:
    """A suite against the scripted endpoint, and what it found."""

    endpoint: Endpoint
    script: ScriptedEndpoint
    clock: Clock
    #: What the endpoint has taken the place of.
    wire: Wire
    #: Journal entries, in order.
    journal: list[dict[str, Any]] = field(default_factory=list)

    def breaches(self) -> dict[str, list[str]]:
        """The problems of every breached requirement."""
        return {
            one: record.problems
            for one, record in self.endpoint.findings.records.items()
            if record.breaches
        }

    def checks(self) -> dict[str, int]:
        """How often each requirement was checked."""
        return {
            one: record.checks
            for one, record in self.endpoint.findings.records.items()
            if record.checks
        }

    def steps(self, requirement: str) -> list[tuple[str, int | None]]:
        """Method, last path segment and status of each exchange in the evidence of a requirement."""
        found = []
        for step in (
            step
            for breach in self.endpoint.findings.records[requirement].shown
            for step in breach.steps
        ):
            words = step.request.split()
            found.append(
                (f"{words[words.index('-X') + 1]} {words[-1].rpartition('/')[2]}", step.status)
            )
        return found

    def seen(self, observation: str) -> dict[str, int]:
        """The observations, with their counts."""
        return dict(self.endpoint.findings.observations.get(observation, {}))

    def exchange(
        self, operation: str, said: Said, method: str = "DELETE", **fields: Any
    ) -> Exchange:
        """An exchange that happened: for the judge, or to show as evidence."""
        call = fields.pop("call", None) or Call(operation, "sid")
        exchange = Exchange(
            call=call,
            method=method,
            url=f"{ORIGIN}{PLANE}/Configurations/sid",
            request_headers=fields.pop("request_headers", (("Accept-Encoding", "gzip, deflate"),)),
            request_body=None,
            at=datetime(2026, 11, 23, tzinfo=UTC),
            sent=self.clock.now,
            **fields,
        )
        response = answer_of(said)
        if isinstance(response, TransportError):
            exchange.fault, exchange.fault_text = response.fault, str(response)
        else:
            exchange.response = response
        return exchange

    def accepted(self, sid: str, *said: Said, key: str | None = None) -> Operation:
        """The operation of a delete that is answered 202."""
        self.endpoint.ownership.allow(sid)
        self.script.on(f"DELETE /Configurations/{sid}", *said)
        configuration = Configuration(sid)
        exchange = self.endpoint.client.delete(configuration, key=key)
        return self.endpoint.poller.accept(exchange, configuration)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time under control, in every loaded module that waits."""
    made = Clock()
    for name, module in [*sys.modules.items()]:
        if _WAITS.match(name) and getattr(module, "time", None) is time:
            monkeypatch.setattr(module, "time", made)
    return made


class _Journal:
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def write(self, entries: list[dict[str, Any]]) -> None:
        self.entries += entries


@pytest.fixture
def start(clock: Clock) -> Iterator[Callable[..., Bench]]:
    """Make benches; arguments change the profile, *effort* names or is one, *requests* and *deletes* are the budgets."""
    made: list[Bench] = []

    def begin(
        *,
        effort: str | Effort = "quick",
        requests: int = 10_000,
        deletes: int = 300,
        examples: Path | None = None,
        **changes: Any,
    ) -> Bench:
        target = Profile(
            "target",
            ORIGIN,
            accounts=(Account("user", "pass-word", ("USER", "PASSWORD")),),
            provision=Provision("create"),
            limits=Limits(poll_timeout_s=20),
        )
        profile = replace(target, **changes)
        chosen = EFFORTS[effort] if isinstance(effort, str) else effort
        journal = _Journal()
        coordinator = Coordinator(requests, 0, deletes, journal)  # type: ignore[arg-type]
        run = Endpoint(Settings(profile, chosen, 1, "run", examples=examples), coordinator)
        script, wire = ScriptedEndpoint(clock), run.client.wire
        run.client.wire = script  # type: ignore[assignment]
        if profile.provision.mode in ("pool", "command"):
            there = [{"id": sid} for sid in profile.provision.pool]
            script.on(
                "GET /Configurations?pageSize=1000", (200, {"configurations": there, "meta": {}})
            )
        made.append(Bench(run, script, clock, wire, journal.entries))
        return made[-1]

    yield begin

    for bench in made:
        bench.endpoint.client.settle()


class _Named:
    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        self._texts.append(text)
        yield


@pytest.fixture
def named(bench: Bench) -> list[str]:
    """The names of the steps that someone who waits for the run is shown."""
    texts: list[str] = []
    bench.endpoint.client.steps = _Named(texts)  # type: ignore[assignment]
    return texts


@pytest.fixture
def bench(start: Callable[..., Bench]) -> Bench:
    """A suite in quick effort against one account of an endpoint that can create."""
    return start()


@pytest.fixture
def alone(start: Callable[..., Bench]) -> Bench:
    """A bench that makes nothing ahead."""
    bench = start()
    bench.endpoint.configurations.stock.ahead = 0
    return bench


@pytest.fixture
def world(alone: Bench) -> World:
    """An endpoint that creates."""
    return World(alone)
