"""What all processes of one run share: budgets, pacing, throttling, the clock lock, the journal.

Without xdist this is a plain object. With it the controller serves the one object over a
`multiprocessing` manager, and each worker, on this host or another, holds a proxy.
"""

from __future__ import annotations

import secrets
import socket
import time
from multiprocessing.managers import BaseManager
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any, cast

from orchestrator_contract.journal import Journal

#: Longest wait for other tests to leave the clock alone, in seconds.
CLOCK_PATIENCE_S = 240.0


class Coordinator:
    """Budgets and locks of one run; every method is safe for threads."""

    def __init__(self, requests: int, requests_per_second: float, deletes: int, journal: Journal | None) -> None:
        self._lock = Lock()
        self._requests = requests
        self._deletes = deletes
        self._interval = 1.0 / requests_per_second if requests_per_second else 0.0
        self._slowdown = 0.0
        self._next = 0.0
        self._not_before = 0.0
        self._clock = Condition()
        self._readers = 0
        self._writer = False
        self._waiting = 0
        self._journal = journal
        self._advanced = 0
        self._claimed: set[str] = set()

    def take_requests(self, count: int) -> int:
        """Grant up to *count* requests of the budget; 0 when it is spent."""
        with self._lock:
            granted = min(count, self._requests)
            self._requests -= granted
            return granted

    def give_back_requests(self, count: int) -> None:
        """Return requests that were granted and not sent."""
        with self._lock:
            self._requests += count

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
        """Up to *number* of *sids*, the first that no process of the run has; they are the caller's from now on."""
        with self._lock:
            granted = [sid for sid in dict.fromkeys(sids) if sid not in self._claimed][:number]
            self._claimed.update(granted)
            return granted

    def pace(self) -> float:
        """Seconds to wait before the next request may go out; reserves its place."""
        interval = self._interval + self._slowdown
        now = time.monotonic()
        if not interval and now >= self._not_before:
            return 0.0
        with self._lock:
            at = max(self._next, self._not_before, now)
            self._next = at + interval
            self._slowdown = self._slowdown * 0.98 if self._slowdown > 1e-4 else 0.0
            return at - now

    def throttle(self, seconds: float) -> None:
        """The endpoint asked for quiet: nothing goes out for *seconds*, and then more slowly."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            self._slowdown = min(max(self._slowdown * 1.5, 0.002), 0.5)

    def enter_clock(self, *, alone: bool) -> bool:
        """Wait until the endpoint's clock may be relied on, or moved by the caller *alone*."""
        deadline = time.monotonic() + CLOCK_PATIENCE_S
        with self._clock:
            if not alone:
                free = self._clock.wait_for(lambda: not self._writer and not self._waiting, deadline - time.monotonic())
                self._readers += free
                return free
            self._waiting += 1
            free = self._clock.wait_for(lambda: not self._writer and not self._readers, deadline - time.monotonic())
            self._waiting -= 1
            self._writer = self._writer or free
            self._clock.notify_all()
            return free

    def leave_clock(self, *, alone: bool) -> None:
        """Undo `enter_clock`."""
        with self._clock:
            if alone:
                self._writer = False
            else:
                self._readers -= 1
            self._clock.notify_all()

    def advanced(self, seconds: int = 0) -> int:
        """Add to the seconds by which the run has moved the endpoint's clock; the sum."""
        with self._lock:
            self._advanced += seconds
            return self._advanced

    def journal(self, entries: list[dict[str, Any]]) -> None:
        """Put entries into the run's journal, on disk before this returns."""
        if self._journal:
            self._journal.write(entries)


class _Manager(BaseManager):
    pass


_Manager.register("coordinator")


class Served:
    """A coordinator that other processes reach by address and key."""

    def __init__(self, coordinator: Coordinator) -> None:
        class Server(BaseManager):
            pass

        Server.register("coordinator", callable=lambda: coordinator)
        self._key = secrets.token_bytes(16)
        manager = Server(address=("127.0.0.1", 0), authkey=self._key)
        self._server = manager.get_server()
        Thread(target=self._server.serve_forever, daemon=True, name="coordinator").start()

    def ticket(self) -> dict[str, str]:
        """What a worker needs to reach it; plain text for xdist's channel."""
        host, port = cast("tuple[str, int]", self._server.address)
        return {"address": f"{host}:{port}", "key": self._key.hex(), "host": socket.gethostname()}


def connect(ticket: dict[str, str]) -> Coordinator:
    """The coordinator of the controller, as seen from a worker."""
    host, port = ticket["address"].rsplit(":", 1)
    manager = _Manager(address=(host, int(port)), authkey=bytes.fromhex(ticket["key"]))
    manager.connect()
    return cast("Coordinator", manager.coordinator())  # type: ignore[attr-defined]


def journal_path(folder: Path, run_id: str) -> Path:
    """Where a run keeps its journal."""
    return folder / f"journal-{run_id}.jsonl"
