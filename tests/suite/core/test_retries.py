"""The client: which requests are sent again, and when it gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import BudgetExhausted, NoResponse, Throttled
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


# -------------------------------------------------------------------- sending again


def test_a_refusal_is_obeyed_and_sent_again(bench: Bench) -> None:
    """After a 429 the whole run waits as long as it asks, and the request goes out again with the same key."""
    bench.endpoint.ownership.allow("x")
    bench.script.on(
        "DELETE /Configurations/x",
        (429, {}, {"Retry-After": "3"}),
        (429, {}, {"Retry-After": " 2 "}),
        (202, {}),
    )
    began = bench.clock.now

    exchange = bench.endpoint.client.delete(Configuration("x"), key="k-1", rekey=lambda: "other")

    assert (exchange.status, exchange.before, exchange.key) == (202, (429, 429), "k-1")
    assert [sent.headers["idempotency-key"] for sent in bench.script.sent] == ["k-1"] * 3
    times = [sent.at - began for sent in bench.script.sent]
    assert times == pytest.approx([0, 3, 5], abs=0.01)
    assert bench.seen("OBS-THROTTLED") == {"429 on delete": 2}
    assert bench.endpoint.findings.requests == 3


def test_others_wait_too(bench: Bench) -> None:
    """While one request waits after a 429, another one does not go out either."""
    bench.script.on("GET /Configurations/x", (429, {}, {"Retry-After": "4"}))
    bench.script.on("GET /Configurations/y", (404, {}))
    with pytest.raises(Throttled):
        bench.endpoint.client.fetch(Configuration("x"))
    last = bench.script.sent[-1].at

    bench.endpoint.client.coordinator.throttle(4)
    bench.endpoint.client.fetch(Configuration("y"))

    assert bench.script.sent[-1].at - last >= 4


@pytest.mark.parametrize("rekeyed", [True, False])
def test_an_outage_is_waited_out(bench: Bench, rekeyed: bool) -> None:
    """After a 503 the request goes out again, with a new key where the caller gives one: a 503 may be stored for its key."""
    bench.endpoint.ownership.allow("x")
    bench.script.on("DELETE /Configurations/x", (503, {}, {"Retry-After": "2"}), (202, {}))
    began = bench.clock.now

    exchange = bench.endpoint.client.delete(
        Configuration("x"),
        key="k-1",
        headers=[("X-Own", "k-1")],
        rekey=(lambda: "k-2") if rekeyed else None,
    )

    assert (exchange.status, exchange.before) == (202, (503,))
    assert exchange.key == ("k-2" if rekeyed else "k-1")
    assert [sent.headers["idempotency-key"] for sent in bench.script.sent] == [
        "k-1",
        exchange.key,
    ]
    assert bench.script.sent[1].headers["x-own"] == "k-1"
    assert bench.script.sent[1].at - began == pytest.approx(2)
    assert bench.clock.slept == [pytest.approx(2)]


def test_a_request_without_a_key_gets_none(bench: Bench) -> None:
    """A retry adds no key where there was none."""
    bench.endpoint.ownership.allow("x")
    bench.script.on("DELETE /Configurations/x", (503, {}), (202, {}))

    assert bench.endpoint.client.delete(Configuration("x"), rekey=lambda: "k-2").key is None
    assert "idempotency-key" not in bench.script.sent[1].headers


def test_what_was_provoked_is_not_sent_again(bench: Bench) -> None:
    """The status that a request provokes is its answer; another refusal is waited out."""
    bench.endpoint.ownership.allow("x")
    bench.script.on("DELETE /Configurations/x", (503, {}, {"Retry-After": "1"}), (429, {}))

    exchange = bench.endpoint.client.delete(
        Configuration("x"), call=Call("delete", "x", provokes=429)
    )

    assert (exchange.status, exchange.before) == (429, (503,))
    assert len(bench.script.sent) == 2
    assert bench.seen("OBS-THROTTLED") == {"503 on delete": 1}


def test_refusals_shift_no_inputs(bench: Bench) -> None:
    """Inputs from the seed stay the same if the endpoint refuses a request."""
    bench.script.on("GET /Configurations/x", (429, {}), (503, {}), (200, {}))
    random = bench.endpoint.random
    random.seed(1)
    expected = random.random()
    random.seed(1)

    bench.endpoint.client.fetch(Configuration("x"))

    assert random.random() == expected


def test_every_third_read_takes_anything(bench: Bench) -> None:
    """As curl does, whatever was sent in between."""
    bench.script.on("GET /Configurations/x", (200, {}))
    bench.script.on("DELETE /Configurations/x", (404, {}))
    bench.endpoint.ownership.allow("x")

    for _ in range(6):
        bench.endpoint.client.fetch(Configuration("x"))
        bench.endpoint.client.delete(Configuration("x"))

    reads = [sent.headers["accept"] for sent in bench.script.sent if sent.line.startswith("GET")]
    assert reads == ["application/json", "application/json", "*/*"] * 2


@pytest.mark.parametrize("jitter", [0.5, 1.0])
@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_never_ends(
    bench: Bench, status: int, jitter: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request goes out eight times, with pauses that grow up to five seconds, or half as long, and is then given up."""
    monkeypatch.setattr(
        bench.endpoint.client.retry.random,
        "uniform",
        lambda low, high: low if low == jitter else high,
    )
    bench.script.on("GET /Configurations/x", (status, {}))

    with pytest.raises(Throttled, match=f"^{status} did not go away within the limits$") as caught:
        bench.endpoint.client.fetch(Configuration("x"))

    assert caught.value.exchange.status == status
    assert caught.value.exchange.before == (status,) * 7
    assert len(bench.script.sent) == 8
    times = [sent.at for sent in bench.script.sent]
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
        pytest.param("0", True, "", id="zero"),
        pytest.param("00", True, "", id="two-zeros"),
    ],
)
def test_what_retry_after_may_ask_for(bench: Bench, asked: str, waits: bool, hint: str) -> None:
    """A wait beyond the limits is not begun; what is no number of seconds is a short pause, as zero is."""
    bench.script.on("GET /Configurations/x", (429, {}, {"Retry-After": asked}), (404, {}))
    began = bench.clock.now

    if waits:
        assert bench.endpoint.client.fetch(Configuration("x")).status == 404
        wait = bench.clock.now - began
        assert (
            wait == pytest.approx(int(asked), abs=0.01)
            if asked in {"20", "000001"}
            else 0.05 <= wait <= 0.11
        )
    else:
        with pytest.raises(Throttled, match=f"^429{hint} did not go away within the limits$"):
            bench.endpoint.client.fetch(Configuration("x"))
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
        pytest.param(
            {"Retry-After": "Mon, 23 Nov 2026 12:00:03", "Date": NOON}, None, id="no-zone"
        ),
    ],
)
def test_retry_after_as_a_date(bench: Bench, headers: dict[str, str], waits: float | None) -> None:
    """A date is waited for, counted from the answer's own Date; one that has passed, or says nothing, is a short pause."""
    bench.script.on("GET /Configurations/x", (503, {}, headers), (404, {}))

    bench.endpoint.client.fetch(Configuration("x"))

    (waited,) = bench.clock.slept
    assert waited == pytest.approx(waits) if waits else 0.05 <= waited <= 0.1


