"""The poller follows operations to their end, with few polls and within limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.api.poller import Poller, _took
from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Limits
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from tests.suite.core.operations import ORIGIN, PLANE, SID, URL, accepted, begun, poll

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


def test_finish_waits_for_all(bench: Bench) -> None:
    """Operations are polled until the last one has ended; ended ones are not polled again."""
    operations = [
        begun(
            bench,
            "a",
            "op_a",
            poll(
                "COMPLETED", operationId="op_a", statusUrl=f"{PLANE}/Operations/op_a", related=None
            ),
        ),
        begun(
            bench,
            "b",
            "op_b",
            *[poll(operationId="op_b", statusUrl=f"{PLANE}/Operations/op_b", related=None)] * 3,
            poll("FAILED", operationId="op_b", statusUrl=f"{PLANE}/Operations/op_b", related=None),
        ),
    ]

    ended = bench.endpoint.poller.finish(operations)

    assert ended == operations
    assert [operation.status for operation in operations] == ["COMPLETED", "FAILED"]
    assert [len(operation.polls) for operation in operations] == [1, 4]
    assert bench.checks()["OP-TERMINATES"] == 2
    assert bench.breaches() == {}
    asked = len(bench.script.sent)
    assert bench.endpoint.poller.finish(operations) == operations
    assert bench.endpoint.poller.finish([]) == []
    assert len(bench.script.sent) == asked


def stubborn(bench: Bench, number: int, said: Said | None = None) -> Operation:
    """An operation that stays as it is."""
    name = f"op_{number}"
    url = f"{PLANE}/Operations/{name}"
    return begun(
        bench, f"sid{number}", name, said or poll(operationId=name, statusUrl=url, related=None)
    )


def test_an_operation_that_never_ends(start: Callable[..., Bench]) -> None:
    """The first is a breach after the poll limit; later ones get a tenth of it, and are none."""
    bench = start(limits=Limits(poll_timeout_s=50))
    began = bench.clock.now

    assert bench.endpoint.poller.finish([stubborn(bench, 1)]) == []
    assert 50 < bench.clock.now - began < 53
    assert bench.breaches() == {"OP-TERMINATES": ["expected an end within 50 s; saw PENDING"]}
    assert bench.steps("OP-TERMINATES") == [("DELETE sid1", 202), ("GET op_1", 200)]

    began = bench.clock.now
    assert bench.endpoint.poller.finish([stubborn(bench, 2)]) == []
    assert 5 < bench.clock.now - began < 8
    assert bench.checks()["OP-TERMINATES"] == 1


def test_the_least_patience(start: Callable[..., Bench]) -> None:
    """However short the limit, a later operation is given two seconds."""
    bench = start(limits=Limits(poll_timeout_s=8))
    bench.endpoint.poller.finish([stubborn(bench, 1)])

    began = bench.clock.now
    bench.endpoint.poller.finish([stubborn(bench, 2)])

    assert 2 < bench.clock.now - began < 4.1
    assert bench.breaches()["OP-TERMINATES"] == ["expected an end within 8 s; saw PENDING"]


def test_an_operation_that_is_asked_about_late(start: Callable[..., Bench]) -> None:
    """An operation whose poll limit has passed is polled before it is judged."""
    bench = start(limits=Limits(poll_timeout_s=8))
    ended, stuck = bench.accepted("sid1", accepted(statusUrl=URL)), stubborn(bench, 2)
    bench.script.on("GET /Operations/op_1", poll("COMPLETED", completedAt="2026-11-23T00:00:05Z"))
    bench.clock.now += 20

    assert bench.endpoint.poller.finish([ended, stuck], early=False) == [ended]

    assert bench.breaches()["OP-TERMINATES"] == ["expected an end within 8 s; saw PENDING"]


def test_an_operation_that_is_asked_about_late_and_ends_by_it(start: Callable[..., Bench]) -> None:
    """An operation that ends at its third poll may do so after the limit."""
    bench = start(limits=Limits(poll_timeout_s=8))
    operation = bench.accepted("sid1", accepted(statusUrl=URL))
    bench.script.on(
        "GET /Operations/op_1",
        poll(),
        poll(),
        poll("COMPLETED", completedAt="2026-11-23T00:00:05Z"),
    )
    bench.clock.now += 20

    assert bench.endpoint.poller.finish([operation], early=False) == [operation]

    assert "OP-TERMINATES" not in bench.breaches()


def test_a_create_that_never_ends_is_no_breach(bench: Bench) -> None:
    """Only deletes are judged by whether they end."""
    bench.script.on("POST /Configurations", accepted(statusUrl=URL))
    bench.script.on("GET /Operations/op_1", poll())
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("create", "n"), "POST", "/Configurations", payload={})
    )

    assert (
        bench.endpoint.poller.finish([bench.endpoint.poller.accept(exchange, Configuration(""))])
        == []
    )

    assert not {"OP-TERMINATES", "OP-RELATED"} & bench.checks().keys()
    # Deletes are waited for all the same.
    began = bench.clock.now
    bench.endpoint.poller.finish([stubborn(bench, 2)])
    assert bench.clock.now - began > 20


def test_an_operation_that_never_can_be_read(bench: Bench) -> None:
    """An unreadable operation is given up after seconds, the next of its kind sooner."""
    began, responses = bench.clock.now, iter(range(500, 600))
    operation = begun(bench, "sid1", "op_1")
    bench.script.on(
        "GET /Operations/op_1",
        lambda _: (504 if (status := next(responses)) == 503 else status, {}),
    )
    with pytest.raises(OperationUnreachable) as caught:
        bench.endpoint.poller.finish([operation])
    assert (
        str(caught.value)
        == f"the operation can't be read: the last poll gave {operation.polls[-1].status}"
    )
    first = bench.clock.now - began
    assert 4 < first < 6

    began = bench.clock.now
    with pytest.raises(OperationUnreachable):
        bench.endpoint.poller.finish([stubborn(bench, 2, (500, {}))])
    assert 0.3 < bench.clock.now - began < 0.5


def test_creates_that_can_not_be_read_take_nothing_from_deletes(bench: Bench) -> None:
    """An unreadable create does not shorten the patience with deletes."""
    bench.script.on("POST /Configurations", accepted(statusUrl=URL))
    bench.script.on("GET /Operations/op_1", (500, {}))
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("create", "n"), "POST", "/Configurations", payload={})
    )
    with pytest.raises(OperationUnreachable):
        bench.endpoint.poller.finish([bench.endpoint.poller.accept(exchange, Configuration(""))])

    began = bench.clock.now
    with pytest.raises(OperationUnreachable):
        bench.endpoint.poller.finish([stubborn(bench, 2, (500, {}))])
    assert bench.clock.now - began > 4


def test_a_moment_without_answers_is_waited_out(bench: Bench) -> None:
    """An operation that can be read again in time is followed on."""
    broken: list[Said] = [(500, {})] * 3
    url = f"{PLANE}/Operations/op_1"
    good = poll(operationId="op_1", statusUrl=url, related=None)
    operation = begun(
        bench,
        "sid1",
        "op_1",
        *broken,
        good,
        *broken,
        good,
        *broken,
        good,
        *broken,
        good,
        poll("COMPLETED"),
    )

    assert bench.endpoint.poller.finish([operation]) == [operation]


def test_pauses_grow_and_stay_bounded(start: Callable[..., Bench]) -> None:
    """Each pause is half the time since the 202, two seconds at most."""
    bench = start(limits=Limits(poll_timeout_s=60))
    operation = stubborn(bench, 1)
    bench.endpoint.poller.finish([operation])

    slept = bench.clock.slept
    assert max(slept) == pytest.approx(2.0)
    starts = [sum(slept[:number]) for number in range(len(slept))]
    for start_s, pause in zip(starts, slept, strict=True):
        # The last pause ends with the limit.
        assert pause == pytest.approx(max(min(start_s / 2, 2.0, 60 - start_s + 0.01), 0.03))
    assert 30 < len(operation.polls) < 45


def ending(bench: Bench, number: int, after: float) -> Operation:
    """An operation that ends so many seconds after its 202."""
    name, url, began = f"op_{number}", f"{PLANE}/Operations/op_{number}", bench.clock.now

    def now(_: object) -> Said:
        ended = bench.clock.now - began >= after
        return poll(
            "COMPLETED" if ended else "PENDING", operationId=name, statusUrl=url, related=None
        )

    operation = begun(bench, f"sid{number}", name)
    bench.script.on(f"GET /Operations/{name}", now)
    return operation


def pauses(bench: Bench, *operations: Operation, waited: float = 0.0) -> list[float]:
    """The pauses until all of these have ended, some time after their 202."""
    bench.clock.now += waited
    bench.clock.slept.clear()
    assert bench.endpoint.poller.finish(operations, early=False) == list(operations)
    return list(bench.clock.slept)


def test_what_is_known_of_how_long_operations_take_saves_polls(bench: Bench) -> None:
    """The first poll comes when its kind usually ends; then pauses are a quarter of the time since the 202."""
    first = ending(bench, 1, 0.85)
    assert len(pauses(bench, first)) == 9
    assert first.ended is not None
    took = first.ended - first.accepted.sent

    assert pauses(bench, ending(bench, 2, 0.85)) == [pytest.approx(took)]
    assert pauses(bench, ending(bench, 3, 2.5)) == pytest.approx(
        [took, *(took / 4 * 1.25**n for n in range(4))]
    )


@pytest.mark.parametrize(
    ("elapsed", "slow"),
    [
        pytest.param([0.8, 0.8], True, id="all"),
        pytest.param([0.8, 0.1], False, id="the-first"),
    ],
)
def test_slow_202s(bench: Bench, elapsed: list[float], slow: bool) -> None:
    """Where each 202 takes long, other tests go on meanwhile; one may have been late by chance."""
    for number, seconds in enumerate(elapsed):
        exchange = bench.exchange("delete", (202, {"statusUrl": f"{PLANE}/Operations/{number}"}))
        exchange.elapsed = seconds
        bench.endpoint.poller.accept(exchange, Configuration("sid"))

    assert bench.endpoint.poller.is_slow is slow


@pytest.mark.parametrize(
    ("refused", "accepted", "slow"),
    [
        pytest.param(0.8, (), True, id="refused"),
        pytest.param(0.8, (0.1,), False, id="refused-slowly-by-chance"),
        pytest.param(0.1, (0.8,), True, id="accepted"),
    ],
)
def test_a_slow_refusal_counts_until_a_202_is_timed(
    bench: Bench, refused: float, accepted: Sequence[float], slow: bool
) -> None:
    """A refused delete says before the first accepted one that responses are slow."""
    first = bench.exchange("other", (404, {}))
    first.elapsed = refused
    bench.endpoint.poller.expect("delete", first)

    for seconds in accepted:
        exchange = bench.exchange("delete", (202, {"statusUrl": f"{PLANE}/Operations/1"}))
        exchange.elapsed = seconds
        bench.endpoint.poller.accept(exchange, Configuration("sid"))

    assert bench.endpoint.poller.is_slow is slow


def test_time_that_has_passed_is_not_waited_again(bench: Bench) -> None:
    """The first poll comes sooner where some time went by since the 202."""
    took = sum(pauses(bench, ending(bench, 1, 0.85)))

    assert pauses(bench, ending(bench, 2, 0.85), waited=0.5) == [pytest.approx(took - 0.5)]
    assert pauses(bench, ending(bench, 3, 0.85), waited=5)[0] == pytest.approx(0.03)


def test_the_slower_half_says_how_long_operations_take(bench: Bench) -> None:
    """Of several operations the slower ones set the next first pause."""
    took = sum(pauses(bench, ending(bench, 1, 0.1), ending(bench, 2, 0.85)))
    assert pauses(bench, ending(bench, 3, 0.85))[0] == pytest.approx(took)

    pauses(bench, ending(bench, 4, 9))
    # Much longer than what was found out: that is done once more.
    assert pauses(bench, ending(bench, 5, 9))[0] == pytest.approx(0.03)
    later = pauses(bench, ending(bench, 6, 9))
    # It says of itself that it took five seconds, and that is not less than half of what was seen.
    assert later[0] == pytest.approx(5.01, abs=0.01)
    assert len(later) == 4


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_operations_that_end_when_they_have_been_asked_about(bench: Bench, number: int) -> None:
    """The wait does not grow if each operation ends at a poll of that *number*."""
    longest = 0.0
    for name in range(40):
        url = f"{PLANE}/Operations/op_{name}"
        operation = begun(bench, f"sid{name}", f"op_{name}")
        said = [poll("PENDING", operationId=f"op_{name}", statusUrl=url, related=None)] * (
            number - 1
        )
        bench.script.on(
            f"GET /Operations/op_{name}",
            *said,
            poll(
                "COMPLETED", operationId=f"op_{name}", statusUrl=url, related=None, completedAt=None
            ),
        )
        longest = max(longest, sum(pauses(bench, operation)))

    assert longest < 2


def test_a_kind_not_met_yet_is_taken_to_last_as_long_as_others(bench: Bench) -> None:
    """An unknown kind is first polled when the longest known kind usually ends."""
    pauses(bench, ending(bench, 1, 2))
    took = bench.endpoint.poller._typical["delete"]
    bench.script.on("POST /Configurations", accepted(statusUrl=f"{PLANE}/Operations/op_2"))
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("create", "n"), "POST", "/Configurations", payload={})
    )
    began = bench.clock.now
    bench.script.on(
        "GET /Operations/op_2",
        lambda _: poll(
            "COMPLETED" if bench.clock.now - began > 2 * took else "PENDING",
            operationId="op_2",
            statusUrl=f"{PLANE}/Operations/op_2",
        ),
    )

    assert pauses(
        bench, bench.endpoint.poller.accept(exchange, Configuration(""))
    ) == pytest.approx([took, took / 2, took * 0.75])


def test_a_group_is_first_polled_when_the_last_of_it_may_have_ended(bench: Bench) -> None:
    """Each operation of a group is polled once, however far apart their deletes were."""
    pauses(bench, ending(bench, 1, 2))
    took = bench.endpoint.poller._typical["delete"]
    for first in (10, 20):
        operations = []
        for number in range(first, first + 4):
            operations.append(ending(bench, number, 2))
            bench.clock.now += 0.5

        pauses(bench, *operations)

        assert [len(operation.polls) for operation in operations] == [1] * 4
        assert bench.endpoint.poller._typical["delete"] <= took


def test_many_of_unknown_length_are_asked_in_turns(bench: Bench) -> None:
    """Until one has ended a third is polled at a time; then all others, at once."""
    began = bench.clock.now

    bench.endpoint.poller.finish([ending(bench, number, 2) for number in range(6)], early=False)

    polls = [
        (round(sent.at - began, 2), sent.line.rpartition("op_")[2][:1])
        for sent in bench.script.sent
        if "/Operations/" in sent.line
    ]
    moments = sorted({at for at, _ in polls})
    looks = ["".join(sorted(name for at, name in polls if at == moment)) for moment in moments]
    assert looks[:4] == ["03", "14", "25", "03"]
    assert all(len(look) == 2 for look in looks[:-1])
    assert len(looks[-1]) == 4
    assert moments[-1] - moments[-2] < 0.1


@pytest.mark.parametrize(("took", "times"), [(0.5, 0), (5, 1)])
def test_long_operations_are_noticed_before_they_end(bench: Bench, took: float, times: int) -> None:
    """What takes long may be begun beside operations that nobody has timed yet."""
    noticed: list[float] = []
    poller, began = bench.endpoint.poller, bench.clock.now
    poller.observers[:] = [lambda: noticed.append(bench.clock.now - began)]

    poller.finish([ending(bench, 1, took)], early=False)

    assert len(noticed) == times
    assert all(1 <= one < 4 for one in noticed)


def test_long_operations_are_sampled_half_way(bench: Bench) -> None:
    """Of long operations some are polled at once, and some half-way."""
    pauses(bench, ending(bench, 99, 9))
    bench.endpoint.poller.early_every = 2
    bench.script.sent.clear()
    began = bench.clock.now

    bench.endpoint.poller.finish([ending(bench, number, 5) for number in range(8)])

    polls = [
        (round(sent.at - began, 1), sent.line.rpartition("op_")[2][:1])
        for sent in bench.script.sent
        if "/Operations/" in sent.line
    ]
    assert sorted(name for at, name in polls if at == 0) == list("06")
    assert sorted(name for at, name in polls if at == 2.5) == list("01")
    assert sorted(name for at, name in polls if at > 2.5) == list("01234567")


@pytest.mark.parametrize(
    ("completed", "seconds"),
    [
        pytest.param("2026-11-23T00:00:05.500Z", 5.51, id="as-it-says"),
        pytest.param("2026-11-23T00:00:09Z", 8.0, id="no-longer-than-was-seen"),
        pytest.param("2026-11-23T00:00:00Z", 4.0, id="no-shorter-than-half-of-that"),
        pytest.param(None, 8.0, id="says-nothing"),
        pytest.param("soon", 8.0, id="says-nothing-readable"),
    ],
)
def test_what_an_operation_says_it_took(
    bench: Bench, completed: str | None, seconds: float
) -> None:
    """An operation's own instants say how long it took, within what was seen."""
    operation = begun(bench, "sid1", "op_1")
    bench.script.on(
        "GET /Operations/op_1",
        poll(
            "COMPLETED", operationId="op_1", createdAt="2026-11-23T00:00:00Z", completedAt=completed
        ),
    )
    bench.endpoint.poller.poll(operation)

    assert _took(operation, 8.0) == pytest.approx(seconds)


