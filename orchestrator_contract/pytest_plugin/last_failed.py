"""What failed last time is tried first: for each endpoint, the seed and the tests of a last run that found breaches.

All generated inputs but the idempotency keys, which must be new to the endpoint, follow from the seed, so repeating it repeats
the failing examples, of whatever kind they are.
They are kept in pytest's cache; a run with --seed, and one without the cache, knows nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

_KEY = "orchestrator-contract/failing"
#: Endpoints that are remembered, the newest.
_MOST = 20


@dataclass(frozen=True, slots=True)
class Failing:
    """The seed with which a run found breaches, and the ids of the tests that did."""

    seed: int
    tests: tuple[str, ...]


def recall(config: pytest.Config, base_url: str) -> Failing | None:
    """What the last run against *base_url* left; None when it found nothing, or there was none."""
    found = _entries(config).get(base_url)
    match found:
        case {"seed": int(seed), "tests": [*tests]} if all(isinstance(one, str) for one in tests):
            return Failing(seed, tuple(tests))
    return None


def remember(config: pytest.Config, base_url: str, failing: Failing | None) -> None:
    """Keep what this run found at *base_url*; None forgets what an earlier one did."""
    cache = getattr(config, "cache", None)
    entries = _entries(config)
    known = entries.pop(base_url, None)
    if failing is not None:
        entries[base_url] = {"seed": failing.seed, "tests": list(failing.tests)}
    if cache is not None and (known or failing):
        cache.set(_KEY, dict(list(entries.items())[-_MOST:]))


def _entries(config: pytest.Config) -> dict[str, Any]:
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    entries = cache.get(_KEY, {}) if cache is not None else {}
    return entries if isinstance(entries, dict) else {}
