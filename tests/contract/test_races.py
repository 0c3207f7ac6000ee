"""Requests at one moment: one key, one SID, many SIDs, and reads beside a delete."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from orchestrator_contract.bad_keys import bad_keys
from orchestrator_contract.client.retry import past_500
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow.operation import Operation, operation_names
from orchestrator_contract.malformed import send_bad
from orchestrator_contract.others import Others
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.racing import at_once, at_once_on, merge_names
from orchestrator_contract.replay import judge_replay
from orchestrator_contract.reuse import HANDLED, MISMATCH
from orchestrator_contract.scenarios import Scenarios
from orchestrator_contract.suite import Suite
from orchestrator_contract.verdict import OneWayLess, Unverifiable


@pytest.mark.requirement("KEY-CONCURRENT", "KEY-ONE-OPERATION", "KEY-REPLAY", "HTTP-ANSWER")
def test_one_key_at_once(suite: Suite, scenarios: Scenarios, race_round: int) -> None:
    """One key at once on several connections starts one operation, and all of them end with its response."""
    configurations = suite.configurations.take(1 if suite.effort.few else 3)
    if race_round == 2:  # the other rounds stay at home
        configurations[1:] = [*suite.configurations.elsewhere(1, 0, configurations[1:2]), *suite.configurations.elsewhere(0, 1, configurations[2:])]
    operations_of: list[Operation] = []
    spoken_for: set[str] = set()
    raced: list[Configuration] = []
    for configuration in configurations:
        # Once, others bring the same key at the same moment; whichever comes first may have it.
        crowded = race_round == 1 and configuration is configurations[0]
        tries: list[tuple[str, Others]] = []
        one, answers = at_once_on(suite, configuration, partial(one_key, suite, tries=tries, crowded=crowded))
        raced.append(one)
        key, others = tries[-1]
        own = suite.effort.racers - len(others.batch)
        answers, strange = [*answers[: own - 1], answers[-1]], answers[own - 1 : -1]
        for exchange in answers:
            suite.ledger.observe("OBS-KEY-CONCURRENT", f"{exchange.outcome()}")
        accepted = [exchange for exchange in answers if exchange.status == 202]
        operations = merge_names(accepted)
        suite.ledger.hold("KEY-CONCURRENT", len(operations) <= 1, expected="one operation",
                          seen=f"{len(operations)}: {', '.join(sorted(min(names) for names in operations))}", exchanges=accepted)
        operation = suite.follower.accept(accepted[0], one.sid) if accepted else None
        if others.judge(scenarios, operation, strange):
            spoken_for.add(key)
        if operation is None:
            continue
        if key not in spoken_for:
            scenarios.replay(operation)
        operations_of.append(operation)
    for number, operation in enumerate(scenarios.completed(operations_of, raced)):
        if operation.accepted.key not in spoken_for:
            scenarios.replay(operation, requirement="KEY-REPLAY")
            if race_round == 1 and number == 1:
                replays_at_once(suite, operation)
        scenarios.presence.gone(operation)


def one_key(suite: Suite, configuration: Configuration, tries: list[tuple[str, Others]], *, crowded: bool) -> list[Any]:
    """Deletes under one new key, those of others among them; the key and the others go to the end of *tries*."""
    key = suite.key()
    others = Others.of(suite, configuration.sid, key) if crowded else Others()
    out = suite.client.outgoing(
        # What the second of two at once with one key is told is open.
        Call("delete", configuration.sid, allow=MISMATCH), "DELETE",
        f"/Configurations/{configuration.sid}", key=key, account=configuration.account, region=configuration.region,
    )
    tries.append((key, others))
    return [*[out] * (suite.effort.racers - len(others.batch) - 1), *others.batch, out]


def replays_at_once(suite: Suite, operation: Operation) -> None:
    """Replays at one moment each get the original response."""
    first = operation.accepted
    out = suite.client.outgoing(Call("delete", operation.sid, allow=HANDLED), "DELETE", f"/Configurations/{operation.sid}", key=first.key,
                                account=first.account, region=first.region)
    for again in suite.client.send_together([out] * 2):
        # One may be handled while the other one comes, which no source rules out.
        if again.status not in (None, 429, 500, 503, *HANDLED):
            judge_replay(suite.ledger, first, again, "KEY-REPLAY-ENDED")


@pytest.mark.requirement("RACE-ONE-SID", "RACE-ONCE", "DEL-STATUS", "HTTP-ANSWER")
@pytest.mark.parametrize("keyed", [pytest.param(True, marks=pytest.mark.twice, id="different-keys"), pytest.param(False, id="no-key")])
def test_one_sid_at_once(suite: Suite, scenarios: Scenarios, race_round: int, keyed: bool) -> None:
    """Of deletes of one SID at once each answer is documented, one at least is carried out, and the SID is gone."""
    failed = all_failed(suite, scenarios, keyed)
    # One may FAIL for reasons of its own; where a second race ends so, too, the race is the reason.
    again = all_failed(suite, scenarios, keyed) if failed else []
    suite.ledger.hold("RACE-ONE-SID", not again, expected="one of them COMPLETED", seen="none, twice", exchanges=[*failed, *again])


def all_failed(suite: Suite, scenarios: Scenarios, keyed: bool) -> list[Exchange]:
    """Have one SID deleted by several at once; the 202s and last polls when no operation COMPLETED, and else nothing."""
    configuration, answers = at_once_on(suite, suite.configurations.one(), lambda one: [
        suite.client.outgoing(Call("delete", one.sid), "DELETE", f"/Configurations/{one.sid}", key=suite.key() if keyed else None)
        for _ in range(suite.effort.racers)
    ])
    for exchange in answers:
        suite.ledger.observe("OBS-SECOND-DELETE", f"at once: {exchange.outcome()}")
    accepted = [exchange for exchange in answers if exchange.status == 202]
    # Distinct operations by their names; one of each is followed.
    operations = [suite.follower.accept(next(e for e in accepted if operation_names(e) & names or not names), configuration.sid)
                  for names in merge_names(accepted)] or [suite.follower.accept(accepted[0], configuration.sid)]
    suite.follower.finish(operations, early=False)
    completed = [operation for operation in operations if operation.status == "COMPLETED"]
    steps = [e for operation in operations for e in (operation.accepted, *operation.polls[-1:])]
    suite.ledger.hold("RACE-ONCE", len(completed) <= 1, expected="one COMPLETED operation", seen=str(len(completed)), exchanges=steps)
    there, fetch = scenarios.presence.is_there(configuration)
    if not any(operation.done for operation in operations):
        raise Unverifiable("none of the operations ended within the poll limit")
    if not completed and suite.client.ownership.doubtful(configuration.sid):
        raise Unverifiable("one of the deletes was answered 5xx, and may be the one that was carried out")
    if completed:
        suite.ledger.hold("RACE-ONE-SID", there is not True, expected="the configuration deleted",
                          seen=f"{', '.join(o.status for o in operations)}, fetch {fetch.outcome()}", exchanges=[*steps, fetch])
    if there is False:
        suite.inventory.gone(configuration)
    return [] if completed else steps


@pytest.mark.requirement("RACE-OWN-ANSWER", "DEL-202-RELATED", "DEL-202-OWN", "DEL-STATUS", "HTTP-ANSWER")
def test_many_sids_at_once(suite: Suite, scenarios: Scenarios, race_round: int) -> None:
    """Of deletes of many SIDs at once every answer belongs to its request, and every deletion happens."""
    configurations = suite.configurations.take(suite.effort.racers)
    answers = at_once(suite, lambda: [
        suite.client.outgoing(Call("delete", c.sid), "DELETE", f"/Configurations/{c.sid}", key=suite.key()) for c in configurations
    ])
    operations: list[Operation] = []
    for configuration, exchange in zip(configurations, answers, strict=True):
        if exchange.status != 202:
            continue
        related = exchange.object.get("related")
        named = related.get("configurationId") if isinstance(related, dict) else None
        suite.ledger.hold("RACE-OWN-ANSWER", named in (None, configuration.sid), expected=f"the answer for {configuration.sid}",
                          seen=f"the one for {named!r:.120}", exchanges=[exchange])
        operations.append(suite.follower.accept(exchange, configuration.sid))
    distinct = merge_names([operation.accepted for operation in operations])
    suite.ledger.hold("RACE-OWN-ANSWER", len(distinct) == len(operations), expected=f"{len(operations)} operations",
                      seen=str(len(distinct)), exchanges=[operation.accepted for operation in operations][:4])
    done = scenarios.completed(operations, configurations)
    for operation in done:
        configuration = next(c for c in configurations if c.sid == operation.sid)
        there, fetch = scenarios.presence.is_there(configuration)
        suite.ledger.hold("RACE-OWN-ANSWER", there is not True, expected=f"{operation.sid} deleted", seen="still there",
                          exchanges=[operation.accepted, *operation.polls[-1:], fetch])
    scenarios.each(lambda o: scenarios.replay(o, requirement="KEY-REPLAY"), [o for o in done if o.accepted.key])


@pytest.mark.requirement("RACE-MIXED", "CTRL-PAGE", "GONE-FETCH", "GONE-LIST")
def test_reads_and_updates_beside_a_delete(suite: Suite, scenarios: Scenarios, race_round: int) -> None:
    """Reads and updates that run beside a delete end with the configuration gone."""
    # Made now, and so next to each other, whatever other workers make.
    before, configuration, after = suite.configurations.take(3, payloads=[{}])
    path, sid = f"/Configurations/{configuration.sid}", configuration.sid
    outgoing = suite.client.outgoing
    read = outgoing(Call("fetch", sid), "GET", path)
    batch: list[Any] = [
        read, outgoing(Call("delete", sid), "DELETE", path, key=suite.key()),
        outgoing(Call("list"), "GET", "/Configurations?pageSize=1000"), read,
    ]
    if configuration.payload:  # the content of a given configuration is not the run's to change
        payload = {**configuration.payload, "description": "beside a delete"}
        batch.append(outgoing(Call("update", sid), "PUT", path, payload=payload))
        batch.append(outgoing(Call("patch", sid), "PATCH", path, payload={"description": "beside a delete"}))
    # What was deleted long before stays away while another delete runs.
    gone = [one for one in suite.watch.oldest_keys() if not (one.accepted.account or one.accepted.region)][:1]
    answers = suite.client.send_together(batch)
    first, delete, page, second = answers[:4]
    # What stands beside it, created just before and after, is not touched by a delete that runs.
    neighbours = (before, after)
    if stand(suite, neighbours, delete, [page]):
        suite.configurations.give_back(*neighbours)
    elif any(one.late_s for one in neighbours):
        old_neighbours(suite, scenarios)  # reads may miss what is so new
    for one in gone:
        # By now the delete was answered and runs; the list at once may have come before it.
        fetch, later = suite.client.fetch(one.sid), suite.client.page("pageSize=1000")
        suite.ledger.hold("GONE-FETCH", fetch.status != 200, expected="404, as before", seen=fetch.outcome(), exchanges=[delete, fetch])
        for look in (page, later):
            suite.ledger.hold("GONE-LIST", one.sid not in listed_ids(look), expected=f"no {one.sid}", seen="it is listed",
                              exchanges=[delete, look])
    for fetch in (first, second):
        scenarios.presence.shows(configuration, fetch)
    if delete.status == 202 and configuration.payload and not suite.effort.few:
        # Those at once may all have come before the delete; this one comes after its 202.
        answers.append(suite.client.update(sid, {"description": "after the 202"}, method="PATCH"))
    updates = [suite.follower.accept(e, sid) for e in answers[4:] if e.status == 202]
    # An update that came first is a conflict; once it has ended the delete must go through.
    operation = suite.follower.accept(delete, sid) if delete.status == 202 else None
    suite.follower.finish(updates, early=False)
    # Beside an update the configuration was not idle, and its delete may rightly have failed.
    if operation is not None and operation in suite.follower.finish([operation]) and operation.status != "COMPLETED":
        operation = None
    done = scenarios.completed([operation or scenarios.accepted(configuration, key=suite.key())], [configuration])[0]

    there, fetch = scenarios.presence.is_there(configuration)
    suite.ledger.hold("RACE-MIXED", there is not True, expected="the configuration gone after COMPLETED", seen="still there",
                      exchanges=[delete, page, *answers[4:], *done.polls[-1:], fetch])


def stand(suite: Suite, neighbours: Sequence[Configuration], delete: Exchange, pages: Sequence[Exchange]) -> bool:
    """Whether *neighbours* of what a *delete* takes away are seen by a fetch and on *pages*, read beside it; a breach unless they are new."""
    fetches = [suite.client.fetch(one.sid) for one in neighbours]
    ok = True
    for one, fetch in zip(neighbours, fetches, strict=True):
        whole = [(page, listed) for page in pages if (listed := listed_whole(page)) is not None]
        missed = [fetch] if fetch.status == 404 else [page for page, listed in whole if one.sid not in listed]
        ok = ok and not missed
        if not one.late_s:
            suite.ledger.hold("RACE-MIXED", not missed, expected=f"{one.sid} seen beside a delete", seen="not there", exchanges=[delete, *missed[:1]])
    return ok


def old_neighbours(suite: Suite, scenarios: Scenarios) -> None:
    """What stands beside a delete, and was made long enough before that every read shows it, is not touched."""
    before, configuration, after = suite.configurations.take(3, payloads=[{}])
    suite.wait(max(one.late_s for one in (before, configuration, after)))
    path = f"/Configurations/{configuration.sid}"
    page = suite.client.outgoing(Call("list"), "GET", "/Configurations?pageSize=1000")
    delete, *pages = suite.client.send_together(
        [suite.client.outgoing(Call("delete", configuration.sid), "DELETE", path, key=suite.key()), page, page]
    )
    stand(suite, (before, after), delete, pages)
    if delete.status == 202:
        scenarios.completed([suite.follower.accept(delete, configuration.sid)], [configuration])


def listed_ids(page: Exchange) -> list[Any]:
    """The ids on a page."""
    items = page.object.get("configurations")
    return [item.get("id") for item in items if isinstance(item, dict)] if page.status == 200 and isinstance(items, list) else []


def listed_whole(page: Exchange) -> list[Any] | None:
    """The ids of a list that is whole on one page; None when this is none."""
    items, meta = page.object.get("configurations"), page.object.get("meta")
    if page.status != 200 or not isinstance(items, list) or (isinstance(meta, dict) and meta.get("nextToken")):
        return None
    return listed_ids(page)


@pytest.mark.requirement("GONE-UPDATE")
def test_late_update(suite: Suite, scenarios: Scenarios) -> None:
    """After COMPLETED no update brings the configuration back."""
    configuration = suite.configurations.one()
    done = scenarios.completed([scenarios.accepted(configuration, key=suite.key())], [configuration])[0]

    payload = {**configuration.payload, "description": "late"}
    late = [
        suite.client.update(configuration.sid, payload),
        suite.client.update(configuration.sid, {"description": "late"}, method="PATCH"),
    ]
    suite.follower.finish([suite.follower.accept(e, configuration.sid) for e in late if e.status == 202], early=False)

    suite.watch.ended([done], "deleted before an update")
    there, fetch = scenarios.presence.is_there(configuration)
    suite.ledger.hold("GONE-UPDATE", there is not True, expected="404 after a late update", seen="the configuration is back",
                      exchanges=[done.accepted, *done.polls[-1:], *late, fetch])
    if not suite.effort.few:
        scenarios.replay(done, requirement="KEY-REPLAY-ENDED")


@pytest.mark.twice
@pytest.mark.requirement("RACE-MIXED")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_delete_while_an_update_runs(suite: Suite, scenarios: Scenarios, method: str) -> None:
    """A delete sent while an update runs is refused and does nothing, or deletes for good."""
    configuration = suite.configurations.one()
    if not configuration.payload:
        raise OneWayLess("the content of a given configuration is not the run's to change")
    text = {"description": "changed before a delete"}
    update = suite.client.update(configuration.sid, {**configuration.payload, **text} if method == "PUT" else text, method=method)
    if update.status != 202:
        raise OneWayLess(f"{method} was answered {update.outcome()}")
    delete = suite.client.delete(configuration.sid, key=suite.key())
    operations = [suite.follower.accept(e, configuration.sid) for e in (update, delete) if e.status == 202]
    suite.follower.finish(operations[:1], early=False)
    suite.follower.finish(operations[1:], early=False)
    steps = [update, delete, *(poll for operation in operations for poll in operation.polls[-1:])]
    if delete.status == 202:
        # Beside an update it may rightly have failed.
        if operations[1].status == "COMPLETED":
            suite.watch.ended(operations[1:], "deleted while an update ran")
            there, fetch = scenarios.presence.is_there(configuration)
            suite.ledger.hold("RACE-MIXED", there is not True, expected="the configuration gone after COMPLETED", seen="still there",
                              exchanges=[*steps, fetch])
            suite.inventory.gone(configuration)
    elif delete.status in (404, 409) and not suite.is_echo(delete):
        there, fetch = scenarios.presence.stands(configuration)
        suite.ledger.hold("RACE-MIXED", delete.status == 409 and there is not False, expected="409 and the configuration still there, or 202",
                          seen=f"{delete.outcome()}, fetch {fetch.outcome()}", exchanges=[*steps, fetch])
        if method == "PUT" or not there:
            suite.watch.kept("RACE-MIXED", configuration, steps)
        else:
            for operation in scenarios.completed([scenarios.accepted(configuration, key=suite.key())], [configuration]):
                scenarios.presence.gone(operation)


@pytest.mark.requirement("RACE-ONE-SID", "RACE-ONCE")
@pytest.mark.parametrize("keyed", [pytest.param(True, id="another-key"), pytest.param(False, marks=pytest.mark.twice, id="no-key")])
def test_second_delete_while_pending(suite: Suite, scenarios: Scenarios, keyed: bool) -> None:
    """A second delete while the first is pending gets a documented answer, and the first goes on to its end."""
    configuration = suite.configurations.one()
    operation = scenarios.accepted(configuration, key=suite.key())

    second = suite.client.delete(configuration.sid, key=suite.key() if keyed else None)

    what = "202, the same operation" if operation_names(second) & operation_names(operation.accepted) else str(second.status)
    suite.ledger.observe("OBS-SECOND-DELETE", f"one after the other: {what}")
    operations = [operation]
    if second.status == 202 and "same" not in what:
        operations.append(suite.follower.accept(second, configuration.sid))
    if not suite.effort.few:
        # Whatever the others are told, the first one's key stands for the first response, and its delete goes on.
        operations += refused_meanwhile(suite, configuration) if keyed else []
        scenarios.replay(operation)
    suite.follower.finish(operations)
    ended = [one for one in operations if one.status == "COMPLETED"]
    suite.ledger.hold("RACE-ONCE", len(ended) <= 1, expected="one COMPLETED operation", seen=str(len(ended)),
                      exchanges=[e for one in ended for e in (one.accepted, *one.polls[-1:])])
    done = scenarios.completed([operation], [configuration])[0]
    there, fetch = scenarios.presence.is_there(configuration)
    suite.ledger.hold("RACE-ONE-SID", there is not True, expected="the configuration deleted", seen="still there",
                      exchanges=[operation.accepted, second, *done.polls[-1:], fetch])
    if not suite.effort.few:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    if second.key and second.status in (404, 409) and not suite.effort.few:
        # Whether that refusal is stored for its key is open; what it refused is gone, either way.
        again = past_500(lambda: suite.client.delete(configuration.sid, key=second.key))
        suite.ledger.hold("GONE-DELETE", again.status in (404, second.status), expected=f"404, or {second.status} as before",
                          seen=again.outcome(), exchanges=[second, *done.polls[-1:], again])


def refused_meanwhile(suite: Suite, configuration: Configuration) -> list[Operation]:
    """Send what is refused, in each way that is known, to a SID whose delete runs; the operation of what was accepted instead."""
    for status in (409, 429):
        trigger = suite.profile.faults.get(status)
        if trigger is not None and trigger.headers:
            suite.client.delete(configuration.sid, key=suite.key(), trigger=trigger, call=Call("delete", configuration.sid, provokes=status))
    # A malformed key may be ignored: then this is one more delete.
    answer = send_bad(suite, configuration.sid, bad_keys(suite.key(), suite.random, 1)[0])
    return [suite.follower.accept(answer, configuration.sid)] if answer.status == 202 else []
