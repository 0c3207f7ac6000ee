"""The same contract on the sister calls: create, update, patch and the delete of a conversation, led through what is asked of the delete.

What is judged is written once, for the delete; the catalogue says under which requirement it is found on another call.
"""

import contextlib
from functools import partial
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.other_async_calls import REFUSALS, OtherAsyncCall, OtherAsyncCalls

CHANGE = (
    "CTRL-ACCEPTED",
    "CTRL-202",
    "CTRL-OPERATION",
    "CTRL-KEY",
    "CTRL-KEY-PAYLOAD",
    "KEY-REUSE-OTHER-CALL",
)


@pytest.fixture(scope="session")
def sisters(endpoint: Endpoint) -> OtherAsyncCalls:
    """The sister calls on this run's suite."""
    return OtherAsyncCalls(endpoint)


def lead(endpoint: Endpoint, sister: OtherAsyncCall) -> tuple[Operation, Any]:
    """Have a call accepted, follow it to COMPLETED, and replay its key before and after; its operation and what it led to.

    Raises:
        Inconclusive: it was not accepted, or can't be followed.
    """
    few = endpoint.effort.few
    operation = sister.begin(endpoint.key())
    key = str(operation.accepted.key)
    for number in range(0 if few else 3):
        judge_replay(
            endpoint.findings,
            operation.accepted,
            resent(sister, key, new_connection=number % 2 == 1),
            "KEY-REPLAY",
        )
    led_to = sister.conclude(operation)
    steps = [operation.accepted, *operation.polls[-1:]]
    if not operation.done:
        raise CheckInconclusive(f"the operation of the {sister.call} was not seen to end")
    endpoint.findings.on(operation.accepted.call)(
        "OP-COMPLETES",
        operation.status == "COMPLETED",
        expected="COMPLETED",
        seen=operation.status,
        exchanges=steps,
    )
    for number in range(1 if few else 3):
        judge_replay(
            endpoint.findings,
            operation.accepted,
            resent(sister, key, new_connection=number % 2 == 1),
            "KEY-REPLAY-ENDED",
        )
    if not few:
        endpoint.poller.poll_other_link(operation)
    return operation, led_to


def resent(sister: OtherAsyncCall, key: str, *, new_connection: bool) -> Exchange:
    """The answer to the same request under the same key."""
    return past_500(lambda: sister.send(key, new_connection=new_connection))


