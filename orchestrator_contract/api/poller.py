"""Polls operations to their end, as rarely as their usual time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from math import inf
from threading import Lock
from urllib.parse import urljoin

from orchestrator_contract.api.client import Client
from orchestrator_contract.contract.limits import HOUR, RETAINED_S
from orchestrator_contract.exceptions import Inconclusive, OperationUnreachable
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.request import Request, given_origin
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation, instant_of, why_no_json, word_of
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import Links, location_agrees
from orchestrator_contract.rules.operations import (
    FIRST_SIGHT_S,
    RANK,
    judge_origin,
    judge_poll,
    terminates,
)

_FIRST_PAUSE_S = 0.03
#: Before a poll that got a 500 is sent again: it is documented, and may pass.
_PAUSES_PAST_500_S = (0.05, 0.3, 1.0)
#: From the end that an operation states to the poll that is sure to see it.
_MARGIN_S = 0.01
_MAX_PAUSE_S = 2.0
#: Operations that take longer are followed beside the tests.
_LONG_S = 1.0
#: The same for the 202s that they begin with.
_LONG_202_S = 0.4
#: How many turns operations of unknown length are asked in.
_TURNS = 3
#: How often an operation is asked about at least before it is held to have no end: some end only
#: when they have been asked about.
_LEAST_POLLS = 5
#: How much longer operations may come to take than when that was last found out by asking often.
#: Some end when they have been asked about a number of times: then they take as long as the suite
#: waits, and that is what it would wait the next time.
_GROWTH = 1.5


class Poller:
    """Follows operations; remembers how long they take, so as to poll seldom."""

    def __init__(
        self,
        client: Client,
        findings: Findings,
        *,
        early_every: int = 1,
        polled: Callable[[Operation, Exchange], None] = lambda _operation, _poll: None,
    ) -> None:
        """*polled* is called with every poll after it was judged."""
        self.client = client
        self._findings = findings
        self._links = Links(findings, client.origins, client.url)
        #: One of how many operations is polled right after its 202.
        self.early_every = early_every
        self._polled = polled
        self._followed = count()
        self._lock = Lock()
        self._typical: dict[str, float] = {}
        #: Seconds for which operations of a kind ran, while it is not known how long they take.
        self._running_s: dict[str, float] = {}
        #: Called when operations are first seen to take long.
        self.observers: list[Callable[[], None]] = []
        #: Shortest time to a 202, in seconds, by the kind of request; until one was timed, that of
        #: a refusal.
        self._quickest_202_s: dict[str, float] = {}
        self._refused_s: dict[str, float] = {}
        #: The same as it was found out by asking often.
        self._measured: dict[str, float] = {}
        self._stuck: set[str] = set()
        self._unreadable: set[str] = set()

    def accept(self, exchange: Exchange, configuration: Configuration) -> Operation:
        """The operation that a 202 leads to, its links judged.

        Raises:
            OperationUnreachable: no link leads to an operation on the target.
        """
        operation = self._links.accept(exchange, configuration)
        operation.advanced_s = self.client.coordinator.advanced()
        kind = exchange.call.operation
        self._quickest_202_s[kind] = min(exchange.elapsed, self._quickest_202_s.get(kind, inf))
        return operation

    def expect(self, kind: str, refused: Exchange) -> None:
        """Take 202s of a *kind* to be as slow as this refusal, until one is timed."""
        if refused.response is not None:
            self._refused_s[kind] = refused.elapsed

    # ---------------------------------------------------------------- polls

    def poll(
        self, operation: Operation, headers: tuple[tuple[str, str], ...] | None = None
    ) -> Exchange:
        """Fetch the operation once and judge what this poll adds to its history.

        With *headers* it is asked for in another representation.

        Raises:
            OperationUnreachable: the endpoint need not keep it any longer.
        """
        asking = self._asking(operation)
        asking = asking if headers is None else replace(asking, headers=headers)
        exchange = self.client.send(asking)
        for pause in _PAUSES_PAST_500_S if asking.call.of not in self._unreadable else ():
            if exchange.status != 500:
                break
            time.sleep(pause)
            exchange = self.client.send(asking)
        self._judge(operation, exchange)
        on_end = operation.on_end
        if operation.done and on_end is not None:
            operation.on_end = None
            with suppress(Inconclusive):
                on_end(operation)
        return exchange

    def poll_at_once(self, operation: Operation, number: int) -> None:
        """Poll the operation *number* times at one moment; judge each poll."""
        for exchange in self.client.send_together([self._asking(operation) for _ in range(number)]):
            if exchange.status == 500:
                self.poll(operation)
            elif exchange.status is not None:  # silence is for the judge of each exchange
                self._judge(operation, exchange)

    def _judge(self, operation: Operation, poll: Exchange) -> None:
        age = self.client.coordinator.advanced() - operation.advanced_s
        if poll.status == 404 and age > RETAINED_S - HOUR:
            raise OperationUnreachable("the clock was moved past the 7 days that it is kept")
        judge_poll(self._findings, operation, poll)
        judge_origin(self._findings, operation, poll, self.client.origins)
        self._polled(operation, poll)

    def _asking(self, operation: Operation) -> Request:
        accepted = operation.accepted
        return self.client.operation_request(
            operation.url, operation.id, of=accepted.call.operation, scope=accepted.scope
        )

    def poll_other_link(self, operation: Operation) -> None:
        """Fetch the operation by its Location, unless that is what is polled.

        It leads to the same operation (DEL-202-LINKS-AGREE).
        """
        accepted = operation.accepted
        location = accepted.headers.get("location")
        try:
            url = urljoin(accepted.url, location) if location else operation.url
        except ValueError:
            return
        if url == operation.url or given_origin(url) not in self.client.origins:
            return
        asking = self.client.operation_request(
            url, operation.id, of=accepted.call.operation, scope=accepted.scope
        )
        exchange = self.client.send(asking)
        if exchange.status in (200, 404):
            location_agrees(self._findings, operation, exchange)

    # ---------------------------------------------------------------- to the end

    def usual_s(self, kind: str) -> float:
        """Seconds that the newest operations of a *kind* took; 0 before any ended."""
        return self._typical.get(kind, 0.0)

    @property
    def is_slow(self) -> bool:
        """True if operations, or 202s, take so long that other tests go on meanwhile."""
        long = max((self._running_s | self._typical).values(), default=0.0) >= _LONG_S
        responses_s = self._refused_s | self._quickest_202_s
        return long or max(responses_s.values(), default=0.0) >= _LONG_202_S

    def finish(self, operations: Sequence[Operation], *, early: bool = True) -> list[Operation]:
        """Poll until every operation is terminal; return the ended ones in order.

        With *early*, one of every `early_every` is polled at once as well. Polls come sooner than
        Retry-After suggests where operations are known to be quicker: it is a hint for clients, and
        a status must be right at any time. An operation that outlives the poll limit is judged
        (OP-TERMINATES) and left behind.

        Raises:
            OperationUnreachable: an operation returns nothing readable for long.
        """
        open_ = [operation for operation in operations if not operation.done]
        if open_:
            kind = open_[0].accepted.call.operation
            limit = self._patience(kind)
            begun, usual, known = time.monotonic(), self._typical.get(kind), self._is_known(kind)
            with self.client.steps.step(
                f"polling {len(open_)} {kind}{'s' if len(open_) > 1 else ''}"
            ):
                self._watch(open_, usual, limit, early=early, known=known)
            for operation in open_:
                self._judge_end(operation, kind)
            # Counted from where polls are, or what is seen of those sent first would grow from
            # group to group.
            newest = max(operation.accepted.sent for operation in open_)
            ends = sorted(_took(o, o.ended - newest) for o in open_ if o.ended)
            # What was left alone for longer than usual may have ended at any time before.
            if ends and (usual is None or begun - newest <= usual):
                with self._lock:
                    self._learn(kind, ends[len(ends) // 2], usual, known=known)
        return [operation for operation in operations if operation.done]

    def _learn(self, kind: str, seconds: float, usual: float | None, *, known: bool) -> None:
        """Note that operations took *seconds*, asked rarely if their *usual* time was *known*."""
        if self._typical.get(kind) != usual:
            return  # others have found it out meanwhile, and what was waited for was out of date
        if not known:
            self._measured[kind] = seconds
        self._typical[kind] = seconds

    def _note_running(self, kind: str, seconds: float) -> None:
        """Note that operations of a *kind* still run after so many *seconds*."""
        was_slow = self.is_slow
        self._running_s[kind] = seconds
        if self.is_slow and not was_slow:
            for observer in self.observers:
                observer()

    def _is_known(self, kind: str) -> bool:
        """True if the usual time of this kind is known, however often polled."""
        return (
            kind in self._typical
            and self._typical[kind] <= _GROWTH * self._measured.get(kind, 0.0) + _FIRST_PAUSE_S
        )

    def _watch(
        self,
        open_: list[Operation],
        usual: float | None,
        limit: float,
        *,
        early: bool,
        known: bool,
    ) -> None:
        started, newest = (
            which(operation.accepted.sent for operation in open_) for which in (min, max)
        )
        # One of a kind not met yet may well take as long as others do.
        typical = usual or max(self._typical.values(), default=_FIRST_PAUSE_S)
        if usual is not None and not known:
            typical = _FIRST_PAUSE_S
        long = early and known and typical > _MAX_PAUSE_S
        # Of long ones a third as many are polled at once, and as many half way: some of the same,
        # so as to see their order.
        every = self.early_every * (3 if long else 1)
        sampled = [(next(self._followed), operation) for operation in open_] if early else []
        self.client.parallel(
            self.poll, [operation for number, operation in sampled if number % every == 0]
        )
        halfway = typical / 2 if long else None
        due = newest + (halfway or typical)
        # Until it is known how long they take, a few at a time are asked, in turns, and less and
        # less often.
        turns = None if known else count()
        looked = False
        while open_ := [operation for operation in open_ if not operation.done]:
            now = time.monotonic()
            spent = now - max(operation.accepted.sent for operation in open_)
            self._note_running(open_[0].accepted.call.operation, spent)
            if (
                spent > limit
                and looked
                and min(len(operation.polls) for operation in open_) >= _LEAST_POLLS
            ):
                return
            # What is asked about after its limit only, because other things came between, is looked
            # at all the same.
            time.sleep(max(min(due - now, limit - spent + 0.01), _FIRST_PAUSE_S))
            if halfway and spent <= limit:
                self.client.parallel(
                    self.poll,
                    [o for number, o in sampled if number % (2 * every) < 2 and not o.done],
                )
                halfway, due = None, newest + typical
                continue
            among = min(_TURNS, len(open_))
            asked = open_[next(turns) % among :: among] if turns and spent <= limit else open_
            self.client.parallel(self.poll, asked)
            looked = asked is open_
            self._give_up_unreadable(asked)
            now = time.monotonic()
            due = now + min((now - started) / (4 if known else 2), _MAX_PAUSE_S)
            if looked:
                turns = None
            elif any(operation.done for operation in asked):
                turns, due = None, now  # the others may well have ended, too

    def _give_up_unreadable(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            tail = operation.polls[-8:]
            kind = operation.accepted.call.operation
            # The first that can't be read is given time; the finding does not get truer by waiting
            # each time.
            limit = 0.3 if kind in self._unreadable else FIRST_SIGHT_S * 2
            long = time.monotonic() - operation.accepted.sent > limit
            if long and len(tail) >= 4 and not any(word_of(poll) in RANK for poll in tail):
                self._unreadable.add(kind)
                raise OperationUnreachable(
                    "the operation can't be read: the last poll gave "
                    f"{tail[-1].outcome()}{why_no_json(tail[-1])}"
                )

    def _patience(self, kind: str) -> float:
        limit = self.client.profile.limits.poll_timeout_s
        # Once one has outlived the limit, the others are not waited for as long: it is found
        # already.
        return max(2.0, limit / 10) if kind in self._stuck else limit

    def _judge_end(self, operation: Operation, kind: str) -> None:
        limit = self.client.profile.limits.poll_timeout_s
        if operation.done or time.monotonic() - operation.accepted.sent >= limit:
            terminates(self._findings, operation, limit)
        if not operation.done:
            self._stuck.add(kind)
            self._running_s.pop(kind, None)


def _took(operation: Operation, seen: float) -> float:
    """Seconds that an operation took: until *seen* at its end, or less.

    Its own instants may say less.

    What was seen depends on when it was polled, and the next poll on what was seen: by itself that
    only ever grows.
    """
    last = operation.polls[-1]
    created, completed = (instant_of(last, name) for name in ("createdAt", "completedAt"))
    if not created or not completed:
        return seen
    stated = (completed[0] - created[0]).total_seconds() + (completed[1] - created[1]) / 1e9
    return min(seen, max(stated + _MARGIN_S, seen / 2))
