"""The same contract on the sister calls: create, update, patch and the delete of a conversation, led through what is asked of the delete.

What is judged is written once, for the delete; the catalogue says under which requirement it is found on another call.
"""

import contextlib
from functools import partial
from typing import Any

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import OneWayLess, Unverifiable
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.other_async_calls import REFUSALS, Sister, Sisters

CHANGE = (
    "CTRL-ACCEPTED",
    "CTRL-202",
    "CTRL-OPERATION",
    "CTRL-KEY",
    "CTRL-KEY-PAYLOAD",
    "KEY-OTHER-CALL",
)


@pytest.fixture(scope="session")
def sisters(suite: Suite) -> Sisters:
    """The sister calls on this run's suite."""
    return Sisters(suite)


def lead(suite: Suite, sister: Sister) -> tuple[Operation, Any]:
    """Have a call accepted, follow it to COMPLETED, and replay its key before and after; its operation and what it led to.

    Raises:
        Unverifiable: it was not accepted, or can't be followed.
    """
    few = suite.effort.few
    operation = sister.begin(suite.key())
    key = str(operation.accepted.key)
    for number in range(0 if few else 3):
        judge_replay(
            suite.ledger,
            operation.accepted,
            resent(sister, key, fresh=number % 2 == 1),
            "KEY-REPLAY",
        )
    led_to = sister.conclude(operation)
    steps = [operation.accepted, *operation.polls[-1:]]
    if not operation.done:
        raise OneWayLess(f"the operation of the {sister.call} was not seen to end")
    suite.ledger.on(operation.accepted.call)(
        "OP-SUCCEEDS",
        operation.status == "COMPLETED",
        expected="COMPLETED",
        seen=operation.status,
        exchanges=steps,
    )
    for number in range(1 if few else 3):
        judge_replay(
            suite.ledger,
            operation.accepted,
            resent(sister, key, fresh=number % 2 == 1),
            "KEY-REPLAY-ENDED",
        )
    if not few:
        suite.follower.poll_other_link(operation)
    return operation, led_to


def resent(sister: Sister, key: str, *, fresh: bool) -> Exchange:
    """The answer to the same request under the same key."""
    return past_500(lambda: sister.send(key, fresh=fresh))


def another_payload(suite: Suite, sister: Sister, first: Exchange) -> bool:
    """A key that comes with another payload does not get the response to one before (CTRL-KEY-PAYLOAD); whether it is still the first one's."""
    before, kept = [first], True
    for number in range(1, 1 + (min(2, sister.payloads) if suite.effort.few else sister.payloads)):
        again = sister.send(str(first.key), changed=number)
        same = [
            one
            for one in before
            if again.status == 202 and again.operation_names & one.operation_names
        ]
        suite.ledger.hold(
            "CTRL-KEY-PAYLOAD",
            not same,
            expected="a refusal (17534), not the response to another payload",
            seen=f"that payload's operation: {again.outcome()}",
            exchanges=[*same[:1], again],
        )
        kept = kept and (bool(same) or again.status in range(400, 500))
        if again.status == 202 and not same:
            before.append(again)
            if sister.call != "create":
                suite.follower.finish([suite.follower.accept(again, sister.subject)], early=False)
    return kept


