"""Time: a key lives 24 hours, a deletion for good. These tests move the endpoint's clock."""

import contextlib
from functools import partial
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import KEY_USED, Scenarios
from orchestrator_contract.steps.fault_injection import provoke

MINUTE, DAY = 60, 24 * HOUR
#: When a key must be new, in seconds after its 202 came: by a clock of whole seconds, too, it is 25 hours old by then.
NEW_S = KEY_EXPIRES_S + 5
#: Of what was refused or FAILED, what a late cleaner may take all the same.
DAYS_LATER = ("ERR-409-NO-EFFECT", "OP-FAILED-NO-EFFECT", "AUTH-OTHER-ACCOUNT")


def deleted_everywhere(
    endpoint: Endpoint, scenarios: Scenarios, keys: list[str]
) -> tuple[list[Operation], list[Operation]]:
    """Deletes under *keys*, and elsewhere one each: by another account, in another region, and both, where there is something to delete."""
    operations, configurations = scenarios.begun(len(keys), keys=keys)
    for account, region in () if endpoint.effort.few else ((1, 0), (0, 1), (1, 1)):
        if account < len(endpoint.profile.accounts) and region < len(endpoint.profile.bases):
            with contextlib.suppress(Inconclusive):
                more, taken = scenarios.begun(scope=Scope(account, region))
                operations, configurations = operations + more, configurations + taken
    done = scenarios.completed(operations, configurations)
    here = [
        operation
        for operation in done
        if not (operation.accepted.account or operation.accepted.region)
    ]
    if len(here) < min(len(keys), 3):
        raise Inconclusive("too few deletes under keys were seen to end COMPLETED")
    return here, [operation for operation in done if operation not in here]


