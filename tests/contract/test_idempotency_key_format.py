"""Any UUID in any letter case is a key; a malformed key is never honoured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.check import Check
from orchestrator_contract.inputs.key_forms import PLACES, other_digit
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.generated import GeneratedInputs
from orchestrator_contract.steps.malformed import MalformedKeys, MalformedKeyUse

# ------------------------------------------------------------------ well-formed keys


@pytest.mark.beside
@pytest.mark.requirement("KEY-FORMAT-ACCEPTED", "KEY-REPLAY")
def test_key_of_every_form_is_accepted_and_replays(
    deletes: Deletes, key_forms: list[str], check: Check
) -> None:
    """A key of any UUID version, nil or max, in any letter case, is a key."""
    for operations in deletes.in_batches(key_forms):
        for operation, again in deletes.repeat_each(operations):
            check.same_response(operation, again)

        deletes.complete_later(operations)


@pytest.mark.requirement("KEY-FORMAT-ACCEPTED")
def test_key_in_other_letter_case_is_accepted(used: Operation, api: Client, check: Check) -> None:
    """A used key in capitals is the same key or a new one."""
    capitals = str(used.accepted.key).upper()

    again = api.delete(used.configuration, key=capitals)

    check.letter_case(used, again)


@pytest.mark.requirement("DELETED-DELETE")
@pytest.mark.parametrize(
    "place",
    [
        "last digit",
        *(pytest.param(one, marks=pytest.mark.extended) for one in PLACES if one != "last digit"),
    ],
)
def test_key_that_differs_in_one_digit_is_a_new_key(
    used: Operation, check: Check, place: str
) -> None:
    """A key with one other digit does not return a used key's response."""
    near = other_digit(str(used.accepted.key), PLACES[place])

    check.not_found_again(used, key=near)


# ------------------------------------------------------------------ malformed keys


@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_malformed_key_near_a_used_one_does_not_replay(
    used: Operation, malformed_key_requests: MalformedKeys, check: Check
) -> None:
    """A malformed key near a used one is refused or ignored."""
    for key, again in malformed_key_requests.send_near(used):
        check.not_honoured(used, again, key)


@pytest.mark.run_first  # one request after the other
@pytest.mark.beside
@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_generated_malformed_key_does_not_replay(
    used: Operation, generated_inputs: GeneratedInputs
) -> None:
    """A generated malformed key near a used one is refused or ignored."""
    generated_inputs.malformed_keys(used)


@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_malformed_key_is_refused_or_ignored(
    malformed_key_uses: list[MalformedKeyUse], check: Check
) -> None:
    """A malformed key, as those of its schema, is no key at its second use."""
    check.no_key(malformed_key_uses)


@pytest.mark.extended
@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "EFFECT-NO-OTHER")
def test_refused_malformed_key_has_no_effect(
    malformed_key_uses: list[MalformedKeyUse],
    malformed_key_requests: MalformedKeys,
    check: Check,
) -> None:
    """A delete that was refused for its malformed key deletes nothing."""
    refused = malformed_key_requests.last_refused(malformed_key_uses)

    check.unchanged(refused.configuration, after=refused.first, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("KEY-MALFORMED-NOT-HONOURED", "KEY-REPLAY-ENDED")
def test_malformed_key_leaves_a_used_one_as_it_is(
    completed: Operation, malformed_key_requests: MalformedKeys, deletes: Deletes, check: Check
) -> None:
    """A used key returns its first response after malformed ones near it."""
    malformed_key_requests.send_near(completed, 4)

    again = deletes.repeat(completed)

    check.same_response(completed, again)


# ------------------------------------------------------------------ two header lines


@pytest.mark.requirement("KEY-DUPLICATE-HEADER")
@pytest.mark.parametrize(
    "order",
    [
        "used-first",
        pytest.param("used-last", marks=pytest.mark.extended),
        pytest.param("used-twice", marks=pytest.mark.extended),
    ],
)
def test_duplicate_key_header_does_not_replay(
    used: Operation,
    new_key: Callable[[], str],
    malformed_key_requests: MalformedKeys,
    check: Check,
    order: str,
) -> None:
    """Two key lines in one request are not honoured as one of them."""
    key = str(used.accepted.key)
    lines = {"used-first": (key, new_key()), "used-last": (new_key(), key)}.get(order, (key, key))

    again = malformed_key_requests.send_two_lines(used, *lines)

    check.duplicate_header(used, again)
