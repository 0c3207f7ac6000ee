"""The exit code of a session, from its result, the policy, and how the session ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from orchestrator_contract.results.requirement import Verdict
from orchestrator_contract.results.verdict import Overall, Policy, Result


class Code(IntEnum):
    """Exit codes, which are pytest's own where it has one (README.md, "Reading a verdict")."""

    OK = 0
    FAILED = 1
    INTERRUPTED = 2
    BROKEN = 3
    UNUSABLE = 4
    NO_TESTS = 5


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended, apart from its verdict."""

    #: pytest's own exit status.
    status: int = Code.OK
    #: pytest-xdist interrupted the session itself, after -x; no person did.
    stopped: bool = False
    #: A contract test failed for another reason than a breach.
    broken: bool = False
    #: A worker process died in a test.
    crashed: bool = False
    #: A file that the command line names can't be written.
    unwritten: bool = False
    #: A test outside of the contract failed.
    others_failed: bool = False


def exit_code(result: Result, policy: Policy, ending: Ending | None = None) -> int:
    """The exit code, by the first rule that applies: from the most severe ending to a clean one."""
    end = ending or Ending()
    nonconformant = result.overall is Overall.NONCONFORMANT
    rules = (
        (end.status == Code.INTERRUPTED and not end.stopped, Code.INTERRUPTED),
        (end.status == Code.BROKEN, Code.BROKEN),
        (end.status == Code.UNUSABLE or end.unwritten, Code.UNUSABLE),
        (end.broken or (end.crashed and not nonconformant), Code.BROKEN),
        (nonconformant and not _all_known(result, policy), Code.FAILED),
        (result.unusable, Code.UNUSABLE),
        (end.status == Code.NO_TESTS, Code.NO_TESTS),
        (not result.judged, Code.UNUSABLE),
        (result.leftovers or _lacking(result, policy) or end.others_failed, Code.FAILED),
    )
    return next((code for applies, code in rules if applies), Code.OK)


def _all_known(result: Result, policy: Policy) -> bool:
    """True if the baseline has all breaches, and only new ones fail."""
    return policy.only_new and result.comparison is not None and not result.comparison.gating


def _lacking(result: Result, policy: Policy) -> bool:
    """True if a flag makes a waiver's fault or an unverified requirement fail."""
    gating = any(row.requirement.level.gates for row in result.of(Verdict.UNVERIFIED))
    return bool((policy.strict and result.waiver_notes) or (policy.require_verified and gating))