@pytest.mark.clock
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX")
def test_life_of_a_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A key replays up to 23 h 55 min after its first use and is new from 25 h on, used in between or not."""
    few = endpoint.effort.few
    more = (
        []
        if few
        else [
            endpoint.key(),
            endpoint.key(),
            endpoint.key(),
            endpoint.key().upper(),
            endpoint.key(1),
            endpoint.key(7),
            endpoint.key(),
        ]
    )
    (always, *others), away = deleted_everywhere(endpoint, scenarios, [endpoint.key(), *more])
    unspent, late = (always, always) if few else (others.pop(0), others.pop(0))
    elsewhere = others.pop() if len(others) > 3 else None
    create = None if few else created(endpoint)
    at = 0
    # One key is used at hours that a store in layers might lose it in, another not before its last.
    between = [
        (HOUR, [always, *others[1:2]]),
        *((hours * HOUR, [always]) for hours in (3, 6, 11, 16)),
        (22 * HOUR, [always, *others[2:3]]),
    ]
    for moment, replayed in [
        *(() if few else between),
        (KEY_LIVES_S, [always] if few else [always, late, *others, *away]),
    ]:
        endpoint.client.advance_clock(moment - at)
        at = moment
        for operation in replayed:
            scenarios.replay(operation, requirement="KEY-TTL-MIN")
    if create is not None:
        create_again(endpoint, *create[:2], young=True)
    if elsewhere is not None:
        still_its_own(endpoint, scenarios, elsewhere)
    young = [] if few else scenarios.deleted()
    endpoint.client.advance_clock(24 * HOUR + 30 * MINUTE - at)
    for operation in others[:1]:
        dubious = endpoint.client.delete(operation.configuration, key=operation.accepted.key)
        endpoint.findings.observe(
            "OBS-KEY-24H",
            "replayed at 24 h 30 min" if dubious.status == 202 else "new at 24 h 30 min",
        )
    endpoint.client.advance_clock(NEW_S - (24 * HOUR + 30 * MINUTE))
    if create is not None:
        create_again(endpoint, *create[:2], young=False)
        # With its key nothing else ends.
        scenarios.existence.kept("EFFECT-ONLY-BY-DELETE", create[2], [create[1]])
        endpoint.configurations.give_back(create[2])
    new_connection = endpoint.configurations.take(1 if few else 3, least=1)
    # A key that is sent to the SID that is gone first was used again before it comes with another.
    anew = on_another_sid(endpoint, unspent, new_connection[0], strictly=True)
    for number, operation in enumerate(() if few else (always, late, *others[1:], *away)):
        has_expired(endpoint, operation)
        if 1 <= number < len(new_connection) and operation not in away:
            # So a mismatch may be about that request.
            anew += on_another_sid(endpoint, operation, new_connection[number], strictly=False)
    for operation in scenarios.completed(anew, new_connection) if anew else ():
        scenarios.replay(operation, requirement="KEY-TTL-MIN")
    # That older keys have ended does not end the younger ones.
    for operation in young:
        scenarios.replay(operation, requirement="KEY-TTL-MIN")


def has_expired(endpoint: Endpoint, operation: Operation) -> None:
    """25 hours after its first use the key of an ended delete is new: of a SID that is gone it gets 404."""
    first = operation.accepted
    again = endpoint.client.delete(operation.configuration, key=first.key)
    # A conflict without that code may be one with what others do.
    known = again.status == first.status or again.object.get("code") == KEY_USED
    endpoint.findings.check(
        "KEY-TTL-MAX",
        not known,
        expected="404: a new request after 25 h",
        seen=again.outcome(),
        exchanges=[first, again],
    )


def created(endpoint: Endpoint) -> tuple[dict[str, Any], Exchange, Configuration] | None:
    """What was sent to create a configuration under a key, the 202, and what it made; None where none is made so."""
    if endpoint.profile.provision.mode != "create":
        return None
    creator = endpoint.configurations.creator
    payload = creator.payloads.plain()
    with contextlib.suppress(Inconclusive):  # the keys of deletes are looked at all the same
        operation = creator.begin(payload, endpoint.key())
        return payload, operation.accepted, creator.conclude(operation, payload)
    return None


def create_again(
    endpoint: Endpoint, payload: dict[str, Any], first: Exchange, *, young: bool
) -> None:
    """A create's key replays while it is *young*, whether what was made is still there or not, and is new afterwards, as a delete's is."""
    with contextlib.suppress(Inconclusive):
        again = past_500(
            partial(endpoint.configurations.creator.create_again, payload, str(first.key), first)
        )
        if young:
            judge_replay(endpoint.findings, first, again, "KEY-TTL-MIN")
            return
        old = again.status == 202 and bool(again.operation_names & first.operation_names)
        endpoint.findings.on(first.call)(
            "KEY-TTL-MAX",
            not old and again.object.get("code") != KEY_USED,
            expected="a new request after 25 h",
            seen="the old operation" if old else f"{again.outcome()}: it was used",
            exchanges=[first, again],
        )


def still_its_own(endpoint: Endpoint, scenarios: Scenarios, operation: Operation) -> None:
    """Nearly a day later a key still belongs to its account, its region and its SID: elsewhere it is new, on another SID it shows nothing of the first."""
    for requirement, account, region in (
        ("KEY-SCOPE-ACCOUNT", 1, 0),
        ("KEY-SCOPE-REGION", 0, 1),
        ("KEY-REUSE-OTHER-SID", 0, 0),
    ):
        if account >= len(endpoint.profile.accounts) or region >= len(endpoint.profile.bases):
            continue
        with contextlib.suppress(Inconclusive):  # in the first hour the same was looked at
            other = endpoint.configurations.one(scope=Scope(account, region))
            again = past_500(
                partial(
                    endpoint.client.delete,
                    other,
                    key=operation.accepted.key,
                    call=Call("delete", other.sid, allow=MISMATCH),
                )
            )
            not_the_first(
                endpoint, requirement, operation, again, other.sid, scoped=bool(account or region)
            )
            if again.status == 202:
                scenarios.must_happen(requirement, [(again, other)])
            elif (account or region) and again.status != 500 and not endpoint.is_echo(again):
                endpoint.findings.check(
                    requirement,
                    again.status == 409 and again.object.get("code") != KEY_USED,
                    expected="202: a new request",
                    seen=again.outcome(),
                    exchanges=[operation.accepted, again],
                )


def on_another_sid(
    endpoint: Endpoint, operation: Operation, configuration: Configuration, *, strictly: bool
) -> list[Operation]:
    """The operation that the expired key of *operation* starts for *configuration*; none where it was refused or the old one was shown."""
    first = operation.accepted
    for pause in (*CONFLICT_PAUSES_S, 0.0):
        again = endpoint.client.delete(
            configuration, key=first.key, call=Call("delete", configuration.sid, allow=MISMATCH)
        )
        if again.status != 409 or again.object.get("code") == KEY_USED:
            break
        endpoint.wait(pause)  # another conflict than that over the key may pass
    old = bool(again.operation_names & first.operation_names)
    # A 500 may be stored for its key, and says nothing of what came before; it or a 503 may have been carried out.
    if again.status == 202 or (strictly and again.status != 500 and not endpoint.is_echo(again)):
        endpoint.findings.check(
            "KEY-TTL-MAX",
            again.status == 202 and not old,
            expected="202 and an operation of its own after 25 h",
            seen=f"{again.outcome()}{', the old operation' if old else ''}",
            exchanges=[first, again],
        )
    return (
        [endpoint.poller.accept(again, configuration.sid)]
        if again.status == 202 and not old
        else []
    )


@pytest.mark.clock
@pytest.mark.twice
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX", "EFFECT-NO-OTHER")
def test_life_of_a_neglected_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A key lives its 24 hours though nobody asks after its operation, and though uses of it on another SID were refused; so does that SID."""
    (unpolled, misused), (still_open, deleted) = scenarios.begun(2)
    misused = scenarios.completed([misused], [deleted])[0]
    other = endpoint.configurations.one()
    refused = misuses(endpoint, scenarios, misused, other)
    usual = endpoint.poller.usual_s("delete")
    # One that still runs when the clock jumps may be given up by the endpoint, and some run until they are asked about.
    ended = endpoint.until(
        lambda: scenarios.existence.is_there(still_open)[0] is False,
        2 + 2 * usual,
        max(usual / 2, 0.2),
    )
    if not ended:
        unpolled = scenarios.completed([unpolled], [still_open])[0]
    endpoint.wait(usual)

    endpoint.client.advance_clock(HOUR)
    scenarios.replay(unpolled, requirement="KEY-TTL-MIN")
    if ended:
        unpolled = scenarios.completed([unpolled], [still_open])[0]
    endpoint.client.advance_clock(KEY_LIVES_S - HOUR)
    if refused:
        scenarios.replay(misused, requirement="KEY-TTL-MIN")
        refused += misuses(endpoint, scenarios, misused, other)
    endpoint.client.advance_clock(NEW_S - KEY_LIVES_S)

    has_expired(endpoint, unpolled)
    if len(refused) > 1:
        has_expired(endpoint, misused)
        scenarios.existence.kept("EFFECT-NO-OTHER", other, refused)


