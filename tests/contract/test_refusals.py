"""409, 429, 500 and 503: provoked by the profile's faults, judged, and without effect where that is promised."""

import pytest

from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow import Operation
from orchestrator_contract.provision import Configuration
from orchestrator_contract.provocation import Provocation, provoke
from orchestrator_contract.scenarios import Scenarios
from orchestrator_contract.suite import Suite
from orchestrator_contract.verdict import OneWayLess, Unverifiable


def judge_provoked(suite: Suite, status: int, found: Provocation) -> list[Exchange]:
    """Answers with the provoked status; another error in its place is a breach, an acceptance says nothing."""
    hits = [e for e in found.exchanges if e.status == status]
    # A 500 now and then is documented; in place of every answer it is not what was provoked.
    passing = (500,) if hits else ()
    others = [e for e in found.exchanges if e.status not in (status, 202, 404, *passing) and e.status is not None]
    requirement = f"ERR-{status}-STATUS"
    if hits:
        suite.ledger.hold(requirement, True)
    if others and not found.burst:
        suite.ledger.hold(requirement, False, expected=str(status), seen=str(others[0].status), exchanges=others[:1])
    if not hits:
        seen = ", ".join(sorted({e.outcome() for e in found.exchanges}))
        raise Unverifiable(f"the profile's way to provoke {status} gave {seen or 'nothing'}")
    return hits


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(409, marks=pytest.mark.requirement("ERR-409-STATUS", "ERR-409-BODY", "ERR-409-HEADERS", "ERR-409-KEEPS"), id="409"),
        pytest.param(429, marks=pytest.mark.requirement("ERR-429-STATUS", "ERR-429-BODY", "ERR-429-RETRY", "ERR-429-KEEPS"), id="429"),
    ],
)
def test_refused_request(suite: Suite, scenarios: Scenarios, status: int) -> None:
    """A conflict and a rate limit are documented answers, and what they refuse is not carried out."""
    victim = suite.victims(1)[0]
    scenarios.must_be_shown(victim)

    found = provoke(suite, status, victim, suite.effort.refusals)
    hits = judge_provoked(suite, status, found)

    requirement = f"ERR-{status}-KEEPS"
    if found.accepted:
        raise Unverifiable("a request of the burst was accepted, so the configuration is rightly gone")
    if found.victim is None:
        raise OneWayLess(f"the SID that answers {status} is not shown by a fetch")
    scenarios.kept(requirement, found.victim, hits[-2:])
    suite.watch.kept(requirement, found.victim, hits[-2:])


@pytest.mark.requirement("ERR-429-AGAIN", "ERR-429-KEEPS")
def test_retry_after_429(suite: Suite, scenarios: Scenarios) -> None:
    """A retry after a 429, with the same key, is processed."""
    trigger = suite.profile.faults[429]
    if not trigger.headers and trigger.burst is None:
        raise OneWayLess("the fault by SID answers 429 to every retry; headers or burst are needed")
    count = 1 if suite.effort.few else 6
    retried: list[tuple[Operation, Configuration]] = []
    passing: list[str] = []
    for victim in suite.configurations.take(count):
        found = provoke(suite, 429, victim, 1, key=suite.key())
        hits = [e for e in judge_provoked(suite, 429, found) if e.key]
        if found.accepted or not hits:
            raise Unverifiable("the burst was not refused with 429 for a request with a key")
        refused = hits[-1]
        suite.until(lambda: False, min(float(refused.headers.get("retry-after", "0").strip() or 0)
                                       if refused.headers.get("retry-after", "").strip().isdigit() and found.burst else 0.0, 5.0))
        again = suite.client.send(
            suite.client.outgoing(Call("delete", victim.sid, provokes=429), "DELETE", f"/Configurations/{victim.sid}", key=refused.key)
        )
        tries = [refused, again]
        absent = suite.absent_sid()
        while again.status == 429 and len(tries) < 6:
            # The limit itself may still hold: another request with a new key tells. A stored 429 meets only this key.
            control = suite.client.delete(absent, key=suite.key(), call=Call("delete", absent, provokes=429))
            again = suite.client.send(
                suite.client.outgoing(Call("delete", victim.sid, provokes=429), "DELETE", f"/Configurations/{victim.sid}", key=refused.key)
            )
            tries += [control, again]
            if control.status != 429:
                break
            suite.until(lambda: False, 0.5)
        if again.status in (500, 503):
            passing.append(again.outcome())
            continue
        suite.ledger.hold("ERR-429-AGAIN", again.status == 202, expected="202 to the retry", seen=again.outcome(), exchanges=tries)
        if again.status == 202:
            retried.append((suite.follower.accept(again, victim.sid), victim))
    if passing and not retried:
        raise Unverifiable(f"the retry was answered {passing[0]}")
    scenarios.completed([operation for operation, _ in retried], [victim for _, victim in retried])


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(500, marks=pytest.mark.requirement("ERR-500-STATUS", "ERR-500-BODY"), id="500"),
        pytest.param(503, marks=pytest.mark.requirement("ERR-503-STATUS", "ERR-503-BODY", "ERR-503-RETRY"), id="503"),
    ],
)
def test_server_error(suite: Suite, scenarios: Scenarios, status: int) -> None:
    """A server error is a documented answer; what it did to the configuration is observed."""
    victim = suite.configurations.one()

    found = provoke(suite, status, victim, suite.effort.refusals)
    judge_provoked(suite, status, found)

    there = scenarios.is_there(found.victim)[0] if found.victim else None
    effect = {True: "not deleted", False: "deleted", None: "not known"}[there]
    suite.ledger.observe("OBS-FAULT-EFFECT", f"{status}: {effect}")


@pytest.mark.requirement("SID-UNKNOWN")
def test_stored_errors(suite: Suite) -> None:
    """Whether an error is stored for its key is open: it is observed."""
    accepted = []
    faults = suite.profile.faults if suite.profile.provision.mode else {}
    stored = [(s, t) for s, t in sorted(faults.items()) if s != 429 and t.headers]
    for status, trigger in suite.random.sample(stored, min(len(stored), 1 if suite.effort.few else 3)):
        victim = suite.configurations.one()
        key = suite.key()
        first = suite.client.delete(victim.sid, key=key, trigger=trigger, call=Call("delete", victim.sid, provokes=status))
        again = suite.client.delete(victim.sid, key=key, call=Call("delete", victim.sid, provokes=status))
        if first.status == status:
            suite.ledger.observe("OBS-KEY-STORED", f"{status}: {'stored' if again.status == status else f'not stored ({again.status})'}")
        if again.status == 202:
            accepted.append(suite.follower.accept(again, victim.sid))
    suite.follower.finish(accepted, early=False)
    sid, key = suite.absent_sid(), suite.key()
    answers = [suite.client.past_500(lambda: suite.client.delete(sid, key=key)) for _ in range(2)]
    suite.ledger.hold("SID-UNKNOWN", answers[0].status in (404, 500), expected="404", seen=answers[0].outcome(), exchanges=answers[:1])
