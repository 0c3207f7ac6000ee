"""Clients that disconnect before the response: the key tells what became of the delete."""

from __future__ import annotations

import pytest

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.client_disconnect import ClientDisconnect


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY")
def test_delete_of_a_disconnected_client_is_answered_under_its_key(
    client_disconnect: ClientDisconnect, target: Configuration
) -> None:
    """A delete whose client disconnected returns its 202 under its key, or was never carried out."""
    lost = client_disconnect.lose_response(target)

    client_disconnect.judge(lost)
