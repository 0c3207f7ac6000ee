"""What all processes of one run share: budgets, pacing, throttling, the clock lock, the journal.

Without xdist this is a plain object. With it the controller serves the one object over a
`multiprocessing` manager, and each worker, on this host or another, holds a proxy.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.managers import BaseManager, BaseProxy, RemoteError
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple, cast

from orchestrator_contract.coordination.clock_lock import ClockLock
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.coordination.rooms import Rooms
from orchestrator_contract.exceptions import Inconclusive

#: Requests, at most, that are kept for removing what the run has created; of a small budget it is a quarter.
_KEPT = 100
#: Requests that removing what a create makes takes: its list or its operation, the delete, polls; and for each further one.
_FIRST, _FURTHER = 6, 3
#: How many requests apart refusals are about the pace, and the longest pause before each request that they lead to, in seconds.
_CLOSE, _SLOWEST_S = 6, 0.5
#: Longest wait for the coordinator to take a worker's first connection, in seconds.
CONNECT_S = 10.0


class Coordinator:
    """Budgets and locks of one run; every method is safe for threads."""

    def __init__(
        self,
        requests: int,
        requests_per_second: float,
        deletes: int,
        journal: Journal | None,
        configurations: int = 0,
    ) -> None:
        """*configurations* of the run's may exist at once in each account and region; 0: no bound is known."""
        self._lock = Lock()
        self._rooms = Rooms(configurations)
        self._requests = requests
        #: What is kept at least, and at most: creates that are refused are announced, too.
        self._least, self._most = (
            max(min(requests // 4, _KEPT), _FIRST),
            max(requests // 2, 2 * _KEPT),
        )
        #: The names of what was announced and is not known to be gone.
        self._there: set[str] = set()
        self._deletes = deletes
        self._interval = 1.0 / requests_per_second if requests_per_second else 0.0
        self._slowdown = 0.0
        #: Requests so far, and how many of them there were when one was last refused.
        self._paced = 0
        self._throttled_at = 0
        self._next = 0.0
        self._not_before = 0.0
        self._clock = ClockLock()
        self._journal = journal
        self._advanced = 0
        self._claimed: set[str] = set()
        self._offered: set[str] = set()
        self._tests: dict[str, list[str]] = {}

    def take_requests(self, count: int, *, cleaning: bool = False) -> int:
        """Grant up to *count* requests of the budget; 0 when it is spent, apart from what is kept for *cleaning* up."""
        with self._lock:
            granted = max(min(count, self._requests - (0 if cleaning else self._kept())), 0)
            self._requests -= granted
            return granted

    def _kept(self, more: int = 0) -> int:
        """Requests that are kept for removing what the run has created, and *more*."""
        there = len(self._there) + more
        return max(self._least, min(_FIRST + _FURTHER * (there - 1), self._most))

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

    def take_room(self, holder: str, scope: str, number: int, processes: int = 1) -> int:
        """`Rooms.take`."""
        return self._rooms.take(holder, scope, number, processes)

    def give_back_room(self, holder: str, scope: str, number: int) -> None:
        """`Rooms.give_back`."""
        self._rooms.give_back(holder, scope, number)

    def room(self, scope: str) -> int:
        """`Rooms.bound`."""
        return self._rooms.bound(scope)

    def room_is_full(self, scope: str) -> int:
        """`Rooms.full`."""
        return self._rooms.full(scope)

    def claim(self, sids: list[str], number: int) -> list[str]:
        """Up to *number* of *sids*, the first that no process of the run has; they are the caller's from now on."""
        with self._lock:
            granted = [sid for sid in dict.fromkeys(sids) if sid not in self._claimed][:number]
            self._claimed.update(granted)
            return granted

    def offer(self, sids: list[str]) -> None:
        """Note what the profile's command has printed."""
        with self._lock:
            self._offered.update(sids)

    def unused(self, returned: list[str]) -> int:
        """How many that the command printed no process has used, once one has *returned* these of its own."""
        with self._lock:
            self._claimed.difference_update(returned)
            return len(self._offered - self._claimed)

    def pace(self) -> float:
        """Seconds to wait before the next request may go out; reserves its place."""
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
        """The endpoint asked for quiet: nothing goes out for *seconds*, and then more slowly.

        How fast the run is only matters to an endpoint that refuses several requests close to each other: where
        refusals come now and then, a slower run meets as many.
        """
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            factor = 1.5 if self._paced - self._throttled_at <= _CLOSE else 1.0
            self._slowdown = min(max(self._slowdown * factor, 0.002), _SLOWEST_S)
            self._throttled_at = self._paced

    def enter_clock(self, holder: str, *, alone: bool, closing: int = 0, seconds: float) -> bool:
        """`ClockLock.enter`."""
        return self._clock.enter(holder, alone=alone, closing=closing, seconds=seconds)

    def leave_clock(self, holder: str, *, alone: bool) -> None:
        """`ClockLock.leave`."""
        self._clock.leave(holder, alone=alone)

    def forsake_clock(self, holder: str, *, crashed: bool = False) -> None:
        """`ClockLock.forsake`."""
        self._clock.forsake(holder, crashed=crashed)

    def closed(self) -> None:
        """`ClockLock.closed`."""
        self._clock.closed()

    def advance(self, seconds: int) -> None:
        """Note that the run has moved the endpoint's clock by *seconds*."""
        with self._lock:
            self._advanced += seconds

    def advanced(self) -> int:
        """By how many seconds the run has moved the endpoint's clock so far."""
        with self._lock:
            return self._advanced

    def select(self, tests: dict[str, list[str]]) -> None:
        """Note the tests of the run with their requirements, as a worker has found them: each finds the same."""
        with self._lock:
            self._tests.update(tests)

    def selected(self) -> dict[str, list[str]]:
        """The tests of the run with their requirements, as far as workers have found them."""
        with self._lock:
            return dict(self._tests)

    def journal(self, entries: list[dict[str, Any]]) -> str:
        """Put entries into the run's journal, on disk before this returns; why what is about to be created may not be.

        It may not where it can't be noted, or removed with the requests that are left: no exception, for none comes through to other
        hosts. What was created or deleted already stands there by its name, and is cleaned up whether or not more can be written.
        """
        new = {entry["name"] for entry in entries if entry["state"] == "creating"}
        with self._lock:
            if new and self._requests < self._kept(len(new)):
                return "the request budget ([limits] requests) does not cover removing what would be created"
        if self._journal:
            try:
                self._journal.write(entries)
            except OSError as error:
                if new:
                    return f"the journal {self._journal.path} can't be written: {error.strerror}"
        with self._lock:
            self._there |= new
            self._there -= {entry["name"] for entry in entries if entry["state"] == "deleted"}
        return ""


class Address(NamedTuple):
    """Where a coordinator listens; port 0 takes a free one."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


LOOPBACK = Address("127.0.0.1")


class Lost(Inconclusive):
    """The controller's coordinator does not answer: without budget and journal nothing is sent."""


class Served:
    """A coordinator that other processes reach by address and key.

    Both sides prove that they know the key before anything else is read. After that a manager would unpickle what
    comes, and a pickle is a program: what may cross a network is written as XML-RPC instead, which is data.
    """

    def __init__(self, coordinator: Coordinator, address: Address = LOOPBACK) -> None:
        """Listen.

        Raises:
            OSError: the address is none of this machine's, or its port is taken.
        """

        class Server(BaseManager):
            pass

        Server.register("coordinator", callable=lambda: coordinator)
        self._key = secrets.token_bytes(32)
        self._serializer = "pickle" if address == LOOPBACK else "xmlrpclib"
        self._server = Server(
            address=(address.host, address.port), authkey=self._key, serializer=self._serializer
        ).get_server()
        Thread(target=self._server.serve_forever, daemon=True, name="coordinator").start()

    def ticket(self) -> dict[str, Any]:
        """What a worker needs to reach it; plain data for xdist's channel, and secret."""
        host, port = cast("tuple[str, int]", self._server.address)
        return {"host": host, "port": port, "key": self._key.hex(), "serializer": self._serializer}


class _Proxy(BaseProxy):
    """The controller's coordinator in another process; a call that can't be answered raises `Lost`."""

    #: Where the coordinator listens.
    where: Address

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: Any, **options: Any) -> Any:
            try:
                return self._callmethod(name, arguments, options)
            except (OSError, EOFError) as error:
                self._hang_up()
                raise Lost(
                    f"the coordinator at {self.where} does not answer any more ({type(error).__name__})"
                ) from None
            except BaseException:
                # After an interrupt the answer to this call would be read as that to the next.
                self._hang_up()
                raise

        return call

    def _hang_up(self) -> None:
        """Close this thread's connection; its next call opens another."""
        connection = self._tls.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()


def connect(ticket: dict[str, Any]) -> Coordinator:
    """The coordinator of the controller, as seen from a worker.

    Raises:
        Lost: it can't be reached, or does not know the key.
    """

    class Manager(BaseManager):
        pass

    Manager.register("coordinator", proxytype=_Proxy)
    where = Address(ticket["host"], int(ticket["port"]))
    try:
        # A manager connects without a time limit, and waits for its peer's greeting as long.
        with socket.create_connection(where, timeout=CONNECT_S) as probe:
            probe.settimeout(CONNECT_S)
            if not probe.recv(1):
                raise EOFError
        manager = Manager(
            address=(where.host, where.port),
            authkey=bytes.fromhex(ticket["key"]),
            serializer=ticket["serializer"],
        )
        manager.connect()
        proxy: _Proxy = manager.coordinator()  # type: ignore[attr-defined]
    except (OSError, EOFError, AuthenticationError, RemoteError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Lost(
            f"{socket.gethostname()} can't reach the coordinator at {where}: {said}; check that this address "
            "of the controller can be reached from there and that no firewall blocks it; --coordinator HOST[:PORT] names another"
        ) from None
    proxy.where = where
    return cast("Coordinator", proxy)


def journal_path(folder: Path, run_id: str) -> Path:
    """Where a run keeps its journal."""
    return folder / f"journal-{run_id}.jsonl"
