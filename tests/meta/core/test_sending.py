"""The client: what goes out byte for byte, where it may go, what is sent again, and what a run may spend."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract import __version__
from orchestrator_contract.client.failures import Exhausted, NoAnswer, Throttled
from orchestrator_contract.client.outgoing import origin_of
from orchestrator_contract.client.retry import past_500
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.ownership import NotOwned
from orchestrator_contract.place import Place
from orchestrator_contract.profile import Account, Limits, Provision, Trigger
from orchestrator_contract.verdicts.ledger import Unverifiable
from orchestrator_contract.wire.answer import Answer, Fault
from orchestrator_contract.wire.connections import Origin

if TYPE_CHECKING:
    from tests.meta.core.conftest import Bench, Said, Sent

HOME = Origin("http", "target.example", 80)
BASIC = "Basic dXNlcjpwYXNzLXdvcmQ="  # user:pass-word
AGENT = f"orchestrator-contract/{__version__}"
PATH = "/v2/ControlPlane/Configurations"
TWO = (Account("user", "pass-word", ("USER", "PASSWORD")), Account("other", "word-pass", ("USER_2", "PASSWORD_2")))


# -------------------------------------------------------------------- bytes


def test_a_delete_byte_for_byte(bench: Bench) -> None:
    """The request is what HTTP/1.1, the contract and the caller ask for, and nothing else."""
    bench.suite.ownership.allow("a%2Fb")
    bench.endpoint.on("DELETE /Configurations/a%2Fb", (404, {}))

    exchange = bench.suite.client.delete("a%2Fb", key="k-1", headers=[("X-Own", "1")], trigger=Trigger({"X-Fault": "429"}))

    sent = bench.endpoint.sent[0]
    assert sent.raw.decode() == (
        f"DELETE {PATH}/a%2Fb HTTP/1.1\r\nHost: target.example\r\nUser-Agent: {AGENT}\r\nAccept: application/json\r\n"
        f"Accept-Encoding: gzip, deflate\r\nAuthorization: {BASIC}\r\nX-Fault: 429\r\nX-Own: 1\r\nIdempotency-Key: k-1\r\n\r\n"
    )
    assert (sent.origin, sent.fresh) == (HOME, False)
    assert exchange.request_headers == (
        ("Host", "target.example"), ("User-Agent", AGENT), ("Accept", "application/json"), ("Accept-Encoding", "gzip, deflate"),
        ("Authorization", "***"), ("X-Fault", "429"), ("X-Own", "1"), ("Idempotency-Key", "k-1"),
    )
    assert (exchange.call, exchange.method, exchange.url) == (Call("delete", "a%2Fb"), "DELETE", f"http://target.example{PATH}/a%2Fb")
    assert (exchange.key, exchange.account, exchange.region, exchange.request_body) == ("k-1", 0, 0, None)
    assert exchange.credential_names == ("USER", "PASSWORD")


def test_a_create_byte_for_byte(bench: Bench) -> None:
    """A payload is sent as JSON with its length and type."""
    bench.endpoint.on("POST /Configurations", (202, {}))
    out = bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={"a": 1}, headers={"X-Own": "1"})

    exchange = bench.suite.client.send(out)

    assert bench.endpoint.sent[0].raw.decode() == (
        f"POST {PATH} HTTP/1.1\r\nHost: target.example\r\nUser-Agent: {AGENT}\r\nAccept: application/json\r\n"
        f"Accept-Encoding: gzip, deflate\r\nAuthorization: {BASIC}\r\nX-Own: 1\r\nContent-Type: application/json\r\n"
        'Content-Length: 8\r\n\r\n{"a": 1}'
    )
    assert exchange.request_headers[-2:] == (("Content-Type", "application/json"), ("Content-Length", "8"))
    assert exchange.request_body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("method", "length"),
    [
        pytest.param("POST", "0", id="post"), pytest.param("PUT", "0", id="put"), pytest.param("PATCH", "0", id="patch"),
        pytest.param("GET", None, id="get"), pytest.param("DELETE", None, id="delete"),
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
        pytest.param([("accept", "text/plain")], {"accept": "text/plain", "accept-encoding": "gzip, deflate"}, id="own-accept"),
        pytest.param([("ACCEPT-Encoding", "identity")], {"accept": "application/json", "accept-encoding": "identity"}, id="own-coding"),
        pytest.param([("Accept", "")], {"accept-encoding": "gzip, deflate"}, id="none-accepted"),
        pytest.param([("X-Name", "\u20ac")], {"accept": "application/json", "accept-encoding": "gzip, deflate", "x-name": "?"},
                     id="beyond-latin-1"),
    ],
)
def test_header_lines_of_the_caller(bench: Bench, headers: list[tuple[str, str]], expected: dict[str, str]) -> None:
    """A header that the caller gives stands in place of the suite's own, and an empty Accept takes it away."""
    bench.endpoint.on("GET /Configurations/x", (404, {}))
    bench.suite.client.send(bench.suite.client.outgoing(Call("fetch"), "GET", "/Configurations/x", headers=headers))

    sent = bench.endpoint.sent[0]
    assert {k: v for k, v in sent.headers.items() if k not in ("host", "user-agent", "authorization")} == expected
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
def test_credentials(start: Callable[..., Bench], account: int | None, authorization: str | None, names: tuple[str, str] | None) -> None:
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
    bench.endpoint.on("DELETE /Configurations/pass-word", (404, {"message": "not pass-word"}, {"X-Echo": BASIC}))

    exchange = bench.suite.client.delete("pass-word", headers=[("X-Debug", "is pass-word")])

    assert exchange.answer is not None
    assert exchange.url == f"http://target.example{PATH}/***"
    assert ("X-Debug", "is ***") in exchange.request_headers
    assert exchange.answer.body == b'{"message": "not ***"}'
    assert ("X-Echo", "Basic ***") in exchange.answer.headers
    assert b"is pass-word" in bench.endpoint.sent[0].raw


