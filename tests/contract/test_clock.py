"""Time: a key lives 24 hours, a deletion for good. These tests move the endpoint's clock."""

import contextlib

import pytest

from orchestrator_contract.exchange import Call
from orchestrator_contract.follow import Operation
from orchestrator_contract.scenarios import Scenarios, operation_names
from orchestrator_contract.suite import Suite
from orchestrator_contract.verdict import OneWayLess, Unverifiable

MINUTE, HOUR, DAY = 60, 3600, 86400


def elsewhere(suite: Suite, scenarios: Scenarios) -> list[Operation]:
    """A delete by another account and one in another region, where the target has them and gives something to delete."""
    found: list[Operation] = []
    for account, region in ((1, 0), (0, 1)):
        if account < len(suite.profile.accounts) and region < len(suite.profile.bases):
            with contextlib.suppress(Unverifiable):
                found += scenarios.deleted(place=(account, region))
    return found


@pytest.mark.clock
@pytest.mark.requirement("KEY-LIVES", "KEY-EXPIRES")
def test_life_of_a_key(suite: Suite, scenarios: Scenarios) -> None:
    """A key replays up to 23 h 55 min after its first use and is new from 25 h on, used in between or not."""
    few = suite.effort.few
    always, late, *others = scenarios.deleted(2 if few else 6)
    away = [] if few else elsewhere(suite, scenarios)
    at = 0
    moments = [(HOUR, [always, *others[1:2]]), (22 * HOUR, [always, *others[2:3]]), (23 * HOUR + 55 * MINUTE, [always, late, *away])]
    for moment, replayed in moments[::2] if few else moments:
        suite.client.advance_clock(moment - at)
        at = moment
        for operation in replayed:
            scenarios.replay(operation, requirement="KEY-LIVES")
    suite.client.advance_clock(24 * HOUR + 30 * MINUTE - at)
    for operation in others[3:]:
        between = suite.client.delete(operation.sid, key=operation.accepted.key)
        suite.ledger.observe("OBS-KEY-24H", "replayed at 24 h 30 min" if between.status == 202 else "new at 24 h 30 min")
    suite.client.advance_clock(40 * MINUTE)
    fresh = suite.configurations.take(2) if not few else []
    for number, operation in enumerate((always, late, *others[:1], *away)):
        first = operation.accepted
        again = suite.client.delete(operation.sid, key=first.key, account=first.account, region=first.region)
        suite.ledger.hold("KEY-EXPIRES", again.status != operation.accepted.status, expected="404: a new request after 25 h",
                          seen=again.outcome(), exchanges=[operation.accepted, again])
        if not 1 <= number <= len(fresh) or operation in away:
            continue
        configuration = fresh[number - 1]
        again = suite.client.delete(configuration.sid, key=operation.accepted.key,
                                    call=Call("delete", configuration.sid, allow=frozenset({400, 422})))
        stale = again.status in (400, 422) or bool(operation_names(again) & operation_names(operation.accepted))
        # The key was just used on the SID that is gone, so a mismatch may be about that request.
        if again.status == 202:
            suite.ledger.hold("KEY-EXPIRES", not stale, expected="an operation of its own after 25 h", seen="the old one",
                              exchanges=[operation.accepted, again])
            second = scenarios.completed([suite.follower.accept(again, configuration.sid)], [configuration])[0]
            scenarios.replay(second, requirement="KEY-LIVES")


@pytest.mark.clock
@pytest.mark.requirement("KEY-EXPIRES")
def test_expired_key_on_a_new_sid(suite: Suite, scenarios: Scenarios) -> None:
    """25 hours after its first use a key starts an operation for another SID."""
    operation = scenarios.ended()[0]

    suite.client.advance_clock(25 * HOUR)

    configuration = suite.configurations.one()
    again = suite.client.delete(
        configuration.sid, key=operation.accepted.key, call=Call("delete", configuration.sid, allow=frozenset({400, 422}))
    )
    if again.status == 500:
        raise OneWayLess("the request after 25 h was answered 500, which may be stored for its key")
    old = bool(operation_names(again) & operation_names(operation.accepted))
    suite.ledger.hold("KEY-EXPIRES", again.status == 202 and not old, expected="202 and an operation of its own",
                      seen=f"{again.outcome()}{', the old operation' if old else ''}", exchanges=[operation.accepted, again])
    if again.status == 202 and not old:
        scenarios.completed([suite.follower.accept(again, configuration.sid)], [configuration])


@pytest.mark.clock
@pytest.mark.requirement("OP-RETAINED", "GONE-FETCH", "GONE-LIST", "GONE-ONLY")
def test_days_later(suite: Suite, scenarios: Scenarios) -> None:
    """Days later an ended operation can still be fetched unchanged, and the configuration is still gone."""
    if suite.profile.clock_url is None:
        suite.ledger.unverified(["OP-RETAINED"], "needs clock")
        raise OneWayLess("needs clock")
    done = scenarios.ended(3)
    for seconds in (25 * HOUR, 5 * DAY + 20 * HOUR) if suite.effort.few else (2 * HOUR, 23 * HOUR, 5 * DAY + 20 * HOUR):
        suite.client.advance_clock(seconds)
        for operation in done:
            suite.follower.poll(operation)
            scenarios.gone(operation)
        scenarios.kept("GONE-ONLY", suite.bystander, [])
    scenarios.unlisted(done)
