"""The client: requests byte for byte, and the origins that they may go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract import __version__
from orchestrator_contract.exceptions import (
    BudgetExhausted,
    Inconclusive,
    NoResponse,
    NotOwned,
)
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import origin_of
from orchestrator_contract.http.response import Response, TransportFault
from orchestrator_contract.profile import Account, Header, Limits, Provision, Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent

TARGET_ORIGIN = Origin("http", "target.example", 80)
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
    bench.endpoint.ownership.allow("a%2Fb")
    bench.script.on("DELETE /Configurations/a%2Fb", (404, {}))

    exchange = bench.endpoint.client.delete(
        Configuration("a%2Fb"),
        key="k-1",
        headers=[("X-Own", "1")],
        trigger=Trigger({"X-Fault": "429"}),
    )

    sent = bench.script.sent[0]
    assert sent.raw.decode() == (
        f"DELETE {PATH}/a%2Fb HTTP/1.1\r\nHost: target.example\r\nUser-Agent: {AGENT}\r\nAccept: application/json\r\n"
        f"Accept-Encoding: gzip, deflate\r\nAuthorization: {BASIC}\r\nX-Fault: 429\r\nX-Own: 1\r\nIdempotency-Key: k-1\r\n\r\n"
    )
    assert (sent.origin, sent.new_connection) == (TARGET_ORIGIN, False)
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
    bench.script.on("POST /Configurations", (202, {}))
    out = bench.endpoint.client.request(
        Call("create", "n"), "POST", "/Configurations", payload={"a": 1}, headers={"X-Own": "1"}
    )

    exchange = bench.endpoint.client.send(out)

    assert bench.script.sent[0].raw.decode() == (
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
    """POST, PUT and PATCH without a body have Content-Length: 0; the others none."""
    bench.endpoint.ownership.allow("x")
    bench.script.on(f"{method} /Configurations/x", (404, {}))

    bench.endpoint.client.send(
        bench.endpoint.client.request(Call("other"), method, "/Configurations/x")
    )

    assert bench.script.sent[0].headers.get("content-length") == length


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
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.endpoint.client.send(
        bench.endpoint.client.request(Call("fetch"), "GET", "/Configurations/x", headers=headers)
    )

    sent = bench.script.sent[0]
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
    bench.script.on("GET /Configurations/x", (404, {}))

    exchange = bench.endpoint.client.fetch(Configuration("x"), caller=account)

    assert bench.script.sent[0].headers.get("authorization") == authorization
    assert ("Authorization", "***") in exchange.request_headers or authorization is None
    assert exchange.credential_names == names
    assert exchange.account == account


HEADERS = (Header("X-Tenant", "7"), Header("X-Context", "a-secret-word", "CONTEXT"))


def test_headers_of_every_request(start: Callable[..., Bench]) -> None:
    """The profile's headers go out with each request, and a secret one is shown as its variable."""
    bench = start(headers=HEADERS)
    bench.script.on("GET /Configurations/x", (404, {"message": "no a-secret-word"}))

    exchange = bench.endpoint.client.fetch(Configuration("x"))

    sent = bench.script.sent[0].headers
    assert (sent["x-tenant"], sent["x-context"]) == ("7", "a-secret-word")
    assert {("X-Tenant", "7"), ("X-Context", "***")} < set(exchange.request_headers)
    assert exchange.object == {"message": "no ***"}
    assert "-H 'X-Tenant: 7' -H \"X-Context: $CONTEXT\"" in exchange.curl()


@pytest.mark.parametrize("name", ["X-Tenant", "x-tenant"])
def test_a_header_that_a_test_sets_itself(start: Callable[..., Bench], name: str) -> None:
    """It takes the place of the profile's, and no header comes twice."""
    bench = start(headers=(*HEADERS, Header("Accept", "*/*"), Header("User-Agent", "own")))
    bench.script.on("GET /Configurations/x", (404, {}))

    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(
            Call("fetch"), "GET", "/Configurations/x", headers={name: "8"}
        )
    )

    raw = bench.script.sent[0].raw.lower()
    assert [raw.count(one) for one in (b"\r\nx-tenant:", b"\r\naccept:", b"\r\nuser-agent:")] == [
        1
    ] * 3
    assert b"x-tenant: 8\r\n" in raw
    assert "-H 'User-Agent: own'" in exchange.curl()