@pytest.mark.parametrize(
    ("quoted", "kept"),
    [pytest.param("'PASS-word'", "'***'", id="in-capitals"), pytest.param("'br, Pass-Word'", "'br, ***'", id="among-others"),
     pytest.param("x" * 200, "x" * 120, id="long"), pytest.param("x" * 110 + "pass-word", "x" * 110 + "***", id="where-it-would-be-cut")],
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
def test_a_traceback_tells_no_secret(bench: Bench, monkeypatch: pytest.MonkeyPatch, together: bool) -> None:
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
def test_requests_stay_with_the_target(start: Callable[..., Bench], url: str, account: int | None, allowed: bool) -> None:
    """Nothing goes to an origin that is not the target's, and credentials not even to its clock."""
    bench = start(regions=("http://region.example",), origins=("http://also.example", "none"), clock_url="http://clock.example/c")
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
    with pytest.raises(ValueError, match=r"^not an address of the target: 'http://other.example/x{179}'$"):
        bench.suite.client.send(bench.suite.client.outgoing(Call("fetch"), "GET", "http://other.example/" + "x" * 500))


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
        bench.suite.client.send(bench.suite.client.outgoing(Call("delete"), method, "/Configurations/x"))
    with pytest.raises(NotOwned):
        bench.suite.client.send_together([bench.suite.client.outgoing(Call("delete"), method, "/Configurations/x")])

    assert bench.endpoint.sent == []
    assert bench.suite.coordinator.take_requests(20_000, cleaning=True) == 10_000


@pytest.mark.parametrize(
    ("said", "touched"),
    [
        pytest.param((202, {}), True, id="accepted"), pytest.param((204,), True, id="done"), pytest.param((500, {}), True, id="error"),
        pytest.param((503, {}), True, id="unavailable"), pytest.param(Fault.TIMEOUT, True, id="silence"),
        pytest.param((300,), False, id="choices"), pytest.param((404, {}), False, id="not-found"), pytest.param((499, {}), False, id="refused"),
    ],
)
def test_what_a_delete_may_have_done(bench: Bench, said: Said, touched: bool) -> None:
    """After a clear refusal a configuration counts as untouched; else a delete may have been carried out."""
    bench.suite.ownership.allow("a b", "a%20b")
    for method in ("DELETE", "PUT"):
        bench.endpoint.on(f"{method} /Configurations/a%20b", said)
    call = Call("delete", provokes=503)

    bench.suite.client.send(bench.suite.client.outgoing(call, "PUT", "/Configurations/a%20b"), silence=True)
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


# -------------------------------------------------------------------- sending again


def test_a_refusal_is_obeyed_and_sent_again(bench: Bench) -> None:
    """After a 429 the whole run waits as long as it asks, and the request goes out again with the same key."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("DELETE /Configurations/x", (429, {}, {"Retry-After": "3"}), (429, {}, {"Retry-After": " 2 "}), (202, {}))
    began = bench.clock.now

    exchange = bench.suite.client.delete("x", key="k-1", rekey=lambda: "other")

    assert (exchange.status, exchange.before, exchange.key) == (202, (429, 429), "k-1")
    assert [sent.headers["idempotency-key"] for sent in bench.endpoint.sent] == ["k-1"] * 3
    times = [sent.at - began for sent in bench.endpoint.sent]
    assert times == pytest.approx([0, 3, 5], abs=0.01)
    assert bench.seen("OBS-THROTTLED") == {"429 on delete": 2}
    assert bench.suite.ledger.requests == 3


def test_others_wait_too(bench: Bench) -> None:
    """While one request waits after a 429, another one does not go out either."""
    bench.endpoint.on("GET /Configurations/x", (429, {}, {"Retry-After": "4"}))
    bench.endpoint.on("GET /Configurations/y", (404, {}))
    with pytest.raises(Throttled):
        bench.suite.client.fetch("x")
    last = bench.endpoint.sent[-1].at

    bench.suite.client.coordinator.throttle(4)
    bench.suite.client.fetch("y")

    assert bench.endpoint.sent[-1].at - last >= 4


@pytest.mark.parametrize("rekeyed", [True, False])
def test_an_outage_is_waited_out(bench: Bench, rekeyed: bool) -> None:
    """After a 503 the request goes out again, with a new key where the caller gives one: a 503 may be stored for its key."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("DELETE /Configurations/x", (503, {}, {"Retry-After": "2"}), (202, {}))
    began = bench.clock.now

    exchange = bench.suite.client.delete("x", key="k-1", headers=[("X-Own", "k-1")], rekey=(lambda: "k-2") if rekeyed else None)

    assert (exchange.status, exchange.before) == (202, (503,))
    assert exchange.key == ("k-2" if rekeyed else "k-1")
    assert [sent.headers["idempotency-key"] for sent in bench.endpoint.sent] == ["k-1", exchange.key]
    assert bench.endpoint.sent[1].headers["x-own"] == "k-1"
    assert bench.endpoint.sent[1].at - began == pytest.approx(2)
    assert bench.clock.slept == [pytest.approx(2)]


def test_a_request_without_a_key_gets_none(bench: Bench) -> None:
    """A retry adds no key where there was none."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("DELETE /Configurations/x", (503, {}), (202, {}))

    assert bench.suite.client.delete("x", rekey=lambda: "k-2").key is None
    assert "idempotency-key" not in bench.endpoint.sent[1].headers


def test_what_was_provoked_is_not_sent_again(bench: Bench) -> None:
    """The status that a request provokes is its answer; another refusal is waited out."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("DELETE /Configurations/x", (503, {}, {"Retry-After": "1"}), (429, {}))

    exchange = bench.suite.client.delete("x", call=Call("delete", "x", provokes=429))

    assert (exchange.status, exchange.before) == (429, (503,))
    assert len(bench.endpoint.sent) == 2
    assert bench.seen("OBS-THROTTLED") == {"503 on delete": 1}


def test_refusals_shift_no_inputs(bench: Bench) -> None:
    """What follows from the seed is the same whether or not the endpoint refused something on the way."""
    bench.endpoint.on("GET /Configurations/x", (429, {}), (503, {}), (200, {}))
    bench.suite.reseed("test")
    expected = [bench.suite.unknown_sid(), bench.suite.key()]
    bench.suite.reseed("test")

    bench.suite.client.fetch("x")

    assert [bench.suite.unknown_sid(), bench.suite.key()] == expected


def test_every_third_read_takes_anything(bench: Bench) -> None:
    """As curl does, whatever was sent in between."""
    bench.endpoint.on("GET /Configurations/x", (200, {}))
    bench.endpoint.on("DELETE /Configurations/x", (404, {}))
    bench.suite.ownership.allow("x")

    for _ in range(6):
        bench.suite.client.fetch("x")
        bench.suite.client.delete("x")

    reads = [sent.headers["accept"] for sent in bench.endpoint.sent if sent.line.startswith("GET")]
    assert reads == ["application/json", "application/json", "*/*"] * 2


@pytest.mark.parametrize("jitter", [0.5, 1.0])
@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_never_ends(bench: Bench, status: int, jitter: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request goes out eight times, with pauses that grow up to five seconds, or half as long, and is then given up."""
    monkeypatch.setattr(bench.suite.client.retry.random, "uniform", lambda low, high: low if low == jitter else high)
    bench.endpoint.on("GET /Configurations/x", (status, {}))

    with pytest.raises(Throttled, match=f"^{status} did not go away within the limits$") as caught:
        bench.suite.client.fetch("x")

    assert caught.value.exchange.status == status
    assert caught.value.exchange.before == (status,) * 7
    assert len(bench.endpoint.sent) == 8
    times = [sent.at for sent in bench.endpoint.sent]
    for attempt, (earlier, later) in enumerate(pairwise(times)):
        assert later - earlier == pytest.approx(min(0.1 * 2**attempt, 5) * jitter, abs=0.01)


@pytest.mark.parametrize(
    ("asked", "waits", "hint"),
    [
        pytest.param("21", False, " with Retry-After 21", id="longer-than-the-limit"),
        pytest.param("20", True, "", id="as-long-as-the-limit"),
        pytest.param("0000001", False, " with Retry-After 0000001", id="seven-digits"),
        pytest.param("000001", True, "", id="six-digits"),
        pytest.param("9" * 60, False, f" with Retry-After {'9' * 40}", id="absurd"),
        pytest.param("\u0663", True, "", id="no-ascii-digit"),
        pytest.param("soon", True, "", id="a-word"),
        pytest.param("-1", True, "", id="negative"),
        pytest.param("0", True, "", id="zero"), pytest.param("00", True, "", id="two-zeros"),
    ],
)
def test_what_retry_after_may_ask_for(bench: Bench, asked: str, waits: bool, hint: str) -> None:
    """A wait beyond the limits is not begun; what is no number of seconds is a short pause, as zero is."""
    bench.endpoint.on("GET /Configurations/x", (429, {}, {"Retry-After": asked}), (404, {}))
    began = bench.clock.now

    if waits:
        assert bench.suite.client.fetch("x").status == 404
        wait = bench.clock.now - began
        assert wait == pytest.approx(int(asked), abs=0.01) if asked in {"20", "000001"} else 0.05 <= wait <= 0.11
    else:
        with pytest.raises(Throttled, match=f"^429{hint} did not go away within the limits$"):
            bench.suite.client.fetch("x")
        assert bench.clock.now == began


NOON, LATER = "Mon, 23 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 2026 12:00:03 GMT"


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        pytest.param({"Retry-After": LATER, "Date": NOON}, 3, id="by-the-endpoints-own-clock"),
        pytest.param({"Retry-After": f" {LATER} ", "Date": NOON}, 3, id="blanks"),
        pytest.param({"Retry-After": NOON, "Date": LATER}, None, id="in-the-past"),
        pytest.param({"Retry-After": NOON, "Date": NOON}, None, id="now"),
        pytest.param({"Retry-After": LATER, "Date": "noon"}, None, id="no-date-to-compare"),
        pytest.param({"Retry-After": "Mon, 23 Nov 2026 12:00:03", "Date": NOON}, None, id="no-zone"),
    ],
)
def test_retry_after_as_a_date(bench: Bench, headers: dict[str, str], waits: float | None) -> None:
    """A date is waited for, counted from the answer's own Date; one that has passed, or says nothing, is a short pause."""
    bench.endpoint.on("GET /Configurations/x", (503, {}, headers), (404, {}))

    bench.suite.client.fetch("x")

    (waited,) = bench.clock.slept
    assert waited == pytest.approx(waits) if waits else 0.05 <= waited <= 0.1


def test_retry_after_as_a_date_without_a_date(bench: Bench) -> None:
    """Without a Date the run's own clock has to do."""
    def said(_: object) -> Said:
        return 503, {}, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)}

    bench.endpoint.on("GET /Configurations/x", said, (404, {}))

    bench.suite.client.fetch("x")

    assert 5 < bench.clock.slept[0] <= 12


