"""The client: requests at one moment, and work in several threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.scope import Scope
from orchestrator_contract.sending.in_flight import InFlight

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


def batch(bench: Bench, *said: Said, **call: Any) -> list[Exchange]:
    """Deletes of one SID each, sent together, with these answers."""
    outs = []
    for number, one in enumerate(said):
        bench.endpoint.ownership.allow(f"s{number}")
        bench.script.on(f"DELETE /Configurations/s{number}", one)
        outs.append(
            bench.endpoint.client.request(
                Call("delete", f"s{number}", **call),
                "DELETE",
                f"/Configurations/s{number}",
                key=f"k{number}",
            )
        )
    return bench.endpoint.client.send_together(outs)


def test_together(bench: Bench) -> None:
    """Answers come in the order of the requests, each judged and recorded, faults too; the time they took is known."""
    recorded: list[Exchange] = []
    bench.endpoint.client.observers.append(recorded.append)
    bench.script.slow = 0.5

    exchanges = batch(bench, (202, {}), TransportFault.CLOSED, (404, {}))

    assert [one.status for one in exchanges] == [202, None, 404]
    assert (exchanges[1].fault, exchanges[1].fault_text) == (TransportFault.CLOSED, "it was closed")
    assert [one.key for one in exchanges] == ["k0", "k1", "k2"]
    assert recorded == exchanges
    assert all(sent.new_connection for sent in bench.script.sent)
    assert [one.elapsed for one in exchanges] == [pytest.approx(1.5)] * 3
    assert bench.endpoint.findings.requests == 3
    assert bench.checks()["HTTP-COMPLETE"] == 3
    assert bench.endpoint.client.faults == {TransportFault.CLOSED}
    assert exchanges[0].request_headers[4] == ("Authorization", "***")
    assert exchanges[0].before == ()
    assert bench.clock.slept == []
    assert bench.seen("OBS-THROTTLED") == {}


def test_a_batch_is_named(bench: Bench, named: list[str]) -> None:
    """The step that is shown says how many requests are sent at one moment."""
    batch(bench, (202, {}), (202, {}))

    assert named[0] == "sending 2 requests at one moment"


def test_nothing_together(bench: Bench) -> None:
    """No request is a batch, too."""
    assert bench.endpoint.client.send_together([]) == []


def test_together_in_a_region(start: Callable[..., Bench]) -> None:
    """A batch goes where its requests go."""
    bench = start(regions=("http://one.example",))
    bench.script.on("GET /Configurations/x", (404, {}))

    bench.endpoint.client.send_together(
        [
            bench.endpoint.client.request(
                Call("fetch"), "GET", "/Configurations/x", scope=Scope(region=1)
            )
        ]
        * 2
    )

    assert [sent.origin.host for sent in bench.script.sent] == ["one.example"] * 2


def test_a_batch_that_meets_the_rate_limit(bench: Bench) -> None:
    """Refusals within a batch are counted and obeyed, the answers stand as they are."""
    exchanges = batch(
        bench,
        (202, {}),
        (429, {}, {"Retry-After": "3"}),
        (429, {}, {"Retry-After": "7"}),
        (503, {}),
    )

    assert [one.status for one in exchanges] == [202, 429, 429, 503]
    assert bench.seen("OBS-THROTTLED") == {"429 on delete": 2, "503 on delete": 1}
    assert bench.endpoint.coordinator.pace() == pytest.approx(3)
    assert bench.endpoint.client.retry.patience("delete") == 20


def test_a_batch_of_refusals_costs_patience(bench: Bench) -> None:
    """Where all of a batch is refused, the next wait is shorter; where none is waited for any more, nothing waits."""
    for _ in range(4):
        batch(bench, *[(429, {}, {"Retry-After": "60"})] * 2)
    assert bench.endpoint.client.retry.patience("delete") == pytest.approx(20 / 4**4)
    assert bench.endpoint.coordinator.pace() == pytest.approx(1)

    bench.clock.now += 100
    batch(bench, (429, {}, {"Retry-After": "2"}))
    assert bench.endpoint.client.retry.hopeless("delete")
    assert bench.endpoint.coordinator.pace() < 1


def test_a_batch_that_is_refused_without_a_time(bench: Bench) -> None:
    """Where a refusal says nothing of a time, the pause is short."""
    batch(bench, (429, {}), (202, {}))

    assert 0.05 <= bench.endpoint.coordinator.pace() <= 0.1


def test_provoked_refusals_are_no_rate_limit(bench: Bench) -> None:
    """A 429 that the batch provokes is its answer."""
    batch(bench, (429, {}, {"Retry-After": "3"}), provokes=429)

    assert bench.seen("OBS-THROTTLED") == {}
    assert bench.endpoint.coordinator.pace() == 0


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

    assert bench.endpoint.client.parallel(work, range(6), 3) == [0, 2, 4, 6, 8, 10]
    assert most == 3


def test_parallel_is_bounded(bench: Bench) -> None:
    """However wide it is asked to be, eight run at a time."""
    together = threading.Barrier(8, timeout=20)

    assert bench.endpoint.client.parallel(
        lambda item: together.wait() * 0 + item, range(16), 20
    ) == list(range(16))


def test_parallel_within_parallel_takes_turns(bench: Bench) -> None:
    """A parallel call inside another one runs its items in turn, in the same thread; so does a single item, or a width of one."""

    def nested(_: int) -> tuple[str, list[str]]:
        return threading.current_thread().name, bench.endpoint.client.parallel(
            lambda _: threading.current_thread().name, [1, 2, 3]
        )

    here = threading.current_thread().name

    for outer, inner in bench.endpoint.client.parallel(nested, [1, 2]):
        assert outer.startswith("client")
        assert inner == [outer] * 3
    assert bench.endpoint.client.parallel(lambda _: threading.current_thread().name, [1]) == [here]
    assert (
        bench.endpoint.client.parallel(lambda _: threading.current_thread().name, [1, 2], 1)
        == [here] * 2
    )
    assert here not in bench.endpoint.client.parallel(
        lambda _: threading.current_thread().name, [1, 2], 2
    )


def test_settle_does_not_wait(bench: Bench) -> None:
    """At an interrupt running requests end, and others never begin."""
    release, full, started = threading.Event(), threading.Event(), []

    def work(item: int) -> None:
        started.append(item)
        if len(started) == 8:
            full.set()
        release.wait(10)

    pool = bench.endpoint.client.parallel._pool
    for item in range(20):
        pool.submit(work, item)
    assert full.wait(20)

    bench.endpoint.client.settle()
    under_way = [thread for thread in pool._threads if thread.is_alive()]
    release.set()
    for thread in under_way:
        thread.join(20)

    assert len(under_way) == 8
    assert len(started) == 8


@pytest.mark.parametrize(
    "cut",
    [pytest.param(0, id="before-the-third-is-taken"), pytest.param(1, id="before-it-is-known")],
)
def test_parallel_interrupted_while_it_begins(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Running requests have ended before the interrupt goes on; none begins later."""
    pool, begun, ended = bench.endpoint.client.parallel._pool, threading.Event(), []
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
        bench.endpoint.client.parallel(work, range(5), 2)
    known = [*ended]
    monkeypatch.undo()

    assert known
    assert bench.endpoint.client.parallel(lambda item: item, range(20), 8) == list(range(20))
    assert ended == known


