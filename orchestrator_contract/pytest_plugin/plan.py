"""The plan of a run: its requirements, their needs, and the changes that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orchestrator_contract.contract import catalogue
from orchestrator_contract.effort import GENTLE_KEYS, GENTLE_LOGINS, Effort
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.inventory import initial_bound
from orchestrator_contract.schedule import LIFE_S, expected_s


def plan_lines(
    target: Profile,
    effort: Effort,
    tests: Sequence[tuple[str, tuple[str, ...]]],
    wanted: Iterable[str],
) -> Iterator[str]:
    """The plan, line by line; nothing is sent."""
    known = catalogue.load().requirements
    selected = {one for _, ids in tests for one in ids} & set(wanted)
    yield f"target        {target.name} ({target.base_url})"
    yield f"capabilities  {', '.join(target.capabilities) or 'none'}"
    yield f"effort        {'; '.join([effort.name, *effort.remarks])}"
    limits = target.limits
    pace = (
        f"{limits.requests_per_second:g} a second"
        if limits.requests_per_second
        else "as fast as it goes"
    )
    yield (
        f"limits        at most {limits.requests} requests, {pace};"
        f" at most {limits.deletes} configurations deleted"
        + (f", {limits.delete_requests} DELETE requests" if limits.delete_requests else "")
    )
    yield f"expect        {_expected(target, effort)}"
    mode = target.provision.mode
    origin = {
        "create": "created by POST with names that begin oc-, and deleted at the end",
        "pool": f"taken from the pool of {len(target.provision.pool)}, each deleted",
        "command": f"taken from the command {' '.join(target.provision.command)!r}, each deleted",
        None: "none: there is no [provision]",
    }[mode]
    yield f"configurations {origin}"
    if target.conversations.command:
        command = " ".join(target.conversations.command)
        yield f"conversations  taken from the command {command!r}, each deleted"
    elif target.conversations:
        yield f"conversations  taken from the pool of {len(target.conversations.pool)}, each deleted"
    named = [
        (where, trigger.sid)
        for where, trigger in (
            *((f"faults.{status}", one) for status, one in target.faults.items()),
            ("operation_failure", target.operation_failure),
        )
        if trigger and trigger.sid and not trigger.headers  # headers come before sid
    ]
    for where, sid in named:
        yield f"named         {sid}, by [{where}]; it is deleted where the fault does not fire"
    also = "to the SIDs that [faults] and [operation_failure] name, " if named else ""
    yield (
        f"deletes go only to these, {also}and to SIDs near a configuration of the run's own"
        " or made up"
    )
    if target.clock_url:
        yield f"the clock is moved forward by POST {target.clock_url}"
    yield ""
    for name, requirement in known.items():
        if name not in selected:
            continue
        lacking = target.lacks(requirement.needs)
        state = f"unverified: needs {', '.join(lacking)}" if lacking else "will be checked"
        needs = f" [needs {', '.join(requirement.needs)}]" if requirement.needs else ""
        yield f"{name:20} {requirement.level:10} {state}{needs}"
        yield f"{'':20} {requirement.title}"
    yield ""
    yield f"{len(selected)} requirements, {len(tests)} tests"


def _expected(target: Profile, effort: Effort) -> str:
    """The size of a whole run: configurations, requests, failed log-ins and minutes."""
    requests = min(effort.typical_requests, target.limits.requests)
    made = int(min(effort.typical_configurations, target.supply))
    room = initial_bound(target)
    minutes = expected_s(effort, target, 1.0, 0.0, LIFE_S, room or 2) / 60
    at_once = f" (at most {room} at once)" if room else ""
    logins, keys = (
        (GENTLE_LOGINS, GENTLE_KEYS)
        if effort.gentle
        else (
            2 * effort.wrong_credentials + 4,
            2 * effort.malformed_keys + effort.generated_keys + 4,
        )
    )
    return (
        f"about {made} configurations made and deleted{at_once}, {requests} requests,"
        f" at most {logins} failed log-ins and {keys} malformed keys; {max(minutes, 1):.0f} minutes"
        f" where a create and a delete take {LIFE_S:g} s"
    )
