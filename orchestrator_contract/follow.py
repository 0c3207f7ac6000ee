"""From a 202 to the end of its operation: which links it gives, what the polls say, judged as one history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from orchestrator_contract.client.calls import Client
from orchestrator_contract.client.outgoing import origin_of
from orchestrator_contract.exchange import Exchange
from orchestrator_contract.instants import parse_instant
from orchestrator_contract.verdict import Unverifiable

#: The member of `related` that names what a call is about, where it is not configurationId (S2).
RELATED = {"delete-conversation": "conversationId"}
TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_RANK = {"PENDING": 0, "RUNNING": 1, "COMPLETED": 2, "FAILED": 2, "CANCELLED": 2}
#: A new operation may reach the replica that answers polls a moment after its 202, in seconds.
_FIRST_SIGHT_S = 2.0
_FIRST_PAUSE_S = 0.03
#: From the end that an operation states to the poll that is sure to see it.
_MARGIN_S = 0.01
_MAX_PAUSE_S = 2.0


class Unfollowable(Unverifiable):
    """An accepted request whose operation can't be polled; the judge has the reason on record."""


def last_segment(url: str) -> str | None:
    """The last non-empty path segment of a URL, percent-decoded; None when there is none."""
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:
        return None
    return unquote(path.rpartition("/")[2]) or None


@dataclass(eq=False)
class Operation:
    """An accepted request and all that was seen of its operation."""

    accepted: Exchange
    #: The configuration that the request was about; empty for a create.
    sid: str
    #: The operation's id by the first link that gives one; empty when none does.
    id: str
    #: Where it is polled.
    url: str
    polls: list[Exchange] = field(default_factory=list)
    #: Monotonic seconds at which a terminal status was first seen.
    ended: float | None = None

    @property
    def status(self) -> str:
        """The newest status word; empty before the first readable poll."""
        return next((word for poll in reversed(self.polls) if (word := _word(poll))), "")

    @property
    def object(self) -> dict[str, Any]:
        """The newest readable poll."""
        return next((p.object for p in reversed(self.polls) if p.status == 200), {})  # HTTP

    @property
    def done(self) -> bool:
        """Whether a terminal status was seen."""
        return self.ended is not None