def test_parallel_raises_after_all_are_done(bench: Bench) -> None:
    """An item that raises does not leave others running."""
    done = []

    def work(item: int) -> None:
        if item == 0:
            raise Inconclusive("first")
        done.append(item)

    with pytest.raises(Inconclusive, match="first"):
        bench.endpoint.client.parallel(work, range(5))
    assert sorted(done) == [1, 2, 3, 4]


def test_each(bench: Bench) -> None:
    """Results come in order, without those that were inconclusive, unless all were."""

    def half(number: int) -> int:
        if number % 2:
            raise Inconclusive(f"odd {number}")
        return number

    assert bench.endpoint.each(half, range(5)) == [0, 2, 4]
    assert bench.endpoint.each(half, []) == []
    with pytest.raises(Inconclusive, match="odd 3"):
        bench.endpoint.each(half, [3, 5, 7])


def test_requests_in_flight_are_bounded() -> None:
    """Twelve at most; a batch waits for its room, and is not overtaken."""
    in_flight, entered = InFlight(), list[str]()

    def enter(name: str, number: int) -> None:
        with in_flight(number):
            entered.append(name)

    with ExitStack() as stack:
        for _ in range(11):
            stack.enter_context(in_flight())
        batch = threading.Thread(target=enter, args=("batch", 50))
        batch.start()
        time.sleep(0.05)
        single = threading.Thread(target=enter, args=("single", 1))
        single.start()
        time.sleep(0.05)
        assert entered == []
    batch.join(20)
    single.join(20)

    assert entered == ["batch", "single"]
