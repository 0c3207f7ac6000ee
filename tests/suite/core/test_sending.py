"""The client: what goes out byte for byte, and where it may go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract import __version__
from orchestrator_contract.exceptions import Exhausted, NoAnswer
from orchestrator_contract.guard import NotOwned
from orchestrator_contract.http.connections import Origin
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import origin_of
from orchestrator_contract.http.response import Answer, Fault
from orchestrator_contract.profile import Account, Limits, Provision, Trigger
from orchestrator_contract.results.findings import Unverifiable
from orchestrator_contract.scope import Place

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent

HOME = Origin("http", "target.example", 80)
BASIC = "Basic dXNlcjpwYXNzLXdvcmQ="  # user:pass-word
AGENT = f"orchestrator-contract/{__version__}"
PATH = "/v2/ControlPlane/Configurations"
TWO = (
    Account("user", "pass-word", ("USER", "PASSWORD")),
    Account("other", "word-pass", ("USER_2", "PASSWORD_2")),
)


# -------------------------------------------------------------------- bytes


def test_a_delete_byte_for_byte(bench: Bench) -> None:
    """The request is what HTTP/1.1, the contract and the caller ask for, and nothing else."""
    bench.suite.ownership.allow("a%2Fb")
    bench.endpoint.on("DELETE /Configurations/a%2Fb", (404, {}))

    exchange = bench.suite.client.delete(
        "a%2Fb", key="k-1", headers=[("X-Own", "1")], trigger=Trigger({"X-Fault": "429"})
    )

    sent = bench.endpoint.sent[0]
    assert sent.raw.decode() == (
        f"DELETE {PATH}/a%2Fb HTTP/1.1\r\nHost: target.example\r\nUser-Agent: {AGENT}\r\nAccept: application/json\r\n"
        f"Accept-Encoding: gzip, deflate\r\nAuthorization: {BASIC}\r\nX-Fault: 429\r\nX-Own: 1\r\nIdempotency-Key: k-1\r\n\r\n"
    )
    assert (sent.origin, sent.fresh) == (HOME, False)
    assert exchange.request_headers == (
        ("Host", "target.example"),
        ("User-Agent", AGENT),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Authorization", "***"),
        ("X-Fault", "429"),
        ("X-Own", "1"),
        ("Idempotency-Key", "k-1"),
    )
    assert (exchange.call, exchange.method, exchange.url) == (
        Call("delete", "a%2Fb"),
        "DELETE",
        f"http://target.example{PATH}/a%2Fb",
    )
    assert (exchange.key, exchange.account, exchange.region, exchange.request_body) == (
        "k-1",
        0,
        0,
        None,
    )
    assert exchange.credential_names == ("USER", "PASSWORD")


def test_a_create_byte_for_byte(bench: Bench) -> None:
    """A payload is sent as JSON with its length and type."""
    bench.endpoint.on("POST /Configurations", (202, {}))
    out = bench.suite.client.outgoing(
        Call("create", "n"), "POST", "/Configurations", payload={"a": 1}, headers={"X-Own": "1"}
    )

    exchange = bench.suite.client.send(out)

    assert bench.endpoint.sent[0].raw.decode() == (
        f"POST {PATH} HTTP/1.1\r\nHost: target.example\r\nUser-Agent: {AGENT}\r\nAccept: application/json\r\n"
        f"Accept-Encoding: gzip, deflate\r\nAuthorization: {BASIC}\r\nX-Own: 1\r\nContent-Type: application/json\r\n"
        'Content-Length: 8\r\n\r\n{"a": 1}'
    )
    assert exchange.request_headers[-2:] == (
        ("Content-Type", "application/json"),
        ("Content-Length", "8"),
    )
    assert exchange.request_body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("method", "length"),
    [
        pytest.param("POST", "0", id="post"),
        pytest.param("PUT", "0", id="put"),
        pytest.param("PATCH", "0", id="patch"),
        pytest.param("GET", None, id="get"),
        pytest.param("DELETE", None, id="delete"),
    ],
)
def test_content_length_without_a_body(bench: Bench, method: str, length: str | None) -> None:
    """A method that means a body says that there is none; the others say nothing of a body."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on(f"{method} /Configurations/x", (404, {}))

    bench.suite.client.send(bench.suite.client.outgoing(Call("other"), method, "/Configurations/x"))

    assert bench.endpoint.sent[0].headers.get("content-length") == length


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(
            [("accept", "text/plain")],
            {"accept": "text/plain", "accept-encoding": "gzip, deflate"},
            id="own-accept",
        ),
        pytest.param(
            [("ACCEPT-Encoding", "identity")],
            {"accept": "application/json", "accept-encoding": "identity"},
            id="own-coding",
        ),
        pytest.param([("Accept", "")], {"accept-encoding": "gzip, deflate"}, id="none-accepted"),
        pytest.param(
            [("X-Name", "\u20ac")],
            {"accept": "application/json", "accept-encoding": "gzip, deflate", "x-name": "?"},
            id="beyond-latin-1",
        ),
    ],
)
def test_header_lines_of_the_caller(
    bench: Bench, headers: list[tuple[str, str]], expected: dict[str, str]
) -> None:
    """A header that the caller gives stands in place of the suite's own, and an empty Accept takes it away."""
    bench.endpoint.on("GET /Configurations/x", (404, {}))
    bench.suite.client.send(
        bench.suite.client.outgoing(Call("fetch"), "GET", "/Configurations/x", headers=headers)
    )

    sent = bench.endpoint.sent[0]
    assert {
        k: v for k, v in sent.headers.items() if k not in ("host", "user-agent", "authorization")
    } == expected
    assert sent.raw.lower().count(b"accept:") == ("accept" in expected)
    assert sent.raw.lower().count(b"accept-encoding:") == 1


