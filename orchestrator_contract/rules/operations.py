"""The polls of an operation as one history: id, instants, states."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import partial

from orchestrator_contract.http.addresses import Origin, brief_name, last_segment
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.request import given_origin
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.resources.operation import Operation, instant_of, word_of
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import judge_related

#: The words of the contract, and how far on its way an operation is.
RANK = {"PENDING": 0, "RUNNING": 1, "COMPLETED": 2, "FAILED": 2, "CANCELLED": 2}
_TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
#: A new operation may reach the replica that serves polls a moment after its 202, in seconds; not
#: later than Retry-After says.
FIRST_SIGHT_S = 2.0
#: A 500 that passes may meet one in so many polls, and so few in any run. From a somewhat lower
#: rate on more polls are needed to tell.
_RARE, _FEW, _SUSPECT = 25, 3, 30


def fetched(findings: Findings, operation: Operation, poll: Exchange) -> bool:
    """A poll of an operation returns it."""
    call = operation.accepted.call
    return findings.status("OP-FETCH", [operation.accepted, poll], 200, call=call)


def judge_poll(findings: Findings, operation: Operation, exchange: Exchange) -> None:
    """Judge *exchange* as the next poll of *operation*."""
    before = [poll for poll in operation.polls if poll.status == 200]
    operation.polls.append(exchange)
    if exchange.status in (429, 503):
        return  # the endpoint's state, not the operation's: the follower tries again
    asked = asked_delay(operation.accepted.headers)
    grace = FIRST_SIGHT_S if asked is None else min(asked, FIRST_SIGHT_S)
    early = not before and exchange.sent - operation.accepted.sent < grace
    if exchange.status == 404 and early:
        findings.observe("OBS-TRANSPORT", "operation not found right after its 202")
        return
    if operation.ended is not None and not _retained(findings, operation, exchange, grace):
        return
    if not fetched(findings, operation, exchange):
        return
    if (word := word_of(exchange)) in RANK:
        findings.observe("OBS-STATUS-WORDS", word)
    _judge_names(findings, operation, exchange)
    _judge_times(findings, operation, exchange, before)
    _judge_order(findings, operation, exchange, before)
    if word in _TERMINAL and operation.ended is None:
        operation.ended = exchange.sent
    if word == "FAILED":
        error = exchange.object.get("error")
        findings.observe("OBS-FAILED-ERROR", "null" if error is None else "given")


def needs_more_polls(failed: int, polls: int) -> bool:
    """True if so many of the *polls* met a 500 that more of them have to tell the rate."""
    return failed > _FEW and failed * _SUSPECT >= polls


def polls_rarely_fail(findings: Findings, failed: Sequence[Exchange], polls: int) -> bool:
    """Polls get 200; one in very many may get a 500 that passes."""
    return findings.check(
        "OP-FETCH",
        len(failed) <= _FEW or len(failed) * _RARE < polls,
        expected=f"200 to all polls but one in {_RARE}",
        seen=f"500 to {len(failed)} of {polls}",
        exchanges=failed[:2],
    )


def judge_origin(
    findings: Findings, operation: Operation, exchange: Exchange, origins: Container[Origin | None]
) -> None:
    """A poll's statusUrl is on one of the target's *origins*.

    Elsewhere no client could poll it with its credentials.
    """
    own = exchange.object.get("statusUrl")
    if exchange.status == 200 and isinstance(own, str):
        findings.check(
            "OP-STATUS-URL-ORIGIN",
            given_origin(own) in origins,
            expected="an address on the target's own origins",
            seen=f"{own:.160}",
            where="$.statusUrl",
            exchanges=[operation.accepted, exchange],
            call=operation.accepted.call,
        )


def terminates(findings: Findings, operation: Operation, limit_s: float) -> bool:
    """An operation ends within the poll limit of the profile."""
    return findings.check(
        "OP-TERMINATES",
        operation.done,
        expected=f"an end within {limit_s:g} s",
        seen=operation.status or "no readable status",
        exchanges=operation.steps,
        call=operation.accepted.call,
    )


def _retained(findings: Findings, operation: Operation, poll: Exchange, grace: float) -> bool:
    """Check that an operation that has ended can be polled, each time."""
    accepted = operation.accepted
    since = max(operation.ended or 0.0, accepted.sent + grace)
    lost = [one for one in operation.polls if one.status == 404 and one.sent > since]
    if lost and poll.status == 200:
        # It was not given up: then it had to be there in between, too.
        findings.check(
            "OP-FETCH",
            False,
            expected="200 each time",
            seen="404, and then 200",
            exchanges=[accepted, lost[-1], poll],
            call=accepted.call,
        )
    return findings.check(
        "OP-RETAINED",
        poll.status != 404,
        expected="the ended operation",
        exchanges=[accepted, poll],
        call=accepted.call,
    )


def _judge_names(findings: Findings, operation: Operation, poll: Exchange) -> None:
    steps, call = [operation.accepted, poll], operation.accepted.call
    check = partial(findings.check, "OP-ID", exchanges=steps, call=call)
    named, own = poll.object.get("operationId"), poll.object.get("statusUrl")
    if operation.id and isinstance(named, str):
        check(
            brief_name(named) == operation.id,
            expected=f"operationId {operation.id:.80}",
            seen=f"{named:.80}",
        )
    if operation.id and isinstance(own, str) and last_segment(own) is not None:
        check(
            last_segment(own) == operation.id,
            expected=f"a statusUrl of operation {operation.id:.80}",
            seen=f"{own:.120}",
            where="$.statusUrl",
        )
    judge_related(findings, poll, "OP-RELATED", operation.sid, steps)


def _judge_times(
    findings: Findings, operation: Operation, poll: Exchange, before: Sequence[Exchange]
) -> None:
    names = ("createdAt", "completedAt")
    created, completed = (instant_of(poll, name) for name in names)
    steps, call = [operation.accepted, *before[-1:], poll], operation.accepted.call
    check = partial(findings.check, "OP-TIMESTAMPS", exchanges=steps, call=call)
    if created and completed:
        check(
            created <= completed,
            expected="createdAt not after completedAt",
            seen=f"{poll.object['createdAt']} and {poll.object['completedAt']}",
        )
    for name, now in zip(names, (created, completed), strict=True):
        then = next((i for p in before if (i := instant_of(p, name))), None)
        gone = poll.object.get(name) is None
        if then and (now or gone):
            check(
                now == then,
                expected=f"{name} as it was",
                seen="none any more" if gone else f"{poll.object[name]}",
                where=f"$.{name}",
            )


def _judge_order(
    findings: Findings, operation: Operation, exchange: Exchange, before: Sequence[Exchange]
) -> None:
    last, word = word_of(before[-1]) if before else "", word_of(exchange)
    if last not in RANK or word not in RANK:
        return
    ok = word == last if last in _TERMINAL else RANK[word] >= RANK[last]
    findings.check(
        "OP-STATUS-ORDER",
        ok,
        expected=f"{last} or what may follow it",
        seen=word,
        exchanges=[operation.accepted, before[-1], exchange],
        call=operation.accepted.call,
    )