def test_an_operation_is_given_up_after_four_looks_at_least(bench: Bench) -> None:
    """An operation is unreadable after four polls at least."""
    pauses(bench, ending(bench, 1, 9))
    operation = stubborn(bench, 2, (500, {}))

    with pytest.raises(OperationUnreachable):
        bench.endpoint.poller.finish([operation], early=False)

    assert len(operation.polls) == 4


def test_an_operation_that_becomes_unreadable(bench: Bench) -> None:
    """Eight polls in a row without a known status are enough, once it has had its time."""
    url, began = f"{PLANE}/Operations/op_1", bench.clock.now
    operation = begun(bench, "sid1", "op_1")
    bench.script.on(
        "GET /Operations/op_1",
        lambda _: (
            poll(operationId="op_1", statusUrl=url) if bench.clock.now - began < 6 else (200, {})
        ),
    )

    with pytest.raises(OperationUnreachable):
        bench.endpoint.poller.finish([operation])

    assert [bool(one.object) for one in operation.polls[-9:]] == [True] + [False] * 8


def test_an_operation_that_can_not_be_read_until_the_limit(start: Callable[..., Bench]) -> None:
    """At the limit an unreadable operation breaches OP-TERMINATES."""
    bench = start(limits=Limits(poll_timeout_s=3))

    assert bench.endpoint.poller.finish([stubborn(bench, 1, (200, {}))]) == []

    assert bench.breaches()["OP-TERMINATES"] == [
        "expected an end within 3 s; saw no readable status"
    ]


