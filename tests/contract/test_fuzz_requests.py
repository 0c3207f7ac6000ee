"""Generated requests: valid or not, each gets a documented response."""

from __future__ import annotations

import pytest

from orchestrator_contract.steps.generated import GeneratedRequests
from orchestrator_contract.steps.list_walks import ListedConfigurations


@pytest.mark.beside
@pytest.mark.requirement("SID-UNKNOWN", "SID-MALFORMED", "DEL-STATUS", "KEY-MALFORMED-NO-5XX")
def test_generated_delete_is_refused(generated_requests: GeneratedRequests) -> None:
    """A delete of a generated SID under a generated key is refused."""
    generated_requests.deletes()


@pytest.mark.beside
@pytest.mark.requirement("SID-UNKNOWN")
def test_delete_with_a_generated_header_is_not_found(
    generated_requests: GeneratedRequests,
) -> None:
    """A header that the contract does not know causes no server error."""
    generated_requests.headers()


@pytest.mark.requirement("CTRL-REFUSED")
def test_fetch_of_a_generated_operation_is_refused(generated_requests: GeneratedRequests) -> None:
    """A fetch of an operation that does not exist is refused."""
    generated_requests.operations()


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CTRL-REFUSED", "CTRL-ACCEPTED")
def test_generated_create_is_accepted_or_refused(generated_requests: GeneratedRequests) -> None:
    """A generated create is accepted with 202, or refused."""
    generated_requests.creates()


@pytest.mark.requirement("CTRL-PAGE")
def test_generated_query_gets_a_page_or_a_refusal(generated_requests: GeneratedRequests) -> None:
    """A generated query of the list gets a page or a refusal."""
    generated_requests.lists()


@pytest.mark.usefixtures("control", "existing")
@pytest.mark.requirement("CTRL-PAGE")
def test_generated_page_token_gets_a_page_or_a_refusal(
    generated_requests: GeneratedRequests,
) -> None:
    """A page token near a real one gets a page or a refusal."""
    generated_requests.page_tokens()


@pytest.mark.extended
@pytest.mark.requirement("CTRL-PAGINATION")
def test_pages_of_a_generated_size_hold_each_configuration_once(
    generated_requests: GeneratedRequests, listed: ListedConfigurations
) -> None:
    """Two pages of any size hold each configuration once."""
    generated_requests.page_sizes(listed.remaining)
