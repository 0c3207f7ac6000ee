"""429: a rate-limited delete was not processed, and its retry is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.refusals import RateLimit


@pytest.mark.requirement("ERR-429-STATUS", "ERR-429-NO-EFFECT")
def test_rate_limited_delete_has_no_effect(
    faults: FaultInjection, target: Configuration, check: Check
) -> None:
    """A delete that was answered 429 deletes nothing, at once or later."""
    limited = faults.reject(429, target, faults.sample)

    check.unchanged_by(limited)


@pytest.mark.extended
@pytest.mark.requirement("ERR-429-NO-EFFECT")
def test_rate_limited_delete_makes_no_new_version(
    rate_limit: RateLimit, faults: FaultInjection, target: Configuration
) -> None:
    """A delete that was answered 429 leaves the configuration's version."""
    rate_limit.check_version(target, lambda: faults.reject(429, target, 4).hits)


@pytest.mark.beside
@pytest.mark.requirement("ERR-429-RETRY-PROCESSED")
@pytest.mark.parametrize(
    ("version", "times"),
    [
        pytest.param(4, 1, id="version-4"),
        pytest.param(4, 2, marks=pytest.mark.extended, id="version-4-refused-twice"),
        pytest.param(1, 1, marks=pytest.mark.extended, id="version-1"),
        pytest.param(7, 2, marks=pytest.mark.extended, id="version-7-refused-twice"),
        pytest.param(8, 1, marks=pytest.mark.extended, id="version-8"),
    ],
)
def test_retry_after_429_is_processed(
    rate_limit: RateLimit,
    configuration: Configuration,
    deletes: Deletes,
    new_key: Callable[..., str],
    version: int,
    times: int,
) -> None:
    """A retry with the same key after a 429 is processed."""
    refused = rate_limit.refused(configuration, new_key(version), times)

    for operation in rate_limit.retried(configuration, refused):
        deletes.later(operation)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("ERR-429-RETRY-PROCESSED", "KEY-REPLAY-ENDED")
def test_retried_key_stands_for_the_retry(
    rate_limit: RateLimit,
    configuration: Configuration,
    deletes: Deletes,
    check: Check,
    new_key: Callable[..., str],
) -> None:
    """A key in capitals that met a 429 returns its retry's response."""
    refused = rate_limit.refused(configuration, new_key().upper())

    for operation in deletes.complete(rate_limit.retried(configuration, refused)):
        check.completed_delete_was_carried_out("ERR-429-RETRY-PROCESSED", operation)
        check.same_response(operation, deletes.repeat(operation))


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("ERR-429-RETRY-PROCESSED")
def test_every_key_that_met_a_429_is_processed(
    rate_limit: RateLimit, configuration: Configuration, deletes: Deletes
) -> None:
    """Many keys that met a 429 on one SID are processed once it is deleted."""
    refused = rate_limit.refused_keys(configuration)
    deletes.complete([deletes.accept(configuration)])

    for one in refused:
        rate_limit.judge_retry(rate_limit.retry(one), exists=False)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_429_to_a_used_key_leaves_its_response(
    faults: FaultInjection, completed: Operation, deletes: Deletes, check: Check
) -> None:
    """A used key that meets a 429 returns its response afterwards."""
    faults.attempt(429, completed.configuration, key=completed.accepted.key)

    check.same_response(completed, deletes.repeat(completed))
