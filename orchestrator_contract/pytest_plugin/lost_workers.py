"""What is left on the endpoint by workers that were killed, or that an interrupt ended: only the journal tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from orchestrator_contract import crash_cleanup
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.crash_cleanup import CleanupError
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.profile import Profile


class Swept(NamedTuple):
    """What the report says of it; empty where there is nothing to say."""

    #: What is left, and how to delete it.
    left: str = ""
    #: What was deleted.
    deleted: str = ""


def sweep(workers: int, path: Path, profile: Profile, shared: Coordinator) -> Swept:
    """Delete what the journal *path* of this run says is left, once this many *workers* have ended without reporting."""
    who = f"{workers} worker(s) ended without reporting"
    try:
        found, left = crash_cleanup.sweep(path, profile, shared) if path.exists() else (0, 0)
    except (OSError, CleanupError, Inconclusive) as error:
        return Swept(
            left=f"{who}; run --cleanup {path} to delete what they may have left ({error})"
        )
    if left:
        return Swept(
            left=f"{who}, and {left} configuration(s) that they may have left could not be deleted; run --cleanup {path}"
        )
    return (
        Swept(
            deleted=f"{who}; what the journal says they had left is deleted: {found} configuration(s)"
        )
        if found
        else Swept()
    )