@pytest.mark.parametrize(
    ("every", "at_once"),
    [
        pytest.param(1, 6, id="all"),
        pytest.param(2, 3, id="half"),
        pytest.param(4, 2, id="a-quarter"),
    ],
)
def test_some_operations_are_polled_at_once(bench: Bench, every: int, at_once: int) -> None:
    """One of every so many operations is polled right after its 202."""
    bench.endpoint.poller.early_every = every
    ended: list[Operation] = []
    for number in range(6):
        url = f"{PLANE}/Operations/op_{number}"
        ended.append(
            stubborn(
                bench,
                number,
                poll("COMPLETED", operationId=f"op_{number}", statusUrl=url, related=None),
            )
        )
    moment = bench.clock.now

    assert len(bench.endpoint.poller.finish(ended)) == 6

    early = [
        sent for sent in bench.script.sent if "/Operations/" in sent.line and sent.at == moment
    ]
    assert len(early) == at_once


def test_a_follower_polls_all_at_once_unless_told_otherwise(bench: Bench) -> None:
    """Without `early_every` all are polled at once."""
    operations = [
        stubborn(bench, number, poll("COMPLETED", operationId=f"op_{number}", related=None))
        for number in range(3)
    ]
    moment = bench.clock.now

    Poller(bench.endpoint.client, bench.endpoint.findings).finish(operations)

    assert [operation.ended for operation in operations] == [moment] * 3


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "polling 1 delete"), (2, "polling 2 deletes"), (3, "polling 3 deletes")],
)
def test_polling_is_named(bench: Bench, named: list[str], number: int, text: str) -> None:
    """The progress names what is polled, and how many."""
    bench.endpoint.poller.finish(
        [
            stubborn(bench, one, poll("COMPLETED", operationId=f"op_{one}", related=None))
            for one in range(number)
        ]
    )

    assert [one for one in named if one.startswith("polling")] == [text]