class Follower:
    """Follows operations; remembers how long they take, so as to poll seldom."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._ledger = client.ledger
        #: One of how many operations is polled right after its 202.
        self.early_every = 1
        self._followed = count()
        self._lock = Lock()
        self._typical: dict[str, float] = {}
        self._owners: dict[tuple[int | None, int, str, str], str] = {}
        self._stuck: set[str] = set()
        self._unreadable: set[str] = set()

    # ---------------------------------------------------------------- the 202

    def accept(self, exchange: Exchange, sid: str) -> Operation:
        """Read the links of a 202 and judge them against each other.

        Raises:
            Unfollowable: no link leads to an operation on the target.
        """
        hold, call = self._ledger.on(exchange.call), exchange.call.operation
        status_url = exchange.object.get("statusUrl")
        status_url = status_url if isinstance(status_url, str) and status_url else None
        location = exchange.headers.get("location") or None
        header = exchange.headers.get("operation-id") or None
        found = [n for n, v in (("statusUrl", status_url), ("Location", location), ("Operation-Id", header)) if v]
        if call == "delete":
            self._ledger.observe("OBS-STATUS-URL", ", ".join(found) or "none of them")
        hold("DEL-202-FOLLOW", bool(found), expected="statusUrl, Location or Operation-Id", seen="none of them",
             exchanges=[exchange])
        if location is not None:
            hold("DEL-202-LOCATION", origin_of(location) is not None, expected="an absolute URI in Location",
                 seen=f"{location:.120}", exchanges=[exchange])
        try:
            absolute = urljoin(exchange.url, location) if location else None
        except ValueError:
            absolute = None
        names = {
            "Operation-Id": header,
            "statusUrl": last_segment(status_url) if status_url else None,
            "Location": last_segment(absolute) if absolute else None,
        }
        given = {name: value for name, value in names.items() if value}
        if found:
            hold("DEL-202-LINKS", len(set(given.values())) <= 1 and (not status_url or "statusUrl" in given),
                 expected="one operation id in all of them", seen=", ".join(f"{n} {v:.80}" for n, v in given.items()),
                 exchanges=[exchange])
            if absolute and status_url:
                hold("DEL-202-LINKS", origin_of(absolute) in self.client.origins, expected="a Location on the target's own origins",
                     seen=f"{absolute:.160}", where="Location", exchanges=[exchange])
            self._judge_related(exchange, "DEL-202-RELATED", sid, [exchange])
        operation_id = next(iter(given.values()), "")
        if operation_id:
            # What is deleted is known by its SID, what is created by its name.
            subject = sid or exchange.call.subject
            with self._lock:
                owner = self._owners.setdefault((exchange.account, exchange.region, call, operation_id), subject)
            hold("DEL-202-OWN", owner == subject, expected=f"an operation of its own for {subject}",
                 seen=f"operation {operation_id:.80}, which belongs to {owner}", exchanges=[exchange])
        return Operation(exchange, sid, operation_id, self._poll_url(exchange, status_url, absolute, operation_id))

    def _poll_url(self, exchange: Exchange, status_url: str | None, location: str | None, operation_id: str) -> str:
        own = self.client.origins
        inside = status_url is None or origin_of(status_url) in own
        self._ledger.on(exchange.call)("DEL-202-ORIGIN", inside, expected="an address on the target's own origins",
                                       seen=f"{status_url!s:.160}", exchanges=[exchange])
        if status_url is not None and inside:
            return status_url
        if location is not None and origin_of(location) in own:
            return location
        if operation_id and len(operation_id) < 512 and operation_id.isascii() and "/" not in operation_id:
            return self.client.url(f"/Operations/{operation_id}", exchange.region)
        raise Unfollowable("the 202 has no link that leads to its operation on the target")

    def _judge_related(self, exchange: Exchange, requirement: str, sid: str, steps: Sequence[Exchange]) -> None:
        related = exchange.object.get("related")
        name = RELATED.get(exchange.call.asynchronous, "configurationId")
        named = related.get(name) if isinstance(related, dict) else None
        if sid:
            self._ledger.on(exchange.call)(requirement, named in (None, sid), expected=f"{name} {sid}", seen=f"{named!r:.120}",
                                           where="$.related", exchanges=steps)

    # ---------------------------------------------------------------- the polls

    def poll(self, operation: Operation) -> Exchange:
        """Fetch the operation once and judge what this poll adds to its history."""
        exchange = self.client.operation(
            operation.url, operation.id, account=operation.accepted.account, region=operation.accepted.region,
            of=operation.accepted.call.operation,
        )
        self._judge_poll(operation, exchange)
        return exchange

    def poll_other_link(self, operation: Operation) -> None:
        """Fetch the operation by its Location, if that is not what is polled; it leads to the same operation (DEL-202-LINKS)."""
        accepted = operation.accepted
        location = accepted.headers.get("location")
        try:
            url = urljoin(accepted.url, location) if location else operation.url
        except ValueError:
            return
        if url == operation.url or origin_of(url) not in self.client.origins:
            return
        exchange = self.client.operation(
            url, operation.id, account=accepted.account, region=accepted.region, of=accepted.call.operation
        )
        if exchange.status in (200, 404):
            same = exchange.status == 200 and exchange.object.get("operationId") == operation.object.get("operationId")
            self._ledger.on(accepted.call)(
                "DEL-202-LINKS", same, expected=f"operation {operation.id:.80} at Location",
                seen=f"{exchange.outcome()} {exchange.object.get('operationId')!r:.80}", exchanges=[accepted, exchange],
            )

    def _judge_poll(self, operation: Operation, exchange: Exchange) -> None:
        hold, steps = self._ledger.on(operation.accepted.call), [operation.accepted, exchange]
        before = [poll for poll in operation.polls if poll.status == 200]  # HTTP
        operation.polls.append(exchange)
        if exchange.status in (429, 503):
            return  # the endpoint's state, not the operation's: the follower tries again
        early = not before and exchange.sent - operation.accepted.sent < _FIRST_SIGHT_S
        if exchange.status == 404 and early:  # HTTP
            self._ledger.observe("OBS-TRANSPORT", "operation not found right after its 202")
            return
        if operation.done:
            hold("OP-RETAINED", exchange.status != 404, expected="the ended operation", seen="404", exchanges=steps)
            if exchange.status == 404:  # HTTP
                return
        if not hold("OP-FETCH", exchange.status == 200, expected="200", seen=exchange.outcome(), exchanges=steps):
            return
        body = exchange.object
        word = _word(exchange)
        if word in _RANK:
            self._ledger.observe("OBS-STATUS-WORDS", word)
        named = body.get("operationId")
        if operation.id and isinstance(named, str):
            hold("OP-ID", named == operation.id, expected=f"operationId {operation.id:.80}", seen=f"{named:.80}", exchanges=steps)
        own = body.get("statusUrl")
        if operation.id and isinstance(own, str) and last_segment(own) is not None:
            hold("OP-ID", last_segment(own) == operation.id, expected=f"a statusUrl of operation {operation.id:.80}",
                 seen=f"{own:.120}", where="$.statusUrl", exchanges=steps)
        self._judge_related(exchange, "OP-RELATED", operation.sid, steps)
        self._judge_times(operation, exchange, before)
        self._judge_order(operation, exchange, before)
        if word in TERMINAL and operation.ended is None:
            operation.ended = exchange.sent
        if word == "FAILED":
            error = body.get("error")
            self._ledger.observe("OBS-FAILED-ERROR", "null" if error is None else "given")

    def _judge_times(self, operation: Operation, exchange: Exchange, before: Sequence[Exchange]) -> None:
        created, completed = (_instant(exchange, name) for name in ("createdAt", "completedAt"))
        hold, steps = self._ledger.on(operation.accepted.call), [operation.accepted, *before[-1:], exchange]
        if created and completed:
            hold("OP-TIMES", created <= completed, expected="createdAt not after completedAt",
                 seen=f"{exchange.object['createdAt']} and {exchange.object['completedAt']}", exchanges=steps)
        for name, now in (("createdAt", created), ("completedAt", completed)):
            then = next((i for p in before if (i := _instant(p, name))), None)
            if then and exchange.object.get(name) is None:
                hold("OP-TIMES", False, expected=f"{name} as it was", seen="none any more", where=f"$.{name}", exchanges=steps)
            elif now and then:
                hold("OP-TIMES", now == then, expected=f"{name} as it was", seen=f"{exchange.object[name]}",
                     where=f"$.{name}", exchanges=steps)

    def _judge_order(self, operation: Operation, exchange: Exchange, before: Sequence[Exchange]) -> None:
        last, word = _word(before[-1]) if before else "", _word(exchange)
        if last not in _RANK or word not in _RANK:
            return
        ok = word == last if last in TERMINAL else _RANK[word] >= _RANK[last]
        self._ledger.on(operation.accepted.call)("OP-ORDER", ok, expected=f"{last} or what may follow it", seen=word,
                                                 exchanges=[operation.accepted, before[-1], exchange])

    # ---------------------------------------------------------------- to the end

    def finish(self, operations: Sequence[Operation], *, early: bool = True) -> list[Operation]:
        """Poll until every operation is terminal; those that ended, in order.

        With *early*, one of every `early_every` is polled at once as well. Polls come sooner than Retry-After suggests where
        operations are known to be quicker: it is a hint for clients, and a status must be right at any time.
        An operation that outlives the poll limit is judged (OP-ENDS) and left behind.

        Raises:
            Unfollowable: an operation answers nothing readable for long.
        """
        open_ = [operation for operation in operations if not operation.done]
        if open_:
            kind = open_[0].accepted.call.operation
            limit = self._patience(kind)
            with self.client.steps.step(f"polling {len(open_)} {kind}{'s' if len(open_) > 1 else ''}"):
                self._watch(open_, kind, limit, early)
            for operation in open_:
                self._judge_end(operation, kind, limit)
            ends = sorted(_took(o, o.ended - o.accepted.sent) for o in open_ if o.ended)
            if ends:
                with self._lock:
                    self._typical[kind] = ends[len(ends) // 2]
        return [operation for operation in operations if operation.done]

    def _watch(self, open_: list[Operation], kind: str, limit: float, early: bool) -> None:
        started = min(operation.accepted.sent for operation in open_)
        self.client.parallel(self.poll, [o for o in open_ if early and next(self._followed) % self.early_every == 0])
        typical = self._typical.get(kind, _FIRST_PAUSE_S)
        # Long ones are looked at half-way, too, and not every two seconds: the budget is for more than polls.
        typical = typical if typical <= _MAX_PAUSE_S else typical / 2
        pause = max(typical - (time.monotonic() - started), _FIRST_PAUSE_S)
        while open_ := [operation for operation in open_ if not operation.done]:
            spent = time.monotonic() - max(operation.accepted.sent for operation in open_)
            if spent > limit:
                return
            time.sleep(min(pause, limit - spent + 0.01))
            pause = max(pause * 0.5, _FIRST_PAUSE_S) if spent < 1 else min(pause * 1.5, _MAX_PAUSE_S)
            self.client.parallel(self.poll, open_)
            self._give_up_unreadable(open_)

    def _give_up_unreadable(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            tail = operation.polls[-8:]
            kind = operation.accepted.call.operation
            # The first that can't be read is given time; the finding does not get truer by waiting each time.
            limit = 0.3 if kind in self._unreadable else _FIRST_SIGHT_S * 2
            long = time.monotonic() - operation.accepted.sent > limit
            if long and len(tail) >= 4 and not any(_word(poll) in _RANK for poll in tail):
                self._unreadable.add(kind)
                raise Unfollowable(f"the operation can't be read: the last poll gave {tail[-1].outcome()}")

    def _patience(self, kind: str) -> float:
        limit = self.client.profile.limits.poll_timeout_s
        # Once one has outlived the limit, the others are not waited for as long: it is found already.
        return max(2.0, limit / 10) if kind in self._stuck else limit

    def _judge_end(self, operation: Operation, kind: str, limit: float) -> None:
        steps = [operation.accepted, *operation.polls[-1:]]
        self._ledger.on(operation.accepted.call)("OP-ENDS", operation.done, expected=f"an end within {limit:g} s",
                                                 seen=operation.status or "no readable status", exchanges=steps)
        if not operation.done:
            self._stuck.add(kind)


def _word(exchange: Exchange) -> str:
    """The operation's status; empty where it is no text, which the schema judges."""
    word = exchange.object.get("status")
    return word if isinstance(word, str) else ""


def _took(operation: Operation, seen: float) -> float:
    """Seconds that an operation took: not more than until its end was *seen*, and less where its own instants say so.

    What was seen depends on when it was polled, and the next poll on what was seen: by itself that only ever grows.
    """
    last = operation.polls[-1]
    created, completed = (_instant(last, name) for name in ("createdAt", "completedAt"))
    if not created or not completed:
        return seen
    stated = (completed[0] - created[0]).total_seconds() + (completed[1] - created[1]) / 1e9
    return min(seen, max(stated + _MARGIN_S, seen / 2))


def _instant(exchange: Exchange, name: str) -> tuple[datetime, int] | None:
    value = exchange.object.get(name)
    return parse_instant(value) if isinstance(value, str) else None
