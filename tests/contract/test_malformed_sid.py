"""Malformed SIDs and methods: refused, without effect."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.generated import GeneratedInputs
from orchestrator_contract.steps.malformed import MalformedRequests, OtherMethods


@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_malformed_sid_is_refused(
    malformed: MalformedRequests, shown_control: Configuration, check: Check
) -> None:
    """A malformed SID is refused, and deletes no configuration."""
    for group in malformed.groups_near(shown_control):
        responses = malformed.sids(group)
        if not check.unchanged_while_deleting(shown_control, responses):
            break


@pytest.mark.run_first  # one request after the other
@pytest.mark.beside
@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_generated_malformed_sid_is_refused(
    generated_inputs: GeneratedInputs, shown_control: Configuration, check: Check
) -> None:
    """A generated SID that does not look like one is refused without effect."""
    responses = generated_inputs.malformed_sids(shown_control)
    check.unchanged_while_deleting(shown_control, responses)


@pytest.mark.run_last
@pytest.mark.extended
@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_wildcard_names_no_configuration(
    malformed: MalformedRequests, control: Configuration, check: Check
) -> None:
    """A lone wildcard is refused, and deletes no configuration."""
    responses = malformed.wildcards()

    check.unchanged_while_deleting(control, responses)


@pytest.mark.requirement("SID-METHOD-NOT-ALLOWED")
def test_method_that_the_path_lacks_returns_405(
    other_methods: OtherMethods, control: Configuration, check: Check
) -> None:
    """A POST to a configuration returns 405 with Allow."""
    response = other_methods.send("POST", control)

    check.method_not_allowed(response)


@pytest.mark.requirement("EFFECT-ONLY-BY-DELETE")
def test_other_methods_delete_nothing(
    other_methods: OtherMethods, shown_control: Configuration, check: Check
) -> None:
    """POST, HEAD, OPTIONS and GET leave the configuration as it is."""
    responses = other_methods.send_all(shown_control)

    check.unchanged(shown_control, after=responses, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("EFFECT-ONLY-BY-DELETE")
@pytest.mark.parametrize("reader", ["shown_control", "newest"])
def test_reading_the_list_deletes_nothing(
    other_methods: OtherMethods, request: pytest.FixtureRequest, check: Check, reader: str
) -> None:
    """Reading the list leaves the oldest and the newest configuration."""
    pages = other_methods.read_list()

    check.unchanged(request.getfixturevalue(reader), after=pages)