@pytest.mark.parametrize(
    ("account", "authorization", "names"),
    [
        pytest.param(0, BASIC, ("USER", "PASSWORD"), id="first"),
        pytest.param(1, "Basic b3RoZXI6d29yZC1wYXNz", ("USER_2", "PASSWORD_2"), id="second"),
        pytest.param(None, None, None, id="none"),
        pytest.param(2, None, None, id="one-that-is-not-there"),
    ],
)
def test_credentials(
    start: Callable[..., Bench],
    account: int | None,
    authorization: str | None,
    names: tuple[str, str] | None,
) -> None:
    """Each account's own credentials are sent, none without an account; what is shown names their variables."""
    bench = start(accounts=TWO)
    bench.endpoint.on("GET /Configurations/x", (404, {}))

    exchange = bench.suite.client.fetch("x", account=account)

    assert bench.endpoint.sent[0].headers.get("authorization") == authorization
    assert ("Authorization", "***") in exchange.request_headers or authorization is None
    assert exchange.credential_names == names
    assert exchange.account == account


def test_secrets_are_redacted_everywhere(bench: Bench) -> None:
    """What was sent or came back is kept without secrets, wherever they stand."""
    bench.suite.ownership.allow("pass-word")
    bench.endpoint.on(
        "DELETE /Configurations/pass-word", (404, {"message": "not pass-word"}, {"X-Echo": BASIC})
    )

    exchange = bench.suite.client.delete("pass-word", headers=[("X-Debug", "is pass-word")])

    assert exchange.answer is not None
    assert exchange.url == f"http://target.example{PATH}/***"
    assert ("X-Debug", "is ***") in exchange.request_headers
    assert exchange.answer.body == b'{"message": "not ***"}'
    assert ("X-Echo", "Basic ***") in exchange.answer.headers
    assert b"is pass-word" in bench.endpoint.sent[0].raw


@pytest.mark.parametrize(
    ("quoted", "kept"),
    [
        pytest.param("'PASS-word'", "'***'", id="in-capitals"),
        pytest.param("'br, Pass-Word'", "'br, ***'", id="among-others"),
        pytest.param("x" * 200, "x" * 120, id="long"),
        pytest.param("x" * 110 + "pass-word", "x" * 110 + "***", id="where-it-would-be-cut"),
    ],
)
def test_secrets_in_a_defect_are_redacted(bench: Bench, quoted: str, kept: str) -> None:
    """What an answer's defect quotes is clean before it is cut."""

    def flawed(sent: Sent) -> Answer:
        return Answer(404, "", [], b"", defect=(Fault.ENCODING, quoted))

    bench.endpoint.on("GET /Configurations/x", flawed)

    exchange = bench.suite.client.fetch("x")

    assert exchange.answer is not None
    assert exchange.answer.defect == (Fault.ENCODING, kept)


