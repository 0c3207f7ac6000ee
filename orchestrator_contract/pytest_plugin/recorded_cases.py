"""`--traffic`: each requirement is a test case, so that every reporter of pytest's shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.requirement import RequirementResult, Verdict
from orchestrator_contract.results.verdict import Result
from orchestrator_contract.results.waivers import Excuses

#: Longest text of an outcome, in characters.
_MOST = 1200


class RecordedCase(pytest.Item):
    """One requirement with the verdict that a recording led to."""

    row: RequirementResult
    #: True if --fail-on new expects a breach of the requirement.
    known: bool

    def runtest(self) -> None:
        """Come to the outcome that the verdict calls for."""
        reason = visible(self.row.reason, _MOST)
        if self.row.verdict is Verdict.BREACHED:
            if self.known:
                pytest.xfail(f"known: {reason}")
            pytest.fail(f"{self.row.requirement.id}: {reason}", pytrace=False)
        if self.row.verdict is Verdict.UNVERIFIED:
            pytest.skip(f"unverified: {reason}")
        if self.row.verdict is Verdict.WAIVED:
            pytest.xfail(f"waived: {reason}")

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says that the case stands: in the recording."""
        return self.path, None, self.name


def cases(
    session: pytest.Session, result: Result, recording: Path, excuses: Excuses
) -> list[pytest.Item]:
    """The test cases of a judged recording."""
    return [_case(session, row, recording, excuses) for row in result.rows]


def _case(
    session: pytest.Session, row: RequirementResult, recording: Path, excuses: Excuses
) -> RecordedCase:
    one = row.requirement
    made: RecordedCase = RecordedCase.from_parent(
        session, name=one.id, nodeid=f"{recording.name}::{one.id}"
    )
    made.row = row
    made.known = excuses.why(one.id, row.reason) == "known"
    made.user_properties += [
        ("requirement", one.id),
        ("level", str(one.level)),
        ("verdict", str(row.verdict)),
    ]
    return made
