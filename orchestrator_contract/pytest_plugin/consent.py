"""Consent to a run that changes an endpoint on another machine.

A loopback address is the user's own. Any other may be a real account, so a run shows its plan there
and waits for an answer on the terminal, unless --yes was given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from urllib.parse import urlsplit

import pytest

from orchestrator_contract.effort import Effort
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.http.addresses import is_loopback
from orchestrator_contract.http.proxies import proxy_to
from orchestrator_contract.http.request import origin_of
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin.options import usage_error
from orchestrator_contract.pytest_plugin.plan import plan_lines
from orchestrator_contract.redaction.visible import visible


def distant(profile: Profile) -> list[str]:
    """The target's URLs that are not loopback.

    Raises:
        EndpointUnusable: a host name has no address.
    """
    found = []
    for url in (*profile.bases, *([profile.clock_url] if profile.clock_url else [])):
        origin = origin_of(url)
        try:
            # What only a proxy reaches need not have an address here.
            through_proxy = origin is not None and proxy_to(origin, profile.proxy) is not None
            if through_proxy or not is_loopback(urlsplit(url).hostname or ""):
                found.append(url)
        except (OSError, UnicodeError) as error:
            raise EndpointUnusable(
                f"{url} can't be reached: its host name has no address ({error})"
            ) from None
    return list(dict.fromkeys(found))


def obtain(config: pytest.Config, profile: Profile | None, effort: Effort) -> None:
    """Get consent to a run against *profile*; the embedded mock needs none.

    Raises:
        pytest.UsageError: the answer is no, or there is no terminal to ask on.
        EndpointUnusable: a host name has no address.
    """
    if profile is None or config.option.yes:
        return
    places = distant(profile)
    if places:
        will = [*takewhile(bool, plan_lines(profile, effort, [], []))]
        ask(config, places, will)


def ask(config: pytest.Config, places: Iterable[str], will: Iterable[str]) -> None:
    """Show what *will* happen at *places* and wait for a yes.

    Raises:
        pytest.UsageError: the answer is no, or there is no terminal to ask on.
    """
    where = ", ".join(places)
    with _terminal(config) as there_is_one:
        if not there_is_one:
            raise usage_error(
                f"{where}: not a loopback address, so this needs consent: configurations would be"
                " created or deleted there. Look at --plan, then add --yes."
                " (There is no terminal to ask on; nothing was sent.)"
            )
        # A journal's names may be anybody's words.
        print("", *map(visible, will), "", sep="\n", file=sys.stderr)
        print(
            f"This will change {where}, which is not this machine. Go ahead? [y/N] ",
            end="",
            file=sys.stderr,
            flush=True,
        )
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
