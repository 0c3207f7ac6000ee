"""404: a delete of an unknown SID is not found and has no effect."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.refusals import StoredErrors
from orchestrator_contract.steps.unknown_sids import UnknownSids


@pytest.mark.run_first
@pytest.mark.requirement(
    "SID-UNKNOWN",
    "HTTP-COMPLETE",
    "HTTP-JSON",
    "HTTP-CONTENT-TYPE",
    "ERR-404-BODY",
    "ERR-STATUS-MATCHES",
    "ERR-CODE-MATCHES",
    "ERR-MORE-INFO",
    "ERR-BOUNDS",
)
def test_unknown_sid_returns_404(
    unknown_sids: UnknownSids, unknown: list[Configuration], check: Check
) -> None:
    """Deleting a SID that no configuration has returns 404."""
    responses = unknown_sids.delete(unknown)

    check.not_found(*responses)


@pytest.mark.requirement("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT")
def test_delete_of_an_unknown_sid_has_no_effect(
    unknown_sids: UnknownSids,
    shown_control: Configuration,
    few_unknown: list[Configuration],
    check: Check,
) -> None:
    """Deleting SIDs near an existing one, and random ones, deletes nothing."""
    responses = unknown_sids.delete([*unknown_sids.near(shown_control), *few_unknown])

    check.not_found(*responses)
    check.unchanged(shown_control, after=responses[-3:])


@pytest.mark.extended
@pytest.mark.requirement("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT")
def test_delete_of_an_unknown_sid_leaves_the_newest_configuration(
    unknown_sids: UnknownSids,
    newest: Configuration,
    few_unknown: list[Configuration],
    check: Check,
) -> None:
    """Deleting unknown SIDs leaves the configuration that was created last."""
    responses = unknown_sids.delete(few_unknown)

    check.not_found(*responses)
    check.unchanged(newest, after=responses[-3:])


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("SID-UNKNOWN")
def test_key_of_a_404_returns_404_again(stored_errors: StoredErrors, check: Check) -> None:
    """The second use of a key that met a 404 returns 404."""
    responses = stored_errors.unknown_sid_twice()

    check.not_found(*responses)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-FETCH")
def test_key_of_a_404_is_refused_or_deletes_another_sid(
    stored_errors: StoredErrors, configuration: Configuration, check: Check
) -> None:
    """A key that met a 404 is refused on another SID, or deletes it."""
    for operation in stored_errors.reuse_key_of_404(configuration):
        check.deleted(operation)