def test_retry_after_as_a_date_without_a_date(bench: Bench) -> None:
    """Without a Date the run's own clock has to do."""

    def said(_: object) -> Said:
        return (
            503,
            {},
            {
                "Retry-After": format_datetime(
                    datetime.now(UTC) + timedelta(seconds=12), usegmt=True
                )
            },
        )

    bench.script.on("GET /Configurations/x", said, (404, {}))

    bench.endpoint.client.fetch(Configuration("x"))

    assert 5 < bench.clock.slept[0] <= 12


@pytest.mark.parametrize(
    ("operation", "said", "sent"),
    [
        pytest.param("delete", [(500, {}), (202, {})], 2, id="delete-500"),
        pytest.param("delete", [(502, {}), (202, {})], 1, id="delete-502"),
        pytest.param("fetch", [(500, {}), (404, {})], 2, id="fetch-500"),
        pytest.param("fetch", [(599, {}), (404, {})], 2, id="fetch-599"),
        pytest.param("fetch", [(600, {}), (404, {})], 1, id="fetch-600"),
        pytest.param("fetch", [(404, {}), (500, {})], 1, id="no-error"),
        pytest.param("fetch", [(500, {})], 4, id="for-ever"),
    ],
)
def test_errors_that_pass(bench: Bench, operation: str, said: list[Said], sent: int) -> None:
    """Of a delete a 500 may pass, of the calls around it any server error: they are sent again, three times at most."""
    client = bench.endpoint.client
    bench.endpoint.ownership.allow("x")
    bench.script.on(f"{'DELETE' if operation == 'delete' else 'GET'} /Configurations/x", *said)

    past_500(
        lambda: (
            client.delete(Configuration("x"))
            if operation == "delete"
            else client.fetch(Configuration("x"))
        )
    )

    assert len(bench.script.sent) == sent


