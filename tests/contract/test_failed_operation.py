"""An operation that fails: it says so, the configuration stays, and its key still replays."""

import contextlib
from collections.abc import Callable
from functools import partial

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.exceptions import Throttled
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.provision.pool import NothingToDelete
from orchestrator_contract.results.findings import OneWayLess, Unverifiable
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.scope import Located
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.unauthorized import as_account, refused
from orchestrator_contract.steps.updates import patched


@pytest.mark.requirement(
    "OP-FAILED-ENDS",
    "OP-FAILED-KEEPS",
    "KEY-REPLAY-FAILED",
    "OP-BODY",
    "OP-ERROR",
    "OP-ORDER",
    "OP-TIMES",
    "GONE-FETCH",
)
def test_failed_operation(suite: Suite, scenarios: Scenarios) -> None:
    """After FAILED the configuration is still there, and the key gives the original response."""
    trigger = suite.profile.operation_failure or Trigger()
    count = 1 if suite.effort.few else 6
    if trigger.headers:
        victims = suite.configurations.take(
            count, payloads=[] if suite.effort.few else [RICH] * count
        )
    elif trigger.sid is not None:
        suite.ownership.allow(trigger.sid)
        victims = [Configuration(trigger.sid)]
    else:
        raise Unverifiable("operation_failure gives neither headers nor a SID")
    scenarios.each(scenarios.presence.must_be_shown, victims)

    accepted, second = begun(suite, scenarios, victims, trigger)
    ended = suite.follower.finish(accepted)

    failed = [operation for operation in ended if operation.status == "FAILED"]
    by_place = {victim.located: victim for victim in victims}
    for operation in ended:
        if operation.status == "COMPLETED":
            there, fetch = scenarios.presence.is_there(by_place[operation.located])
            suite.ledger.hold(
                "OP-FAILED-ENDS",
                there is not True,
                expected="FAILED: the configuration is still there",
                seen="COMPLETED",
                exchanges=[operation.accepted, *operation.polls[-1:], fetch],
            )
            if there is False:
                suite.inventory.gone(by_place[operation.located])
    if not failed:
        seen = ", ".join(sorted({operation.status for operation in accepted}))
        why = f"the profile's way to make an operation fail ended {seen}"
        suite.ledger.unverified(("OP-FAILED-KEEPS", "OP-FAILED-ENDS", "KEY-REPLAY-FAILED"), why)
        raise OneWayLess(why)  # what operations are otherwise, others show
    suite.ledger.hold("OP-FAILED-ENDS", True)
    # Where a second delete was accepted, or may have been, it may rightly have deleted what the first one left.
    failed = [
        one
        for one in failed
        if one.located not in second or was_refused(suite, second[one.located])
    ]
    for operation in failed:
        steps = [
            operation.accepted,
            *([second[operation.located]] if operation.located in second else ()),
            *operation.polls[-1:],
        ]
        if scenarios.presence.kept("OP-FAILED-KEEPS", by_place[operation.located], steps):
            suite.watch.kept("OP-FAILED-KEEPS", by_place[operation.located], steps)
    for operation in failed:
        # The same request again: with the header that made it fail, too.
        for fresh in (False, True):
            again = past_500(
                partial(
                    suite.client.delete,
                    operation.sid,
                    key=operation.accepted.key,
                    trigger=trigger,
                    fresh=fresh,
                )
            )
            judge_replay(suite.ledger, operation.accepted, again, "KEY-REPLAY-FAILED")
    if failed and trigger.headers and not suite.effort.few:
        # What was found so far stands, whether or not these ways to look are open.
        with contextlib.suppress(Unverifiable):
            still_listed(
                suite, failed, max(by_place[operation.located].late_s for operation in failed)
            )
        with contextlib.suppress(NothingToDelete):
            key_on_another(suite, failed[-1])
        for operation in failed[:2]:
            delete_again(suite, scenarios, operation, by_place[operation.located], trigger)
        failing = partial(fails_again, trigger=trigger)
        looks: list[Callable[[Suite, Scenarios, Operation, Configuration], None]] = [
            update_keeps,
            nobody_elses,
            failing,
            throttled,
        ]
        for operation, look in zip(failed[2:], looks, strict=False):
            with contextlib.suppress(Unverifiable):
                look(suite, scenarios, operation, by_place[operation.located])
    suite.watch.failed(failed)


def begun(
    suite: Suite, scenarios: Scenarios, victims: list[Configuration], trigger: Trigger
) -> tuple[list[Operation], dict[Located, Exchange]]:
    """Accepted deletes of *victims* that are to end FAILED, and what a second delete of one of them was answered at once."""
    second: dict[Located, Exchange] = {}

    def begin(victim: Configuration) -> Operation:
        operation: Operation = scenarios.accepted(victim, key=suite.key(), trigger=trigger)
        if trigger.headers and not suite.effort.few and victim is victims[0]:
            try:
                second[victim.located] = suite.client.delete(victim.sid, silence=True)
            except Throttled as error:
                second[victim.located] = error.exchange
        return operation

    return scenarios.each(begin, victims), second


