"""Requests at one moment, and the operations that they begin."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import Unverifiable


def merge_names(exchanges: list[Exchange]) -> list[frozenset[str]]:
    """The distinct operations that these 202s name."""
    groups: list[frozenset[str]] = []
    for exchange in exchanges:
        names = exchange.operation_names
        if names and not any(names & group for group in groups):
            groups.append(names)
    return groups


class _Conflict(Unverifiable):
    """All requests of a race were a conflict, so with something else."""


def at_once(suite: Suite, make: Callable[[], list[Any]]) -> list[Exchange]:
    """Send what *make* gives at one moment, and what it gives anew while all of it conflicts with something else that runs.

    Raises:
        Unverifiable: none was accepted, for a reason that may pass.
    """
    for pause in CONFLICT_PAUSES_S:
        with contextlib.suppress(_Conflict):
            return _accepted_at_once(suite, make())
        time.sleep(pause)
    return _accepted_at_once(suite, make())


def at_once_on(
    suite: Suite, configuration: Configuration, make: Callable[[Configuration], list[Any]]
) -> tuple[Configuration, list[Exchange]]:
    """Send what *make* gives for one configuration at one moment; the one that was raced for, and the answers.

    That is another one where the delete that was carried out may be one that was answered 500 or 503.

    Raises:
        Unverifiable: none was accepted, for a reason that may pass.
    """
    try:
        return configuration, at_once(suite, partial(make, configuration))
    except Unverifiable:
        if not suite.client.ownership.doubtful(configuration.located):
            raise
        other = suite.configurations.one(account=configuration.account, region=configuration.region)
        return other, at_once(suite, partial(make, other))


def _accepted_at_once(suite: Suite, batch: list[Any]) -> list[Exchange]:
    """Send *batch* at one moment; again, while a real 429 or 503 leaves none of it accepted.

    Raises:
        Unverifiable: none was accepted, for a reason that may pass.
    """
    for _ in range(4):
        answers = suite.client.send_together(batch)
        if any(e.status == 202 for e in answers) or not any(
            e.status in (429, 500, 503) for e in answers
        ):
            break
        if any(e.status in (202, 500, 503, None) for e in answers):
            break  # something may have been carried out: a second try would be another race
        if suite.client.retry.hopeless(batch[0].call.operation):
            break
    if not any(e.status == 202 for e in answers):
        kind = _Conflict if all(e.status == 409 for e in answers) else Unverifiable
        raise kind(
            "no request of the race was accepted: "
            + ", ".join(sorted({e.outcome() for e in answers}))
        )
    return answers
