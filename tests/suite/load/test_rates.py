"""Notes on speed and rate limit, from counts by the second."""

from __future__ import annotations

from orchestrator_contract.load.rates import Rates


def filled(*seconds: tuple[int, int, int]) -> Rates:
    """Counts from rows of second, served and throttled."""
    rates = Rates()
    for second, served, throttled in seconds:
        for _ in range(served):
            rates.count(second + 0.5, 202)
        for _ in range(throttled):
            rates.count(second + 0.9, 429)
    return rates


def test_silence_says_nothing() -> None:
    """Without a request there is no note."""
    assert Rates().notes() == []


def test_no_limit_is_claimed_without_a_429() -> None:
    """The notes give the speed, and that no limit was met."""
    speed, limit = filled((100, 30, 0), (101, 50, 0)).notes()

    assert "80 judged requests in 2 s, 40 a second, 50 in the busiest" in speed
    assert "no 429 was seen" in limit


def test_first_429_names_the_rate() -> None:
    """The rate is that of the second in which the first 429 came; later ones do not move it."""
    _, limit = filled((100, 20, 0), (101, 40, 0), (102, 48, 3), (103, 5, 90)).notes()

    assert (
        "first 429 came at 51 requests a second, 2 s after the start; 40 a second had been served before"
        in limit
    )
    assert "93 in all" in limit


def test_429_at_the_head_of_a_second() -> None:
    """A second cut short by the 429 does not make the rate look low: the one before counts."""
    _, limit = filled((100, 60, 0), (101, 1, 1)).notes()

    assert "first 429 came at 60 requests a second" in limit


def test_unanswered_requests_are_no_429() -> None:
    """A request without a status counts as sent."""
    rates = Rates()

    rates.count(5.0, None)

    assert rates.served[5] == 1
    assert not rates.throttled


def test_processes_add_up() -> None:
    """Merged counts are those of one process that did it all."""
    one, other = filled((100, 20, 0)), filled((100, 22, 1), (101, 7, 0))

    one.merge(other.dump())

    assert one.dump() == filled((100, 42, 1), (101, 7, 0)).dump()