@pytest.mark.parametrize(
    ("operation", "said", "sent"),
    [
        pytest.param("delete", [(500, {}), (202, {})], 2, id="delete-500"), pytest.param("delete", [(502, {}), (202, {})], 1, id="delete-502"),
        pytest.param("fetch", [(500, {}), (404, {})], 2, id="fetch-500"), pytest.param("fetch", [(599, {}), (404, {})], 2, id="fetch-599"),
        pytest.param("fetch", [(600, {}), (404, {})], 1, id="fetch-600"), pytest.param("fetch", [(404, {}), (500, {})], 1, id="no-error"),
        pytest.param("fetch", [(500, {})], 4, id="for-ever"),
    ],
)
def test_errors_that_pass(bench: Bench, operation: str, said: list[Said], sent: int) -> None:
    """Of a delete a 500 may pass, of the calls around it any server error: they are sent again, three times at most."""
    client = bench.suite.client
    bench.suite.ownership.allow("x")
    bench.endpoint.on(f"{'DELETE' if operation == 'delete' else 'GET'} /Configurations/x", *said)

    past_500(lambda: client.delete("x") if operation == "delete" else client.fetch("x"))

    assert len(bench.endpoint.sent) == sent


def test_the_pauses_together_keep_the_limit(bench: Bench) -> None:
    """All waits for one request together stay within the limit."""
    bench.endpoint.on("GET /Configurations/x", (503, {}, {"Retry-After": "8"}))
    began = bench.clock.now

    with pytest.raises(Throttled):
        bench.suite.client.fetch("x")

    assert bench.clock.now - began == pytest.approx(16)
    assert len(bench.endpoint.sent) == 3


