"""Generated examples: what breaches is shrunk and repeated before it counts, and what can't go on ends them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing.examples import MOST_FINDINGS, SHRINK_REQUESTS, Examples
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.rules import malformed_input

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

_KINDS = {
    "even": st.integers(0, 5000).map(lambda one: 2 * one),
    "odd": st.integers(0, 5000).map(lambda one: 2 * one + 1),
}
Sent = Callable[[int], int]


def run(bench: Bench, status_of: Sent, number: int = 50) -> list[int]:
    """Send *number* examples, each answered by *status_of*; returns those that were sent."""
    sent: list[int] = []

    def attempt(value: int) -> Exchange:
        sent.append(value)
        exchange = bench.exchange("delete", (status_of(value), {}))
        malformed_input.not_found(bench.endpoint.findings, exchange)
        return exchange

    Examples(bench.endpoint, "numbers", attempt).run(_KINDS, number)
    return sent


def breaches(endpoint: Endpoint) -> Collection[str]:
    """The findings."""
    record = endpoint.findings.records.get("SID-UNKNOWN")
    return record.problems if record else []


def test_finding_is_shrunk_and_sent_once_more(start: Callable[..., Bench]) -> None:
    """The smallest value that breaches is sent again, and counts once."""
    bench = start()

    sent = run(bench, lambda value: 500 if value > 1000 else 404)

    record = bench.endpoint.findings.records["SID-UNKNOWN"]
    assert "saw 500" in next(iter(breaches(bench.endpoint)))
    assert (record.breaches, sent.count(1001) >= 2) == (1, True)
    assert record.shown[0].story


def test_server_error_that_does_not_repeat_passes(start: Callable[..., Bench]) -> None:
    """One 500 is documented, and may pass."""
    bench = start()
    answers = iter([404] * 20 + [500])

    run(bench, lambda _: next(answers, 404))

    assert not breaches(bench.endpoint)


def test_success_that_does_not_repeat_counts(start: Callable[..., Bench]) -> None:
    """A 202 may have deleted what it named, so that it can't come again."""
    bench = start()
    answers = iter([404] * 20 + [202])

    run(bench, lambda _: next(answers, 404))

    assert len(breaches(bench.endpoint)) == 1


def test_shrinking_costs_a_bounded_number_of_requests(start: Callable[..., Bench]) -> None:
    """An endpoint that fails each time is not asked for ever."""
    bench = start()

    sent = run(bench, lambda _: 500, number=1000)

    assert len(sent) <= MOST_FINDINGS * (SHRINK_REQUESTS + 10) + 1000


def test_number_of_examples(start: Callable[..., Bench]) -> None:
    """As many are sent as are asked for, none of them twice."""
    sent = run(start(), lambda _: 404, number=40)

    assert len(sent) == len(set(sent)) == 40


def test_failed_example_is_tried_first_next_time(
    start: Callable[..., Bench], tmp_path: Path
) -> None:
    """Failing examples are kept in a folder, from which another run takes them."""
    bench = start(examples=tmp_path)
    run(bench, lambda value: 500 if value > 1000 else 404)

    again = run(start(examples=tmp_path), lambda _: 404)

    assert again[0] == 1001


def test_a_refusal_that_passes(start: Callable[..., Bench]) -> None:
    """A request that is refused for too long ends the examples as not verified, though it would pass the second time."""
    bench = start()
    asked = 0

    def status_of(_: int) -> int:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Inconclusive("429 for a day")
        return 404

    with pytest.raises(Inconclusive, match="429 for a day"):
        run(bench, status_of)

    assert asked == 3
