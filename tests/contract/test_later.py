"""Second looks: what was found right is still right a while later."""

import contextlib
import time

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.deletes import Scenarios

#: The longest Retry-After of a 202 that is waited for, in seconds.
LONGEST_WAIT_S = 5.0


@pytest.mark.closing
@pytest.mark.requirement(
    "OP-FETCH",
    "OP-STATUS-ORDER",
    "OP-TIMESTAMPS",
    "DELETED-FETCH",
    "DELETED-DELETE",
    "KEY-REPLAY-ENDED",
)
def test_still_so(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Ended operations do not change, deleted configurations stay deleted, refused deletes stay undone."""
    if not endpoint.rechecks.saw_end:
        scenarios.deleted(1 if endpoint.effort.few else 8)

    unasked: list[Operation] = []
    taken: list[Configuration] = []
    with contextlib.suppress(
        Inconclusive
    ):  # with nothing left to delete there is as much to look at again
        unasked, taken = ([], []) if endpoint.effort.few else scenarios.begun()
    endpoint.rechecks.settle()
    with contextlib.suppress(Inconclusive):  # whatever became of it is on record
        asked_when_told(endpoint, scenarios, unasked, taken)
    endpoint.crashes.judge(endpoint.findings)
    # After all the other keys of the run.
    for operation in endpoint.rechecks.oldest_keys()[: 1 if endpoint.effort.few else 3]:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
        scenarios.existence.not_again(operation)


def asked_when_told(
    endpoint: Endpoint,
    scenarios: Scenarios,
    operations: list[Operation],
    configurations: list[Configuration],
) -> None:
    """Ask about these for the first time when Retry-After has passed, as a client that does as it is told."""
    for operation in operations:
        asked = asked_delay(operation.accepted.headers) or 0.0
        endpoint.wait(min(asked, LONGEST_WAIT_S) - (time.monotonic() - operation.accepted.sent))
        endpoint.poller.poll(operation)
    if operations:
        scenarios.completed(operations, configurations)


@pytest.mark.closing
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_nothing_else_is_gone(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Every configuration of the run that no accepted delete named is still there."""
    some = endpoint.configurations.take(1 if endpoint.effort.few else 2)
    kept = [
        c for c in endpoint.inventory.left.values() if endpoint.ownership.untouched(c.resource_key)
    ]
    if endpoint.profile.provision.mode != "create":
        kept = [
            c
            for c in (endpoint.control_configuration,)
            if endpoint.ownership.untouched(c.resource_key)
        ]
    home = [c for c in kept if c.scope == DEFAULT_SCOPE]
    away = [c for c in kept if c.scope != DEFAULT_SCOPE]

    scenarios.existence.unlisted([], kept=home)
    for configuration in away[:10]:
        scenarios.existence.kept("EFFECT-NO-OTHER", configuration, [])
    endpoint.configurations.give_back(*some)
    if not endpoint.effort.few:
        delete_without_key(endpoint, scenarios, home)


def delete_without_key(
    endpoint: Endpoint, scenarios: Scenarios, found: list[Configuration]
) -> None:
    """What no test needs any longer is deleted as most clients do it: each such delete is one more of a kind that whole lives have few of."""
    needed = {configuration.resource_key for _, configuration, _ in endpoint.rechecks.stayed()}
    idle = [
        one
        for one in endpoint.configurations.idle()
        if one in found and one.resource_key not in needed
    ]
    if not idle:
        return
    with contextlib.suppress(Inconclusive):  # what was found so far stands
        done = scenarios.completed(scenarios.each(scenarios.accepted, idle), idle)
        scenarios.existence.unlisted(done)
        scenarios.each(scenarios.existence.gone, done[::4])
