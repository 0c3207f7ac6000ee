"""The plan of a run, and the consent to it where it changes another machine.

A loopback address is the user's own. Any other may be a real account, so a run shows its plan there
and waits for an answer on the terminal, unless --yes was given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination.coordinator import initial_bound
from orchestrator_contract.effort import GENTLE_KEYS, GENTLE_LOGINS, Effort
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.http.addresses import is_loopback
from orchestrator_contract.http.proxies import proxy_to
from orchestrator_contract.http.request import origin_of
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin.options import usage_error
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.schedule import LIFE_S, Pace, expected_s


def plan_lines(
    target: Profile,
    effort: Effort,
    tests: Sequence[tuple[str, tuple[str, ...]]],
    wanted: Iterable[str],
) -> Iterator[str]:
    """The plan, line by line; nothing is sent."""
    selected = {one for _, ids in tests for one in ids} & set(wanted)
    yield from changes(target, effort)
    yield ""
    for name, requirement in catalogue.load().requirements.items():
        if name in selected:
            lacking = target.lacks(requirement.needs)
            state = f"unverified: needs {', '.join(lacking)}" if lacking else "will be checked"
            needs = f" [needs {', '.join(requirement.needs)}]" if requirement.needs else ""
            yield f"{name:20} {requirement.level:10} {state}{needs}"
            yield f"{'':20} {requirement.title}"
    yield ""
    yield f"{len(selected)} requirements, {len(tests)} tests"


def changes(target: Profile, effort: Effort) -> Iterator[str]:
    """The target, the size of a run, and what it changes there, line by line."""
    limits, rate = target.limits, target.limits.requests_per_second
    pace = f"{rate:g} a second" if rate else "as fast as it goes"
    deletes = f", {limits.delete_requests} DELETE requests" if limits.delete_requests else ""
    yield f"target        {target.name} ({target.base_url})"
    yield f"capabilities  {', '.join(target.capabilities) or 'none'}"
    yield f"effort        {'; '.join([effort.name, *effort.remarks])}"
    yield (
        f"limits        at most {limits.requests} requests, {pace};"
        f" at most {limits.deletes} configurations deleted{deletes}"
    )
    yield f"expect        {_expected(target, effort)}"
    yield from _deletions(target)
    if target.clock_url:
        yield f"the clock is moved forward by POST {target.clock_url}"


def _deletions(target: Profile) -> Iterator[str]:
    """Say where all that is deleted comes from."""
    provision, conversations = target.provision, target.conversations
    origins = {
        "create": "created by POST with names that begin oc-, and deleted at the end",
        "pool": f"taken from the pool of {len(provision.pool)}, each deleted",
        "command": f"taken from the command {' '.join(provision.command)!r}, each deleted",
        None: "none: there is no [provision]",
    }
    yield f"configurations {origins[provision.mode]}"
    if conversations:
        command = " ".join(conversations.command)
        pool = f"pool of {len(conversations.pool)}"
        origin = f"command {command!r}" if command else pool
        yield f"conversations  taken from the {origin}, each deleted"
    triggers = {f"faults.{status}": one for status, one in target.faults.items()}
    if target.operation_failure:
        triggers["operation_failure"] = target.operation_failure
    # The headers of a trigger come before its SID.
    named = {name: one.sid for name, one in triggers.items() if one.sid and not one.headers}
    for name, sid in named.items():
        yield f"named         {sid}, by [{name}]; it is deleted where the fault does not fire"
    also = "to the SIDs that [faults] and [operation_failure] name, " if named else ""
    yield (
        f"deletes go only to these, {also}and to SIDs near a configuration of the run's own"
        " or made up"
    )


def _expected(target: Profile, effort: Effort) -> str:
    """The size of a whole run: configurations, requests, failed log-ins and minutes."""
    requests = min(effort.typical_requests, target.limits.requests)
    made = int(min(effort.typical_configurations, target.supply))
    room = initial_bound(target)
    minutes = expected_s(effort, target, 1.0, Pace(), room or 2) / 60
    at_once = f" (at most {room} at once)" if room else ""
    logins, keys = GENTLE_LOGINS, GENTLE_KEYS
    if not effort.gentle:
        logins = 2 * effort.wrong_credentials + 4
        keys = 2 * effort.malformed_keys + effort.generated_keys + 4
    return (
        f"about {made} configurations made and deleted{at_once}, {requests} requests,"
        f" at most {logins} failed log-ins and {keys} malformed keys; {max(minutes, 1):.0f} minutes"
        f" where a create and a delete take {LIFE_S:g} s"
    )


# ---------------------------------------------------------------------------- consent


def distant(profile: Profile) -> list[str]:
    """The target's URLs that are not loopback.

    Raises:
        EndpointUnusable: a host name has no address.
    """
    found = []
    for url in (*profile.bases, *([profile.clock_url] if profile.clock_url else [])):
        origin = origin_of(url)
        try:
            # A host that only a proxy reaches need not have an address here.
            through_proxy = origin is not None and proxy_to(origin, profile.proxy) is not None
            if through_proxy or not is_loopback(urlsplit(url).hostname or ""):
                found.append(url)
        except (OSError, UnicodeError) as error:
            raise EndpointUnusable(
                f"{url} can't be reached: its host name has no address ({error})"
            ) from None
    return list(dict.fromkeys(found))


def get_consent(config: pytest.Config, profile: Profile, will: Iterable[str]) -> None:
    """Show what *will* happen on other machines, and wait for a yes; --yes is one.

    Raises:
        pytest.UsageError: the answer is no, or there is no terminal to ask on.
        EndpointUnusable: a host name has no address.
    """
    where = "" if config.option.yes else ", ".join(distant(profile))
    if not where:
        return
    with _terminal(config) as there_is_one:
        if not there_is_one:
            raise usage_error(
                f"{where}: not a loopback address, so this needs consent: configurations would be"
                " created or deleted there. Look at --plan, then add --yes."
                " (There is no terminal to ask on; nothing was sent.)"
            )
        # A journal may hold any text as a name.
        print("", *map(visible, will), "", sep="\n", file=sys.stderr)
        question = f"This will change {where}, which is not this machine. Go ahead? [y/N] "
        print(question, end="", file=sys.stderr, flush=True)
        response = sys.stdin.readline().strip().lower()
    if response not in ("y", "yes"):
        raise usage_error(f"{where}: not confirmed; nothing was sent")


@contextmanager
def _terminal(config: pytest.Config) -> Iterator[bool]:
    """Give back stdin and stderr, which pytest captures; true if a terminal is there."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        yield sys.stdin is not None and sys.stdin.isatty()
    finally:
        if capture is not None:
            capture.resume_global_capture()