def test_a_wait_up_to_the_limit_is_waited(bench: Bench) -> None:
    """A wait that just fits into what is left of the limit is waited."""
    bench.endpoint.on("GET /Configurations/x", *[(503, {}, {"Retry-After": "10"})] * 2, (404, {}))

    assert bench.suite.client.fetch("x").status == 404


def test_patience_shrinks_and_grows(bench: Bench) -> None:
    """Each refusal that never went away quarters the patience with its call, each success of it brings a fifth back."""
    client = bench.suite.client
    bench.endpoint.on("GET /Configurations/x", (429, {}, {"Retry-After": "21"}))
    for expected in (5, 1.25, 0.3125, 0.078125, 0.05, 0.05):
        with pytest.raises(Throttled):
            client.fetch("x")
        assert client.retry.patience("fetch") == pytest.approx(expected)
        assert client.retry.hopeless("fetch") is (expected == 0.05)
        assert not client.retry.hopeless("list")

    bench.endpoint.on("GET /Configurations/x", (200, {}))
    client.fetch("x")
    assert client.retry.patience("fetch") == pytest.approx(0.06)
    assert not client.retry.hopeless("fetch")
    bench.endpoint.on("GET /Configurations/x", (404, {}), (300, {}))
    for _ in range(2):
        client.fetch("x")
    assert client.retry.patience("fetch") == pytest.approx(0.06)
    bench.endpoint.on("GET /Configurations/x", (299, {}))
    for _ in range(60):
        client.fetch("x")
    assert client.retry.patience("fetch") == 20


def test_less_patience_is_less_waiting(bench: Bench) -> None:
    """After a refusal that never went away a wait of a quarter of the limit is begun, a longer one is not."""
    bench.endpoint.on("GET /Configurations/x", (429, {}, {"Retry-After": "21"}), (429, {}, {"Retry-After": "6"}), (429, {}, {"Retry-After": "1"}), (404, {}))
    began = bench.clock.now
    for _ in range(2):
        with pytest.raises(Throttled):
            bench.suite.client.fetch("x")
    assert bench.clock.now == began

    assert bench.suite.client.fetch("x").status == 404


