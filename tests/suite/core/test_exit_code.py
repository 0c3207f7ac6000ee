"""The exit code follows from result, policy and ending."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.profile import Profile, Provision
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.exit_code import Ending, exit_code
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude

GATING, OTHER, ADVISORY = "DEL-STATUS", "OP-STATUS-ORDER", "OP-RETAINED"
NOTHING = Policy()
STRICT = Policy(strict=True)
VERIFIED = Policy(require_verified=True)
ONLY_NEW = Policy(only_new=True)


@dataclass(frozen=True)
class Seen:
    """The findings of a run: requirements that held, and those that did not."""

    passed: tuple[str, ...] = ()
    breached: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    unusable: bool = False
    known: bool = False
    waiver_notes: list[str] = field(default_factory=list)
    leftovers: tuple[str, ...] = ()


class _Baseline:
    """A report that has all breaches already."""

    def compare(self, rows: Any) -> _Baseline:
        return self

    gating = ()

    def notes(self) -> list[str]:
        return ["all known"]


def result(seen: Seen, policy: Policy) -> Result:
    """The result of a run that found this."""
    findings = Findings(catalogue.load(), Redactor())
    for one in seen.passed:
        findings.check(one, True)
    for one in seen.breached:
        findings.check(one, False, expected="a", seen="b")
    findings.unverified(seen.unverified, "why")
    now = datetime.now(UTC)
    made = conclude(
        findings,
        Profile("t", "http://x.example", provision=Provision("create")),
        (*seen.passed, *seen.breached, *seen.unverified),
        policy=policy,
        seed=1,
        effort="quick",
        started=now,
        finished=now,
        leftovers=seen.leftovers,
        unusable=EndpointUnusable("gone", stands=seen.breached) if seen.unusable else None,
        baseline=cast("Any", _Baseline()) if seen.known else None,
    )
    made.waiver_notes += seen.waiver_notes
    return made


HELD = Seen(passed=(GATING,))
BREACHED = Seen(passed=(OTHER,), breached=(GATING,))
WARNED = Seen(breached=(ADVISORY,))
PARTLY = Seen(passed=(OTHER,), unverified=(GATING,))
ADVISORY_OPEN = Seen(passed=(GATING,), unverified=(ADVISORY,))
NONE = Seen(unverified=(GATING, ADVISORY))
EMPTY = Seen()
GONE = Seen(unusable=True, unverified=(GATING,))
NO_HTTP = Seen(unusable=True, breached=("HTTP-COMPLETE",))
KNOWN = Seen(passed=(OTHER,), breached=(GATING,), known=True)
LEFT = Seen(passed=(GATING,), leftovers=("one is left",))
BAD_WAIVER = Seen(passed=(GATING,), waiver_notes=["a waiver has expired"])

OK, FAILED, INTERRUPTED, BROKEN, UNUSABLE, NO_TESTS = range(6)


@pytest.mark.parametrize(
    ("code", "seen", "policy", "ending"),
    [
        # The verdict decides where the session ended as it should.
        pytest.param(0, HELD, NOTHING, Ending(), id="conformant"),
        pytest.param(1, LEFT, NOTHING, Ending(), id="left-on-the-endpoint"),
        pytest.param(2, LEFT, NOTHING, Ending(INTERRUPTED), id="left-and-interrupted"),
        pytest.param(1, BREACHED, NOTHING, Ending(FAILED), id="breached"),
        pytest.param(1, BREACHED, NOTHING, Ending(OK), id="breached-and-passed-when-rerun"),
        pytest.param(0, WARNED, NOTHING, Ending(), id="warned"),
        pytest.param(1, WARNED, STRICT, Ending(FAILED), id="warned-strict"),
        pytest.param(0, PARTLY, NOTHING, Ending(), id="incomplete"),
        pytest.param(1, PARTLY, VERIFIED, Ending(), id="incomplete-require-verified"),
        pytest.param(0, ADVISORY_OPEN, VERIFIED, Ending(), id="advisory-unverified"),
        pytest.param(0, BAD_WAIVER, NOTHING, Ending(), id="waiver-at-fault"),
        pytest.param(1, BAD_WAIVER, STRICT, Ending(), id="waiver-at-fault-strict"),
        pytest.param(1, KNOWN, NOTHING, Ending(FAILED), id="known-breach"),
        pytest.param(0, KNOWN, ONLY_NEW, Ending(FAILED), id="known-breach-fail-on-new"),
        pytest.param(1, BREACHED, ONLY_NEW, Ending(FAILED), id="breach-without-baseline"),
        # Nothing judged is nothing conformant.
        pytest.param(4, NONE, NOTHING, Ending(), id="all-unverified"),
        pytest.param(4, NONE, VERIFIED, Ending(), id="all-unverified-require-verified"),
        pytest.param(4, EMPTY, NOTHING, Ending(), id="nothing-selected"),
        pytest.param(5, EMPTY, NOTHING, Ending(NO_TESTS), id="no-tests"),
        pytest.param(4, GONE, NOTHING, Ending(), id="unusable"),
        pytest.param(4, GONE, NOTHING, Ending(NO_TESTS), id="unusable-with-workers"),
        pytest.param(1, NO_HTTP, NOTHING, Ending(NO_TESTS), id="unusable-for-a-breach"),
        # How the session ended outranks it, from the most severe on.
        pytest.param(2, BREACHED, NOTHING, Ending(INTERRUPTED), id="interrupted"),
        pytest.param(
            1, BREACHED, NOTHING, Ending(INTERRUPTED, stopped=True), id="stopped-by-xdist"
        ),
        pytest.param(3, BREACHED, NOTHING, Ending(BROKEN), id="internal-error"),
        pytest.param(4, HELD, NOTHING, Ending(UNUSABLE), id="usage"),
        pytest.param(4, HELD, NOTHING, Ending(unwritten=True), id="unwritten"),
        pytest.param(4, BREACHED, NOTHING, Ending(unwritten=True), id="breached-unwritten"),
        pytest.param(3, HELD, NOTHING, Ending(FAILED, broken=True), id="broken"),
        pytest.param(3, BREACHED, NOTHING, Ending(FAILED, broken=True), id="breached-broken"),
        pytest.param(3, HELD, NOTHING, Ending(FAILED, crashed=True), id="worker-crashed"),
        pytest.param(1, BREACHED, NOTHING, Ending(FAILED, crashed=True), id="breached-crashed"),
        pytest.param(1, HELD, NOTHING, Ending(FAILED, others_failed=True), id="others-failed"),
        pytest.param(0, HELD, NOTHING, Ending(FAILED), id="failed-without-a-gating-breach"),
    ],
)
def test_exit_code(code: int, seen: Seen, policy: Policy, ending: Ending) -> None:
    """Each row of the table of README.md, and what comes first where two apply."""
    assert exit_code(result(seen, policy), policy, ending) == code
