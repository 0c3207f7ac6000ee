"""409, 429, 500 and 503: provoked by the profile's faults, judged, and without effect where that is promised."""

import contextlib

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.fault_injection import APART_S, InjectedFault, provoke

#: Further keys whose retry after a 429 is looked at, in one conversation about one SID.
MORE_STORED = 12
#: How many more bursts are sent where one has had the victim's own request accepted.
MORE_BURSTS = 2
#: How often a retry that meets a 429 is tried again, each time after as long as the endpoint asks.
MOST_RETRIES = 3
#: How often one that meets a 409, whose cause may pass.
MOST_CONFLICTS = 7
#: Seconds for which, at most, a version that moved is watched with nothing refused.
LONGEST_CONTROL_S = 10.0


def judge_provoked(endpoint: Endpoint, status: int, found: InjectedFault) -> list[Exchange]:
    """Answers with the provoked status; another error in its place is a breach, an acceptance says nothing."""
    hits = [e for e in found.exchanges if e.status == status]
    # A 500 now and then is documented; in place of every answer it is not what was provoked.
    # Of a 500 or 503 nothing is promised: it may have begun a delete, which a later one is then a conflict with.
    passing = (500, *((409,) if status >= 500 else ())) if hits else ()
    others = [
        e
        for e in found.exchanges
        if e.status not in (status, 202, 404, *passing) and e.status is not None
    ]
    requirement = f"ERR-{status}-STATUS"
    if hits:
        endpoint.findings.check(requirement, True)
    if others and not found.burst:
        endpoint.findings.check(
            requirement,
            False,
            expected=str(status),
            seen=str(others[0].status),
            exchanges=others[:1],
        )
    if not hits:
        seen = ", ".join(sorted({e.outcome() for e in found.exchanges}))
        raise Inconclusive(f"the profile's way to provoke {status} gave {seen or 'nothing'}")
    return hits


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            409,
            marks=pytest.mark.requirement(
                "ERR-409-STATUS", "ERR-409-BODY", "ERR-409-HEADERS", "ERR-409-NO-EFFECT"
            ),
            id="409",
        ),
        pytest.param(
            429,
            marks=pytest.mark.requirement(
                "ERR-429-STATUS", "ERR-429-BODY", "ERR-429-RETRY-AFTER", "ERR-429-NO-EFFECT"
            ),
            id="429",
        ),
    ],
)
def test_refused_request(endpoint: Endpoint, scenarios: Scenarios, status: int) -> None:
    """A conflict and a rate limit are documented answers, and what they refuse is not carried out."""
    target = endpoint.targets(1)[0]
    scenarios.existence.must_be_shown(target)

    # The rest of the sample is provoked by the tests of what comes after a refusal.
    found = provoke(
        endpoint,
        status,
        target,
        endpoint.effort.refusals * 3 // 4
        if endpoint.profile.faults[status].headers
        else endpoint.effort.refusals,
    )
    hits = judge_provoked(endpoint, status, found)
    for _ in range(MORE_BURSTS if found.burst else 0):
        # Between two requests of a burst there may be room for one.
        if not found.accepted:
            break
        target = endpoint.configurations.one()
        scenarios.existence.must_be_shown(target)
        found = provoke(endpoint, status, target, endpoint.effort.refusals)
        hits = judge_provoked(endpoint, status, found)

    requirement = f"ERR-{status}-NO-EFFECT"
    if found.accepted:
        raise Inconclusive(
            "a request of the burst was accepted, so the configuration is rightly gone"
        )
    if found.target is None:
        raise CheckInconclusive(f"the SID that answers {status} is not shown by a fetch")
    if scenarios.existence.kept(requirement, found.target, hits[-2:]) and status == 429:
        version_stays(endpoint, scenarios, found.target, hits)
    endpoint.rechecks.kept(requirement, found.target, hits[-2:])


def version_stays(
    endpoint: Endpoint, scenarios: Scenarios, target: Configuration, hits: list[Exchange]
) -> None:
    """What was not processed makes no new version; one that moves once may do so for reasons of its own."""
    before = scenarios.existence.shown.get(target.resource_key, {}).get("version")
    once = scenarios.existence.is_there(target)[1]
    if before is None or once.status != 200 or once.object.get("version") == before:
        return
    # As long again with nothing refused: what moves then moves by itself.
    endpoint.wait(min(once.sent - hits[0].sent, LONGEST_CONTROL_S))
    still = scenarios.existence.is_there(target)[1]
    if still.status != 200 or still.object.get("version") != once.object.get("version"):
        return
    more = provoke(endpoint, 429, target, len(hits)).exchanges
    twice = scenarios.existence.is_there(target)[1]
    moved = twice.status == 200 and twice.object.get("version") != still.object.get("version")
    endpoint.findings.check(
        "ERR-429-NO-EFFECT",
        not moved,
        expected=f"version {still.object.get('version')!r:.40}",
        seen=f"version {twice.object.get('version')!r:.40}",
        exchanges=[*hits[-1:], once, still, *more[-1:], twice],
    )


