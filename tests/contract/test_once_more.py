"""Once more, elsewhere and later: what held at home in the first hour holds in the furthest corner and on the second day."""

import contextlib
from collections.abc import Iterator

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.inputs.malformed_keys import malformed_keys
from orchestrator_contract.inputs.malformed_sids import malformed_sids
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.fault_injection import provoke
from orchestrator_contract.steps.malformed_requests import send_near, send_odd
from orchestrator_contract.steps.unauthorized import as_account, basic, refused, without_rights

MARKS = (
    "DEL-STATUS",
    "DEL-ACCEPTED",
    "DEL-202-BODY",
    "DEL-202-HEADERS",
    "DEL-202-LINKS-AGREE",
    "DEL-202-RELATED",
    "OP-FETCH",
    "OP-BODY",
    "OP-COMPLETES",
    "DELETED-FETCH",
    "DELETED-LIST",
    "DELETED-DELETE",
    "SID-UNKNOWN",
    "KEY-REPLAY",
    "KEY-REPLAY-ENDED",
    "KEY-REUSE-OTHER-SID",
    "KEY-MALFORMED-NO-5XX",
    "KEY-MALFORMED-NOT-HONOURED",
)


@contextlib.contextmanager
def one_way() -> Iterator[None]:
    """What can't be seen here is seen at home: it leaves nothing unverified."""
    try:
        yield
    except Inconclusive as error:
        raise CheckInconclusive(str(error)) from error


