"""The state that all processes of one run share: budgets, pace, clock lock, journal.

A plain object in the process that draws the verdict; xdist's workers call it through `remote`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from orchestrator_contract.coordination.clock_lock import ClockLock
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.coordination.rooms import Rooms
from orchestrator_contract.effort import GENTLE_KEYS, GENTLE_LOGINS
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.addresses import are_loopback
from orchestrator_contract.profile import Profile

#: Kinds of requests that may have a bound of their own.
DELETES, FAILED_LOGINS, MALFORMED_KEYS = "DELETE requests", "failed log-ins", "malformed keys"
#: Configurations: of the ten that a real account takes, some are its owner's.
_BOUND = 8
#: Requests kept for removing what the run has created: a quarter of the budget, at most so many.
_KEPT = 100
#: Requests that removing one configuration takes (list or operation, delete, polls), and each more.
_FIRST, _FURTHER = 6, 3
#: Refusals at most so many requests apart are about the pace.
_CLOSE = 6
#: Longest pause before each request that refusals lead to, in seconds.
_SLOWEST_S = 0.5


def initial_bound(profile: Profile) -> int:
    """How many configurations of the run's may exist at once at first; 0: no bound is known."""
    if profile.limits.configurations is not None:
        return profile.limits.configurations
    return 0 if are_loopback(profile.bases) else _BOUND


class Lost(Inconclusive):
    """The controller's coordinator can't be reached; without budget and journal nothing is sent."""


