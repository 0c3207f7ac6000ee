"""What holds across recorded exchanges: replays, operations, what is gone, retries after a 429.

A recording shows one client's view. A rule accuses only where no traffic outside of the recording could have led
to the same answers; where it could, nothing is recorded, and the requirement stays unverified.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from orchestrator_contract.exchange import Exchange
from orchestrator_contract.follow.links import Links, Unfollowable
from orchestrator_contract.follow.operation import Operation, operation_names
from orchestrator_contract.follow.polls import judge_poll
from orchestrator_contract.instants import parse_instant
from orchestrator_contract.replay import differences
from orchestrator_contract.traffic import elsewhere
from orchestrator_contract.traffic.entry import Recorded
from orchestrator_contract.verdict import Ledger
from orchestrator_contract.wire.answer import Answer

LIVES_S, EXPIRES_S = 23 * 3600 + 55 * 60, 25 * 3600
_WEEK_S = 7 * 86400
#: An operation that is still not terminal after this long is stuck, in seconds (S3: minutes).
_STUCK_S = 600
#: Keys, operations and configurations remembered; the oldest are forgotten first.
REMEMBERED = 6000
_BODY = 8192
_MISMATCH = frozenset({400, 409, 422})
_PASSING = frozenset({401, 403, 429, 500, 503})
_V = TypeVar("_V")


class Memory(Generic[_V]):
    """A mapping that forgets its oldest entries."""

    def __init__(self) -> None:
        self._items: OrderedDict[tuple[str, str], _V] = OrderedDict()
        self.forgot = 0

    def get(self, scope: str, name: str) -> _V | None:
        """What is remembered under a name."""
        return self._items.get((scope, name))

    def put(self, scope: str, name: str, value: _V) -> None:
        """Remember *value*."""
        self._items[scope, name] = value
        self._items.move_to_end((scope, name))
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)
            self.forgot += 1


@dataclass(slots=True)
class _Use:
    """The first accepted use of a key."""

    seen: Recorded
    target: str
    #: When the operation says that it was created, if that is known: a replay may be the first thing recorded.
    created: float | None = None


@dataclass(slots=True)
class _Life:
    """An operation as the recording shows it."""

    operation: Operation
    start: float
    #: When the newest judged poll was over, and when an end was first seen.
    polled: float = 0.0
    done: float | None = None


class _Anywhere(frozenset[Any]):
    """Which origins are the target's a recording does not say: none is taken for foreign."""

    def __contains__(self, origin: object) -> bool:
        return origin is not None


