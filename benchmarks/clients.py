"""The suite's client and judge beside a bare `requests` loop, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import requests

from benchmarks.results import RequirementResult
from orchestrator_contract import profile
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.results import timelines as timeline

_BATCH, _ROUNDS, _GOAL = 100, 30, 0.9


def rate(call: Callable[[], object]) -> float:
    """Calls a second, over one batch."""
    started = time.perf_counter()
    for _ in range(_BATCH):
        call()
    return _BATCH / (time.perf_counter() - started)


def rounds(
    ours: Callable[[], object], bare: Callable[[], object], until: float
) -> list[tuple[float, float]]:
    """Pairs of rates, measured A B A B until the time *until*, at least three."""
    rate(ours), rate(bare)  # connections are opened and caches filled
    pairs: list[tuple[float, float]] = []
    while len(pairs) < 3 or (len(pairs) < _ROUNDS and time.monotonic() < until):
        pairs.append((rate(ours), rate(bare)))
    return pairs


def compare(target: Path, seconds: float) -> list[RequirementResult]:
    """Rows for a fetch and for a delete of an unknown SID, on the mock of *target*."""
    described = profile.from_file(target)
    limits = described.limits
    coordinator = Coordinator(limits.requests, limits.requests_per_second, limits.deletes, None)
    endpoint = Endpoint(Settings(described, EFFORTS["quick"], 1, "benchmark"), coordinator)
    endpoint.client.observers.append(timeline.Recorder())
    account = described.accounts[0]
    rows = []
    with requests.Session() as session:
        session.trust_env = False  # reading .netrc for each request would slow it down
        session.auth = (account.username, account.password)
        there, absent = endpoint.configurations.one().sid, endpoint.absent.one().sid
        calls: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
            (
                "fetch, 200",
                lambda: endpoint.client.fetch(Configuration(there)),
                lambda: session.get(endpoint.client.url(f"/Configurations/{there}"), timeout=10),
            ),
            (
                "delete, 404",
                lambda: endpoint.client.delete(Configuration(absent)),
                lambda: session.delete(
                    endpoint.client.url(f"/Configurations/{absent}"), timeout=10
                ),
            ),
        ]
        for name, ours, bare in calls:
            pairs = rounds(ours, bare, time.monotonic() + seconds / len(calls))
            here, other = (f"{median(one):.0f} requests/s" for one in zip(*pairs, strict=True))
            ratio = median(a / b for a, b in pairs)
            rows.append(
                RequirementResult(
                    f"client and judge: {name}",
                    here,
                    f"bare `requests` loop: {other}",
                    ratio,
                    _GOAL,
                )
            )
    endpoint.close()
    return rows