def test_headers_stay_with_the_target(start: Callable[..., Bench]) -> None:
    """A clock elsewhere does not get them; one of the target's own origin does."""
    for host, expected in (("clock.example", None), ("target.example", "7")):
        bench = start(headers=HEADERS, clock_url=f"http://{host}/__clock")
        bench.script.at("POST /__clock", (200, {}))

        bench.endpoint.client.advance_clock(5)

        assert bench.script.sent[0].headers.get("x-tenant") == expected


def test_a_bearer_token(start: Callable[..., Bench]) -> None:
    """It is sent as it is, shown as its variable, and known to the redactor."""
    bench = start(accounts=(Account("", "the-token", ("TOKEN",)),))
    bench.script.on("GET /Configurations/x", (404, {"message": "the-token?"}))

    exchange = bench.endpoint.client.fetch(Configuration("x"))

    assert bench.script.sent[0].headers["authorization"] == "Bearer the-token"
    assert exchange.object == {"message": "***?"}
    assert '-H "Authorization: Bearer $TOKEN"' in exchange.curl()
    assert bench.endpoint.client.authorization() == "Bearer the-token"


def test_a_token_expires_with_the_endpoints_clock(start: Callable[..., Bench]) -> None:
    """A clock that is moved ahead ends tokens, so another is asked for."""
    account = Account("id", "secret-word", ("ID", "SECRET"), "http://target.example/__clock/token")
    bench = start(accounts=(account,), clock_url="http://target.example/__clock")
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.script.at("POST /__clock", (200, {}))
    bench.script.at(
        "POST /__clock/token",
        *((200, {"access_token": one, "expires_in": 3600}) for one in ("first", "second")),
    )

    for _ in range(2):
        bench.endpoint.client.fetch(Configuration("x"))
    bench.endpoint.client.advance_clock(7200)
    exchange = bench.endpoint.client.fetch(Configuration("x"))

    tokens = [s.headers["authorization"] for s in bench.script.sent if s.line.startswith("GET")]
    assert tokens == ["Bearer first", "Bearer first", "Bearer second"]
    assert '-H "Authorization: Bearer $ID_TOKEN"' in exchange.curl()


def test_an_account_without_credentials_there(start: Callable[..., Bench]) -> None:
    """Nothing is sent for an account to which the profile gives no credentials in a region."""
    bench = start(accounts=TWO, regions=("http://one.example",), region_accounts={1: (TWO[0],)})

    for account, region in ((2, 0), (1, 1)):
        with pytest.raises(Inconclusive, match=f"account {account + 1} no credentials"):
            bench.endpoint.client.fetch(Configuration("x", scope=Scope(account, region)))

    assert bench.script.sent == []


def test_secrets_are_redacted_everywhere(bench: Bench) -> None:
    """Requests and responses are kept without secrets."""
    bench.endpoint.ownership.allow("pass-word")
    bench.script.on(
        "DELETE /Configurations/pass-word", (404, {"message": "not pass-word"}, {"X-Echo": BASIC})
    )

    exchange = bench.endpoint.client.delete(
        Configuration("pass-word"), headers=[("X-Debug", "is pass-word")]
    )

    assert exchange.response is not None
    assert exchange.url == f"http://target.example{PATH}/***"
    assert ("X-Debug", "is ***") in exchange.request_headers
    assert exchange.response.body == b'{"message": "not ***"}'
    assert ("X-Echo", "Basic ***") in exchange.response.headers
    assert b"is pass-word" in bench.script.sent[0].raw


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
    """A quotation in a finding is masked before it is cut."""

    def flawed(sent: Sent) -> Response:
        return Response(404, "", [], b"", defect=(TransportFault.ENCODING, quoted))

    bench.script.on("GET /Configurations/x", flawed)

    exchange = bench.endpoint.client.fetch(Configuration("x"))

    assert exchange.response is not None
    assert exchange.response.defect == (TransportFault.ENCODING, kept)