class RecordedLinks(Links):
    """Judges links that were recorded; nothing is polled by them."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger, _Anywhere(), lambda path, region: f"recording:{region}{path}")

    def poll_url(self, exchange: Exchange, status_url: str | None, location: str | None, operation_id: str) -> str:
        """Where the operation could be polled; DEL-202-ORIGIN stays open."""
        return status_url or location or operation_id


def slim(exchange: Exchange) -> Exchange | None:
    """The exchange as evidence needs it, small enough to keep many; None when its body is too long for that."""
    answer = exchange.answer
    if answer is None or len(answer.body) > _BODY:
        return None
    kept = exchange.shown_headers().keys()
    small = Answer(answer.status, "", [(n, v) for n, v in answer.headers if n.lower() in kept], answer.body, "")
    return replace(exchange, answer=small)


class History:
    """Judges each exchange against those before it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._links = RecordedLinks(ledger)
        self._uses: Memory[_Use] = Memory()
        self._refused: Memory[Recorded] = Memory()
        self._lives: Memory[_Life] = Memory()
        self._gone: Memory[_Life] = Memory()
        self._scopes: dict[str, int] = {}

    @property
    def forgot(self) -> int:
        """How many keys and operations had to be forgotten before the end."""
        return self._uses.forgot + self._lives.forgot

    def may_refuse(self, seen: Recorded) -> bool:
        """Whether the key may be refused because it was used for another request."""
        exchange = seen.exchange
        if exchange.object.get("code") == 17534:  # S5: key and payload don't match
            return True
        use = self._uses.get(seen.scope, str(exchange.key).lower()) if exchange.key else None
        return use is not None and use.target != f"{exchange.method} {exchange.call.subject or exchange.url}"

    def add(self, seen: Recorded) -> None:
        """Take the next exchange, in the order in which the requests started."""
        seen.exchange.account = self._scopes.setdefault(seen.scope, len(self._scopes)) if len(self._scopes) < REMEMBERED else 0
        call = seen.exchange.call
        if call.operation == "operation":
            self._poll(seen)
        elif call.operation == "fetch":
            self._fetch(seen)
        elif call.operation == "list":
            self._list(seen)
        elif call.operation == "delete" or call.operation in elsewhere.SISTERS:
            replayed = self._keyed(seen) if seen.exchange.key else False
            if call.operation == "delete" and not replayed:
                self._delete(seen)
            elif call.operation != "delete" and seen.exchange.status == 202 and seen.body:  # HTTP
                small = slim(seen.exchange)
                if small is not None:
                    elsewhere.accepted(self._links, small)
        self._links.forget(REMEMBERED)

    # ---------------------------------------------------------------- keys

    def _keyed(self, seen: Recorded) -> bool:
        """Judge the use of a key; whether it is not the first use."""
        exchange = seen.exchange
        key = str(exchange.key).lower()
        target = f"{exchange.method} {exchange.call.subject or exchange.url}"
        use = self._uses.get(seen.scope, key)
        if use is None:
            self._retry(seen, key, target)
            self._remember(seen, key, target)
            return False
        if exchange.key != use.seen.exchange.key:
            return True  # differs in case only: one key or two, both conform
        if use.target != target:
            self._other_target(seen, use)
            return True
        return self._replay(seen, use)

    def _remember(self, seen: Recorded, key: str, target: str) -> None:
        kept = slim(seen.exchange) if seen.exchange.status == 202 and seen.body else None  # HTTP
        if kept is not None:
            self._uses.put(seen.scope, key, _Use(replace(seen, exchange=kept), target))

    def _other_target(self, seen: Recorded, use: _Use) -> None:
        exchange, first = seen.exchange, use.seen.exchange
        if exchange.status in _PASSING or not seen.body:
            return
        shown = exchange.status == 202 and bool(operation_names(exchange) & operation_names(first))
        same_call = exchange.call.operation == first.call.operation
        if exchange.call.operation == "delete":
            self.ledger.hold("KEY-OTHER-SID" if same_call else "KEY-OTHER-CALL", not shown, expected="an answer of its own",
                             seen=f"the operation of {first.call.subject or first.url:.120}", exchanges=[first, exchange])
            self.ledger.observe("OBS-KEY-OTHER-SID", f"{exchange.status} {exchange.object.get('code', '')}".strip())

    def _replay(self, seen: Recorded, use: _Use) -> bool:
        exchange, first = seen.exchange, use.seen.exchange
        if exchange.call.operation == "delete-conversation" and seen.body and exchange.status not in _PASSING and (
            use.seen.end <= seen.start <= use.seen.start + LIVES_S and (seen.credentials or exchange.status == 202)  # HTTP
        ):
            elsewhere.replayed(self.ledger, first, seen, differences(first, exchange))
        if exchange.call.operation != "delete" or exchange.status in _PASSING or not seen.body:
            return True  # other calls carry a payload, which is not kept
        if exchange.status != 202 and not seen.credentials:  # HTTP
            return True  # whose key it was can't be seen
        steps = [first, exchange]
        if seen.start < use.seen.end:
            self.ledger.observe("OBS-KEY-CONCURRENT", exchange.outcome())
            if exchange.status == 202:  # HTTP
                self._same_operation("KEY-CONCURRENT", steps)
            return True
        age = seen.start - min(use.seen.start, use.created if use.created is not None else use.seen.start)
        changed = differences(first, exchange)
        if age <= LIVES_S:
            life = self._gone.get(seen.scope, exchange.call.subject)
            ended = life is not None and life.done is not None and life.done <= seen.start
            requirement = "KEY-REPLAY-ENDED" if ended else "KEY-REPLAY"
            self.ledger.hold(requirement, not changed, expected="the original response", seen="; ".join(changed), exchanges=steps)
            if age > 3600:  # an hour: short replays say nothing of how long a key lives
                self.ledger.hold("KEY-LIVES", not changed, expected="the original response", seen="; ".join(changed), exchanges=steps)
            if exchange.status == 202:  # HTTP
                self._same_operation("KEY-ONE-OPERATION", steps)
            return True
        if age < EXPIRES_S:
            self.ledger.observe("OBS-KEY-24H", f"{'new' if changed else 'replayed'} after {age / 3600:.1f} h")
            return not changed
        old = exchange.status == 202 and bool(operation_names(exchange) & operation_names(first))
        self.ledger.hold("KEY-EXPIRES", not old, expected="a new request after 25 h", seen="the old operation", exchanges=steps)
        if not old:
            self._remember(seen, str(exchange.key).lower(), use.target)
        return old

    def _same_operation(self, requirement: str, steps: list[Exchange]) -> None:
        first, second = map(operation_names, steps)
        if first and second:
            self.ledger.hold(requirement, bool(first & second), expected=f"operation {', '.join(sorted(first)):.160}",
                             seen=f"operation {', '.join(sorted(second)):.160}", exchanges=steps)

    def _retry(self, seen: Recorded, key: str, target: str) -> None:
        """A 429 is not stored: its retry is processed. Repeated 429s may be new ones, unless they carry one request id."""
        if seen.exchange.call.operation != "delete":
            return
        name = f"{key} {target}"
        refused = self._refused.get(seen.scope, name)
        if refused is None:
            kept = slim(seen.exchange) if seen.exchange.status == 429 else None  # HTTP
            if kept is not None:
                self._refused.put(seen.scope, name, replace(seen, exchange=kept))
            return
        first, again = refused.exchange, seen.exchange
        if again.status in (401, 403) or seen.start < refused.end:
            return
        ids = {n for n in first.headers if n.endswith("request-id")} & {n for n in again.headers if n.endswith("request-id")}
        stored = again.status == 429 and any(first.headers[n] and first.headers[n] == again.headers[n] for n in ids)
        if stored or again.status != 429:  # HTTP
            self.ledger.hold("ERR-429-AGAIN", not stored, expected="the retry is processed", seen="the stored 429 with its request id",
                             exchanges=[first, again])

    # ---------------------------------------------------------------- operations

    def _delete(self, seen: Recorded) -> None:
        exchange, sid = seen.exchange, seen.exchange.call.subject
        gone = self._gone.get(seen.scope, sid)
        if gone is not None and gone.done is not None and seen.start >= gone.done and exchange.status not in _PASSING:
            replay = bool(operation_names(exchange) & operation_names(gone.operation.accepted))
            if not replay and (seen.key_ok and exchange.status not in _MISMATCH):
                self.ledger.hold("GONE-DELETE", exchange.status == 404, expected="404", seen=exchange.outcome(),
                                 exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], exchange])
        if exchange.status != 202 or not seen.body:  # HTTP
            return
        accepted = slim(exchange)
        if accepted is None:
            return
        named = operation_names(exchange)
        if any(self._lives.get(seen.scope, name) for name in named):
            return  # a second delete of a SID may answer with the first one's operation
        try:
            operation = self._links.accept(accepted, sid)
        except Unfollowable:
            return
        life = _Life(operation, seen.start)
        for name in named:
            self._lives.put(seen.scope, name, life)

    def _poll(self, seen: Recorded) -> None:
        exchange = seen.exchange
        life = self._lives.get(seen.scope, exchange.call.subject)
        if life is None or not seen.body or exchange.status in _PASSING:
            return
        if seen.start < life.polled or seen.start - life.start > _WEEK_S:
            return  # it overlaps the poll before: which came first at the endpoint can't be seen
        poll = slim(exchange)
        if poll is None:
            return
        life.polled = seen.end
        operation = life.operation
        judge_poll(self.ledger, operation, poll)
        operation.polls[:-2] = []
        created = parse_instant(value) if isinstance(value := exchange.object.get("createdAt"), str) else None
        use = self._uses.get(seen.scope, str(operation.accepted.key).lower()) if operation.accepted.key else None
        if use is not None and created is not None:
            use.created = created[0].timestamp()
        word = exchange.object.get("status")
        if word in ("COMPLETED", "FAILED"):
            self.ledger.hold("OP-ENDS", True)
            if word == "COMPLETED" and life.done is None:
                life.done = seen.end
                self._gone.put(seen.scope, operation.sid, life)
        elif word in ("PENDING", "RUNNING") and seen.start - life.start > _STUCK_S:
            self.ledger.hold("OP-ENDS", False, expected=f"an end within {_STUCK_S} s", seen=str(word),
                             exchanges=[operation.accepted, exchange])

    # ---------------------------------------------------------------- what is gone

    def _fetch(self, seen: Recorded) -> None:
        gone = self._gone.get(seen.scope, seen.exchange.call.subject)
        if gone is not None and gone.done is not None and seen.start >= gone.done and seen.exchange.status not in _PASSING:
            self.ledger.hold("GONE-FETCH", seen.exchange.status == 404, expected="404", seen=seen.exchange.outcome(),
                             exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], seen.exchange])

    def _list(self, seen: Recorded) -> None:
        items = seen.exchange.object.get("configurations")
        if seen.exchange.status != 200 or not isinstance(items, list):  # HTTP
            return
        for item in items:
            sid = item.get("id") if isinstance(item, dict) else None
            gone = self._gone.get(seen.scope, sid) if isinstance(sid, str) else None
            if gone is not None and gone.done is not None and seen.start >= gone.done:
                self.ledger.hold("GONE-LIST", False, expected=f"no {sid}", seen="it is listed",
                                 exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], seen.exchange])