class Coordinator:
    """Budgets and locks of one run; every method is safe for threads."""

    def __init__(
        self,
        requests: int,
        requests_per_second: float,
        deletes: int,
        journal: Journal | None,
        configurations: int = 0,
        bounds: Mapping[str, int] | None = None,
    ) -> None:
        """*configurations* may exist at once in each account and region; 0: no bound is known.

        *bounds* gives the most requests of some kinds.
        """
        self._lock = Lock()
        self.rooms = Rooms(configurations)
        self._bounds = dict(bounds or {})
        self._requests = requests
        #: Bounds of what is kept: creates that are refused are announced, too.
        self._least = max(min(requests // 4, _KEPT), _FIRST)
        self._most = max(requests // 2, 2 * _KEPT)
        #: Names that were announced and are not known to be deleted.
        self._there: set[str] = set()
        self._deletes = deletes
        self._interval = 1.0 / requests_per_second if requests_per_second else 0.0
        self._slowdown = 0.0
        #: Requests so far, and their number when one was last refused.
        self._paced = 0
        self._throttled_at = 0
        self._next = 0.0
        self._not_before = 0.0
        self.clock = ClockLock()
        self._journal = journal
        self._advanced = 0
        self._claimed: set[str] = set()
        self._offered: set[str] = set()
        self._tests: dict[str, list[str]] = {}

    @classmethod
    def of(cls, profile: Profile, journal: Journal | None, *, gentle: bool = False) -> Coordinator:
        """A coordinator that keeps the limits of *profile*, and further bounds if *gentle*."""
        limits = profile.limits
        bounds = {DELETES: limits.delete_requests} if limits.delete_requests else {}
        if gentle:
            bounds |= {FAILED_LOGINS: GENTLE_LOGINS, MALFORMED_KEYS: GENTLE_KEYS}
        return cls(
            limits.requests,
            limits.requests_per_second,
            limits.deletes,
            journal,
            initial_bound(profile),
            bounds,
        )

    def take_requests(self, count: int, *, cleaning: bool = False) -> int:
        """Grant up to *count* requests of the budget; some are kept for *cleaning* up."""
        with self._lock:
            granted = max(min(count, self._requests - (0 if cleaning else self._kept())), 0)
            self._requests -= granted
            return granted

    def _kept(self, more: int = 0) -> int:
        """Requests kept for removing what the run has created, and *more* configurations."""
        there = len(self._there) + more
        return max(self._least, min(_FIRST + _FURTHER * (there - 1), self._most))

    def give_back_requests(self, count: int) -> None:
        """Return requests that were granted and not sent."""
        with self._lock:
            self._requests += count

    def take_bounded(self, kind: str, *, cleaning: bool = False) -> bool:
        """Count one request of a *kind* that may have a bound; false if no more may be sent.

        Deletes are kept for *cleaning* up: as many as it takes to remove what the run has created.
        """
        with self._lock:
            if kind not in self._bounds:
                return True
            kept = len(self._there) if kind == DELETES and not cleaning else 0
            granted = self._bounds[kind] > kept
            self._bounds[kind] -= granted
            return granted

    def take_deletes(self, count: int) -> int:
        """Grant *count* deletions or none."""
        with self._lock:
            granted = count if count <= self._deletes else 0
            self._deletes -= granted
            return granted

    def give_back_deletes(self, count: int) -> None:
        """Return deletions that did not happen."""
        with self._lock:
            self._deletes += count

    def claim(self, sids: list[str], number: int) -> list[str]:
        """Reserve up to *number* of *sids* that no process of the run has yet."""
        with self._lock:
            granted = [sid for sid in dict.fromkeys(sids) if sid not in self._claimed][:number]
            self._claimed.update(granted)
            return granted

    def offer(self, sids: list[str]) -> None:
        """Add SIDs that the profile's command has printed."""
        with self._lock:
            self._offered.update(sids)

    def unused(self, returned: list[str]) -> int:
        """Release the *returned* SIDs; the number of printed ones that no process has used."""
        with self._lock:
            self._claimed.difference_update(returned)
            return len(self._offered - self._claimed)

    def pace(self) -> float:
        """Reserve the next request's place; the seconds to wait for it."""
        with self._lock:
            self._paced += 1
            interval = self._interval + self._slowdown
            now = time.monotonic()
            if not interval and now >= self._not_before:
                return 0.0
            at = max(self._next, self._not_before, now)
            self._next = at + interval
            self._slowdown = self._slowdown * 0.98 if self._slowdown > 1e-4 else 0.0
            return at - now

    def throttle(self, seconds: float) -> None:
        """Send nothing for *seconds*, and then more slowly: the endpoint asked for that.

        The pace falls further only while refusals come close to each other. Where they come now
        and then, a slower run meets as many.
        """
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            factor = 1.5 if self._paced - self._throttled_at <= _CLOSE else 1.0
            self._slowdown = min(max(self._slowdown * factor, 0.002), _SLOWEST_S)
            self._throttled_at = self._paced

    def advance(self, seconds: int) -> None:
        """Add *seconds* by which the run has moved the endpoint's clock."""
        with self._lock:
            self._advanced += seconds

    def advanced(self) -> int:
        """Seconds by which the run has moved the endpoint's clock so far."""
        with self._lock:
            return self._advanced

    def select(self, tests: dict[str, list[str]]) -> None:
        """Add the tests that a worker has collected, with their requirements."""
        with self._lock:
            self._tests.update(tests)

    def selected(self) -> dict[str, list[str]]:
        """Tests of the run with their requirements, as far as workers have collected them."""
        with self._lock:
            return dict(self._tests)

    def journal(self, entries: list[dict[str, Any]]) -> str:
        """Write entries to the run's journal, on disk before this returns.

        Returns:
            Why the announced configurations may not be created: they could not be written down, or
            the requests that are left don't suffice to remove them. Empty where they may be.
        """
        new = {entry["name"] for entry in entries if entry["state"] == "creating"}
        with self._lock:
            if new and self._requests < self._kept(len(new)):
                return (
                    "the request budget ([limits] requests) does not cover removing"
                    " what would be created"
                )
            # Of what is created each is deleted once by a test, and perhaps once more to clean up.
            deletes = self._bounds.get(DELETES)
            if new and deletes is not None and deletes < 2 * len(self._there | new):
                return (
                    "the budget of DELETE requests ([limits] delete_requests) does not cover"
                    " removing what would be created"
                )
        if self._journal:
            try:
                self._journal.write(entries)
            except OSError as error:
                # Names that stand there already are cleaned up, whether more can be written or not.
                if new:
                    return f"the journal {self._journal.path} can't be written: {error.strerror}"
        with self._lock:
            self._there |= new
            self._there -= {entry["name"] for entry in entries if entry["state"] == "deleted"}
        return ""