@pytest.mark.twice
@pytest.mark.requirement(*MARKS)
def test_once_more_elsewhere(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """By the second account in the second region, or in the one of them that there is, all goes as at home."""
    account, region = (
        min(1, len(endpoint.profile.accounts) - 1),
        min(1, len(endpoint.profile.bases) - 1),
    )
    if account < 1 and region < 1:
        raise CheckInconclusive("needs accounts or regions")
    with one_way():
        first, second = endpoint.configurations.take(2, scope=Scope(max(account, 0), region))

        once_more(endpoint, scenarios, first, second)


@pytest.mark.clock
@pytest.mark.twice
@pytest.mark.requirement(*MARKS)
def test_once_more_on_the_second_day(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """25 hours later what was made before and what is made then are deleted as on the first day."""
    if endpoint.profile.clock_url is None:
        raise CheckInconclusive("needs clock")
    with one_way():
        second = endpoint.configurations.one()
        endpoint.client.advance_clock(25 * HOUR)

        once_more(endpoint, scenarios, endpoint.configurations.one(), second)


def once_more(
    endpoint: Endpoint, scenarios: Scenarios, first: Configuration, second: Configuration
) -> None:
    """Each rule once: *first* is deleted and gone, *second* is what nobody may delete until it is deleted, too."""
    account, region = first.scope.account, first.scope.region
    operation = scenarios.accepted(first, key=endpoint.key())
    second, kept = reuse(endpoint, scenarios, operation, second)
    if kept:
        scenarios.replay(operation)
    scenarios.completed([operation], [first])
    endpoint.poller.poll_other_link(operation)
    scenarios.existence.gone(operation)
    scenarios.existence.not_again(operation, keyed=True)
    scenarios.existence.unlisted([operation])
    if kept:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED", new_connection=True)
        second, _ = reuse(endpoint, scenarios, operation, second)
    for bad in malformed_keys(str(operation.accepted.key), endpoint.random, 2):
        send_near(endpoint, operation, bad)
    for keyed in (True, False):
        sid = endpoint.absent_sid(first.scope)
        response = endpoint.client.delete(
            Configuration(sid, scope=Scope(account, region)), key=endpoint.key() if keyed else None
        )
        endpoint.findings.check(
            "SID-UNKNOWN",
            response.status in (404, 500),
            expected="404",
            seen=response.outcome(),
            exchanges=[response],
        )
    scenarios.existence.must_be_shown(second)
    odd(endpoint, scenarios, second)
    strangers(endpoint, scenarios, second)
    refusals(endpoint, scenarios, second.scope)
    at_last(endpoint, scenarios, second)


def reuse(
    endpoint: Endpoint, scenarios: Scenarios, operation: Operation, other: Configuration
) -> tuple[Configuration, bool]:
    """The key of *operation* on another SID: a configuration that is left, and whether the key still belongs to the first."""
    call = Call("delete", other.sid, allow=MISMATCH)
    again = endpoint.client.delete(other, key=operation.accepted.key, call=call)
    not_the_first(endpoint, "KEY-REUSE-OTHER-SID", operation, again, other.sid)
    if again.status != 202:
        return other, again.status in (*MISMATCH, 409)
    scenarios.must_happen("KEY-REUSE-OTHER-SID", [(again, other)])
    return endpoint.configurations.one(scope=other.scope), False


def odd(endpoint: Endpoint, scenarios: Scenarios, target: Configuration) -> None:
    """A SID that does not look like one is refused."""
    for one in endpoint.harmless(
        malformed_sids(target.sid, endpoint.unknown_sid(), endpoint.random, 3), target
    ):
        response = send_odd(endpoint, one, account=target.scope.account, region=target.scope.region)
        scenarios.existence.kept("SID-MALFORMED-NO-EFFECT", target, [response])


def strangers(endpoint: Endpoint, scenarios: Scenarios, target: Configuration) -> None:
    """Who may not delete it does not."""
    if target.scope.account >= len(endpoint.profile.accounts):
        return
    owner = endpoint.profile.accounts[target.scope.account]
    for requirement, value in (
        ("AUTH-MISSING", None),
        ("AUTH-WRONG", basic(owner.username, owner.password + "x")),
    ):
        endpoint.redactor.learn(value)
        exchange = without_rights(endpoint, target, value)
        refused(endpoint, requirement, exchange, "wrong credentials" if value else "no credentials")
        scenarios.existence.kept(requirement, target, [exchange])
    if len(endpoint.profile.accounts) > 1:
        exchange = as_account(endpoint, target, 1 - min(target.scope.account, 1))
        refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID")
        scenarios.existence.kept("AUTH-OTHER-ACCOUNT", target, [exchange])


def refusals(endpoint: Endpoint, scenarios: Scenarios, scope: Scope) -> None:
    """What is provoked in *scope* leaves a configuration, then and later, where that is promised; that it can be provoked there, too, nobody says."""
    for status in (409, 429):
        trigger = endpoint.profile.faults.get(status)
        if trigger is None or not trigger.headers:
            continue
        # One each: what happens later is put down to its cause.
        target = endpoint.configurations.one(scope=scope)
        scenarios.existence.must_be_shown(target)
        found = provoke(endpoint, status, target, 2, key=endpoint.key())
        if found.accepted:
            accepted = [
                endpoint.poller.accept(exchange, target.sid)
                for exchange in found.exchanges
                if exchange.status == 202
            ]
            endpoint.poller.finish(accepted, early=False)
            continue
        hits = [exchange for exchange in found.exchanges if exchange.status == status]
        if hits:
            scenarios.existence.kept(f"ERR-{status}-NO-EFFECT", target, hits)
            endpoint.rechecks.kept(f"ERR-{status}-NO-EFFECT", target, hits)


def at_last(endpoint: Endpoint, scenarios: Scenarios, configuration: Configuration) -> None:
    """After all that was refused a delete is carried out; one that is made to fail leaves another."""
    failure, target = endpoint.profile.operation_failure, None
    last = scenarios.accepted(configuration)
    failing: list[Operation] = []
    if failure is not None and failure.headers:
        target = endpoint.configurations.one(scope=configuration.scope)
        failing = [scenarios.accepted(target, key=endpoint.key(), trigger=failure)]
    operation = scenarios.completed([last], [configuration])[0]
    scenarios.existence.gone(operation)
    scenarios.existence.not_again(operation)
    for failed in endpoint.poller.finish(failing, early=False):
        if target is not None and failed.status == "FAILED":
            scenarios.existence.kept(
                "OP-FAILED-NO-EFFECT", target, [failed.accepted, *failed.polls[-1:]]
            )
            scenarios.replay(failed, requirement="KEY-REPLAY-FAILED", trigger=failure)