@pytest.mark.parametrize("together", [False, True])
def test_a_traceback_tells_no_secret(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    """A traceback below the client shows arguments and locals without credentials."""

    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    bench.endpoint.client.wire = bench.wire
    monkeypatch.setattr(bench.wire, "connect", broken)
    out = bench.endpoint.client.request(Call("fetch", "sid"), "GET", "/Configurations/sid")

    with pytest.raises(RuntimeError) as caught:
        bench.endpoint.client.send_together([out]) if together else bench.endpoint.client.send(out)

    shown = str(caught.getrepr(showlocals=True, funcargs=True))
    assert "bytes of a request>" in shown
    assert BASIC.removeprefix("Basic ") not in shown


def test_secrets_in_a_fault_are_redacted(bench: Bench) -> None:
    """The text of a fault may quote what came."""
    bench.script.on("GET /Configurations/x", TransportFault.MALFORMED)
    recorded: list[str] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append(e.fault_text))
    bench.endpoint.redactor.hide({"it was"})

    with pytest.raises(NoResponse, match=r"^GET got no answer: \*\*\* malformed$") as caught:
        bench.endpoint.client.fetch(Configuration("x"))

    assert recorded == ["*** malformed"]
    assert caught.value.exchange.fault is TransportFault.MALFORMED


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
        pytest.param("http://target.example/x", 0, True, id="target"),
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
    bench.script.at("GET /x", (200, {}))
    out = bench.endpoint.client.request(Call("fetch"), "GET", url, caller=account)

    if allowed:
        assert bench.endpoint.client.send(out).status == 200
    else:
        with pytest.raises(ValueError, match=f"^not an address of the target: '{url}'$"):
            bench.endpoint.client.send(out)
        assert bench.script.sent == []


def test_a_wrong_address_is_quoted_in_part(bench: Bench) -> None:
    """An address without end does not make a message without end."""
    with pytest.raises(
        ValueError, match=r"^not an address of the target: 'http://other.example/x{179}'$"
    ):
        bench.endpoint.client.send(
            bench.endpoint.client.request(Call("fetch"), "GET", "http://other.example/" + "x" * 500)
        )


def test_the_profile_says_how_connections_are_made(start: Callable[..., Bench]) -> None:
    """Time limit and certificates are those of the profile."""
    wire = start(timeout_s=3, verify_tls="ca.pem", client_cert=("c.pem", "c.key")).wire
    options = wire.curl_options(Origin("https", "127.0.0.1", 1))

    assert wire.timeout_s == 3
    assert options[:6] == ("--cacert", "ca.pem", "--cert", "c.pem", "--key", "c.key")


def test_an_address_within_an_address(bench: Bench) -> None:
    """Host and target are cut at the first slashes."""
    bench.script.at("GET /x?u=http://other.example/y", (200, {}))

    client = bench.endpoint.client
    client.send(client.operation_request("http://target.example/x?u=http://other.example/y"))

    assert bench.script.sent[0].headers["host"] == "target.example"


def test_a_segment_that_looks_like_a_path_is_touched_whole(bench: Bench) -> None:
    """The text behind the first /Configurations/ is the SID that a delete named."""
    bench.endpoint.ownership.allow("a/Configurations/b")
    bench.script.on("DELETE /Configurations/a/Configurations/b", (202, {}))

    bench.endpoint.client.delete(Configuration("a/Configurations/b"))

    assert not bench.endpoint.ownership.untouched((Scope(), "a/Configurations/b"))


def test_regions(start: Callable[..., Bench]) -> None:
    """Each call goes to the base URL of its region."""
    bench = start(regions=("http://one.example/base", "http://two.example"))
    bench.script.at(f"GET /base{PATH}/x", (404, {}))

    exchange = bench.endpoint.client.fetch(Configuration("x", scope=Scope(region=1)))

    assert (bench.script.sent[0].origin.host, exchange.region) == ("one.example", 1)
    assert bench.endpoint.client.url("/y", 2) == "http://two.example/v2/ControlPlane/y"
    assert bench.endpoint.client.url("/y") == "http://target.example/v2/ControlPlane/y"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_what_is_not_owned_is_not_changed(bench: Bench, method: str) -> None:
    """A request that would change something that is not the run's is not sent."""
    with pytest.raises(NotOwned):
        bench.endpoint.client.send(
            bench.endpoint.client.request(Call("delete"), method, "/Configurations/x")
        )
    with pytest.raises(NotOwned):
        bench.endpoint.client.send_together(
            [bench.endpoint.client.request(Call("delete"), method, "/Configurations/x")]
        )

    assert bench.script.sent == []
    assert bench.endpoint.coordinator.take_requests(20_000, cleaning=True) == 10_000