def test_cleaning_up_has_its_patience_back(bench: Bench) -> None:
    """What was lost during the run is not held against cleaning up."""
    client = bench.suite.client
    bench.endpoint.on("GET /Configurations/x", (429, {}, {"Retry-After": "21"}))
    for _ in range(6):
        with pytest.raises(Throttled):
            client.fetch("x")

    client.forgive()

    assert not client.retry.hopeless("fetch")
    assert client._lost == 0


# -------------------------------------------------------------------- no answer


def test_silence_may_be_an_answer(bench: Bench) -> None:
    """No answer raises, unless the caller asks for it; both are judged and recorded."""
    bench.endpoint.on("GET /Configurations/x", Fault.TIMEOUT)
    recorded: list[Exchange] = []
    bench.suite.client.recorders.append(recorded.append)

    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("x")
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("fetch"), "GET", "/Configurations/x"), silence=True)

    assert (exchange.status, exchange.fault, exchange.fault_text) == (None, Fault.TIMEOUT, "it was timeout")
    assert [one.fault for one in recorded] == [Fault.TIMEOUT] * 2
    assert recorded[1] is exchange
    assert bench.checks() == {"HTTP-ANSWER": 2}
    assert bench.suite.client.faults == {Fault.TIMEOUT}
    assert bench.suite.ledger.requests == 2


def test_an_endpoint_that_was_never_there_is_no_breach(bench: Bench) -> None:
    """Before the first answer a refused connection is not judged: there is no endpoint to judge."""
    bench.endpoint.on("GET /Configurations/x", Fault.CONNECT)
    recorded: list[Exchange] = []
    bench.suite.client.recorders.append(recorded.append)

    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("x")

    assert (len(bench.endpoint.sent), bench.clock.slept, bench.checks(), len(recorded)) == (1, [], {}, 1)


def test_a_connection_that_is_refused_for_a_moment(bench: Bench) -> None:
    """An endpoint that answered before is tried for a second and a half; one that stays away is a breach."""
    bench.endpoint.on("GET /Configurations/x", (404, {}), *[Fault.CONNECT] * 3, (404, {}), Fault.CONNECT)
    bench.suite.client.fetch("x")

    assert bench.suite.client.fetch("x").status == 404
    assert bench.clock.slept == [0.1, 0.4, 1.0]
    assert "HTTP-ANSWER" not in bench.breaches()

    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("x")
    assert bench.clock.slept == [0.1, 0.4, 1.0] * 2
    assert bench.breaches() == {"HTTP-ANSWER": ["expected a complete, well-formed answer; saw it was connect"]}


def test_other_faults_are_not_tried_again(bench: Bench) -> None:
    """What broke off after it was sent may have been carried out: it is not sent again."""
    bench.endpoint.on("GET /Configurations/x", (404, {}), Fault.CUT)
    bench.suite.client.fetch("x")

    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("x")

    assert len(bench.endpoint.sent) == 2


@pytest.mark.parametrize(("timeout_s", "tries"), [pytest.param(1, 31, id="quick"), pytest.param(10, 7, id="slow")])
def test_an_endpoint_that_stopped_answering(start: Callable[..., Bench], timeout_s: float, tries: int) -> None:
    """After half a minute, or six time limits, lost on silence the rest is not tried."""
    bench = start(timeout_s=timeout_s)
    bench.endpoint.on("GET /Configurations/x", Fault.TIMEOUT)
    bench.endpoint.slow = timeout_s

    for _ in range(tries):
        with pytest.raises(NoAnswer):
            bench.suite.client.fetch("x")
    with pytest.raises(Exhausted, match=r"^the endpoint stopped answering; the rest was not tried$"):
        bench.suite.client.fetch("x")

    assert len(bench.endpoint.sent) == tries
    bench.suite.client.forgive()
    with pytest.raises(NoAnswer):
        bench.suite.client.fetch("x")


def test_quick_faults_count_a_little(bench: Bench) -> None:
    """A fault that takes no time counts as a twentieth of a second."""
    bench.endpoint.on("GET /Configurations/x", Fault.CLOSED)
    for _ in range(10):
        with pytest.raises(NoAnswer):
            bench.suite.client.fetch("x")

    assert bench.suite.client._lost == pytest.approx(0.5)


def test_elapsed(bench: Bench) -> None:
    """An exchange knows when it was sent and how long it took."""
    bench.endpoint.on("GET /Configurations/x", (404, {}))
    bench.endpoint.slow = 0.7
    now = bench.clock.now

    exchange = bench.suite.client.fetch("x")

    assert exchange.sent == now
    assert exchange.elapsed == pytest.approx(0.7)
    # The time of day is for reports, and in UTC.
    assert timedelta(0) <= datetime.now(UTC) - exchange.at < timedelta(minutes=5)
    assert bench.suite.client._lost == 0


# -------------------------------------------------------------------- budget and pace


@pytest.mark.parametrize(("apart", "slow"), [pytest.param(1, True, id="in-a-row"), pytest.param(15, False, id="now-and-then")])
def test_the_pace_follows_refusals_in_a_row(bench: Bench, apart: int, slow: bool) -> None:
    """Refusals close to each other slow the run down, to two requests a second at most; those that come now and then do not."""
    coordinator = bench.suite.coordinator
    waits: list[float] = []
    for _ in range(40):
        coordinator.throttle(0)
        waits += [coordinator.pace() for _ in range(apart)]
        bench.clock.now += sum(waits[-apart:])

    assert (0.4 < max(waits) <= 0.5 * apart) if slow else max(waits) < 0.002 * 16


