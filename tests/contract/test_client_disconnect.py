"""Client disconnects: the key returns the delete's response."""

from __future__ import annotations

import pytest

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.client_disconnect import ClientDisconnect


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY")
def test_delete_of_a_disconnected_client_is_answered_under_its_key(
    client_disconnect: ClientDisconnect, target: Configuration
) -> None:
    """A disconnected client's delete returns its 202, or was not carried out."""
    lost = client_disconnect.lose_response(target)

    client_disconnect.judge(lost)