def test_the_pauses_together_keep_the_limit(bench: Bench) -> None:
    """All waits for one request together stay within the limit."""
    bench.script.on("GET /Configurations/x", (503, {}, {"Retry-After": "8"}))
    began = bench.clock.now

    with pytest.raises(Throttled):
        bench.endpoint.client.fetch(Configuration("x"))

    assert bench.clock.now - began == pytest.approx(16)
    assert len(bench.script.sent) == 3


def test_a_wait_up_to_the_limit_is_waited(bench: Bench) -> None:
    """A wait that just fits into what is left of the limit is waited."""
    bench.script.on("GET /Configurations/x", *[(503, {}, {"Retry-After": "10"})] * 2, (404, {}))

    assert bench.endpoint.client.fetch(Configuration("x")).status == 404


def test_patience_shrinks_and_grows(bench: Bench) -> None:
    """Each refusal that never went away quarters the patience with its call, each success of it brings a fifth back."""
    client = bench.endpoint.client
    bench.script.on("GET /Configurations/x", (429, {}, {"Retry-After": "21"}))
    for expected in (5, 1.25, 0.3125, 0.078125, 0.05, 0.05):
        with pytest.raises(Throttled):
            client.fetch(Configuration("x"))
        assert client.retry.patience("fetch") == pytest.approx(expected)
        assert client.retry.hopeless("fetch") is (expected == 0.05)
        assert not client.retry.hopeless("list")

    bench.script.on("GET /Configurations/x", (200, {}))
    client.fetch(Configuration("x"))
    assert client.retry.patience("fetch") == pytest.approx(0.06)
    assert not client.retry.hopeless("fetch")
    bench.script.on("GET /Configurations/x", (404, {}), (300, {}))
    for _ in range(2):
        client.fetch(Configuration("x"))
    assert client.retry.patience("fetch") == pytest.approx(0.06)
    bench.script.on("GET /Configurations/x", (299, {}))
    for _ in range(60):
        client.fetch(Configuration("x"))
    assert client.retry.patience("fetch") == 20


def test_less_patience_is_less_waiting(bench: Bench) -> None:
    """After a refusal that never went away a wait of a quarter of the limit is begun, a longer one is not."""
    bench.script.on(
        "GET /Configurations/x",
        (429, {}, {"Retry-After": "21"}),
        (429, {}, {"Retry-After": "6"}),
        (429, {}, {"Retry-After": "1"}),
        (404, {}),
    )
    began = bench.clock.now
    for _ in range(2):
        with pytest.raises(Throttled):
            bench.endpoint.client.fetch(Configuration("x"))
    assert bench.clock.now == began

    assert bench.endpoint.client.fetch(Configuration("x")).status == 404


def test_cleaning_up_has_its_patience_back(bench: Bench) -> None:
    """Time lost during the run is forgiven for cleaning up."""
    client = bench.endpoint.client
    bench.script.on("GET /Configurations/x", (429, {}, {"Retry-After": "21"}))
    for _ in range(6):
        with pytest.raises(Throttled):
            client.fetch(Configuration("x"))

    client.forgive()

    assert not client.retry.hopeless("fetch")
    assert client.allowance.lost_s == 0


# -------------------------------------------------------------------- no answer


def test_no_response_may_be_allowed(bench: Bench) -> None:
    """No answer raises, unless the caller asks for it; both are judged and recorded."""
    bench.script.on("GET /Configurations/x", TransportFault.TIMEOUT)
    recorded: list[Exchange] = []
    bench.endpoint.client.observers.append(recorded.append)

    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("x"))
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("fetch"), "GET", "/Configurations/x"),
        allow_no_response=True,
    )

    assert (exchange.status, exchange.fault, exchange.fault_text) == (
        None,
        TransportFault.TIMEOUT,
        "it was timeout",
    )
    assert [one.fault for one in recorded] == [TransportFault.TIMEOUT] * 3
    assert recorded[2] is exchange
    assert bench.checks() == {"HTTP-COMPLETE": 3}
    assert bench.endpoint.client.faults == {TransportFault.TIMEOUT}
    assert bench.endpoint.findings.requests == 3


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_first_request_without_an_answer_is_sent_again(bench: Bench, method: str) -> None:
    """A network may lose one request of a run: it passes when it is answered then."""
    bench.endpoint.ownership.allow("x")
    bench.script.on(f"{method} /Configurations/x", TransportFault.CLOSED, (404, {}))
    client = bench.endpoint.client
    send = client.fetch if method == "GET" else client.delete

    assert send(Configuration("x")).status == 404

    assert [sent.new_connection for sent in bench.script.sent] == [False, True]
    assert bench.breaches() == {}
    bench.script.on(f"{method} /Configurations/x", TransportFault.CLOSED, (404, {}))
    with pytest.raises(NoResponse):
        send(Configuration("x"))
    assert set(bench.breaches()) == {"HTTP-COMPLETE"}