@pytest.mark.parametrize("together", [False, True])
def test_a_traceback_tells_no_secret(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    """What breaks below the client is shown with the arguments and locals of its frames, and without credentials."""

    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    bench.suite.client.wire = bench.wire
    monkeypatch.setattr(bench.wire, "connect", broken)
    out = bench.suite.client.outgoing(Call("fetch", "sid"), "GET", "/Configurations/sid")

    with pytest.raises(RuntimeError) as caught:
        bench.suite.client.send_together([out]) if together else bench.suite.client.send(out)

    shown = str(caught.getrepr(showlocals=True, funcargs=True))
    assert "bytes of a request>" in shown
    assert BASIC.removeprefix("Basic ") not in shown


def test_secrets_in_a_fault_are_redacted(bench: Bench) -> None:
    """The text of a fault may quote what came."""
    bench.endpoint.on("GET /Configurations/x", Fault.MALFORMED)
    recorded: list[str] = []
    bench.suite.client.recorders.append(lambda e: recorded.append(e.fault_text))
    bench.suite.redactor.hide({"it was"})

    with pytest.raises(NoAnswer, match=r"^GET got no answer: \*\*\* malformed$") as caught:
        bench.suite.client.fetch("x")

    assert recorded == ["*** malformed"]
    assert caught.value.exchange.fault is Fault.MALFORMED


# -------------------------------------------------------------------- where requests go


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        pytest.param("http://a.example/x", Origin("http", "a.example", 80), id="http"),
        pytest.param("https://a.example", Origin("https", "a.example", 443), id="https"),
        pytest.param("https://a.example:8443/x", Origin("https", "a.example", 8443), id="port"),
        pytest.param("HTTP://A.example", Origin("http", "a.example", 80), id="capitals"),
        pytest.param("http://[::1]:80/x", Origin("http", "::1", 80), id="address"),
        pytest.param("ftp://a.example", None, id="another-scheme"),
        pytest.param("/x", None, id="relative"),
        pytest.param("http:///x", None, id="no-host"),
        pytest.param("http://user@a.example", None, id="user"),
        pytest.param("http://a.example:99999", None, id="port-out-of-range"),
        pytest.param("http://[::1", None, id="half-an-address"),
    ],
)
def test_origin_of(url: str, origin: Origin | None) -> None:
    """An absolute http(s) URL has an origin, with the scheme's port where it names none."""
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "account", "allowed"),
    [
        pytest.param("http://target.example/x", 0, True, id="home"),
        pytest.param("http://also.example/x", 0, True, id="another-origin-of-the-profile"),
        pytest.param("http://region.example/x", 0, True, id="region"),
        pytest.param("https://target.example/x", 0, False, id="another-scheme"),
        pytest.param("http://target.example:81/x", 0, False, id="another-port"),
        pytest.param("http://other.example/x", None, False, id="elsewhere-without-credentials"),
        pytest.param("http://clock.example/x", None, True, id="clock"),
        pytest.param("http://clock.example/x", 0, False, id="clock-with-credentials"),
        pytest.param("http://user@target.example/x", 0, False, id="user-in-the-address"),
    ],
)
def test_requests_stay_with_the_target(
    start: Callable[..., Bench], url: str, account: int | None, allowed: bool
) -> None:
    """Nothing goes to an origin that is not the target's, and credentials not even to its clock."""
    bench = start(
        regions=("http://region.example",),
        origins=("http://also.example", "none"),
        clock_url="http://clock.example/c",
    )
    bench.endpoint.at("GET /x", (200, {}))
    out = bench.suite.client.outgoing(Call("fetch"), "GET", url, account=account)

    if allowed:
        assert bench.suite.client.send(out).status == 200
    else:
        with pytest.raises(ValueError, match=f"^not an address of the target: '{url}'$"):
            bench.suite.client.send(out)
        assert bench.endpoint.sent == []


def test_a_wrong_address_is_quoted_in_part(bench: Bench) -> None:
    """An address without end does not make a message without end."""
    with pytest.raises(
        ValueError, match=r"^not an address of the target: 'http://other.example/x{179}'$"
    ):
        bench.suite.client.send(
            bench.suite.client.outgoing(Call("fetch"), "GET", "http://other.example/" + "x" * 500)
        )


