"""Requests at one moment, and the operations that they begin."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S


def merge_names(exchanges: list[Exchange]) -> list[frozenset[str]]:
    """The distinct operations that these 202s name."""
    groups: list[frozenset[str]] = []
    for exchange in exchanges:
        names = exchange.operation_names
        if names and not any(names & group for group in groups):
            groups.append(names)
    return groups


class _Conflict(Inconclusive):
    """All requests of a race were a conflict, so with something else."""


def at_once(endpoint: Endpoint, make: Callable[[], list[Any]]) -> list[Exchange]:
    """Send what *make* gives at one moment, and what it gives anew while all of it conflicts with something else that runs.

    Raises:
        Inconclusive: none was accepted, for a reason that may pass.
    """
    for pause in CONFLICT_PAUSES_S:
        with contextlib.suppress(_Conflict):
            return _accepted_at_once(endpoint, make())
        time.sleep(pause)
    return _accepted_at_once(endpoint, make())


def at_once_on(
    endpoint: Endpoint, configuration: Configuration, make: Callable[[Configuration], list[Any]]
) -> tuple[Configuration, list[Exchange]]:
    """Send what *make* gives for one configuration at one moment; the one that was raced for, and the answers.

    That is another one where the delete that was carried out may be one that was answered 500 or 503.

    Raises:
        Inconclusive: none was accepted, for a reason that may pass.
    """
    try:
        return configuration, at_once(endpoint, partial(make, configuration))
    except Inconclusive:
        if not endpoint.client.ownership.doubtful(configuration.resource_key):
            raise
        other = endpoint.configurations.one(scope=configuration.scope)
        return other, at_once(endpoint, partial(make, other))


def _accepted_at_once(endpoint: Endpoint, batch: list[Any]) -> list[Exchange]:
    """Send *batch* at one moment; again, while a real 429 or 503 leaves none of it accepted.

    Raises:
        Inconclusive: none was accepted, for a reason that may pass.
    """
    for _ in range(4):
        responses = endpoint.client.send_together(batch)
        if any(e.status == 202 for e in responses) or not any(
            e.status in (429, 500, 503) for e in responses
        ):
            break
        if any(e.status in (202, 500, 503, None) for e in responses):
            break  # something may have been carried out: a second try would be another race
        if endpoint.client.retry.hopeless(batch[0].call.operation):
            break
    if not any(e.status == 202 for e in responses):
        kind = _Conflict if all(e.status == 409 for e in responses) else Inconclusive
        raise kind(
            "no request of the race was accepted: "
            + ", ".join(sorted({e.outcome() for e in responses}))
        )
    return responses