def test_create_without_a_key_is_not_sent_again(bench: Bench) -> None:
    """A POST whose first use may have been carried out would create twice."""
    bench.script.on("POST /Configurations", TransportFault.CLOSED)
    client = bench.endpoint.client
    with pytest.raises(NoResponse):
        client.send(client.request(Call("create"), "POST", "/Configurations"))

    assert len(bench.script.sent) == 1


def test_an_endpoint_that_was_never_there_is_no_breach(bench: Bench) -> None:
    """Before the first answer a refused connection is not judged: there is no endpoint to judge."""
    bench.script.on("GET /Configurations/x", TransportFault.CONNECT)
    recorded: list[Exchange] = []
    bench.endpoint.client.observers.append(recorded.append)

    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("x"))

    assert (len(bench.script.sent), bench.clock.slept, bench.checks(), len(recorded)) == (
        1,
        [],
        {},
        1,
    )


def test_a_connection_that_is_refused_for_a_moment(bench: Bench) -> None:
    """An endpoint that answered before is tried for a second and a half; one that stays away is a breach."""
    bench.script.on(
        "GET /Configurations/x",
        (404, {}),
        *[TransportFault.CONNECT] * 3,
        (404, {}),
        TransportFault.CONNECT,
    )
    bench.endpoint.client.fetch(Configuration("x"))

    assert bench.endpoint.client.fetch(Configuration("x")).status == 404
    assert bench.clock.slept == [0.1, 0.4, 1.0]
    assert "HTTP-COMPLETE" not in bench.breaches()

    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("x"))
    assert bench.clock.slept == [0.1, 0.4, 1.0] * 2
    assert bench.breaches() == {
        "HTTP-COMPLETE": ["expected a complete, well-formed response; saw it was connect"]
    }


def test_other_faults_are_not_tried_again(bench: Bench) -> None:
    """A request that broke off after it was sent is not sent again."""
    bench.script.on("GET /Configurations/x", (404, {}), TransportFault.CUT)
    bench.endpoint.client.fetch(Configuration("x"))

    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("x"))

    assert len(bench.script.sent) == 2


@pytest.mark.parametrize(
    ("timeout_s", "tries"), [pytest.param(1, 31, id="quick"), pytest.param(10, 7, id="slow")]
)
def test_an_endpoint_that_stopped_answering(
    start: Callable[..., Bench], timeout_s: float, tries: int
) -> None:
    """After half a minute, or six time limits, without responses the rest is not sent."""
    bench = start(timeout_s=timeout_s)
    bench.script.on("GET /Configurations/x", TransportFault.TIMEOUT)
    bench.script.slow = timeout_s

    for _ in range(tries - 1):  # the first one is sent again
        with pytest.raises(NoResponse):
            bench.endpoint.client.fetch(Configuration("x"))
    with pytest.raises(
        BudgetExhausted, match=r"^the endpoint stopped answering; the rest was not tried$"
    ):
        bench.endpoint.client.fetch(Configuration("x"))

    assert len(bench.script.sent) == tries
    bench.endpoint.client.forgive()
    with pytest.raises(NoResponse):
        bench.endpoint.client.fetch(Configuration("x"))


def test_quick_faults_count_a_little(bench: Bench) -> None:
    """A fault that takes no time counts as a twentieth of a second."""
    bench.script.on("GET /Configurations/x", TransportFault.CLOSED)
    for _ in range(9):  # the first one is sent again
        with pytest.raises(NoResponse):
            bench.endpoint.client.fetch(Configuration("x"))

    assert bench.endpoint.client.allowance.lost_s == pytest.approx(0.5)


def test_elapsed(bench: Bench) -> None:
    """An exchange knows when it was sent and how long it took."""
    bench.script.on("GET /Configurations/x", (404, {}))
    bench.script.slow = 0.7
    now = bench.clock.now

    exchange = bench.endpoint.client.fetch(Configuration("x"))

    assert exchange.sent == now
    assert exchange.elapsed == pytest.approx(0.7)
    # The time of day is for reports, and in UTC.
    assert timedelta(0) <= datetime.now(UTC) - exchange.at < timedelta(minutes=5)
    assert bench.endpoint.client.allowance.lost_s == 0