@pytest.mark.parametrize(
    ("said", "touched"),
    [
        pytest.param((202, {}), True, id="accepted"),
        pytest.param((204,), True, id="done"),
        pytest.param((500, {}), True, id="error"),
        pytest.param((503, {}), True, id="unavailable"),
        pytest.param(TransportFault.TIMEOUT, True, id="no-response"),
        pytest.param((300,), False, id="choices"),
        pytest.param((404, {}), False, id="not-found"),
        pytest.param((499, {}), False, id="refused"),
    ],
)
def test_what_a_delete_may_have_done(bench: Bench, said: Said, touched: bool) -> None:
    """After a clear refusal a configuration counts as untouched; else a delete may have been carried out."""
    bench.endpoint.ownership.allow("a b", "a%20b")
    for method in ("DELETE", "PUT"):
        bench.script.on(f"{method} /Configurations/a%20b", said)
    call = Call("delete", provokes=503)

    bench.endpoint.client.send(
        bench.endpoint.client.request(call, "PUT", "/Configurations/a%20b"), allow_no_response=True
    )
    assert bench.endpoint.ownership.untouched((Scope(), "a b"))
    bench.endpoint.client.delete(Configuration("a%20b"), call=call, allow_no_response=True)

    assert bench.endpoint.ownership.untouched((Scope(), "a b")) is not touched


def test_what_a_lost_answer_leaves_open(bench: Bench) -> None:
    """Sent again because a kept connection ended under it, a refused delete may have been carried out the first time."""
    bench.endpoint.ownership.allow("x")
    response = Response(404, "", [("Content-Type", "application/json")], b"{}", resent=True)
    bench.script.on("DELETE /Configurations/x", lambda sent: response)

    exchange = bench.endpoint.client.delete(Configuration("x"))

    assert bench.endpoint.ownership.doubtful((Scope(), "x"))
    assert bench.endpoint.is_echo(exchange)


def test_one_in_six_of_a_kind_takes_a_new_connection(bench: Bench) -> None:
    """Another copy may answer there. Kinds, accounts and what is provoked have turns of their own."""
    for sid in "ab":
        bench.script.on(f"GET /Configurations/{sid}", (404, {}))
    bench.script.on("GET /Configurations", (200, {"configurations": [], "meta": {}}))

    for number in range(12):
        bench.endpoint.client.fetch(Configuration("ab"[number % 2]))
        bench.endpoint.client.page("")

    assert [number for number, sent in enumerate(bench.script.sent) if sent.new_connection] == [
        10,
        11,
        22,
        23,
    ]


# -------------------------------------------------------------------- the calls


