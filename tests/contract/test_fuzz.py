"""Requests that schemathesis generates from schemas/openapi.yaml, sent through the suite's own client."""

import re
from typing import Any

import pytest

from orchestrator_contract.endpoint import Endpoint

WELL_FORMED = re.compile(r"(?:conv|cfg)_configuration_[0-7][0-9a-z]{25}", re.ASCII)


@pytest.mark.requirement("SID-UNKNOWN", "SID-MALFORMED", "DEL-STATUS")
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_deletes(endpoint: Endpoint, mode: str) -> None:
    """A generated delete, valid or not, gets a documented answer and deletes nothing."""
    from orchestrator_contract.fuzzing.fuzz import Sent, run_generated

    def judge(sent: Sent) -> None:
        status, key = sent.exchange.status, sent.exchange.key
        seen = f"{sent.exchange.outcome()} to {sent.segment[:60]!r}"
        bad_key = key is not None and not endpoint.well_formed_key(key)
        allowed: Any = (
            set(range(400, 500))
            if bad_key
            else {404}
            if WELL_FORMED.fullmatch(sent.segment)
            else sent.exchange.call.allow
        )
        requirement = (
            "KEY-MALFORMED-NO-5XX"
            if bad_key
            else "SID-UNKNOWN"
            if WELL_FORMED.fullmatch(sent.segment)
            else "SID-MALFORMED"
        )
        endpoint.findings.check(
            requirement,
            status in allowed,
            expected="404" if allowed == {404} else "a refusal",
            seen=seen,
            exchanges=[sent.exchange],
        )

    run_generated(endpoint, "DELETE", mode, judge)