def test_the_request_budget_is_kept_exactly(start: Callable[..., Bench]) -> None:
    """As many requests go out as the limits allow, a quarter of them for cleaning up only, and then none."""
    bench = start(requests=28)
    bench.endpoint.on("GET /Configurations/x", (404, {}))

    for allowed in (21, 7):
        for _ in range(allowed):
            bench.suite.client.fetch("x")
        with pytest.raises(Exhausted, match=r"^the request budget \(\[limits\] requests\) is spent$"):
            bench.suite.client.fetch("x")
        bench.suite.client.forgive()

    assert len(bench.endpoint.sent) == 28


def test_what_was_not_sent_is_given_back(start: Callable[..., Bench]) -> None:
    """Requests are fetched from the budget sixteen at a time; at the end the rest is given back, once."""
    bench = start(requests=40)
    bench.endpoint.on("GET /Configurations/x", (404, {}))
    for _ in range(17):
        bench.suite.client.fetch("x")
    assert bench.suite.coordinator.take_requests(0) == 0
    left = bench.suite.coordinator._requests
    assert left == 10

    bench.suite.client.settle()
    assert bench.suite.coordinator._requests == 23
    assert bench.endpoint.closed
    bench.suite.client.settle()
    assert bench.suite.coordinator._requests == 23