def test_polls_know_what_they_follow(bench: Bench) -> None:
    """Polls by either link carry the call that started the operation."""
    bench.script.on("POST /Configurations", accepted(f"{ORIGIN}/other/op_1", None, statusUrl=URL))
    bench.script.on("GET /Operations/op_1", poll(operationId="op_2"))
    bench.script.at("GET /other/op_1", poll(operationId="op_3"))
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("create", "n"), "POST", "/Configurations", payload={})
    )
    operation = bench.endpoint.poller.accept(exchange, Configuration(""))
    recorded: list[Any] = []
    bench.endpoint.client.observers.append(lambda e: recorded.append(e.call))

    bench.endpoint.poller.poll(operation)
    bench.endpoint.poller.poll_other_link(operation)

    assert recorded == [Call("operation", "op_1", of="create")] * 2


def test_polls_at_one_moment_are_polls_like_others(bench: Bench) -> None:
    """Polls at one moment are judged in turn; no response and a 429 say nothing of the operation."""
    operation = begun(
        bench,
        SID,
        "op_1",
        poll("COMPLETED"),
        poll("COMPLETED"),
        TransportFault.CUT,
        (429, {}),
        poll("PENDING"),
        poll("COMPLETED"),
    )
    seen: list[int | None] = []
    poller = Poller(
        bench.endpoint.client,
        bench.endpoint.findings,
        polled=lambda _operation, exchange: seen.append(exchange.status),
    )
    poller.poll(operation)

    poller.poll_at_once(operation, 5)

    assert seen == [200, 200, 429, 200, 200]
    assert bench.breaches()["OP-STATUS-ORDER"] == [
        "expected COMPLETED or what may follow it; saw PENDING"
    ]
    assert {one for one in bench.breaches() if one.startswith("OP-")} == {
        "OP-STATUS-ORDER",
        "OP-TIMESTAMPS",
    }
    assert len(operation.polls) == 5