def another_payload(endpoint: Endpoint, sister: OtherAsyncCall, first: Exchange) -> bool:
    """A key that comes with another payload does not get the response to one before (CTRL-KEY-PAYLOAD); whether it is still the first one's."""
    before, kept = [first], True
    for number in range(
        1, 1 + (min(2, sister.payloads) if endpoint.effort.few else sister.payloads)
    ):
        again = sister.send(str(first.key), changed=number)
        same = [
            one
            for one in before
            if again.status == 202 and again.operation_names & one.operation_names
        ]
        endpoint.findings.check(
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
                endpoint.poller.finish([endpoint.poller.accept(again, sister.subject)], early=False)
    return kept


@pytest.mark.requirement(*CHANGE)
@pytest.mark.parametrize(
    "call", ["create", "update", pytest.param("patch", marks=pytest.mark.twice)]
)
def test_change(
    endpoint: Endpoint, scenarios: Scenarios, sisters: OtherAsyncCalls, call: str
) -> None:
    """A create, an update and a patch are accepted, followed and replayed as a delete is; their keys are no delete's."""
    sister = sisters.sister(call)
    operation, configuration = lead(endpoint, sister)
    first, check = operation.accepted, endpoint.findings.on(operation.accepted.call)
    for exchange in (first, *operation.polls[-1:]):
        named = exchange.related_sid
        check(
            "DEL-202-RELATED",
            named in (None, configuration.sid),
            expected=f"configurationId {configuration.sid}",
            seen=f"{named!r:.120}",
            where="$.related",
            exchanges=[first, exchange],
        )
    kept = another_payload(endpoint, sister, first)
    if not endpoint.effort.few and call != "create":
        bad = endpoint.key()[:-1]
        malformed = sister.send(bad)
        if malformed.status == 202:
            endpoint.poller.finish(
                [endpoint.poller.accept(malformed, configuration.sid)], early=False
            )
        check(
            "KEY-MALFORMED-NO-5XX",
            malformed.status is not None and malformed.status < 500,
            expected="a 4xx, or the key ignored",
            seen=f"{malformed.outcome()} to a key that is one digit short",
            exchanges=[malformed],
        )

    if endpoint.effort.few and call != "create":
        return

    again = endpoint.client.delete(
        configuration, key=first.key, call=Call("delete", configuration.sid, allow=MISMATCH)
    )

    same = again.status == 202 and bool(again.operation_names & first.operation_names)
    endpoint.findings.check(
        "KEY-REUSE-OTHER-CALL",
        not same,
        expected="a refusal or an operation of its own",
        seen=f"the {call}'s operation",
        exchanges=[first, again],
    )
    if again.status == 202 and not same:
        scenarios.must_happen("KEY-REUSE-OTHER-CALL", [(again, configuration)])
    elif not (endpoint.effort.few or same or call == "patch"):
        with contextlib.suppress(Inconclusive):  # what was found so far stands
            after_the_delete(endpoint, scenarios, sister, first, configuration, kept=kept)


def after_the_delete(
    endpoint: Endpoint,
    scenarios: Scenarios,
    sister: OtherAsyncCall,
    first: Exchange,
    configuration: Configuration,
    *,
    kept: bool,
) -> None:
    """Once the configuration is deleted the call's old key does nothing more, and the delete's is not the call's."""
    done = scenarios.completed(
        [scenarios.accepted(configuration, key=endpoint.key())], [configuration]
    )[0]
    again = resent(sister, str(first.key), new_connection=False)
    if kept and sister.call == "create":
        # Without the key it would make another; of an update of what is gone nothing is said.
        judge_replay(endpoint.findings, first, again, "KEY-REPLAY-ENDED")
    response = sister.send(str(done.accepted.key))
    shown = response.status == 202 and bool(
        response.operation_names & done.accepted.operation_names
    )
    endpoint.findings.check(
        "KEY-REUSE-OTHER-CALL",
        not shown,
        expected="a refusal or an operation of its own",
        seen="the delete's operation",
        exchanges=[done.accepted, response],
    )
    scenarios.existence.gone(done)


@pytest.mark.requirement("CONV-202", "CONV-OPERATION", "CONV-KEY", "CONV-DELETED")
def test_conversation(endpoint: Endpoint, sisters: OtherAsyncCalls) -> None:
    """A conversation's delete is accepted, followed and replayed as a configuration's is, and leaves nothing to fetch or delete."""
    sister = sisters.sister("delete-conversation")
    operation, _ = lead(endpoint, sister)
    steps, check = (
        [operation.accepted, *operation.polls[-1:]],
        endpoint.findings.on(operation.accepted.call),
    )
    if operation.status != "COMPLETED":
        return
    for look, requirement in ((sisters.fetch, "DELETED-FETCH"), (sisters.delete, "DELETED-DELETE")):
        exchange = past_500(partial(look, sister.subject))
        check(
            requirement,
            exchange.status == 404,
            expected="404",
            seen=exchange.outcome(),
            exchanges=[*steps, exchange],
        )
    if endpoint.effort.few:
        return
    key = str(operation.accepted.key)
    malformed = sisters.delete(sister.subject, key=key[:-1], allow=REFUSALS)
    check(
        "KEY-MALFORMED-NO-5XX",
        malformed.status is not None and malformed.status < 500,
        expected="a 4xx, or the key ignored",
        seen=f"{malformed.outcome()} to a key that is one digit short",
        exchanges=[malformed],
    )
    try:
        other = sisters.sister("delete-conversation")
    except Inconclusive:
        return  # the profile gives no other: what one can show was judged
    again = sisters.delete(other.subject, key=key, allow=REFUSALS)
    shown = again.status == 202 and bool(again.operation_names & operation.accepted.operation_names)
    check(
        "KEY-REUSE-OTHER-SID",
        not shown,
        expected=f"an answer of its own for {other.subject}",
        seen=f"the operation of {sister.subject}",
        exchanges=[operation.accepted, again],
    )
    if again.status == 202 and not shown:
        endpoint.poller.finish([endpoint.poller.accept(again, other.subject)], early=False)
