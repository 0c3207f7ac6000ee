"""Requests at one moment: one key, one SID, many SIDs."""

from functools import partial
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.rules.key_reuse import HANDLED, MISMATCH
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.competing_requests import Rivals
from orchestrator_contract.steps.concurrency import at_once, at_once_on, merge_names
from orchestrator_contract.steps.deletes import Scenarios


@pytest.mark.requirement("KEY-CONCURRENT", "KEY-ONE-OPERATION", "KEY-REPLAY", "HTTP-COMPLETE")
def test_one_key_at_once(endpoint: Endpoint, scenarios: Scenarios, race_round: int) -> None:
    """One key at once on several connections starts one operation, and all of them end with its response."""
    configurations = endpoint.configurations.take(1 if endpoint.effort.few else 3)
    if race_round == 2:  # the other rounds stay at home
        configurations[1:] = [
            *endpoint.configurations.elsewhere(Scope(1), configurations[1:2]),
            *endpoint.configurations.elsewhere(Scope(region=1), configurations[2:]),
        ]
    operations_of: list[Operation] = []
    spoken_for: set[str] = set()
    raced: list[Configuration] = []
    for configuration in configurations:
        # Once, others bring the same key at the same moment; whichever comes first may have it.
        crowded = race_round == 1 and configuration is configurations[0]
        tries: list[tuple[str, Rivals]] = []
        one, responses = at_once_on(
            endpoint, configuration, partial(one_key, endpoint, tries=tries, crowded=crowded)
        )
        raced.append(one)
        key, rivals = tries[-1]
        own = endpoint.effort.racers - len(rivals.batch)
        responses, strange = [*responses[: own - 1], responses[-1]], responses[own - 1 : -1]
        for exchange in responses:
            endpoint.findings.observe("OBS-KEY-CONCURRENT", f"{exchange.outcome()}")
        accepted = [exchange for exchange in responses if exchange.status == 202]
        operations = merge_names(accepted)
        endpoint.findings.check(
            "KEY-CONCURRENT",
            len(operations) <= 1,
            expected="one operation",
            seen=f"{len(operations)}: {', '.join(sorted(min(names) for names in operations))}",
            exchanges=accepted,
        )
        operation = endpoint.poller.accept(accepted[0], one.sid) if accepted else None
        if rivals.judge(scenarios, operation, strange):
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
                replays_at_once(endpoint, scenarios, operation)
        scenarios.existence.gone(operation)


def one_key(
    endpoint: Endpoint,
    configuration: Configuration,
    tries: list[tuple[str, Rivals]],
    *,
    crowded: bool,
) -> list[Any]:
    """Deletes under one new key, those of rivals among them; the key and the rivals go to the end of *tries*."""
    key = endpoint.key()
    rivals = Rivals.of(endpoint, configuration.sid, key) if crowded else Rivals()
    out = endpoint.client.request(
        Call("delete", configuration.sid, allow=MISMATCH),
        "DELETE",
        f"/Configurations/{configuration.sid}",
        key=key,
        scope=configuration.scope,
    )
    tries.append((key, rivals))
    return [*[out] * (endpoint.effort.racers - len(rivals.batch) - 1), *rivals.batch, out]


def replays_at_once(endpoint: Endpoint, scenarios: Scenarios, operation: Operation) -> None:
    """Replays at one moment get the original response, or are told that the other one is handled; once that is over it comes again."""
    first = operation.accepted
    out = endpoint.client.request(
        Call("delete", operation.sid, allow=HANDLED),
        "DELETE",
        f"/Configurations/{operation.sid}",
        key=first.key,
        scope=first.scope,
    )
    for again in endpoint.client.send_together([out] * 4):
        # One may be handled while the others come, which no source rules out.
        if again.status not in (None, 429, 500, 503, *HANDLED):
            judge_replay(endpoint.findings, first, again, "KEY-REPLAY-ENDED")
    scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")


@pytest.mark.requirement("CONC-ONE-SID", "CONC-ONE-COMPLETED", "DEL-STATUS", "HTTP-COMPLETE")
@pytest.mark.parametrize(
    "keyed",
    [
        pytest.param(True, marks=pytest.mark.twice, id="different-keys"),
        pytest.param(False, id="no-key"),
    ],
)
def test_one_sid_at_once(
    endpoint: Endpoint, scenarios: Scenarios, race_round: int, keyed: bool
) -> None:
    """Of deletes of one SID at once each answer is documented, one at least is carried out, and the SID is gone."""
    failed = all_failed(endpoint, scenarios, keyed)
    # One may FAIL for reasons of its own; where a second race ends so, too, the race is the reason.
    again = all_failed(endpoint, scenarios, keyed) if failed else []
    endpoint.findings.check(
        "CONC-ONE-SID",
        not again,
        expected="one of them COMPLETED",
        seen="none, twice",
        exchanges=[*failed, *again],
    )