def test_calls(start: Callable[..., Bench]) -> None:
    """Each call of the contract has its method, path, meaning and place."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    client = bench.endpoint.client
    bench.endpoint.ownership.allow("x")
    bench.endpoint.ownership.allow("x", scope=Scope(1, 1))
    for line in (
        "DELETE /Configurations/x",
        "GET /Configurations/x",
        "PUT /Configurations/x",
        "PATCH /Configurations/x",
        "GET /Configurations",
        "GET /Configurations?pageSize=1",
        "GET /Operations/o",
    ):
        bench.script.on(line, (404, {}))
    here, there = Configuration("x"), Configuration("x", scope=Scope(1, 1))
    asking = client.operation_request

    made = [
        client.delete(there, new_connection=True),
        client.fetch(there),
        client.fetch(here),
        client.send(client.update_request(there, {"a": 1}, key="k")),
        client.send(client.update_request(here, {}, method="PATCH")),
        client.page("", scope=there.scope),
        client.page("pageSize=1"),
        client.send(
            asking("http://one.example/v2/ControlPlane/Operations/o", "o", scope=there.scope)
        ),
        client.send(asking("http://target.example/v2/ControlPlane/Operations/o")),
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
    assert bench.script.lines() == [
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
    assert [sent.new_connection for sent in bench.script.sent] == [True] + [False] * 8
    assert [sent.origin.host for sent in bench.script.sent] == [
        *["one.example"] * 2,
        "target.example",
        "one.example",
        "target.example",
        *["one.example", "target.example"] * 2,
    ]
    assert (bench.script.sent[3].body, bench.script.sent[3].headers["idempotency-key"]) == (
        b'{"a": 1}',
        "k",
    )
    assert bench.script.sent[4].body == b"{}"


def test_an_operation_is_fetched_without_its_fragment(bench: Bench) -> None:
    """A fragment is not sent; an operation is by default that of a delete."""
    bench.script.at("GET /op?x=1", (200, {}))

    client = bench.endpoint.client

    exchange = client.send(client.operation_request("http://target.example/op?x=1#part#2"))

    assert exchange.call == Call("operation", of="delete")


def test_waits_are_named(bench: Bench, named: list[str]) -> None:
    """The step that is shown names the wait."""
    bench.script.on("GET /Configurations/x", (503, {}, {"Retry-After": "2"}), (404, {}))

    bench.endpoint.client.fetch(Configuration("x"))

    assert named == [
        "waiting for the answer to a GET",
        "waiting 2 s after a 503",
        "waiting for the answer to a GET",
    ]


def test_delete_without_a_response(bench: Bench) -> None:
    """With *allow_no_response* an exchange without a response is returned."""
    bench.endpoint.ownership.allow("x")
    bench.script.on("DELETE /Configurations/x", TransportFault.TIMEOUT)

    assert bench.endpoint.client.delete(Configuration("x"), allow_no_response=True).status is None
    with pytest.raises(NoResponse, match=r"^DELETE got no answer: it was timeout$"):
        bench.endpoint.client.delete(Configuration("x"))


def test_the_clock(start: Callable[..., Bench]) -> None:
    """The endpoint's clock is moved by a POST without credentials to the profile's address, and the run keeps count."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.script.at("POST /__clock", (204,))

    bench.endpoint.client.advance_clock(90)

    assert bench.endpoint.coordinator.advanced() == 90
    sent = bench.script.sent[0]
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
            Response(200, "", [], b"x", defect=(TransportFault.MALFORMED, "9 byte(s) follow")),
            r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(9 byte\(s\) follow\)",
            id="garbage-behind",
        ),
        pytest.param(
            Response(200, "", [], b"x", defect=(TransportFault.ENCODING, "is not gzip")),
            r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(is not gzip\)",
            id="garbage",
        ),
        pytest.param(
            TransportFault.TOO_LARGE,
            r"the clock can't be moved: POST http://clock.example/__clock gave no response \(it was too large\)",
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
            TransportFault.TIMEOUT,
            r"the clock can't be moved: POST http://clock.example/__clock gave no response \(it was timeout\)",
            id="silent",
        ),
    ],
)
def test_a_clock_that_does_not_move(
    start: Callable[..., Bench], said: Said | Response, why: str
) -> None:
    """Requirements that need the clock are unverified, with the reason."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.script.at("POST /__clock", lambda _: said)
    recorded: list[Exchange] = []
    bench.endpoint.client.observers.append(recorded.append)

    with pytest.raises(Inconclusive, match=f"^{why}$"):
        bench.endpoint.client.advance_clock(90)

    assert bench.endpoint.coordinator.advanced() == 0
    # It is the lever of whoever runs the suite: no word on the endpoint, though it is recorded.
    assert (bench.checks(), bench.endpoint.client.faults, bench.endpoint.findings.observations) == (
        {},
        set(),
        {},
    )
    assert len(recorded) == len(bench.script.sent)


def test_a_clock_that_hangs_is_no_endpoint_that_stopped_answering(
    start: Callable[..., Bench],
) -> None:
    """The patience with the endpoint is not spent on the clock, nor is the endpoint known to be there by it."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.script.at("POST /__clock", (204,), TransportFault.TIMEOUT)
    bench.script.on("GET /Configurations/sid", TransportFault.CONNECT, (404, {}))
    bench.endpoint.client.advance_clock(90)
    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("sid"))
    assert len(bench.script.sent) == 2
    bench.script.slow = bench.endpoint.client.allowance.patience_s

    for _ in range(2):
        with pytest.raises(Inconclusive, match="the clock can't be moved"):
            bench.endpoint.client.advance_clock(90)

    assert bench.endpoint.client.fetch(Configuration("sid")).status == 404


def test_no_clock(bench: Bench) -> None:
    """Without an address there is no clock."""
    with pytest.raises(Inconclusive, match=r"^needs clock$"):
        bench.endpoint.client.advance_clock(1)


def test_a_provisioned_profile_may_have_no_account(start: Callable[..., Bench]) -> None:
    """An endpoint without accounts is asked without credentials."""
    bench = start(accounts=(), provision=Provision(), limits=Limits())
    bench.script.on("GET /Configurations/x", (404, {}))

    assert bench.endpoint.client.fetch(Configuration("x")).credential_names is None
    assert "authorization" not in bench.script.sent[0].headers


def test_a_run_that_takes_too_long(bench: Bench) -> None:
    """However slow an endpoint is within each limit, the run ends; cleaning up is given some minutes more."""
    client = bench.endpoint.client
    client.allowance.longest_s = 600.0
    bench.script.slow = 9.0
    bench.script.on("GET /Configurations/sid", (404, {}))

    for tries in (67, 34):
        for _ in range(tries):
            client.fetch(Configuration("sid"))
        with pytest.raises(
            BudgetExhausted, match=r"^the run took longer than 10 minutes; the rest was not tried$"
        ):
            client.fetch(Configuration("sid"))
        client.forgive()

    assert len(bench.script.sent) == 67 + 34