def misuses(
    endpoint: Endpoint, scenarios: Scenarios, operation: Operation, other: Configuration
) -> list[Exchange]:
    """The refusal of an *operation*'s key on another SID; none where it was not refused: then the key may stand for that request from now on."""
    again = past_500(
        partial(
            endpoint.client.delete,
            other,
            key=operation.accepted.key,
            call=Call("delete", other.sid, allow=MISMATCH),
        )
    )
    not_the_first(endpoint, "KEY-REUSE-OTHER-SID", operation, again, other.sid)
    if again.status == 202:
        scenarios.must_happen("KEY-REUSE-OTHER-SID", [(again, other)])
    return [again] if again.status in (*MISMATCH, 409) else []


@pytest.mark.clock
@pytest.mark.twice
@pytest.mark.requirement("KEY-TTL-MIN", "KEY-TTL-MAX", "OP-FAILED-NO-EFFECT")
def test_life_of_a_failed_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A key whose operation FAILED lives as long as any other, and so does what was not deleted."""
    trigger = endpoint.profile.operation_failure
    if trigger is None or not trigger.headers:
        return  # one SID that always fails gives no keys to compare
    targets = endpoint.configurations.take(2)
    pairs = list(zip(targets, (endpoint.key(), endpoint.key().upper()), strict=True))
    failed: list[Operation] = []
    with contextlib.suppress(
        Inconclusive
    ):  # that operations fail on demand is for test_failed_operation to say
        accepted = scenarios.each(
            lambda pair: scenarios.accepted(pair[0], key=pair[1], trigger=trigger), pairs
        )
        failed += [
            operation
            for operation in endpoint.poller.finish(accepted)
            if operation.status == "FAILED"
        ]
    if not failed:
        return
    by_place = {target.resource_key: target for target in targets}

    endpoint.client.advance_clock(KEY_LIVES_S)

    for operation in failed:
        endpoint.poller.poll(operation)
        scenarios.existence.kept(
            "OP-FAILED-NO-EFFECT",
            by_place[operation.resource_key],
            [operation.accepted, *operation.polls[-1:]],
        )
        scenarios.replay(operation, requirement="KEY-TTL-MIN", trigger=trigger)

    endpoint.client.advance_clock(NEW_S - KEY_LIVES_S)

    anew: list[Operation] = []
    for operation in failed:
        again = endpoint.client.delete(
            operation.configuration, key=operation.accepted.key, trigger=trigger
        )
        old = bool(again.operation_names & operation.accepted.operation_names)
        known = again.object.get("code") == KEY_USED or (again.status == 202 and old)
        endpoint.findings.check(
            "KEY-TTL-MAX",
            not known,
            expected="an operation of its own after 25 h",
            seen="the old one" if old else f"{again.outcome()}: it was used",
            exchanges=[operation.accepted, again],
        )
        if again.status == 202 and not old:
            anew.append(endpoint.poller.accept(again, operation.sid))
    endpoint.poller.finish(anew, early=False)


@pytest.mark.clock
@pytest.mark.twice
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(s, marks=pytest.mark.requirement(f"ERR-{s}-NO-EFFECT"), id=str(s))
        for s in (409, 429)
    ],
)
def test_refused_a_day_ago(endpoint: Endpoint, scenarios: Scenarios, status: int) -> None:
    """What a conflict or a rate limit refused is not carried out a day later."""
    if endpoint.profile.clock_url is None:
        raise CheckInconclusive("needs clock")
    if not endpoint.profile.faults[status].headers:
        return  # a burst is sent once a run, and one SID that is always refused is watched by test_refused_request
    target = endpoint.configurations.one()
    scenarios.existence.must_be_shown(target)
    found = provoke(endpoint, status, target, 4, key=endpoint.key())
    hits = [exchange for exchange in found.exchanges if exchange.status == status]
    if found.accepted or not hits:
        return

    endpoint.client.advance_clock(25 * HOUR)

    if scenarios.existence.kept(f"ERR-{status}-NO-EFFECT", target, hits[-2:]):
        # What is a day old is deleted like what was made just now.
        scenarios.each(
            scenarios.existence.gone,
            scenarios.completed([scenarios.accepted(target, key=endpoint.key())], [target]),
        )


@pytest.mark.clock
@pytest.mark.requirement(
    "OP-RETAINED", "DELETED-FETCH", "DELETED-LIST", "DELETED-DELETE", "EFFECT-NO-OTHER"
)
def test_days_later(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Days later an ended operation can still be fetched unchanged, and the configuration is still gone."""
    done = scenarios.ended(3)
    for seconds in (
        (6 * DAY + 20 * HOUR,)
        if endpoint.effort.few
        else (2 * HOUR, 23 * HOUR, 5 * DAY + 20 * HOUR)
    ):
        endpoint.client.advance_clock(seconds)
        for operation in done:
            endpoint.poller.poll(operation)
            scenarios.existence.gone(operation)
        scenarios.existence.not_again(done[0])
        scenarios.existence.kept("EFFECT-NO-OTHER", endpoint.control_configuration, [])
    for requirement, configuration, steps in (
        [] if endpoint.effort.few else endpoint.rechecks.stayed()
    ):
        if requirement in DAYS_LATER:
            scenarios.existence.kept(requirement, configuration, steps)
    scenarios.existence.unlisted(done)
    for operation in [] if endpoint.effort.few else endpoint.rechecks.first_ended()[:1]:
        has_expired(endpoint, operation)