@pytest.mark.requirement(*CHANGE)
@pytest.mark.parametrize(
    "call", ["create", "update", pytest.param("patch", marks=pytest.mark.twice)]
)
def test_change(suite: Suite, scenarios: Scenarios, sisters: Sisters, call: str) -> None:
    """A create, an update and a patch are accepted, followed and replayed as a delete is; their keys are no delete's."""
    sister = sisters.sister(call)
    operation, configuration = lead(suite, sister)
    first, hold = operation.accepted, suite.ledger.on(operation.accepted.call)
    for exchange in (first, *operation.polls[-1:]):
        named = exchange.related_sid
        hold(
            "DEL-202-RELATED",
            named in (None, configuration.sid),
            expected=f"configurationId {configuration.sid}",
            seen=f"{named!r:.120}",
            where="$.related",
            exchanges=[first, exchange],
        )
    kept = another_payload(suite, sister, first)
    if not suite.effort.few and call != "create":
        bad = suite.key()[:-1]
        malformed = sister.send(bad)
        if malformed.status == 202:
            suite.follower.finish(
                [suite.follower.accept(malformed, configuration.sid)], early=False
            )
        hold(
            "KEY-BAD-SAFE",
            malformed.status is not None and malformed.status < 500,
            expected="a 4xx, or the key ignored",
            seen=f"{malformed.outcome()} to a key that is one digit short",
            exchanges=[malformed],
        )

    if suite.effort.few and call != "create":
        return

    again = suite.client.delete(
        configuration.sid, key=first.key, call=Call("delete", configuration.sid, allow=MISMATCH)
    )

    same = again.status == 202 and bool(again.operation_names & first.operation_names)
    suite.ledger.hold(
        "KEY-OTHER-CALL",
        not same,
        expected="a refusal or an operation of its own",
        seen=f"the {call}'s operation",
        exchanges=[first, again],
    )
    if again.status == 202 and not same:
        scenarios.must_happen("KEY-OTHER-CALL", [(again, configuration)])
    elif not (suite.effort.few or same or call == "patch"):
        with contextlib.suppress(Unverifiable):  # what was found so far stands
            after_the_delete(suite, scenarios, sister, first, configuration, kept=kept)


def after_the_delete(
    suite: Suite,
    scenarios: Scenarios,
    sister: Sister,
    first: Exchange,
    configuration: Configuration,
    *,
    kept: bool,
) -> None:
    """Once the configuration is deleted the call's old key does nothing more, and the delete's is not the call's."""
    done = scenarios.completed(
        [scenarios.accepted(configuration, key=suite.key())], [configuration]
    )[0]
    again = resent(sister, str(first.key), fresh=False)
    if kept and sister.call == "create":
        # Without the key it would make another; of an update of what is gone nothing is said.
        judge_replay(suite.ledger, first, again, "KEY-REPLAY-ENDED")
    answer = sister.send(str(done.accepted.key))
    shown = answer.status == 202 and bool(answer.operation_names & done.accepted.operation_names)
    suite.ledger.hold(
        "KEY-OTHER-CALL",
        not shown,
        expected="a refusal or an operation of its own",
        seen="the delete's operation",
        exchanges=[done.accepted, answer],
    )
    scenarios.presence.gone(done)


@pytest.mark.requirement("CONV-202", "CONV-OPERATION", "CONV-KEY", "CONV-GONE")
def test_conversation(suite: Suite, sisters: Sisters) -> None:
    """A conversation's delete is accepted, followed and replayed as a configuration's is, and leaves nothing to fetch or delete."""
    sister = sisters.sister("delete-conversation")
    operation, _ = lead(suite, sister)
    steps, hold = (
        [operation.accepted, *operation.polls[-1:]],
        suite.ledger.on(operation.accepted.call),
    )
    if operation.status != "COMPLETED":
        return
    for look, requirement in ((sisters.fetch, "GONE-FETCH"), (sisters.delete, "GONE-DELETE")):
        exchange = past_500(partial(look, sister.subject))
        hold(
            requirement,
            exchange.status == 404,
            expected="404",
            seen=exchange.outcome(),
            exchanges=[*steps, exchange],
        )
    if suite.effort.few:
        return
    key = str(operation.accepted.key)
    malformed = sisters.delete(sister.subject, key=key[:-1], allow=REFUSALS)
    hold(
        "KEY-BAD-SAFE",
        malformed.status is not None and malformed.status < 500,
        expected="a 4xx, or the key ignored",
        seen=f"{malformed.outcome()} to a key that is one digit short",
        exchanges=[malformed],
    )
    try:
        other = sisters.sister("delete-conversation")
    except Unverifiable:
        return  # the profile gives no other: what one can show was judged
    again = sisters.delete(other.subject, key=key, allow=REFUSALS)
    shown = again.status == 202 and bool(again.operation_names & operation.accepted.operation_names)
    hold(
        "KEY-OTHER-SID",
        not shown,
        expected=f"an answer of its own for {other.subject}",
        seen=f"the operation of {sister.subject}",
        exchanges=[operation.accepted, again],
    )
    if again.status == 202 and not shown:
        suite.follower.finish([suite.follower.accept(again, other.subject)], early=False)
