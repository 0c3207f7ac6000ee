"""Second looks: what was found right is still right a while later."""

import contextlib
import time

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.retry_after import asked_delay
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import Unverifiable
from orchestrator_contract.steps.deletes import Scenarios

#: The longest Retry-After of a 202 that is waited for, in seconds.
LONGEST_WAIT_S = 5.0


@pytest.mark.closing
@pytest.mark.requirement(
    "OP-FETCH", "OP-ORDER", "OP-TIMES", "GONE-FETCH", "GONE-DELETE", "KEY-REPLAY-ENDED"
)
def test_still_so(suite: Suite, scenarios: Scenarios) -> None:
    """Ended operations do not change, deleted configurations stay deleted, refused deletes stay undone."""
    if not suite.watch.saw_end:
        scenarios.deleted(1 if suite.effort.few else 8)

    unasked: list[Operation] = []
    taken: list[Configuration] = []
    with contextlib.suppress(
        Unverifiable
    ):  # with nothing left to delete there is as much to look at again
        unasked, taken = ([], []) if suite.effort.few else scenarios.begun()
    suite.watch.settle()
    with contextlib.suppress(Unverifiable):  # whatever became of it is on record
        asked_when_told(suite, scenarios, unasked, taken)
    suite.crashes.judge(suite.ledger)
    # After all the other keys of the run.
    for operation in suite.watch.oldest_keys()[: 1 if suite.effort.few else 3]:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
        scenarios.presence.not_again(operation)


def asked_when_told(
    suite: Suite,
    scenarios: Scenarios,
    operations: list[Operation],
    configurations: list[Configuration],
) -> None:
    """Ask about these for the first time when Retry-After has passed, as a client that does as it is told."""
    for operation in operations:
        asked = asked_delay(operation.accepted.headers) or 0.0
        suite.wait(min(asked, LONGEST_WAIT_S) - (time.monotonic() - operation.accepted.sent))
        suite.follower.poll(operation)
    if operations:
        scenarios.completed(operations, configurations)


@pytest.mark.closing
@pytest.mark.requirement("GONE-ONLY")
def test_nothing_else_is_gone(suite: Suite, scenarios: Scenarios) -> None:
    """Every configuration of the run that no accepted delete named is still there."""
    some = suite.configurations.take(1 if suite.effort.few else 2)
    kept = [c for c in suite.inventory.left.values() if suite.ownership.untouched(c.located)]
    if suite.profile.provision.mode != "create":
        kept = [c for c in (suite.bystander,) if suite.ownership.untouched(c.located)]
    home = [c for c in kept if not c.account and not c.region]
    away = [c for c in kept if c.account or c.region]

    scenarios.presence.unlisted([], kept=home)
    for configuration in away[:10]:
        scenarios.presence.kept("GONE-ONLY", configuration, [])
    suite.configurations.give_back(*some)
    if not suite.effort.few:
        delete_without_key(suite, scenarios, home)


def delete_without_key(suite: Suite, scenarios: Scenarios, found: list[Configuration]) -> None:
    """What no test needs any longer is deleted as most clients do it: each such delete is one more of a kind that whole lives have few of."""
    needed = {configuration.located for _, configuration, _ in suite.watch.stayed()}
    idle = [
        one for one in suite.configurations.idle() if one in found and one.located not in needed
    ]
    if not idle:
        return
    with contextlib.suppress(Unverifiable):  # what was found so far stands
        done = scenarios.completed(scenarios.each(scenarios.accepted, idle), idle)
        scenarios.presence.unlisted(done)
        scenarios.each(scenarios.presence.gone, done[::4])
