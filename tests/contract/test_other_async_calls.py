"""The other async calls keep the delete's rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.steps.conversations import ConversationDelete
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.other_async_calls import LedCall, OtherAsyncCalls

CALLS = ["create", "update", pytest.param("patch", marks=pytest.mark.extended)]


@pytest.mark.requirement("CTRL-ACCEPTED", "CTRL-202", "CTRL-OPERATION", "CTRL-KEY")
@pytest.mark.parametrize("call", CALLS)
def test_call_is_accepted_completed_and_replayed(other_calls: OtherAsyncCalls, call: str) -> None:
    """Create, update and patch complete and replay like a delete."""
    other_calls.lead_beside(call)


@pytest.mark.beside
@pytest.mark.requirement("CTRL-KEY-PAYLOAD")
@pytest.mark.parametrize("call", CALLS)
def test_key_with_another_payload_does_not_return_the_first(
    other_calls: OtherAsyncCalls, call: str
) -> None:
    """A key with another payload is refused, or starts its own request."""
    led = other_calls.led(call)

    other_calls.use_beside(led, other_calls.check_other_payloads)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CTRL-KEY")
@pytest.mark.parametrize("call", ["update", "patch"])
def test_malformed_key_is_refused_or_ignored(other_calls: OtherAsyncCalls, call: str) -> None:
    """A malformed key on an update gets a 4xx or is ignored."""
    led = other_calls.led(call)

    other_calls.check_malformed_key(led)


@pytest.mark.requirement("KEY-REUSE-OTHER-CALL")
@pytest.mark.parametrize(
    "call",
    [
        "create",
        pytest.param("update", marks=pytest.mark.extended),
        pytest.param("patch", marks=pytest.mark.extended),
    ],
)
def test_key_of_another_call_is_not_a_deletes(
    other_calls: OtherAsyncCalls, deletes: Deletes, check: Check, call: str
) -> None:
    """A delete under another call's key does not return that call's operation."""

    def delete(led: LedCall) -> None:
        for operation in other_calls.delete_under_key(led):
            for completed in deletes.complete([operation]):
                check.completed_delete_was_carried_out("KEY-REUSE-OTHER-CALL", completed)

    other_calls.lead_beside(call, delete)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-CALL", "CTRL-KEY", "DELETED-FETCH")
@pytest.mark.parametrize("call", ["create", "update"])
def test_keys_stay_apart_after_the_delete(
    other_calls: OtherAsyncCalls,
    deletes: Deletes,
    new_key: Callable[[], str],
    check: Check,
    call: str,
) -> None:
    """After the delete neither key returns the other call's response."""

    def delete(led: LedCall) -> None:
        (deleted,) = deletes.complete([deletes.accept(led.configuration, key=new_key())])
        other_calls.check_after_delete(led, deleted)
        check.deleted(deleted)

    other_calls.lead_beside(call, delete, replays=0)


@pytest.mark.requirement("CONV-202", "CONV-OPERATION", "CONV-KEY", "CONV-DELETED")
def test_conversation_is_deleted_like_a_configuration(
    conversation: ConversationDelete,
) -> None:
    """A conversation's delete completes, replays and deletes."""
    conversation.check_deleted()


@pytest.mark.extended
@pytest.mark.requirement("CONV-KEY")
def test_malformed_key_on_a_conversation_is_refused_or_ignored(
    conversation: ConversationDelete,
) -> None:
    """A malformed key on a conversation's delete gets a 4xx or is ignored."""
    conversation.check_malformed_key()


@pytest.mark.extended
@pytest.mark.requirement("CONV-KEY")
def test_key_of_a_conversation_is_not_anothers(
    conversation: ConversationDelete,
) -> None:
    """A key used on one conversation returns no operation for another."""
    conversation.check_key_on_another()
