"""`--plan` names everything that may be deleted."""

from __future__ import annotations

from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.profile import Profile, Trigger
from orchestrator_contract.pytest_plugin.plan import plan_lines

NEAR = "SIDs near a configuration of the run's own or made up"


def of_deletes(profile: Profile) -> list[str]:
    """The lines that say what is deleted beside what is provided."""
    return [
        line
        for line in plan_lines(profile, EFFORTS["quick"], [], [])
        if line.startswith(("named", "deletes"))
    ]


def test_sids_that_faults_name() -> None:
    """They are listed, but where headers come before them, as they are deleted where the fault does not fire."""
    profile = Profile(
        "x",
        "http://127.0.0.1",
        operation_failure=Trigger(sid="sid-f"),
        faults={
            409: Trigger(sid="sid-409"),
            429: Trigger(burst=(1, 1)),
            500: Trigger({"X": "500"}, sid="sid-500"),
        },
    )

    assert of_deletes(profile) == [
        "named         sid-409, by [faults.409]; it is deleted where the fault does not fire",
        "named         sid-f, by [operation_failure]; it is deleted where the fault does not fire",
        f"deletes go only to these, to the SIDs that [faults] and [operation_failure] name, and to {NEAR}",
    ]


def test_a_profile_that_names_none() -> None:
    """Then nothing is said of them."""
    assert of_deletes(Profile("x", "http://127.0.0.1")) == [
        f"deletes go only to these, and to {NEAR}"
    ]
