"""Once more, elsewhere and later: what held at home in the first hour holds in the furthest corner and on the second day."""

import contextlib
from collections.abc import Iterator

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.inputs.malformed_keys import bad_keys
from orchestrator_contract.inputs.malformed_sids import odd_sids
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import OneWayLess, Unverifiable
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.scope import Place
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.fault_injection import provoke
from orchestrator_contract.steps.malformed_requests import send_near, send_odd
from orchestrator_contract.steps.unauthorized import as_account, basic, refused, without_rights

MARKS = (
    "DEL-STATUS",
    "DEL-ACCEPT",
    "DEL-202-BODY",
    "DEL-202-HEADERS",
    "DEL-202-LINKS",
    "DEL-202-RELATED",
    "OP-FETCH",
    "OP-BODY",
    "OP-SUCCEEDS",
    "GONE-FETCH",
    "GONE-LIST",
    "GONE-DELETE",
    "SID-UNKNOWN",
    "KEY-REPLAY",
    "KEY-REPLAY-ENDED",
    "KEY-OTHER-SID",
    "KEY-BAD-SAFE",
    "KEY-BAD-DEAF",
)


@contextlib.contextmanager
def one_way() -> Iterator[None]:
    """What can't be seen here is seen at home: it leaves nothing unverified."""
    try:
        yield
    except Unverifiable as error:
        raise OneWayLess(str(error)) from error


@pytest.mark.twice
@pytest.mark.requirement(*MARKS)
def test_once_more_elsewhere(suite: Suite, scenarios: Scenarios) -> None:
    """By the second account in the second region, or in the one of them that there is, all goes as at home."""
    account, region = min(1, len(suite.profile.accounts) - 1), min(1, len(suite.profile.bases) - 1)
    if account < 1 and region < 1:
        raise OneWayLess("needs accounts or regions")
    with one_way():
        first, second = suite.configurations.take(2, account=max(account, 0), region=region)

        once_more(suite, scenarios, first, second)


@pytest.mark.clock
@pytest.mark.twice
@pytest.mark.requirement(*MARKS)
def test_once_more_on_the_second_day(suite: Suite, scenarios: Scenarios) -> None:
    """25 hours later what was made before and what is made then are deleted as on the first day."""
    if suite.profile.clock_url is None:
        raise OneWayLess("needs clock")
    with one_way():
        second = suite.configurations.one()
        suite.client.advance_clock(25 * HOUR)

        once_more(suite, scenarios, suite.configurations.one(), second)


def once_more(
    suite: Suite, scenarios: Scenarios, first: Configuration, second: Configuration
) -> None:
    """Each rule once: *first* is deleted and gone, *second* is what nobody may delete until it is deleted, too."""
    account, region = first.account, first.region
    operation = scenarios.accepted(first, key=suite.key())
    second, kept = reuse(suite, scenarios, operation, second)
    if kept:
        scenarios.replay(operation)
    scenarios.completed([operation], [first])
    suite.follower.poll_other_link(operation)
    scenarios.presence.gone(operation)
    scenarios.presence.not_again(operation, keyed=True)
    scenarios.presence.unlisted([operation])
    if kept:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED", fresh=True)
        second, _ = reuse(suite, scenarios, operation, second)
    for bad in bad_keys(str(operation.accepted.key), suite.random, 2):
        send_near(suite, operation, bad)
    for keyed in (True, False):
        sid = suite.absent_sid(first.place)
        answer = suite.client.delete(
            sid, key=suite.key() if keyed else None, account=account, region=region
        )
        suite.ledger.hold(
            "SID-UNKNOWN",
            answer.status in (404, 500),
            expected="404",
            seen=answer.outcome(),
            exchanges=[answer],
        )
    scenarios.presence.must_be_shown(second)
    odd(suite, scenarios, second)
    strangers(suite, scenarios, second)
    refusals(suite, scenarios, second.place)
    at_last(suite, scenarios, second)