def test_pace(start: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request waits for its place, however far it is; one behind the end of the run is not waited for."""
    bench = start()
    bench.endpoint.on("GET /Configurations/x", (404, {}))
    bench.suite.client.longest_s = 200
    places = iter([0.0, 0.5, 1.5, 100.0, 100.0])
    monkeypatch.setattr(bench.suite.coordinator, "pace", lambda: next(places))

    for _ in range(4):
        bench.suite.client.fetch("x")

    with pytest.raises(Exhausted, match="the pace asks for a wait of 100 s"):
        bench.suite.client.fetch("x")

    assert bench.clock.slept == [0.5, 1.5, 100]
    assert len(bench.endpoint.sent) == 4


# -------------------------------------------------------------------- several at once


def batch(bench: Bench, *said: Said, **call: Any) -> list[Exchange]:
    """Deletes of one SID each, sent together, with these answers."""
    outs = []
    for number, one in enumerate(said):
        bench.suite.ownership.allow(f"s{number}")
        bench.endpoint.on(f"DELETE /Configurations/s{number}", one)
        outs.append(bench.suite.client.outgoing(Call("delete", f"s{number}", **call), "DELETE", f"/Configurations/s{number}", key=f"k{number}"))
    return bench.suite.client.send_together(outs)


def test_together(bench: Bench) -> None:
    """Answers come in the order of the requests, each judged and recorded, faults too; the time they took is known."""
    recorded: list[Exchange] = []
    bench.suite.client.recorders.append(recorded.append)
    bench.endpoint.slow = 0.5

    exchanges = batch(bench, (202, {}), Fault.CLOSED, (404, {}))

    assert [one.status for one in exchanges] == [202, None, 404]
    assert (exchanges[1].fault, exchanges[1].fault_text) == (Fault.CLOSED, "it was closed")
    assert [one.key for one in exchanges] == ["k0", "k1", "k2"]
    assert recorded == exchanges
    assert all(sent.fresh for sent in bench.endpoint.sent)
    assert [one.elapsed for one in exchanges] == [pytest.approx(1.5)] * 3
    assert bench.suite.ledger.requests == 3
    assert bench.checks()["HTTP-ANSWER"] == 3
    assert bench.suite.client.faults == {Fault.CLOSED}
    assert exchanges[0].request_headers[4] == ("Authorization", "***")
    assert exchanges[0].before == ()
    assert bench.clock.slept == []
    assert bench.seen("OBS-THROTTLED") == {}


def test_a_batch_is_named(bench: Bench, named: list[str]) -> None:
    """Whoever waits sees that requests are sent at one moment, and how many."""
    batch(bench, (202, {}), (202, {}))

    assert named[0] == "sending 2 requests at one moment"


def test_an_update_may_ask_for_a_connection_of_its_own(bench: Bench) -> None:
    """As a delete may."""
    bench.suite.ownership.allow("x")
    bench.endpoint.on("PUT /Configurations/x", (404, {}))

    bench.suite.client.update("x", {}, fresh=True)
    bench.suite.client.update("x", {})

    assert [sent.fresh for sent in bench.endpoint.sent] == [True, False]


def test_nothing_together(bench: Bench) -> None:
    """No request is a batch, too."""
    assert bench.suite.client.send_together([]) == []


def test_together_in_a_region(start: Callable[..., Bench]) -> None:
    """A batch goes where its requests go."""
    bench = start(regions=("http://one.example",))
    bench.endpoint.on("GET /Configurations/x", (404, {}))

    bench.suite.client.send_together([bench.suite.client.outgoing(Call("fetch"), "GET", "/Configurations/x", region=1)] * 2)

    assert [sent.origin.host for sent in bench.endpoint.sent] == ["one.example"] * 2


def test_a_batch_that_meets_the_rate_limit(bench: Bench) -> None:
    """Refusals within a batch are counted and obeyed, the answers stand as they are."""
    exchanges = batch(bench, (202, {}), (429, {}, {"Retry-After": "3"}), (429, {}, {"Retry-After": "7"}), (503, {}))

    assert [one.status for one in exchanges] == [202, 429, 429, 503]
    assert bench.seen("OBS-THROTTLED") == {"429 on delete": 2}
    assert bench.suite.coordinator.pace() == pytest.approx(3)
    assert bench.suite.client.retry.patience("delete") == 20


def test_a_batch_of_refusals_costs_patience(bench: Bench) -> None:
    """Where all of a batch is refused, the next wait is shorter; where none is waited for any more, nothing waits."""
    for _ in range(4):
        batch(bench, *[(429, {}, {"Retry-After": "60"})] * 2)
    assert bench.suite.client.retry.patience("delete") == pytest.approx(20 / 4**4)
    assert bench.suite.coordinator.pace() == pytest.approx(1)

    bench.clock.now += 100
    batch(bench, (429, {}, {"Retry-After": "2"}))
    assert bench.suite.client.retry.hopeless("delete")
    assert bench.suite.coordinator.pace() < 1


def test_a_batch_that_is_refused_without_a_time(bench: Bench) -> None:
    """Where a refusal says nothing of a time, the pause is short."""
    batch(bench, (429, {}), (202, {}))

    assert 0.05 <= bench.suite.coordinator.pace() <= 0.1


def test_provoked_refusals_are_no_rate_limit(bench: Bench) -> None:
    """A 429 that the batch provokes is its answer."""
    batch(bench, (429, {}, {"Retry-After": "3"}), provokes=429)

    assert bench.seen("OBS-THROTTLED") == {}
    assert bench.suite.coordinator.pace() == 0


def test_parallel_keeps_the_order_and_the_width(bench: Bench) -> None:
    """Results are in the order of the items; no more than *width* run at a time, and several do."""
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3, timeout=20)

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return item * 2

    assert bench.suite.client.parallel(work, range(6), 3) == [0, 2, 4, 6, 8, 10]
    assert most == 3


def test_parallel_is_bounded(bench: Bench) -> None:
    """However wide it is asked to be, eight run at a time."""
    together = threading.Barrier(8, timeout=20)

    assert bench.suite.client.parallel(lambda item: together.wait() * 0 + item, range(16), 20) == list(range(16))


def test_parallel_within_parallel_takes_turns(bench: Bench) -> None:
    """A parallel call inside another one runs its items in turn, in the same thread; so does a single item, or a width of one."""
    def nested(_: int) -> tuple[str, list[str]]:
        return threading.current_thread().name, bench.suite.client.parallel(lambda _: threading.current_thread().name, [1, 2, 3])

    here = threading.current_thread().name

    for outer, inner in bench.suite.client.parallel(nested, [1, 2]):
        assert outer.startswith("client")
        assert inner == [outer] * 3
    assert bench.suite.client.parallel(lambda _: threading.current_thread().name, [1]) == [here]
    assert bench.suite.client.parallel(lambda _: threading.current_thread().name, [1, 2], 1) == [here] * 2
    assert here not in bench.suite.client.parallel(lambda _: threading.current_thread().name, [1, 2], 2)


def test_settling_waits_for_nobody(bench: Bench) -> None:
    """What is under way in other threads, at an interrupt, is left to end, and what has not begun never begins."""
    release, full, started = threading.Event(), threading.Event(), []

    def work(item: int) -> None:
        started.append(item)
        if len(started) == 8:
            full.set()
        release.wait(10)

    pool = bench.suite.client.parallel._pool
    for item in range(20):
        pool.submit(work, item)
    assert full.wait(20)

    bench.suite.client.settle()
    under_way = [thread for thread in pool._threads if thread.is_alive()]
    release.set()
    for thread in under_way:
        thread.join(20)

    assert len(under_way) == 8
    assert len(started) == 8


@pytest.mark.parametrize("cut", [pytest.param(0, id="before-the-third-is-taken"), pytest.param(1, id="before-it-is-known")])
def test_parallel_interrupted_while_it_begins(bench: Bench, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    """What was under way has ended when the interrupt goes on, and nothing begins after it."""
    pool, begun, ended = bench.suite.client.parallel._pool, threading.Event(), []
    submit = pool.submit
    number = count()

    def cut_off(function: Callable[..., Any], *arguments: Any) -> Any:
        third = next(number) == 2
        if not third or cut:
            future = submit(function, *arguments)
        if third:
            assert begun.wait(20)
            raise KeyboardInterrupt
        return future

    def work(item: int) -> None:
        begun.set()
        time.sleep(0.05)
        ended.append(item)

    monkeypatch.setattr(pool, "submit", cut_off)
    with pytest.raises(KeyboardInterrupt):
        bench.suite.client.parallel(work, range(5), 2)
    known = [*ended]
    monkeypatch.undo()

    assert known
    assert bench.suite.client.parallel(lambda item: item, range(20), 8) == list(range(20))
    assert ended == known


def test_parallel_raises_after_all_are_done(bench: Bench) -> None:
    """An item that raises does not leave others running."""
    done = []

    def work(item: int) -> None:
        if item == 0:
            raise Unverifiable("first")
        done.append(item)

    with pytest.raises(Unverifiable, match="first"):
        bench.suite.client.parallel(work, range(5))
    assert sorted(done) == [1, 2, 3, 4]


# -------------------------------------------------------------------- the calls


def test_calls(start: Callable[..., Bench]) -> None:
    """Each call of the contract has its method, path, meaning and place."""
    bench = start(accounts=TWO, regions=("http://one.example",))
    client = bench.suite.client
    bench.suite.ownership.allow("x")
    bench.suite.ownership.allow("x", place=Place(1, 1))
    for line in ("DELETE /Configurations/x", "GET /Configurations/x", "PUT /Configurations/x", "PATCH /Configurations/x",
                 "GET /Configurations", "GET /Configurations?pageSize=1", "GET /Operations/o"):
        bench.endpoint.on(line, (404, {}))
    place = {"account": 1, "region": 1}

    made = [
        client.delete("x", fresh=True, **place), client.fetch("x", **place), client.fetch("x"), client.update("x", {"a": 1}, key="k", **place),  # type: ignore[arg-type]
        client.update("x", {}, method="PATCH"), client.page("", **place), client.page("pageSize=1"),
        client.operation("http://one.example/v2/ControlPlane/Operations/o", "o", account=1, region=1),
        client.operation("http://target.example/v2/ControlPlane/Operations/o"),
    ]

    assert [(e.method, e.call.operation, e.call.subject, e.account, e.region) for e in made] == [
        ("DELETE", "delete", "x", 1, 1), ("GET", "fetch", "x", 1, 1), ("GET", "fetch", "x", 0, 0), ("PUT", "update", "x", 1, 1), ("PATCH", "patch", "x", 0, 0),
        ("GET", "list", "", 1, 1), ("GET", "list", "", 0, 0), ("GET", "operation", "o", 1, 1), ("GET", "operation", "", 0, 0),
    ]
    assert bench.endpoint.lines() == [
        "DELETE /Configurations/x", "GET /Configurations/x", "GET /Configurations/x", "PUT /Configurations/x", "PATCH /Configurations/x",
        "GET /Configurations", "GET /Configurations?pageSize=1", "GET /Operations/o", "GET /Operations/o",
    ]
    assert [sent.fresh for sent in bench.endpoint.sent] == [True] + [False] * 8
    assert [sent.origin.host for sent in bench.endpoint.sent] == [
        *["one.example"] * 2, "target.example", "one.example", "target.example", *["one.example", "target.example"] * 2,
    ]
    assert (bench.endpoint.sent[3].body, bench.endpoint.sent[3].headers["idempotency-key"]) == (b'{"a": 1}', "k")
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

    assert named == ["waiting for the answer to a GET", "waiting 2 s after a 503", "waiting for the answer to a GET"]


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
    assert (sent.body, sent.origin.host, "authorization" in sent.headers) == (b'{"seconds": 90}', "clock.example", False)
    assert bench.checks() == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param((503, {}), "the clock can't be moved: POST http://clock.example/__clock gave 503", id="unavailable"),
        pytest.param(Answer(200, "", [], b"x", defect=(Fault.MALFORMED, "9 byte(s) follow")),
                     r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(9 byte\(s\) follow\)", id="garbage-behind"),
        pytest.param(Answer(200, "", [], b"x", defect=(Fault.ENCODING, "is not gzip")),
                     r"the clock can't be moved: POST http://clock.example/__clock gave 200 \(is not gzip\)", id="garbage"),
        pytest.param(Fault.TOO_LARGE, r"the clock can't be moved: POST http://clock.example/__clock gave no answer \(it was too large\)", id="endless"),
        pytest.param((300, {}), "the clock can't be moved: POST http://clock.example/__clock gave 300", id="redirect"),
        pytest.param((404, {}), "the clock can't be moved: POST http://clock.example/__clock gave 404", id="refused"),
        pytest.param(Fault.TIMEOUT, r"the clock can't be moved: POST http://clock.example/__clock gave no answer \(it was timeout\)", id="silent"),
    ],
)
def test_a_clock_that_does_not_move(start: Callable[..., Bench], said: Said | Answer, why: str) -> None:
    """What needs the clock is unverified then, with the reason."""
    bench = start(clock_url="http://clock.example/__clock")
    bench.endpoint.at("POST /__clock", lambda _: said)
    recorded: list[Exchange] = []
    bench.suite.client.recorders.append(recorded.append)

    with pytest.raises(Unverifiable, match=f"^{why}$"):
        bench.suite.client.advance_clock(90)

    assert bench.suite.coordinator.advanced() == 0
    # It is the lever of whoever runs the suite: no word on the endpoint, though it is recorded.
    assert (bench.checks(), bench.suite.client.faults, bench.suite.ledger.observations) == ({}, set(), {})
    assert len(recorded) == len(bench.endpoint.sent)


def test_a_clock_that_hangs_is_no_endpoint_that_stopped_answering(start: Callable[..., Bench]) -> None:
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
        with pytest.raises(Exhausted, match=r"^the run took longer than 10 minutes; the rest was not tried$"):
            client.fetch("sid")
        client.forgive()

    assert len(bench.endpoint.sent) == 67 + 34
