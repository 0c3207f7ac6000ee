"""Key expiry: a key replays up to 23 h 55 min, and is new from 25 h on."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.steps.aged_keys import AgedKeys
from orchestrator_contract.steps.key_day import KeyDay


@pytest.mark.clock
@pytest.mark.requirement("KEY-TTL-MIN")
def test_key_returns_the_original_response_for_23_h_55_min(
    key_day: KeyDay, check: Check, replayed_kind: str
) -> None:
    """A key returns its first response at each hour of its day."""
    for use in key_day.replays(replayed_kind):
        check.same_response(use.operation, use.again, age_s=use.age_s)


@pytest.mark.clock
@pytest.mark.requirement("KEY-TTL-MAX", "DELETED-DELETE")
def test_key_is_new_after_25_h(key_day: KeyDay, check: Check, expired_kind: str) -> None:
    """A key of yesterday returns neither its old response nor a mismatch."""
    use = key_day.expired(expired_kind)

    check.expired(use.operation, use.again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-TTL-MAX")
@pytest.mark.parametrize("kind", ["unused-until-25-h"])
def test_expired_key_starts_an_operation_on_another_sid(
    key_day: KeyDay, check: Check, kind: str
) -> None:
    """A key of yesterday is accepted for another configuration."""
    use = key_day.on_another_sid(kind)

    check.expired(use.operation, use.again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
@pytest.mark.parametrize("kind", ["unused-until-25-h"])
def test_expired_key_returns_the_response_to_its_new_request(
    key_day: KeyDay, check: Check, kind: str
) -> None:
    """A key of yesterday, used anew, returns its new response."""
    use = key_day.renewed(kind)

    check.same_response(use.operation, use.again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("KEY-REUSE-OTHER-SID")
@pytest.mark.parametrize("kind", ["used-all-day"])
def test_key_that_expired_twice_never_returns_its_first_operation(
    key_day: KeyDay, check: Check, kind: str
) -> None:
    """A key of yesterday, sent to its old SID first, shows no old operation."""
    use = key_day.on_another_sid(kind)

    check.reused(use.operation, use.again)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("EFFECT-NO-OTHER")
@pytest.mark.parametrize("kind", ["refused-on-another-sid"])
def test_refused_reuse_has_no_effect_a_day_later(key_day: KeyDay, check: Check, kind: str) -> None:
    """A refused reuse has no effect, once the key has expired either."""
    configuration, refusals = key_day.refusals()

    check.unchanged(configuration, after=refusals)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.requirement("EFFECT-ONLY-BY-DELETE")
@pytest.mark.parametrize("kind", ["create"])
def test_configuration_outlives_the_key_of_its_create(
    key_day: KeyDay, check: Check, kind: str
) -> None:
    """A configuration exists when the key that created it has expired."""
    configuration, use = key_day.created()

    check.unchanged(configuration, after=use.again)


@pytest.mark.ttl_ledger
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX")
def test_key_of_an_earlier_run_lives_24_hours(aged_keys: AgedKeys, check: Check) -> None:
    """A key of an earlier run replays for 23 h 55 min and is new from 25 h on."""
    uses = aged_keys.use()

    check.aged_keys(uses)

    aged_keys.plant(uses)
