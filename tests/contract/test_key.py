"""The idempotency key: replays, reuse for something else, scope, and values that are no key."""

import contextlib
import re
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.inputs.malformed_keys import WRITTEN_KEYS, MalformedKey, malformed_keys
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import KEY_USED, Scenarios
from orchestrator_contract.steps.malformed_requests import send_bad, send_near
from orchestrator_contract.steps.unauthorized import may_be_theirs

#: Versions of UUIDs that few programs use, and those that no RFC defines.
UNCOMMON_VERSIONS = (2, 6, 3, 0, *range(9, 16))
#: First digits of the variants that are not RFC 9562's.
UNCOMMON_VARIANTS = (0xC, 0xD, 0xE, 0xF, *range(8))
COMMON = re.compile(r".{14}[14578].{4}[89ab].*")


@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-ONE-OPERATION")
def test_replay_many_times(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """The original response comes the second, third and tenth time, on the same connection and on others."""
    configuration = endpoint.configurations.one()
    operation = scenarios.accepted(configuration, key=endpoint.key())
    for number in range(2 if endpoint.effort.few else 4):
        scenarios.replay(operation, new_connection=number % 2 == 1)

    scenarios.completed([operation], [configuration])

    for number in range(7 if endpoint.effort.few else 9):
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED", new_connection=number % 2 == 0)


@pytest.mark.requirement("DELETED-FETCH", "DELETED-DELETE", "DELETED-LIST")
def test_gone_each_time(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Every fetch, delete and list after the end says the same as the first."""
    for operation in scenarios.ended(3):
        key = endpoint.key()  # the second use of one that met a 404 is no other request
        for number in range(2 if endpoint.effort.few else 5):
            scenarios.existence.gone(operation)
            scenarios.existence.not_again(operation, key=key if number % 2 else None)
        scenarios.existence.unlisted([operation])


@pytest.mark.requirement("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-FORMAT-ACCEPTED")
def test_replay_after_many_keys(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """The original response comes after many other keys were used, and each of those has its own, whatever its version."""
    first = scenarios.ended()[0]
    others = endpoint.effort.keys_between
    # Whole lives are led with keys of the common ones.
    forms: list[tuple[int, int | None]] = [(version, None) for version in UNCOMMON_VERSIONS]
    forms += [(4, variant) for variant in UNCOMMON_VARIANTS]
    forms = [*(() if endpoint.effort.few else forms), *[(4, None)] * others][:others]
    done: list[Operation] = []
    for start in range(0, others, 12):
        keys = [endpoint.key(*form) for form in forms[start : start + 12]]
        done += scenarios.deleted(len(keys), keys=keys, forms=True)
    scenarios.replay(first, requirement="KEY-REPLAY-ENDED", new_connection=True)
    uncommon = [one for one in done if one.accepted.key and not COMMON.fullmatch(one.accepted.key)]
    scenarios.each(
        lambda operation: scenarios.replay(operation, requirement="KEY-REPLAY-ENDED"), uncommon
    )


@pytest.mark.requirement("KEY-REUSE-OTHER-SID", "KEY-REPLAY", "KEY-REPLAY-ENDED")
@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(False, id="while-the-first-runs"),
        pytest.param(True, marks=pytest.mark.twice, id="after-its-end"),
    ],
)
def test_key_on_another_sid(endpoint: Endpoint, scenarios: Scenarios, ended: bool) -> None:
    """A key reused on another SID is refused or starts an operation of that SID; it never shows the first one's."""
    first, *others = endpoint.configurations.take(2 if endpoint.effort.few else 5)
    operation = scenarios.accepted(first, key=endpoint.key())
    if ended:
        scenarios.completed([operation], [first])
    accepted: list[tuple[Exchange, Configuration]] = []
    refused, key = True, str(operation.accepted.key)
    for number, other in enumerate(others):
        # In capitals it may be another key: then it starts an operation of its own.
        capitals = number == 3
        again = endpoint.client.delete(
            other,
            key=key.upper() if capitals else key,
            call=Call("delete", other.sid, allow=MISMATCH),
        )
        not_the_first(endpoint, "KEY-REUSE-OTHER-SID", operation, again, other.sid)
        endpoint.findings.observe(
            "OBS-KEY-REUSE-OTHER-SID", f"{again.status} {again.object.get('code', '')}".strip()
        )
        refused = refused and (capitals or again.status in (*MISMATCH, 409))
        if refused and number == 0 and not endpoint.effort.few:
            # What was refused leaves the key as it was.
            scenarios.replay(operation, requirement="KEY-REPLAY-ENDED" if ended else "KEY-REPLAY")
        if again.status == 202:
            accepted.append((again, other))
    scenarios.must_happen("KEY-REUSE-OTHER-SID", accepted)
    if not ended:
        scenarios.completed([operation], [first])
    gone = [] if endpoint.effort.few or not ended else scenarios.deleted()
    for sid in (
        endpoint.absent_sid(),
        *(one.sid for one in gone),
        *([] if endpoint.effort.few else ["x"]),
    ):
        endpoint.ownership.allow(sid)
        call = Call("delete", sid, allow=MISMATCH | {404}, outside_api=sid == "x")
        again = endpoint.client.delete(Configuration(sid), key=operation.accepted.key, call=call)
        not_the_first(endpoint, "KEY-REUSE-OTHER-SID", operation, again, sid)
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
    endpoint: Endpoint,
    scenarios: Scenarios,
    requirement: str,
    account: int,
    region: int,
    ended: bool,
) -> None:
    """The same key on another account or in another region is a new request with an answer of its own."""
    pairs = [
        (endpoint.configurations.one(), endpoint.configurations.one(scope=Scope(account, region)))
    ]
    if not endpoint.effort.few:
        pairs.append(second_pair(endpoint, account, region))
    # How far a key reaches may depend on its form: between them, the two parameters send one of each.
    keys = [endpoint.key(7), endpoint.key().upper()] if ended else [endpoint.key(), endpoint.key(1)]
    if region and not endpoint.effort.few:
        with contextlib.suppress(
            Inconclusive
        ):  # one more way to look: what follows does not hang on it
            (same_elsewhere if ended else stranger_first)(endpoint, scenarios, requirement, region)
    operations = [
        scenarios.accepted(here, key=key) for (here, _), key in zip(pairs, keys, strict=False)
    ]
    if ended:
        scenarios.completed(operations, [here for here, _ in pairs])
    accepted: list[tuple[Exchange, Configuration]] = []
    for operation, (here, there) in zip(operations, pairs, strict=True):

        def elsewhere(operation: Operation = operation, there: Configuration = there) -> Exchange:
            return endpoint.client.delete(
                there,
                key=operation.accepted.key,
                call=Call("delete", there.sid, allow=MISMATCH),
            )

        again = elsewhere()
        for pause in (0.1, *CONFLICT_PAUSES_S):
            if again.status != 409 or again.object.get("code") == KEY_USED:
                break
            # A conflict with what runs, which may be the first operation: it says nothing of the key.
            not_the_first(endpoint, requirement, operation, again, there.sid, scoped=True)
            endpoint.poller.finish([operation], early=False)
            endpoint.wait(pause)
            again = elsewhere()
        not_the_first(endpoint, requirement, operation, again, there.sid, scoped=True)
        if (
            again.status in (500, 503)
            or endpoint.is_echo(again)
            or (again.status == 409 and not ended and again.object.get("code") != KEY_USED)
        ):
            raise CheckInconclusive(f"the request in the other scope was answered {again.status}")
        endpoint.findings.check(
            requirement,
            again.status == 202,
            expected="202: a new request",
            seen=again.outcome(),
            exchanges=[operation.accepted, again],
        )
        if again.status == 202:
            accepted.append((again, there))
        if account and not may_be_theirs(
            endpoint, here.sid, there.scope.account, here.scope.region
        ):
            # The first account's own SID, asked for by the other with the same key.
            foreign = endpoint.client.delete(
                Configuration(here.sid, scope=Scope(there.scope.account, here.scope.region)),
                key=operation.accepted.key,
                call=Call("delete", here.sid, silent=True),
            )
            not_the_first(endpoint, requirement, operation, foreign, here.sid)
    scenarios.must_happen(requirement, accepted)
    if not ended:
        scenarios.completed(operations, [here for here, _ in pairs])
    if not endpoint.effort.few:
        scenarios.each(
            lambda operation: scenarios.replay(operation, requirement="KEY-REPLAY-ENDED"),
            operations,
        )


def same_elsewhere(endpoint: Endpoint, scenarios: Scenarios, requirement: str, region: int) -> None:
    """What has ended is not replayed to the same request in another region, where its key has not been used."""
    operation = scenarios.ended()[0]
    if may_be_theirs(endpoint, operation.sid, 0, region):
        return
    away = endpoint.client.delete(
        Configuration(operation.sid, scope=Scope(region=region)),
        key=operation.accepted.key,
        call=Call("delete", operation.sid, silent=True),
    )
    not_the_first(endpoint, requirement, operation, away, operation.sid)


def stranger_first(endpoint: Endpoint, scenarios: Scenarios, requirement: str, region: int) -> None:
    """A request that is not found in another region leaves its key as new as it was at home."""
    configuration, key = endpoint.configurations.one(), endpoint.key()
    if may_be_theirs(endpoint, configuration.sid, 0, region):
        return
    away = endpoint.client.delete(
        Configuration(configuration.sid, scope=Scope(region=region)),
        key=key,
        call=Call("delete", configuration.sid, silent=True),
    )
    if away.status == 404 and scenarios.existence.stands(configuration)[0]:
        again = past_500(lambda: endpoint.client.delete(configuration, key=key))
        endpoint.findings.check(
            requirement,
            again.status != 404,
            expected="202: a new request",
            seen=again.outcome(),
            exchanges=[away, again],
        )
        if again.status == 202:
            scenarios.must_happen(requirement, [(again, configuration)])


def second_pair(
    endpoint: Endpoint, account: int, region: int
) -> tuple[Configuration, Configuration]:
    """Here and there for the step back from scope to scope: begun there, and where there are both by another account or in another region."""
    one = endpoint.configurations.one
    if len(endpoint.profile.accounts) > 1 and len(endpoint.profile.bases) > 1:
        with contextlib.suppress(NothingToDelete):
            return one(scope=Scope(1, 1)), one(scope=Scope(1 - account, 1 - region))
    return one(scope=Scope(account, region)), one()


@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED")
def test_malformed_key_near_a_used_one(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A value near a used key never gets that key's response, and never breaks the server."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""

    scenarios.each(
        lambda bad: send_near(endpoint, operation, bad),
        malformed_keys(key, endpoint.random, endpoint.effort.odd_keys),
        width=4,
    )
    if not endpoint.effort.few:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")


@pytest.mark.requirement("KEY-MALFORMED-NO-5XX", "KEY-MALFORMED-NOT-HONOURED", "EFFECT-NO-OTHER")
def test_malformed_key_as_a_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A malformed key is refused, or ignored: sending it again is then a request of its own."""
    chosen = [
        bad
        for bad in malformed_keys(
            endpoint.key(), endpoint.random, min(WRITTEN_KEYS, endpoint.effort.odd_keys)
        )
        if len(bad.value) < 2000
    ]
    endpoint.random.shuffle(chosen)  # where malformed keys are ignored, not all get their turn
    if endpoint.effort.few:
        chosen = chosen[:3]
    configuration = endpoint.configurations.one()
    ignored: list[tuple[MalformedKey, Exchange, Configuration]] = []
    refusals: list[Exchange] = []
    shown = None if endpoint.effort.few else scenarios.existence.stands(configuration)[0]
    for bad in chosen:
        first = send_bad(endpoint, configuration.sid, bad)
        refused = first.status is not None and 400 <= first.status < 500
        endpoint.findings.observe(
            "OBS-KEY-MALFORMED",
            f"{'refused' if refused else 'ignored'} with {first.status}: {bad.why}",
        )
        refusals += [first] if refused else []
        if first.status == 202:
            ignored.append((bad, first, configuration))
            if len(ignored) == 12:
                break
            configuration = endpoint.configurations.one()
    if not ignored:
        # A request that is refused deletes nothing.
        if shown and refusals and endpoint.ownership.untouched(configuration.resource_key):
            scenarios.existence.kept("EFFECT-NO-OTHER", configuration, refusals[-2:])
            endpoint.rechecks.kept("EFFECT-NO-OTHER", configuration, refusals[-2:])
        return
    operations = [endpoint.poller.accept(first, c.sid) for _, first, c in ignored]
    scenarios.completed(operations, [c for _, _, c in ignored])
    others = endpoint.configurations.take(len(ignored))
    taken: list[tuple[Exchange, Configuration]] = []
    for (bad, first, before), other in zip(ignored, others, strict=True):
        again = send_bad(endpoint, before.sid, bad)
        endpoint.findings.check(
            "KEY-MALFORMED-NOT-HONOURED",
            not again.succeeded,
            expected=f"404 or a refusal: a key with {bad.why} is none",
            seen=again.outcome(),
            exchanges=[first, again],
        )
        response = send_bad(endpoint, other.sid, bad)
        same = response.status == 202 and bool(response.operation_names & first.operation_names)
        endpoint.findings.check(
            "KEY-MALFORMED-NOT-HONOURED",
            not same,
            expected="nothing of the first request",
            seen="its operation",
            exchanges=[first, response],
        )
        if response.status == 202 and not same:
            taken.append((response, other))
    scenarios.must_happen("KEY-MALFORMED-NOT-HONOURED", taken)


@pytest.mark.requirement("KEY-DUPLICATE-HEADER")
def test_doubled_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Two key lines in one request are not honoured as one of them."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""
    for first, second in ((key, endpoint.key()), (endpoint.key(), key), (key, key)):
        exchange = endpoint.client.delete(
            operation.configuration,
            headers=[("Idempotency-Key", first), ("Idempotency-Key", second)],
            call=Call("delete", operation.sid, allow=frozenset(range(400, 500))),
            allow_no_response=True,
        )
        same = exchange.status is not None and 200 <= exchange.status < 300
        endpoint.findings.check(
            "KEY-DUPLICATE-HEADER",
            not same,
            expected="a refusal, or both lines ignored",
            seen=exchange.outcome(),
            exchanges=[operation.accepted, exchange],
        )


#: The places of a key that tell one form from another, the last one first.
PLACES = (35, 0, 7, 14, 19, 24)


@pytest.mark.requirement("DELETED-DELETE")
def test_keys_that_differ_in_one_digit(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Each digit of a key counts: with another one in any place it is another key, and what is gone is not found."""
    operation = scenarios.ended()[0]
    key = operation.accepted.key or ""
    # Where there is little to delete, this takes nothing and shows most of what keys of many forms would.
    for scope in PLACES[:1] if endpoint.effort.name == "quick" else PLACES:
        near = f"{key[:scope]}{'0' if key[scope] != '0' else '1'}{key[scope + 1 :]}"
        scenarios.existence.not_again(operation, key=near)


@pytest.mark.requirement("KEY-FORMAT-ACCEPTED")
def test_letter_case(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Keys in capitals are accepted and replay; whether case tells two keys apart is observed."""
    configuration = endpoint.configurations.one()
    operation = scenarios.accepted(configuration, key=endpoint.key().upper(), forms=True)
    scenarios.completed([operation], [configuration])

    scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    other: Any = endpoint.client.delete(configuration, key=(operation.accepted.key or "").lower())
    endpoint.findings.observe("OBS-KEY-CASE", "one key" if other.status == 202 else "two keys")