def all_failed(endpoint: Endpoint, scenarios: Scenarios, keyed: bool) -> list[Exchange]:
    """Have one SID deleted by several at once; the 202s and last polls when no operation COMPLETED, and else nothing."""
    configuration, responses = at_once_on(
        endpoint,
        endpoint.configurations.one(),
        lambda one: [
            endpoint.client.request(
                Call("delete", one.sid),
                "DELETE",
                f"/Configurations/{one.sid}",
                key=endpoint.key() if keyed else None,
            )
            for _ in range(endpoint.effort.racers)
        ],
    )
    for exchange in responses:
        endpoint.findings.observe("OBS-SECOND-DELETE", f"at once: {exchange.outcome()}")
    accepted = [exchange for exchange in responses if exchange.status == 202]
    # Distinct operations by their names; one of each is followed.
    operations = [
        endpoint.poller.accept(
            next(e for e in accepted if e.operation_names & names or not names), configuration.sid
        )
        for names in merge_names(accepted)
    ] or [endpoint.poller.accept(accepted[0], configuration.sid)]
    endpoint.poller.finish(operations, early=False)
    completed = [operation for operation in operations if operation.status == "COMPLETED"]
    steps = [e for operation in operations for e in (operation.accepted, *operation.polls[-1:])]
    endpoint.findings.check(
        "CONC-ONE-COMPLETED",
        len(completed) <= 1,
        expected="one COMPLETED operation",
        seen=str(len(completed)),
        exchanges=steps,
    )
    there, fetch = scenarios.existence.is_there(configuration)
    if not any(operation.done for operation in operations):
        raise Inconclusive("none of the operations ended within the poll limit")
    if not completed and endpoint.client.ownership.doubtful(configuration.resource_key):
        raise Inconclusive(
            "one of the deletes was answered 5xx, and may be the one that was carried out"
        )
    if completed:
        endpoint.findings.check(
            "CONC-ONE-SID",
            there is not True,
            expected="the configuration deleted",
            seen=f"{', '.join(o.status for o in operations)}, fetch {fetch.outcome()}",
            exchanges=[*steps, fetch],
        )
    if there is False:
        endpoint.inventory.gone(configuration)
    return [] if completed else steps


@pytest.mark.requirement(
    "CONC-OWN-RESPONSE", "DEL-202-RELATED", "DEL-202-OWN-OPERATION", "DEL-STATUS", "HTTP-COMPLETE"
)
def test_many_sids_at_once(endpoint: Endpoint, scenarios: Scenarios, race_round: int) -> None:
    """Of deletes of many SIDs at once every answer belongs to its request, and every deletion happens."""
    configurations = endpoint.configurations.take(endpoint.effort.racers)
    responses = at_once(
        endpoint,
        lambda: [
            # In one round without keys, as many clients come.
            endpoint.client.request(
                Call("delete", c.sid),
                "DELETE",
                f"/Configurations/{c.sid}",
                key=None if race_round == 1 else endpoint.key(),
            )
            for c in configurations
        ],
    )
    operations: list[Operation] = []
    for configuration, exchange in zip(configurations, responses, strict=True):
        if exchange.status != 202:
            continue
        named = exchange.related_sid
        endpoint.findings.check(
            "CONC-OWN-RESPONSE",
            named in (None, configuration.sid),
            expected=f"the answer for {configuration.sid}",
            seen=f"the one for {named!r:.120}",
            exchanges=[exchange],
        )
        operations.append(endpoint.poller.accept(exchange, configuration.sid))
    distinct = merge_names([operation.accepted for operation in operations])
    endpoint.findings.check(
        "CONC-OWN-RESPONSE",
        len(distinct) == len(operations),
        expected=f"{len(operations)} operations",
        seen=str(len(distinct)),
        exchanges=[operation.accepted for operation in operations][:4],
    )
    done = scenarios.completed(operations, configurations)
    for operation in done:
        configuration = next(c for c in configurations if c.resource_key == operation.resource_key)
        there, fetch = scenarios.existence.is_there(configuration)
        endpoint.findings.check(
            "CONC-OWN-RESPONSE",
            there is not True,
            expected=f"{operation.sid} deleted",
            seen="still there",
            exchanges=[operation.accepted, *operation.polls[-1:], fetch],
        )
    scenarios.each(
        lambda o: scenarios.replay(o, requirement="KEY-REPLAY"), [o for o in done if o.accepted.key]
    )
