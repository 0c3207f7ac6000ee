"""Retention: days later earlier deletes are unchanged, new ones work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import MalformedSid
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.clock import DAY, Clock
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.malformed_keys import MalformedKeys
from orchestrator_contract.steps.malformed_requests import MalformedRequests
from orchestrator_contract.steps.refused_deletes import RefusedDeletes
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.unknown_sids import UnknownSids

# ------------------------------------------------------------------ days later


@pytest.mark.clock
@pytest.mark.requirement("OP-RETAINED", "DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST")
def test_ended_operations_and_deleted_configurations_stay_so_for_days(
    several_completed: list[Operation], clock: Clock, days: Sequence[int], check: Check
) -> None:
    """Up to 6 days and 21 hours later a COMPLETED delete is as it was."""
    for seconds in days:
        clock.advance(seconds)

        check.stays_deleted(several_completed)


@pytest.mark.clock
@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_configuration_that_no_delete_named_exists_days_later(
    shown_control: Configuration, clock: Clock, check: Check
) -> None:
    """Days do not delete a configuration."""
    clock.advance(3 * DAY)

    check.unchanged(shown_control)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("OP-STATUS-ORDER", "OP-TIMESTAMPS", "OP-FAILED-NO-EFFECT")
def test_failed_operation_and_its_configuration_are_unchanged_days_later(
    configuration: Configuration, refused_deletes: RefusedDeletes, clock: Clock, check: Check
) -> None:
    """Three days later a FAILED delete is as it was, and has no effect."""
    failed = refused_deletes.fail(configuration)

    clock.advance(3 * DAY)

    check.stays_failed(failed)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.parametrize(
    "way",
    [
        pytest.param("conflict", marks=pytest.mark.requirement("ERR-409-NO-EFFECT")),
        pytest.param("rate-limit", marks=pytest.mark.requirement("ERR-429-NO-EFFECT")),
        pytest.param("other account", marks=pytest.mark.requirement("AUTH-OTHER-ACCOUNT")),
    ],
)
def test_refused_delete_is_not_carried_out_days_later(
    configuration: Configuration,
    refused_deletes: RefusedDeletes,
    clock: Clock,
    check: Check,
    way: str,
) -> None:
    """Three days after it was refused a delete has no effect."""
    check.shown(configuration)
    steps = refused_deletes.refuse(way, configuration)

    clock.advance(3 * DAY)

    check.unchanged(configuration, after=steps)


# ------------------------------------------------------------------ the second day


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("DEL-ACCEPTED", "DEL-STATUS", "DEL-202-BODY", "DEL-202-HEADERS")
@pytest.mark.requirement("DEL-202-RELATED", "DEL-202-LINKS-AGREE", "OP-FETCH", "OP-BODY")
@pytest.mark.requirement("OP-COMPLETES", "DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST")
def test_configurations_of_both_days_are_deleted_on_the_second(
    configuration: Configuration,
    clock: Clock,
    configurations: Provisioner,
    deletes: Deletes,
    check: Check,
) -> None:
    """A configuration is deleted a day after its create, as a new one is."""
    clock.advance(DAY + HOUR)

    accepted = [deletes.accept(one) for one in (configuration, configurations.one())]

    check.stays_deleted(deletes.complete(accepted))


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY")
def test_key_of_the_second_day_returns_the_original_response(
    second_day: None, running: Operation, deletes: Deletes, check: Check
) -> None:
    """A key of the second day replays while its delete runs."""
    again = deletes.repeat(running)

    check.same_response(running, again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
def test_key_of_the_second_day_returns_the_original_response_after_completed(
    deleted_today: Operation, deletes: Deletes, check: Check
) -> None:
    """A key of the second day returns its first response after COMPLETED."""
    again = deletes.repeat(deleted_today, connection="new")

    check.same_response(deleted_today, again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
def test_key_on_another_sid_on_the_second_day_does_not_return_the_first_operation(
    deleted_today: Operation, other: Configuration, key_reuse: KeyReuse, check: Check
) -> None:
    """A key reused on the second day never returns the first operation."""
    again = key_reuse.send(deleted_today, other)

    check.own_operation(deleted_today, again, other)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_malformed_key_on_the_second_day_does_not_replay(
    deleted_today: Operation,
    malformed_keys_near: Callable[[str], list[MalformedKey]],
    malformed_key_requests: MalformedKeys,
    check: Check,
) -> None:
    """A malformed key near one of the second day is refused or ignored."""
    near = malformed_keys_near(str(deleted_today.accepted.key))[:2]

    for key, again in malformed_key_requests.send_each(deleted_today.configuration, near):
        check.not_honoured(deleted_today, again, key)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("SID-UNKNOWN")
def test_unknown_sid_on_the_second_day_returns_404(
    second_day: None, unknown_sids: UnknownSids, check: Check
) -> None:
    """Deleting a SID that no configuration has returns 404 on the second day."""
    responses = unknown_sids.delete_in(DEFAULT_SCOPE)

    check.not_found(*responses)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_malformed_sid_on_the_second_day_is_refused(
    second_day: None,
    shown_control: Configuration,
    few_malformed_sids: Callable[[Configuration], list[MalformedSid]],
    malformed: MalformedRequests,
    check: Check,
) -> None:
    """A malformed SID is refused on the second day, without effect."""
    responses = malformed.sids(few_malformed_sids(shown_control))

    check.unchanged(shown_control, after=responses)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param("missing", marks=pytest.mark.requirement("AUTH-MISSING")),
        pytest.param("wrong", marks=pytest.mark.requirement("AUTH-WRONG")),
        pytest.param("other account", marks=pytest.mark.requirement("AUTH-OTHER-ACCOUNT")),
    ],
)
def test_unauthorized_delete_on_the_second_day_is_refused(
    second_day: None,
    shown_control: Configuration,
    unauthorized: UnauthorizedCallers,
    check: Check,
    credentials: str,
) -> None:
    """A delete without its owner's credentials is refused on the second day."""
    response = unauthorized.as_unauthorized(credentials, shown_control)

    check.refused(response)
    check.unchanged(shown_control, after=response)