def was_refused(suite: Suite, second: Exchange) -> bool:
    """Whether a delete that came beside another one was not carried out; one that was accepted is followed to its end."""
    if second.status == 202:
        with contextlib.suppress(Unverifiable):
            suite.follower.finish([suite.follower.accept(second, second.call.subject)], early=False)
    return second.status in (404, 409) and not suite.is_echo(second)


def still_listed(suite: Suite, failed: list[Operation], late_s: float) -> None:
    """What was not deleted is in the list, at the latest after *late_s* seconds."""
    listed: set[str] = set()
    # Others may create and delete meanwhile, which moves offsets: what one walk misses the next one shows.
    for _ in range(3):
        listed |= suite.configurations.listing.sids()
        if all(operation.sid in listed for operation in failed):
            break
        suite.wait(late_s / 2)
    for operation in failed:
        suite.ledger.hold(
            "OP-FAILED-KEEPS",
            operation.sid in listed,
            expected=f"{operation.sid} still listed",
            seen="not there",
            exchanges=[operation.accepted, *operation.polls[-1:]],
        )


def key_on_another(suite: Suite, failed: Operation) -> None:
    """The key of a FAILED operation, reused on another SID, does not show that operation."""
    other = suite.configurations.one()
    call = Call("delete", other.sid, allow=MISMATCH)
    again = suite.client.delete(other.sid, key=failed.accepted.key, call=call)
    same = again.status == 202 and bool(again.operation_names & failed.accepted.operation_names)
    suite.ledger.hold(
        "KEY-OTHER-SID",
        not same,
        expected=f"an answer of its own for {other.sid}",
        seen=f"the operation of {failed.sid}",
        exchanges=[failed.accepted, again],
    )
    if again.status == 202 and not same:
        suite.follower.finish([suite.follower.accept(again, other.sid)], early=False)


def delete_again(
    suite: Suite,
    scenarios: Scenarios,
    failed: Operation,
    configuration: Configuration,
    trigger: Trigger,
) -> None:
    """What is still there can be deleted: a new request is not answered 404, what it completes is done, and each key stands for its own."""
    again = suite.client.delete(configuration.sid, key=suite.key())
    steps = [failed.accepted, *failed.polls[-1:], again]
    suite.ledger.hold(
        "OP-FAILED-KEEPS",
        again.status != 404 or suite.is_echo(again),
        expected="another delete of it accepted",
        seen="404",
        exchanges=steps,
    )
    if again.status != 202:
        return  # why it fails may keep it from being deleted
    operation = suite.follower.accept(again, configuration.sid)
    suite.follower.finish([operation], early=False)
    if operation.status == "COMPLETED":
        scenarios.presence.gone(operation)
        suite.inventory.gone(configuration)
        scenarios.replay(failed, requirement="KEY-REPLAY-FAILED", trigger=trigger)


def fails_again(
    suite: Suite,
    scenarios: Scenarios,
    failed: Operation,
    configuration: Configuration,
    trigger: Trigger,
) -> None:
    """A second delete that FAILS, one without a key, leaves it where it is as the first one did."""
    again = suite.client.delete(configuration.sid, trigger=trigger)
    if again.status != 202:
        return  # why the first one failed may keep it from being deleted
    operation = suite.follower.accept(again, configuration.sid)
    suite.follower.finish([operation], early=False)
    if operation.status == "FAILED":
        scenarios.presence.kept(
            "OP-FAILED-KEEPS",
            configuration,
            [failed.accepted, operation.accepted, *operation.polls[-1:]],
        )


def throttled(
    suite: Suite, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What was not deleted is not deleted by a request that is answered 429 either."""
    limit = suite.profile.faults.get(429)
    if limit is None or not limit.headers:
        return
    exchange = suite.client.delete(
        configuration.sid,
        key=suite.key(),
        trigger=limit,
        call=Call("delete", configuration.sid, provokes=429),
    )
    if exchange.status == 429:
        scenarios.presence.kept(
            "ERR-429-KEEPS", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )
        suite.watch.kept(
            "ERR-429-KEEPS", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )


def update_keeps(
    suite: Suite, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What was not deleted can be updated, and an update does not delete it."""
    update = patched(suite, configuration)
    there, fetch = scenarios.presence.stands(configuration)
    if there is not None:
        suite.ledger.hold(
            "GONE-BY-DELETE",
            there,
            expected=f"{configuration.sid} still there",
            seen="gone",
            exchanges=[
                failed.accepted,
                *failed.polls[-1:],
                update.accepted,
                *update.polls[-1:],
                fetch,
            ],
        )
    if there:
        scenarios.presence.shown[configuration.located] = fetch.object
    elif there is False:
        suite.inventory.gone(configuration)


def nobody_elses(
    suite: Suite, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What its own account could not delete is not another account's to delete."""
    if len(suite.profile.accounts) > 1:
        exchange = as_account(suite, configuration.sid, 1, suite.key())
        refused(suite, "AUTH-ACCOUNT", exchange, "another account's SID after FAILED")
        scenarios.presence.kept(
            "AUTH-ACCOUNT", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )
