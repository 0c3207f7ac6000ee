"""The idempotency key: replays, reuse for something else, scope, and values that are no key."""

import contextlib
import re
from typing import Any

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.inputs.malformed_keys import WRITTEN_KEYS, BadKey, bad_keys
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.provision.pool import NothingToDelete
from orchestrator_contract.results.findings import OneWayLess, Unverifiable
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.steps.deletes import KEY_USED, Scenarios
from orchestrator_contract.steps.malformed_requests import send_bad, send_near
from orchestrator_contract.steps.unauthorized import may_be_theirs

#: Versions of UUIDs that few programs use, and those that no RFC defines.
UNCOMMON_VERSIONS = (2, 6, 3, 0, *range(9, 16))
#: First digits of the variants that are not RFC 9562's.
UNCOMMON_VARIANTS = (0xC, 0xD, 0xE, 0xF, *range(8))
COMMON = re.compile(r".{14}[14578].{4}[89ab].*")


@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-ONE-OPERATION")
def test_replay_many_times(suite: Suite, scenarios: Scenarios) -> None:
    """The original response comes the second, third and tenth time, on the same connection and on others."""
    configuration = suite.configurations.one()
    operation = scenarios.accepted(configuration, key=suite.key())
    for number in range(2 if suite.effort.few else 4):
        scenarios.replay(operation, fresh=number % 2 == 1)

    scenarios.completed([operation], [configuration])

    for number in range(7 if suite.effort.few else 9):
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED", fresh=number % 2 == 0)


@pytest.mark.requirement("GONE-FETCH", "GONE-DELETE", "GONE-LIST")
def test_gone_each_time(suite: Suite, scenarios: Scenarios) -> None:
    """Every fetch, delete and list after the end says the same as the first."""
    for operation in scenarios.ended(3):
        key = suite.key()  # the second use of one that met a 404 is no other request
        for number in range(2 if suite.effort.few else 5):
            scenarios.presence.gone(operation)
            scenarios.presence.not_again(operation, key=key if number % 2 else None)
        scenarios.presence.unlisted([operation])


@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-FORMS")
def test_replay_after_many_keys(suite: Suite, scenarios: Scenarios) -> None:
    """The original response comes after many other keys were used, and each of those has its own, whatever its version."""
    first = scenarios.ended()[0]
    others = suite.effort.keys_between
    # Whole lives are led with keys of the common ones.
    forms: list[tuple[int, int | None]] = [(version, None) for version in UNCOMMON_VERSIONS]
    forms += [(4, variant) for variant in UNCOMMON_VARIANTS]
    forms = [*(() if suite.effort.few else forms), *[(4, None)] * others][:others]
    done: list[Operation] = []
    for start in range(0, others, 12):
        keys = [suite.key(*form) for form in forms[start : start + 12]]
        done += scenarios.deleted(len(keys), keys=keys, forms=True)
    scenarios.replay(first, requirement="KEY-REPLAY-ENDED", fresh=True)
    uncommon = [one for one in done if one.accepted.key and not COMMON.fullmatch(one.accepted.key)]
    scenarios.each(
        lambda operation: scenarios.replay(operation, requirement="KEY-REPLAY-ENDED"), uncommon
    )


@pytest.mark.requirement("KEY-OTHER-SID", "KEY-REPLAY", "KEY-REPLAY-ENDED")
@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(False, id="while-the-first-runs"),
        pytest.param(True, marks=pytest.mark.twice, id="after-its-end"),
    ],
)
def test_key_on_another_sid(suite: Suite, scenarios: Scenarios, ended: bool) -> None:
    """A key reused on another SID is refused or starts an operation of that SID; it never shows the first one's."""
    first, *others = suite.configurations.take(2 if suite.effort.few else 5)
    operation = scenarios.accepted(first, key=suite.key())
    if ended:
        scenarios.completed([operation], [first])
    accepted: list[tuple[Exchange, Configuration]] = []
    refused, key = True, str(operation.accepted.key)
    for number, other in enumerate(others):
        # In capitals it may be another key: then it starts an operation of its own.
        capitals = number == 3
        again = suite.client.delete(
            other.sid,
            key=key.upper() if capitals else key,
            call=Call("delete", other.sid, allow=MISMATCH),
        )
        not_the_first(suite, "KEY-OTHER-SID", operation, again, other.sid)
        suite.ledger.observe(
            "OBS-KEY-OTHER-SID", f"{again.status} {again.object.get('code', '')}".strip()
        )
        refused = refused and (capitals or again.status in (*MISMATCH, 409))
        if refused and number == 0 and not suite.effort.few:
            # What was refused leaves the key as it was.
            scenarios.replay(operation, requirement="KEY-REPLAY-ENDED" if ended else "KEY-REPLAY")
        if again.status == 202:
            accepted.append((again, other))
    scenarios.must_happen("KEY-OTHER-SID", accepted)
    if not ended:
        scenarios.completed([operation], [first])
    gone = [] if suite.effort.few or not ended else scenarios.deleted()
    for sid in (
        suite.absent_sid(),
        *(one.sid for one in gone),
        *([] if suite.effort.few else ["x"]),
    ):
        suite.ownership.allow(sid)
        call = Call("delete", sid, allow=MISMATCH | {404}, outside=sid == "x")
        again = suite.client.delete(sid, key=operation.accepted.key, call=call)
        not_the_first(suite, "KEY-OTHER-SID", operation, again, sid)
        refused = refused and again.status in (*MISMATCH, 409, 404)
    if refused:
        # Nothing else was done under the key, so it still belongs to the first request.
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")


@pytest.mark.parametrize(
    ("requirement", "account", "region"),
    [
        pytest.param(
            "KEY-SCOPE-ACCOUNT",
            1,
            0,
            marks=pytest.mark.requirement("KEY-SCOPE-ACCOUNT", "KEY-REPLAY-ENDED"),
            id="account",
        ),
        pytest.param(
            "KEY-SCOPE-REGION",
            0,
            1,
            marks=pytest.mark.requirement("KEY-SCOPE-REGION", "KEY-REPLAY-ENDED"),
            id="region",
        ),
    ],
)
@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(False, id="while-the-first-runs"),
        pytest.param(True, marks=pytest.mark.twice, id="after-its-end"),
    ],
)
def test_scope(
    suite: Suite, scenarios: Scenarios, requirement: str, account: int, region: int, ended: bool
) -> None:
    """The same key on another account or in another region is a new request with an answer of its own."""
    pairs = [(suite.configurations.one(), suite.configurations.one(account=account, region=region))]
    if not suite.effort.few:
        pairs.append(second_pair(suite, account, region))
    # How far a key reaches may depend on its form: between them, the two parameters send one of each.
    keys = [suite.key(7), suite.key().upper()] if ended else [suite.key(), suite.key(1)]
    if region and not suite.effort.few:
        with contextlib.suppress(
            Unverifiable
        ):  # one more way to look: what follows does not hang on it
            (same_elsewhere if ended else stranger_first)(suite, scenarios, requirement, region)
    operations = [
        scenarios.accepted(here, key=key) for (here, _), key in zip(pairs, keys, strict=False)
    ]
    if ended:
        scenarios.completed(operations, [here for here, _ in pairs])
    accepted: list[tuple[Exchange, Configuration]] = []
    for operation, (here, there) in zip(operations, pairs, strict=True):

        def elsewhere(operation: Operation = operation, there: Configuration = there) -> Exchange:
            return suite.client.delete(
                there.sid,
                key=operation.accepted.key,
                account=there.account,
                region=there.region,
                call=Call("delete", there.sid, allow=MISMATCH),
            )

        again = elsewhere()
        for pause in (0.1, *CONFLICT_PAUSES_S):
            if again.status != 409 or again.object.get("code") == KEY_USED:
                break
            # A conflict with what runs, which may be the first operation: it says nothing of the key.
            not_the_first(suite, requirement, operation, again, there.sid, scoped=True)
            suite.follower.finish([operation], early=False)
            suite.wait(pause)
            again = elsewhere()
        not_the_first(suite, requirement, operation, again, there.sid, scoped=True)
        if (
            again.status in (500, 503)
            or suite.is_echo(again)
            or (again.status == 409 and not ended and again.object.get("code") != KEY_USED)
        ):
            raise OneWayLess(f"the request in the other scope was answered {again.status}")
        suite.ledger.hold(
            requirement,
            again.status == 202,
            expected="202: a new request",
            seen=again.outcome(),
            exchanges=[operation.accepted, again],
        )
        if again.status == 202:
            accepted.append((again, there))
        if account and not may_be_theirs(suite, here.sid, there.account, here.region):
            # The first account's own SID, asked for by the other with the same key.
            foreign = suite.client.delete(
                here.sid,
                key=operation.accepted.key,
                account=there.account,
                region=here.region,
                call=Call("delete", here.sid, silent=True),
            )
            not_the_first(suite, requirement, operation, foreign, here.sid)
    scenarios.must_happen(requirement, accepted)
    if not ended:
        scenarios.completed(operations, [here for here, _ in pairs])
    if not suite.effort.few:
        scenarios.each(
            lambda operation: scenarios.replay(operation, requirement="KEY-REPLAY-ENDED"),
            operations,
        )


def same_elsewhere(suite: Suite, scenarios: Scenarios, requirement: str, region: int) -> None:
    """What has ended is not replayed to the same request in another region, where its key has not been used."""
    operation = scenarios.ended()[0]
    if may_be_theirs(suite, operation.sid, 0, region):
        return
    away = suite.client.delete(
        operation.sid,
        key=operation.accepted.key,
        region=region,
        call=Call("delete", operation.sid, silent=True),
    )
    not_the_first(suite, requirement, operation, away, operation.sid)


def stranger_first(suite: Suite, scenarios: Scenarios, requirement: str, region: int) -> None:
    """A request that is not found in another region leaves its key as new as it was at home."""
    configuration, key = suite.configurations.one(), suite.key()
    if may_be_theirs(suite, configuration.sid, 0, region):
        return
    away = suite.client.delete(
        configuration.sid,
        key=key,
        region=region,
        call=Call("delete", configuration.sid, silent=True),
    )
    if away.status == 404 and scenarios.presence.stands(configuration)[0]:
        again = past_500(lambda: suite.client.delete(configuration.sid, key=key))
        suite.ledger.hold(
            requirement,
            again.status != 404,
            expected="202: a new request",
            seen=again.outcome(),
            exchanges=[away, again],
        )
        if again.status == 202:
            scenarios.must_happen(requirement, [(again, configuration)])


def second_pair(suite: Suite, account: int, region: int) -> tuple[Configuration, Configuration]:
    """Here and there for the step back from scope to scope: begun there, and where there are both by another account or in another region."""
    one = suite.configurations.one
    if len(suite.profile.accounts) > 1 and len(suite.profile.bases) > 1:
        with contextlib.suppress(NothingToDelete):
            return one(account=1, region=1), one(account=1 - account, region=1 - region)
    return one(account=account, region=region), one()