def test_none_is_polled_at_once_unless_asked(bench: Bench) -> None:
    """Without *early* the first polls come after a pause."""
    operation = stubborn(bench, 1, poll("COMPLETED", operationId="op_1", related=None))
    moment = bench.clock.now

    bench.endpoint.poller.finish([operation], early=False)

    assert [sent.at for sent in bench.script.sent if "/Operations/" in sent.line] == [
        pytest.approx(moment + 0.03)
    ]
    assert operation.ended == pytest.approx(moment + 0.03)


@pytest.mark.parametrize(("days", "judged"), [(6, True), (8, False)])
def test_a_404_past_retention_is_not_judged(bench: Bench, days: int, judged: bool) -> None:
    """An operation need not be kept for more than 7 days of the endpoint's clock."""
    operation = begun(bench, "sid1", "op_1", (404, {}))
    bench.endpoint.coordinator.advance(days * 86_400)

    if judged:
        bench.endpoint.poller.poll(operation)
    else:
        with pytest.raises(OperationUnreachable, match="7 days"):
            bench.endpoint.poller.poll(operation)

    assert len(operation.polls) == judged


def test_what_was_waited_for_in_vain_meanwhile_is_not_learned(bench: Bench) -> None:
    """Where another thread has found a kind to be quick, an older wait does not count."""
    poller = bench.endpoint.poller
    pauses(bench, ending(bench, 1, 2.0))
    slow = ending(bench, 2, 0.05)
    bench.script.on("GET /Operations/op_2", lambda _: _quick(poller))

    poller.finish([slow])

    assert poller.usual_s("delete") == 0.1


def _quick(poller: Poller) -> Said:
    poller._typical["delete"] = poller._measured["delete"] = 0.1
    return poll("COMPLETED", operationId="op_2", statusUrl=f"{PLANE}/Operations/op_2", related=None)
