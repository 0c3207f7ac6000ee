"""The life of a key without a clock: planted by one run, judged by a later one (--ttl-ledger)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.contract.limits import KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.key_age_file import ENOUGH, KeyAgeFile, documented_parts


@pytest.mark.ttl_ledger
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX")
def test_keys_of_earlier_runs(
    endpoint: Endpoint, scenarios: Scenarios, request: pytest.FixtureRequest
) -> None:
    """A key of an earlier run replays up to 23 h 55 min after its use and is new from 25 h on."""
    file = KeyAgeFile(Path(request.config.option.ttl_ledger), endpoint.profile)
    judged = file.due(datetime.now(UTC))
    for planted in judged:
        endpoint.show_absent(planted.sid)
        before = planted.age(datetime.now(UTC))
        again = endpoint.client.delete(Configuration(planted.sid), key=planted.key)
        age, now = planted.age(datetime.now(UTC)), documented_parts(again)
        changed = [
            f"{what} {now[what]!r:.100}"
            for what, then in planted.original.items()
            if now.get(what) != then
        ]
        # An answer that took long may have been given on either side of a limit.
        requirement = (
            "KEY-TTL-MIN"
            if age <= KEY_LIVES_S
            else "KEY-TTL-MAX"
            if before >= KEY_EXPIRES_S
            else ""
        )
        if again.status == 500 or not requirement:
            if not requirement:
                endpoint.findings.observe(
                    "OBS-KEY-24H",
                    f"{'new' if changed else 'replayed'} {age / 3600:.1f} h after its use",
                )
            continue
        ok = (
            not changed
            if requirement == "KEY-TTL-MIN"
            else again.status != planted.original["status"]
        )
        endpoint.findings.check(
            requirement,
            ok,
            exchanges=[again],
            expected=f"{'the original' if requirement == 'KEY-TTL-MIN' else 'a new'} "
            f"answer {age / 3600:.1f} h after the key's first use",
            seen="; ".join(changed) or "the original answer",
        )
        endpoint.findings.settled.add(requirement)
    new_connection = scenarios.deleted(3) if len(file.keys) - len(judged) < ENOUGH else []
    file.replace(judged, [operation.accepted for operation in new_connection])
    open_ = {"KEY-TTL-MIN", "KEY-TTL-MAX"} - endpoint.findings.settled
    if endpoint.requirements_lacking(open_):
        endpoint.findings.unverified(
            sorted(open_),
            "keys are planted now: judge them in a later run with the same --ttl-ledger",
        )