@pytest.mark.requirement("KEY-BAD-SAFE", "KEY-BAD-DEAF")
def test_malformed_key_near_a_used_one(suite: Suite, scenarios: Scenarios) -> None:
    """A value near a used key never gets that key's response, and never breaks the server."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""

    scenarios.each(
        lambda bad: send_near(suite, operation, bad),
        bad_keys(key, suite.random, suite.effort.odd_keys),
        width=4,
    )
    if not suite.effort.few:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")


@pytest.mark.requirement("KEY-BAD-SAFE", "KEY-BAD-DEAF", "GONE-ONLY")
def test_malformed_key_as_a_key(suite: Suite, scenarios: Scenarios) -> None:
    """A malformed key is refused, or ignored: sending it again is then a request of its own."""
    chosen = [
        bad
        for bad in bad_keys(suite.key(), suite.random, min(WRITTEN_KEYS, suite.effort.odd_keys))
        if len(bad.value) < 2000
    ]
    suite.random.shuffle(chosen)  # where malformed keys are ignored, not all get their turn
    if suite.effort.few:
        chosen = chosen[:3]
    configuration = suite.configurations.one()
    ignored: list[tuple[BadKey, Exchange, Configuration]] = []
    refusals: list[Exchange] = []
    shown = None if suite.effort.few else scenarios.presence.stands(configuration)[0]
    for bad in chosen:
        first = send_bad(suite, configuration.sid, bad)
        refused = first.status is not None and 400 <= first.status < 500
        suite.ledger.observe(
            "OBS-BAD-KEY", f"{'refused' if refused else 'ignored'} with {first.status}: {bad.why}"
        )
        refusals += [first] if refused else []
        if first.status == 202:
            ignored.append((bad, first, configuration))
            if len(ignored) == 12:
                break
            configuration = suite.configurations.one()
    if not ignored:
        # A request that is refused deletes nothing.
        if shown and refusals and suite.ownership.untouched(configuration.located):
            scenarios.presence.kept("GONE-ONLY", configuration, refusals[-2:])
            suite.watch.kept("GONE-ONLY", configuration, refusals[-2:])
        return
    operations = [suite.follower.accept(first, c.sid) for _, first, c in ignored]
    scenarios.completed(operations, [c for _, _, c in ignored])
    others = suite.configurations.take(len(ignored))
    taken: list[tuple[Exchange, Configuration]] = []
    for (bad, first, before), other in zip(ignored, others, strict=True):
        again = send_bad(suite, before.sid, bad)
        suite.ledger.hold(
            "KEY-BAD-DEAF",
            not again.succeeded,
            expected=f"404 or a refusal: a key with {bad.why} is none",
            seen=again.outcome(),
            exchanges=[first, again],
        )
        answer = send_bad(suite, other.sid, bad)
        same = answer.status == 202 and bool(answer.operation_names & first.operation_names)
        suite.ledger.hold(
            "KEY-BAD-DEAF",
            not same,
            expected="nothing of the first request",
            seen="its operation",
            exchanges=[first, answer],
        )
        if answer.status == 202 and not same:
            taken.append((answer, other))
    scenarios.must_happen("KEY-BAD-DEAF", taken)


@pytest.mark.requirement("KEY-DOUBLED")
def test_doubled_key(suite: Suite, scenarios: Scenarios) -> None:
    """Two key lines in one request are not honoured as one of them."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""
    for first, second in ((key, suite.key()), (suite.key(), key), (key, key)):
        exchange = suite.client.delete(
            operation.sid,
            headers=[("Idempotency-Key", first), ("Idempotency-Key", second)],
            call=Call("delete", operation.sid, allow=frozenset(range(400, 500))),
            silence=True,
        )
        same = exchange.status is not None and 200 <= exchange.status < 300
        suite.ledger.hold(
            "KEY-DOUBLED",
            not same,
            expected="a refusal, or both lines ignored",
            seen=exchange.outcome(),
            exchanges=[operation.accepted, exchange],
        )


#: The places of a key that tell one form from another, the last one first.
PLACES = (35, 0, 7, 14, 19, 24)


@pytest.mark.requirement("GONE-DELETE")
def test_keys_that_differ_in_one_digit(suite: Suite, scenarios: Scenarios) -> None:
    """Each digit of a key counts: with another one in any place it is another key, and what is gone is not found."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""
    # Where there is little to delete, this takes nothing and shows most of what keys of many forms would.
    for place in PLACES[:1] if suite.effort.name == "quick" else PLACES:
        near = f"{key[:place]}{'0' if key[place] != '0' else '1'}{key[place + 1 :]}"
        scenarios.presence.not_again(operation, key=near)


@pytest.mark.requirement("KEY-FORMS")
def test_letter_case(suite: Suite, scenarios: Scenarios) -> None:
    """Keys in capitals are accepted and replay; whether case tells two keys apart is observed."""
    configuration = suite.configurations.one()
    operation = scenarios.accepted(configuration, key=suite.key().upper(), forms=True)
    scenarios.completed([operation], [configuration])

    scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    other: Any = suite.client.delete(configuration.sid, key=(operation.accepted.key or "").lower())
    suite.ledger.observe("OBS-KEY-CASE", "one key" if other.status == 202 else "two keys")