@pytest.mark.requirement("ERR-429-RETRY-PROCESSED", "ERR-429-NO-EFFECT")
def test_retry_after_429(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A retry after a 429, with the same key, is processed."""
    trigger = endpoint.profile.faults[429]
    if not trigger.headers and trigger.burst is None:
        raise CheckInconclusive(
            "the fault by SID answers 429 to every retry; headers or burst are needed"
        )
    few = endpoint.effort.few
    # Whether a 429 is stored may depend on the form of its key.
    keys = (
        [endpoint.key()]
        if few
        else [
            endpoint.key(),
            endpoint.key().upper(),
            endpoint.key(1),
            endpoint.key(7),
            endpoint.key(8),
            endpoint.key(),
        ]
    )
    retried: list[tuple[Operation, Configuration]] = []
    passing: list[str] = []
    more: list[Exchange] = []
    bursts = 0 if few else MORE_BURSTS
    for target, key in zip(endpoint.configurations.take(len(keys)), keys, strict=True):
        found = provoke(endpoint, 429, target, 1, key=key)
        hits = [e for e in judge_provoked(endpoint, 429, found) if e.key]
        if found.burst and found.accepted and bursts:
            bursts -= 1
            continue
        if not few and not found.burst and len(retried) < 2:
            # Where the first refusal of a key is not stored, the second may be.
            found = provoke(endpoint, 429, target, 1, key=key)
            hits += [e for e in found.exchanges if e.status == 429]
        if found.accepted or not hits:
            raise Inconclusive("the burst was not refused with 429 for a request with a key")
        refused = hits[-1]
        if not few and not found.burst and not more:
            # Further keys that met a 429 on this SID; each is tried again once it is gone.
            more = [
                e
                for e in provoke(endpoint, 429, target, MORE_STORED, keyed=True).exchanges
                if e.status == 429
            ]
        tries = retry(endpoint, refused)
        again = tries[-1]
        if again.status in (500, 503) or endpoint.is_echo(again):
            passing.append(again.outcome())
            continue
        if not endpoint.findings.check(
            "ERR-429-RETRY-PROCESSED",
            again.status == 202,
            expected="202 to the retry",
            seen=again.outcome(),
            exchanges=tries,
        ):
            break
        retried.append((endpoint.poller.accept(again, target.sid), target))
    if passing and not retried:
        raise Inconclusive(f"the retry was answered {passing[0]}")
    done = scenarios.completed(
        [operation for operation, _ in retried], [target for _, target in retried]
    )
    targets = {target.resource_key: target for _, target in retried}
    # Processed means processed: the configuration goes, and the key stands for this answer from now on.
    for operation in [] if few else done:
        there, fetch = scenarios.existence.is_there(targets[operation.resource_key])
        endpoint.findings.check(
            "ERR-429-RETRY-PROCESSED",
            there is not True,
            expected=f"{operation.sid} deleted by the retry",
            seen="still there",
            exchanges=[operation.accepted, *operation.polls[-1:], fetch],
        )
        if trigger.headers and operation is done[0]:
            # A used key may meet a 429, too: that is no use of it.
            provoke(endpoint, 429, targets[operation.resource_key], 1, key=operation.accepted.key)
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    for refused in more:
        tries = retry(endpoint, refused)
        if not endpoint.findings.check(
            "ERR-429-RETRY-PROCESSED",
            tries[-1].status != 429,
            expected="the retry processed",
            seen="429",
            exchanges=tries,
        ):
            break


def retry(endpoint: Endpoint, refused: Exchange) -> list[Exchange]:
    """Send a delete that met a 429 again with its key; the refusal, and what came of it until other requests pass.

    Raises:
        Inconclusive: other requests are refused, too.
    """
    sid = refused.call.subject
    tries = [refused]
    for attempt in range(MOST_CONFLICTS):
        tries.append(again := _once_more(endpoint, sid, refused))
        if again.status != 409:
            break
        # The refused delete of the same SID may make a conflict of this one, for a moment, or what others do for longer.
        endpoint.wait(APART_S * 2**attempt)
    if again.status == 429:
        # The limit itself may still hold: requests with new keys tell, in an order that no limit follows by chance.
        new, same = (
            [_with_new_key(endpoint) for _ in range(2)],
            [again, *(_once_more(endpoint, sid, refused) for _ in range(2))],
        )
        new.append(_with_new_key(endpoint))
        tries += [*new, *same[1:]]
        again = same[-1]
        if all(e.status == 429 for e in same) and all(e.status != 429 for e in new):
            # A limit may be this SID's own: it has to end when the endpoint says.
            delay = endpoint.client.retry.delay(again, 0)
            if delay is not None:
                endpoint.wait(delay)
                tries.append(_once_more(endpoint, sid, refused))
            return tries
    for attempt in range(MOST_RETRIES):
        if again.status != 429:
            return tries
        control = _with_new_key(endpoint)
        delay = endpoint.client.retry.delay(again, attempt)
        if delay is None:
            break
        endpoint.wait(delay)
        again = _once_more(endpoint, sid, refused)
        tries += [control, again]
    if again.status == 429 and control.status == 429:
        raise Inconclusive("429 did not go away for requests with a new key either")
    return tries


def _with_new_key(endpoint: Endpoint) -> Exchange:
    absent = endpoint.absent_sid()
    return endpoint.client.delete(
        Configuration(absent), key=endpoint.key(), call=Call("delete", absent, provokes=429)
    )


def _once_more(endpoint: Endpoint, sid: str, refused: Exchange) -> Exchange:
    out = endpoint.client.request(
        Call("delete", sid, provokes=429), "DELETE", f"/Configurations/{sid}", key=refused.key
    )
    return endpoint.client.send(out)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            500, marks=pytest.mark.requirement("ERR-500-STATUS", "ERR-500-BODY"), id="500"
        ),
        pytest.param(
            503,
            marks=pytest.mark.requirement("ERR-503-STATUS", "ERR-503-BODY", "ERR-503-RETRY-AFTER"),
            id="503",
        ),
    ],
)
def test_server_error(endpoint: Endpoint, scenarios: Scenarios, status: int) -> None:
    """A server error is a documented answer; what it did to the configuration is observed."""
    target = endpoint.configurations.one()

    away = provoked_away(endpoint, status, endpoint.effort.refusals // 4)
    found = provoke(endpoint, status, target, endpoint.effort.refusals - len(away))
    judge_provoked(endpoint, status, found)

    there = scenarios.existence.is_there(found.target)[0] if found.target else None
    effect = {True: "not deleted", False: "deleted", None: "not known"}[there]
    endpoint.findings.observe("OBS-FAULT-EFFECT", f"{status}: {effect}")


def provoked_away(endpoint: Endpoint, status: int, number: int) -> list[Exchange]:
    """About *number* answers to the provocation of another account, and in another region: what an error looks like does not depend on that.

    That the profile's way works there, too, nobody says: what else is answered there is no breach.
    """
    places = [
        one
        for one in (Scope(account=1), Scope(region=1))
        if one.account < len(endpoint.profile.accounts) and one.region < len(endpoint.profile.bases)
    ]
    hits: list[Exchange] = []
    for scope in (
        places if endpoint.profile.faults[status].headers and not endpoint.effort.few else ()
    ):
        with contextlib.suppress(Inconclusive):  # with nothing to delete there, home has to do
            target = endpoint.configurations.spare(scope=scope)
            exchanges = provoke(endpoint, status, target, number // len(places)).exchanges
            hits += [exchange for exchange in exchanges if exchange.status == status]
            accepted = [
                endpoint.poller.accept(exchange, target.sid)
                for exchange in exchanges
                if exchange.status == 202
            ]
            endpoint.poller.finish(accepted, early=False)
    return hits


@pytest.mark.requirement("SID-UNKNOWN")
def test_stored_errors(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Whether an error is stored for its key is open: it is observed."""
    accepted = []
    faults = endpoint.profile.faults if endpoint.profile.provision.mode else {}
    stored = [(s, t) for s, t in sorted(faults.items()) if s != 429 and t.headers]
    for status, trigger in endpoint.random.sample(
        stored, min(len(stored), 1 if endpoint.effort.few else 3)
    ):
        target = endpoint.configurations.one()
        key = endpoint.key()
        first = endpoint.client.delete(
            target, key=key, trigger=trigger, call=Call("delete", target.sid, provokes=status)
        )
        again = endpoint.client.delete(
            target, key=key, call=Call("delete", target.sid, provokes=status)
        )
        if first.status == status:
            endpoint.findings.observe(
                "OBS-KEY-STORED",
                f"{status}: {'stored' if again.status == status else f'not stored ({again.status})'}",
            )
        if again.status == 202:
            accepted.append(endpoint.poller.accept(again, target.sid))
    with contextlib.suppress(Inconclusive):
        endpoint.poller.finish(accepted, early=False)
    # Whatever was answered before, an accepted delete that COMPLETED is done, and its key stands for it.
    for operation in accepted:
        if operation.status == "COMPLETED" and not endpoint.effort.few:
            scenarios.existence.gone(operation)
            scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    sid, key = endpoint.absent_sid(), endpoint.key()
    responses = [
        past_500(lambda: endpoint.client.delete(Configuration(sid), key=key)) for _ in range(2)
    ]
    for response in responses:
        endpoint.findings.check(
            "SID-UNKNOWN",
            response.status in (404, 500),
            expected="404",
            seen=response.outcome(),
            exchanges=responses,
        )
    if endpoint.effort.few or not endpoint.profile.provision.mode:
        return
    # The key of a 404 may be refused on another SID; where it is not, that delete is one like any other.
    target = endpoint.configurations.one()
    again = endpoint.client.delete(target, key=key, call=Call("delete", target.sid, allow=MISMATCH))
    if again.status == 202:
        operation = endpoint.poller.accept(again, target.sid)
        if endpoint.poller.finish([operation], early=False) and operation.status == "COMPLETED":
            scenarios.existence.gone(operation)
