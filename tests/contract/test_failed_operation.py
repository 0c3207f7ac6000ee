"""An operation that fails: it says so, the configuration stays, and its key still replays."""

import contextlib
from collections.abc import Callable
from functools import partial

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import (
    CheckInconclusive,
    Inconclusive,
    NothingToDelete,
    Throttled,
)
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.scope import ResourceKey
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.unauthorized import as_account, refused
from orchestrator_contract.steps.updates import patched


@pytest.mark.requirement(
    "OP-FAILED-STATUS",
    "OP-FAILED-NO-EFFECT",
    "KEY-REPLAY-FAILED",
    "OP-BODY",
    "OP-ERROR",
    "OP-STATUS-ORDER",
    "OP-TIMESTAMPS",
    "DELETED-FETCH",
)
def test_failed_operation(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """After FAILED the configuration is still there, and the key gives the original response."""
    trigger = endpoint.profile.operation_failure or Trigger()
    count = 1 if endpoint.effort.few else 6
    if trigger.headers:
        targets = endpoint.configurations.take(
            count, payloads=[] if endpoint.effort.few else [RICH] * count
        )
    elif trigger.sid is not None:
        endpoint.ownership.allow(trigger.sid)
        targets = [Configuration(trigger.sid)]
    else:
        raise Inconclusive("operation_failure gives neither headers nor a SID")
    scenarios.each(scenarios.existence.must_be_shown, targets)

    accepted, second = begun(endpoint, scenarios, targets, trigger)
    ended = endpoint.poller.finish(accepted)

    failed = [operation for operation in ended if operation.status == "FAILED"]
    by_place = {target.resource_key: target for target in targets}
    for operation in ended:
        if operation.status == "COMPLETED":
            there, fetch = scenarios.existence.is_there(by_place[operation.resource_key])
            endpoint.findings.check(
                "OP-FAILED-STATUS",
                there is not True,
                expected="FAILED: the configuration is still there",
                seen="COMPLETED",
                exchanges=[operation.accepted, *operation.polls[-1:], fetch],
            )
            if there is False:
                endpoint.inventory.gone(by_place[operation.resource_key])
    if not failed:
        seen = ", ".join(sorted({operation.status for operation in accepted}))
        why = f"the profile's way to make an operation fail ended {seen}"
        endpoint.findings.unverified(
            ("OP-FAILED-NO-EFFECT", "OP-FAILED-STATUS", "KEY-REPLAY-FAILED"), why
        )
        raise CheckInconclusive(why)  # what operations are otherwise, others show
    endpoint.findings.check("OP-FAILED-STATUS", True)
    # Where a second delete was accepted, or may have been, it may rightly have deleted what the first one left.
    failed = [
        one
        for one in failed
        if one.resource_key not in second or was_refused(endpoint, second[one.resource_key])
    ]
    for operation in failed:
        steps = [
            operation.accepted,
            *([second[operation.resource_key]] if operation.resource_key in second else ()),
            *operation.polls[-1:],
        ]
        if scenarios.existence.kept("OP-FAILED-NO-EFFECT", by_place[operation.resource_key], steps):
            endpoint.rechecks.kept("OP-FAILED-NO-EFFECT", by_place[operation.resource_key], steps)
    for operation in failed:
        # The same request again: with the header that made it fail, too.
        for new_connection in (False, True):
            again = past_500(
                partial(
                    endpoint.client.delete,
                    operation.configuration,
                    key=operation.accepted.key,
                    trigger=trigger,
                    new_connection=new_connection,
                )
            )
            judge_replay(endpoint.findings, operation.accepted, again, "KEY-REPLAY-FAILED")
    if failed and trigger.headers and not endpoint.effort.few:
        # What was found so far stands, whether or not these ways to look are open.
        with contextlib.suppress(Inconclusive):
            still_listed(
                endpoint,
                failed,
                max(by_place[operation.resource_key].read_lag_s for operation in failed),
            )
        with contextlib.suppress(NothingToDelete):
            key_on_another(endpoint, failed[-1])
        for operation in failed[:2]:
            delete_again(endpoint, scenarios, operation, by_place[operation.resource_key], trigger)
        failing = partial(fails_again, trigger=trigger)
        looks: list[Callable[[Endpoint, Scenarios, Operation, Configuration], None]] = [
            update_keeps,
            nobody_elses,
            failing,
            throttled,
        ]
        for operation, look in zip(failed[2:], looks, strict=False):
            with contextlib.suppress(Inconclusive):
                look(endpoint, scenarios, operation, by_place[operation.resource_key])
    endpoint.rechecks.failed(failed)


def begun(
    endpoint: Endpoint, scenarios: Scenarios, targets: list[Configuration], trigger: Trigger
) -> tuple[list[Operation], dict[ResourceKey, Exchange]]:
    """Accepted deletes of *targets* that are to end FAILED, and what a second delete of one of them was answered at once."""
    second: dict[ResourceKey, Exchange] = {}

    def begin(target: Configuration) -> Operation:
        operation: Operation = scenarios.accepted(target, key=endpoint.key(), trigger=trigger)
        if trigger.headers and not endpoint.effort.few and target is targets[0]:
            try:
                second[target.resource_key] = endpoint.client.delete(target, allow_no_response=True)
            except Throttled as error:
                second[target.resource_key] = error.exchange
        return operation

    return scenarios.each(begin, targets), second


def was_refused(endpoint: Endpoint, second: Exchange) -> bool:
    """Whether a delete that came beside another one was not carried out; one that was accepted is followed to its end."""
    if second.status == 202:
        with contextlib.suppress(Inconclusive):
            endpoint.poller.finish(
                [endpoint.poller.accept(second, second.call.subject)], early=False
            )
    return second.status in (404, 409) and not endpoint.is_echo(second)


def still_listed(endpoint: Endpoint, failed: list[Operation], read_lag_s: float) -> None:
    """What was not deleted is in the list, at the latest after *read_lag_s* seconds."""
    listed: set[str] = set()
    # Others may create and delete meanwhile, which moves offsets: what one walk misses the next one shows.
    for _ in range(3):
        listed |= endpoint.configurations.listing.sids()
        if all(operation.sid in listed for operation in failed):
            break
        endpoint.wait(read_lag_s / 2)
    for operation in failed:
        endpoint.findings.check(
            "OP-FAILED-NO-EFFECT",
            operation.sid in listed,
            expected=f"{operation.sid} still listed",
            seen="not there",
            exchanges=[operation.accepted, *operation.polls[-1:]],
        )


def key_on_another(endpoint: Endpoint, failed: Operation) -> None:
    """The key of a FAILED operation, reused on another SID, does not show that operation."""
    other = endpoint.configurations.one()
    call = Call("delete", other.sid, allow=MISMATCH)
    again = endpoint.client.delete(other, key=failed.accepted.key, call=call)
    same = again.status == 202 and bool(again.operation_names & failed.accepted.operation_names)
    endpoint.findings.check(
        "KEY-REUSE-OTHER-SID",
        not same,
        expected=f"an answer of its own for {other.sid}",
        seen=f"the operation of {failed.sid}",
        exchanges=[failed.accepted, again],
    )
    if again.status == 202 and not same:
        endpoint.poller.finish([endpoint.poller.accept(again, other.sid)], early=False)


def delete_again(
    endpoint: Endpoint,
    scenarios: Scenarios,
    failed: Operation,
    configuration: Configuration,
    trigger: Trigger,
) -> None:
    """What is still there can be deleted: a new request is not answered 404, what it completes is done, and each key stands for its own."""
    again = endpoint.client.delete(configuration, key=endpoint.key())
    steps = [failed.accepted, *failed.polls[-1:], again]
    endpoint.findings.check(
        "OP-FAILED-NO-EFFECT",
        again.status != 404 or endpoint.is_echo(again),
        expected="another delete of it accepted",
        seen="404",
        exchanges=steps,
    )
    if again.status != 202:
        return  # why it fails may keep it from being deleted
    operation = endpoint.poller.accept(again, configuration.sid)
    endpoint.poller.finish([operation], early=False)
    if operation.status == "COMPLETED":
        scenarios.existence.gone(operation)
        endpoint.inventory.gone(configuration)
        scenarios.replay(failed, requirement="KEY-REPLAY-FAILED", trigger=trigger)


def fails_again(
    endpoint: Endpoint,
    scenarios: Scenarios,
    failed: Operation,
    configuration: Configuration,
    trigger: Trigger,
) -> None:
    """A second delete that FAILS, one without a key, leaves it where it is as the first one did."""
    again = endpoint.client.delete(configuration, trigger=trigger)
    if again.status != 202:
        return  # why the first one failed may keep it from being deleted
    operation = endpoint.poller.accept(again, configuration.sid)
    endpoint.poller.finish([operation], early=False)
    if operation.status == "FAILED":
        scenarios.existence.kept(
            "OP-FAILED-NO-EFFECT",
            configuration,
            [failed.accepted, operation.accepted, *operation.polls[-1:]],
        )


def throttled(
    endpoint: Endpoint, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What was not deleted is not deleted by a request that is answered 429 either."""
    limit = endpoint.profile.faults.get(429)
    if limit is None or not limit.headers:
        return
    exchange = endpoint.client.delete(
        configuration,
        key=endpoint.key(),
        trigger=limit,
        call=Call("delete", configuration.sid, provokes=429),
    )
    if exchange.status == 429:
        scenarios.existence.kept(
            "ERR-429-NO-EFFECT", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )
        endpoint.rechecks.kept(
            "ERR-429-NO-EFFECT", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )


def update_keeps(
    endpoint: Endpoint, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What was not deleted can be updated, and an update does not delete it."""
    update = patched(endpoint, configuration)
    there, fetch = scenarios.existence.stands(configuration)
    if there is not None:
        endpoint.findings.check(
            "EFFECT-ONLY-BY-DELETE",
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
        scenarios.existence.shown[configuration.resource_key] = fetch.object
    elif there is False:
        endpoint.inventory.gone(configuration)


def nobody_elses(
    endpoint: Endpoint, scenarios: Scenarios, failed: Operation, configuration: Configuration
) -> None:
    """What its own account could not delete is not another account's to delete."""
    if len(endpoint.profile.accounts) > 1:
        exchange = as_account(endpoint, configuration, 1, endpoint.key())
        refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID after FAILED")
        scenarios.existence.kept(
            "AUTH-OTHER-ACCOUNT", configuration, [failed.accepted, *failed.polls[-1:], exchange]
        )