def test_the_profile_says_how_connections_are_made(start: Callable[..., Bench]) -> None:
    """Time limit and certificates are those of the profile."""
    wire = start(timeout_s=3, verify_tls="ca.pem").wire

    assert (wire.timeout_s, wire._verify) == (3, "ca.pem")


def test_an_address_within_an_address(bench: Bench) -> None:
    """Host and target are cut at the first slashes."""
    bench.endpoint.at("GET /x?u=http://other.example/y", (200, {}))

    bench.suite.client.operation("http://target.example/x?u=http://other.example/y")

    assert bench.endpoint.sent[0].headers["host"] == "target.example"


def test_a_segment_that_looks_like_a_path_is_touched_whole(bench: Bench) -> None:
    """What follows the first /Configurations/ is what a delete named."""
    bench.suite.ownership.allow("a/Configurations/b")
    bench.endpoint.on("DELETE /Configurations/a/Configurations/b", (202, {}))

    bench.suite.client.delete("a/Configurations/b")

    assert not bench.suite.ownership.untouched((Place(), "a/Configurations/b"))


def test_regions(start: Callable[..., Bench]) -> None:
    """Each call goes to the base URL of its region."""
    bench = start(regions=("http://one.example/base", "http://two.example"))
    bench.endpoint.at(f"GET /base{PATH}/x", (404, {}))

    exchange = bench.suite.client.fetch("x", region=1)

    assert (bench.endpoint.sent[0].origin.host, exchange.region) == ("one.example", 1)
    assert bench.suite.client.url("/y", 2) == "http://two.example/v2/ControlPlane/y"
    assert bench.suite.client.url("/y") == "http://target.example/v2/ControlPlane/y"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_what_is_not_owned_is_not_changed(bench: Bench, method: str) -> None:
    """A request that would change something that is not the run's is not sent."""
    with pytest.raises(NotOwned):
        bench.suite.client.send(
            bench.suite.client.outgoing(Call("delete"), method, "/Configurations/x")
        )
    with pytest.raises(NotOwned):
        bench.suite.client.send_together(
            [bench.suite.client.outgoing(Call("delete"), method, "/Configurations/x")]
        )

    assert bench.endpoint.sent == []
    assert bench.suite.coordinator.take_requests(20_000, cleaning=True) == 10_000


@pytest.mark.parametrize(
    ("said", "touched"),
    [
        pytest.param((202, {}), True, id="accepted"),
        pytest.param((204,), True, id="done"),
        pytest.param((500, {}), True, id="error"),
        pytest.param((503, {}), True, id="unavailable"),
        pytest.param(Fault.TIMEOUT, True, id="silence"),
        pytest.param((300,), False, id="choices"),
        pytest.param((404, {}), False, id="not-found"),
        pytest.param((499, {}), False, id="refused"),
    ],
)
def test_what_a_delete_may_have_done(bench: Bench, said: Said, touched: bool) -> None:
    """After a clear refusal a configuration counts as untouched; else a delete may have been carried out."""
    bench.suite.ownership.allow("a b", "a%20b")
    for method in ("DELETE", "PUT"):
        bench.endpoint.on(f"{method} /Configurations/a%20b", said)
    call = Call("delete", provokes=503)

    bench.suite.client.send(
        bench.suite.client.outgoing(call, "PUT", "/Configurations/a%20b"), silence=True
    )
    assert bench.suite.ownership.untouched((Place(), "a b"))
    bench.suite.client.delete("a%20b", call=call, silence=True)

    assert bench.suite.ownership.untouched((Place(), "a b")) is not touched


def test_what_a_lost_answer_leaves_open(bench: Bench) -> None:
    """Sent again because a kept connection ended under it, a refused delete may have been carried out the first time."""
    bench.suite.ownership.allow("x")
    answer = Answer(404, "", [("Content-Type", "application/json")], b"{}", resent=True)
    bench.endpoint.on("DELETE /Configurations/x", lambda sent: answer)

    exchange = bench.suite.client.delete("x")

    assert bench.suite.ownership.doubtful((Place(), "x"))
    assert bench.suite.is_echo(exchange)


def test_one_in_six_of_a_kind_takes_a_new_connection(bench: Bench) -> None:
    """Another copy may answer there. Kinds, accounts and what is provoked have turns of their own."""
    for sid in "ab":
        bench.endpoint.on(f"GET /Configurations/{sid}", (404, {}))
    bench.endpoint.on("GET /Configurations", (200, {"configurations": [], "meta": {}}))

    for number in range(12):
        bench.suite.client.fetch("ab"[number % 2])
        bench.suite.client.page("")

    assert [number for number, sent in enumerate(bench.endpoint.sent) if sent.fresh] == [
        10,
        11,
        22,
        23,
    ]


# -------------------------------------------------------------------- the calls


def test_calls(start: Callable[..., Bench]) -> None:
    """Each call of the contract has its method, path, meaning and place."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    client = bench.suite.client
    bench.suite.ownership.allow("x")
    bench.suite.ownership.allow("x", place=Place(1, 1))
    for line in (
        "DELETE /Configurations/x",
        "GET /Configurations/x",
        "PUT /Configurations/x",
        "PATCH /Configurations/x",
        "GET /Configurations",
        "GET /Configurations?pageSize=1",
        "GET /Operations/o",
    ):
        bench.endpoint.on(line, (404, {}))
    place: dict[str, Any] = {"account": 1, "region": 1}

    made = [
        client.delete("x", fresh=True, **place),
        client.fetch("x", **place),
        client.fetch("x"),
        client.update("x", {"a": 1}, key="k", **place),
        client.update("x", {}, method="PATCH"),
        client.page("", **place),
        client.page("pageSize=1"),
        client.operation(
            "http://one.example/v2/ControlPlane/Operations/o", "o", account=1, region=1
        ),
        client.operation("http://target.example/v2/ControlPlane/Operations/o"),
    ]

    assert [(e.method, e.call.operation, e.call.subject, e.account, e.region) for e in made] == [
        ("DELETE", "delete", "x", 1, 1),
        ("GET", "fetch", "x", 1, 1),
        ("GET", "fetch", "x", 0, 0),
        ("PUT", "update", "x", 1, 1),
        ("PATCH", "patch", "x", 0, 0),
        ("GET", "list", "", 1, 1),
        ("GET", "list", "", 0, 0),
        ("GET", "operation", "o", 1, 1),
        ("GET", "operation", "", 0, 0),
    ]
    assert bench.endpoint.lines() == [
        "DELETE /Configurations/x",
        "GET /Configurations/x",
        "GET /Configurations/x",
        "PUT /Configurations/x",
        "PATCH /Configurations/x",
        "GET /Configurations",
        "GET /Configurations?pageSize=1",
        "GET /Operations/o",
        "GET /Operations/o",
    ]
    assert [sent.fresh for sent in bench.endpoint.sent] == [True] + [False] * 8
    assert [sent.origin.host for sent in bench.endpoint.sent] == [
        *["one.example"] * 2,
        "target.example",
        "one.example",
        "target.example",
        *["one.example", "target.example"] * 2,
    ]
    assert (bench.endpoint.sent[3].body, bench.endpoint.sent[3].headers["idempotency-key"]) == (
        b'{"a": 1}',
        "k",
    )
    assert bench.endpoint.sent[4].body == b"{}"


def test_an_operation_is_fetched_without_its_fragment(bench: Bench) -> None:
    """A fragment is the client's own; unless told otherwise an operation is that of a delete."""
    bench.endpoint.at("GET /op?x=1", (200, {}))

    exchange = bench.suite.client.operation("http://target.example/op?x=1#part#2")

    assert exchange.call == Call("operation", of="delete")


def test_waits_are_named(bench: Bench, named: list[str]) -> None:
    """Whoever waits sees for what."""
    bench.endpoint.on("GET /Configurations/x", (503, {}, {"Retry-After": "2"}), (404, {}))

    bench.suite.client.fetch("x")

    assert named == [
        "waiting for the answer to a GET",
        "waiting 2 s after a 503",
        "waiting for the answer to a GET",
    ]


def test_silent_delete(bench: Bench) -> None:
    """A delete may ask for silence to be returned."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("DELETE /Configurations/x", Fault.TIMEOUT)

    assert bench.suite.client.delete("x", silence=True).status is None
    with pytest.raises(NoAnswer, match=r"^DELETE got no answer: it was timeout$"):
        bench.suite.client.delete("x")


def test_the_clock(start: Callable[..., Bench]) -> None:
    """The endpoint's clock is moved by a POST without credentials to the profile's address, and the run keeps count."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.endpoint.at("POST /__clock", (204,))

    bench.suite.client.advance_clock(90)

    assert bench.suite.coordinator.advanced() == 90
    sent = bench.endpoint.sent[0]
    assert (sent.body, sent.origin.host, "authorization" in sent.headers) == (
        b'{"seconds": 90}',
        "clock.example",
        False,
    )
    assert bench.checks() == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(
            (503, {}),
            "the clock can't be moved: POST http://clock.example/__clock gave 503",
            id="unavailable",
        ),
        pytest.param(
            Answer(200, "", [], b"x", defect=(Fault.MALFORMED, "9 byte(s) follow")),
            r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(9 byte\(s\) follow\)",
            id="garbage-behind",
        ),
        pytest.param(
            Answer(200, "", [], b"x", defect=(Fault.ENCODING, "is not gzip")),
            r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(is not gzip\)",
            id="garbage",
        ),
        pytest.param(
            Fault.TOO_LARGE,
            r"the clock can't be moved: POST http://clock.example/__clock gave no answer \(it was too large\)",
            id="endless",
        ),
        pytest.param(
            (300, {}),
            "the clock can't be moved: POST http://clock.example/__clock gave 300",
            id="redirect",
        ),
        pytest.param(
            (404, {}),
            "the clock can't be moved: POST http://clock.example/__clock gave 404",
            id="refused",
        ),
        pytest.param(
            Fault.TIMEOUT,
            r"the clock can't be moved: POST http://clock.example/__clock gave no answer \(it was timeout\)",
            id="silent",
        ),
    ],
)
def test_a_clock_that_does_not_move(
    start: Callable[..., Bench], said: Said | Answer, why: str
) -> None:
    """What needs the clock is unverified then, with the reason."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.endpoint.at("POST /__clock", lambda _: said)
    recorded: list[Exchange] = []
    bench.suite.client.recorders.append(recorded.append)

    with pytest.raises(Unverifiable, match=f"^{why}$"):
        bench.suite.client.advance_clock(90)

    assert bench.suite.coordinator.advanced() == 0
    # It is the lever of whoever runs the suite: no word on the endpoint, though it is recorded.
    assert (bench.checks(), bench.suite.client.faults, bench.suite.ledger.observations) == (
        {},
        set(),
        {},
    )
    assert len(recorded) == len(bench.endpoint.sent)


def test_a_clock_that_hangs_is_no_endpoint_that_stopped_answering(
    start: Callable[..., Bench],
) -> None:
    """The patience with the endpoint is not spent on the clock, nor is the endpoint known to be there by it."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.endpoint.at("POST /__clock", (204,), Fault.TIMEOUT)
    bench.endpoint.on("GET /Configurations/sid", Fault.CONNECT, (404, {}))
    bench.suite.client.advance_clock(90)
    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("sid")
    assert len(bench.endpoint.sent) == 2
    bench.endpoint.slow = bench.suite.client.patience_lost_s

    for _ in range(2):
        with pytest.raises(Unverifiable, match="the clock can't be moved"):
            bench.suite.client.advance_clock(90)

    assert bench.suite.client.fetch("sid").status == 404


def test_no_clock(bench: Bench) -> None:
    """Without an address there is no clock."""
    with pytest.raises(Unverifiable, match=r"^needs clock$"):
        bench.suite.client.advance_clock(1)


def test_a_provisioned_profile_may_have_no_account(start: Callable[..., Bench]) -> None:
    """An endpoint without accounts is asked without credentials."""
    bench = start(accounts=(), provision=Provision(), limits=Limits())
    bench.endpoint.on("GET /Configurations/x", (404, {}))

    assert bench.suite.client.fetch("x").credential_names is None
    assert "authorization" not in bench.endpoint.sent[0].headers


def test_a_run_that_takes_too_long(bench: Bench) -> None:
    """However slow an endpoint is within each limit, the run ends; cleaning up is given some minutes more."""
    client = bench.suite.client
    client.longest_s = 600.0
    bench.endpoint.slow = 9.0
    bench.endpoint.on("GET /Configurations/sid", (404, {}))

    for tries in (67, 34):
        for _ in range(tries):
            client.fetch("sid")
        with pytest.raises(
            Exhausted, match=r"^the run took longer than 10 minutes; the rest was not tried$"
        ):
            client.fetch("sid")
        client.forgive()

    assert len(bench.endpoint.sent) == 67 + 34