def reuse(
    suite: Suite, scenarios: Scenarios, operation: Operation, other: Configuration
) -> tuple[Configuration, bool]:
    """The key of *operation* on another SID: a configuration that is left, and whether the key still belongs to the first."""
    call = Call("delete", other.sid, allow=MISMATCH)
    again = suite.client.delete(
        other.sid, key=operation.accepted.key, account=other.account, region=other.region, call=call
    )
    not_the_first(suite, "KEY-OTHER-SID", operation, again, other.sid)
    if again.status != 202:
        return other, again.status in (*MISMATCH, 409)
    scenarios.must_happen("KEY-OTHER-SID", [(again, other)])
    return suite.configurations.one(account=other.account, region=other.region), False


def odd(suite: Suite, scenarios: Scenarios, victim: Configuration) -> None:
    """A SID that does not look like one is refused."""
    for one in suite.harmless(odd_sids(victim.sid, suite.unknown_sid(), suite.random, 3), victim):
        answer = send_odd(suite, one, account=victim.account, region=victim.region)
        scenarios.presence.kept("SID-ODD-KEEPS", victim, [answer])


def strangers(suite: Suite, scenarios: Scenarios, victim: Configuration) -> None:
    """Who may not delete it does not."""
    if victim.account >= len(suite.profile.accounts):
        return
    owner = suite.profile.accounts[victim.account]
    for requirement, value in (
        ("AUTH-MISSING", None),
        ("AUTH-WRONG", basic(owner.username, owner.password + "x")),
    ):
        suite.redactor.learn(value)
        exchange = without_rights(suite, victim.sid, value, region=victim.region)
        refused(suite, requirement, exchange, "wrong credentials" if value else "no credentials")
        scenarios.presence.kept(requirement, victim, [exchange])
    if len(suite.profile.accounts) > 1:
        exchange = as_account(suite, victim.sid, 1 - min(victim.account, 1), region=victim.region)
        refused(suite, "AUTH-ACCOUNT", exchange, "another account's SID")
        scenarios.presence.kept("AUTH-ACCOUNT", victim, [exchange])


def refusals(suite: Suite, scenarios: Scenarios, place: Place) -> None:
    """What is provoked in *place* leaves a configuration, then and later, where that is promised; that it can be provoked there, too, nobody says."""
    for status in (409, 429):
        trigger = suite.profile.faults.get(status)
        if trigger is None or not trigger.headers:
            continue
        # One each: what happens later is put down to its cause.
        victim = suite.configurations.one(account=place.account, region=place.region)
        scenarios.presence.must_be_shown(victim)
        found = provoke(suite, status, victim, 2, key=suite.key())
        if found.accepted:
            accepted = [
                suite.follower.accept(exchange, victim.sid)
                for exchange in found.exchanges
                if exchange.status == 202
            ]
            suite.follower.finish(accepted, early=False)
            continue
        hits = [exchange for exchange in found.exchanges if exchange.status == status]
        if hits:
            scenarios.presence.kept(f"ERR-{status}-KEEPS", victim, hits)
            suite.watch.kept(f"ERR-{status}-KEEPS", victim, hits)


def at_last(suite: Suite, scenarios: Scenarios, configuration: Configuration) -> None:
    """After all that was refused a delete is carried out; one that is made to fail leaves another."""
    failure, victim = suite.profile.operation_failure, None
    last = scenarios.accepted(configuration)
    failing: list[Operation] = []
    if failure is not None and failure.headers:
        victim = suite.configurations.one(
            account=configuration.account, region=configuration.region
        )
        failing = [scenarios.accepted(victim, key=suite.key(), trigger=failure)]
    operation = scenarios.completed([last], [configuration])[0]
    scenarios.presence.gone(operation)
    scenarios.presence.not_again(operation)
    for failed in suite.follower.finish(failing, early=False):
        if victim is not None and failed.status == "FAILED":
            scenarios.presence.kept(
                "OP-FAILED-KEEPS", victim, [failed.accepted, *failed.polls[-1:]]
            )
            scenarios.replay(failed, requirement="KEY-REPLAY-FAILED", trigger=failure)
