"""What holds across recorded exchanges: operations and what is gone by them, and, by keys.py, each use of a key.

A recording shows one client's view. A rule accuses only where no traffic outside of the recording could have led
to the same answers; where it could, nothing is recorded, and the requirement stays unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.contract.instants import parse_instant
from orchestrator_contract.contract.limits import RETAINED_S
from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.har import other_async_calls
from orchestrator_contract.har.har_entry import Recorded
from orchestrator_contract.har.keys import PASSING, Keys
from orchestrator_contract.har.memory import REMEMBERED, Memory, slim
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.accepted import Links
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.operations import judge_poll

#: An operation that is still not terminal after this long is stuck, in seconds (S3: minutes).
_STUCK_S = 600
#: What a delete may be refused with for its key, or for what runs.
_REFUSED = MISMATCH | {409}


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

    def __init__(self, findings: Findings) -> None:
        super().__init__(findings, _Anywhere(), lambda path, region: f"recording:{region}{path}")

    def poll_url(
        self, exchange: Exchange, status_url: str | None, location: str | None, operation_id: str
    ) -> str:
        """Where the operation could be polled; DEL-202-STATUS-URL-ORIGIN stays open."""
        return status_url or location or operation_id


class History:
    """Judges each exchange against those before it."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self._links = RecordedLinks(findings)
        self.keys = Keys(findings, self._ended)
        self._lives: Memory[_Life] = Memory()
        self._gone: Memory[_Life] = Memory()
        self._scopes: dict[str, int] = {}

    @property
    def forgot(self) -> int:
        """How many keys and operations had to be forgotten before the end."""
        return self.keys.forgot + self._lives.forgot

    def add(self, seen: Recorded) -> None:
        """Take the next exchange, in the order in which the requests started."""
        seen.exchange.account = (
            self._scopes.setdefault(seen.scope, len(self._scopes))
            if len(self._scopes) < REMEMBERED
            else 0
        )
        call = seen.exchange.call
        if call.operation == "operation":
            self._poll(seen)
        elif call.operation == "fetch":
            self._fetch(seen)
        elif call.operation == "list":
            self._list(seen)
        elif call.operation == "delete" or call.operation in other_async_calls.SISTERS:
            replayed = self.keys.judge(seen) if seen.exchange.key else False
            if call.operation == "delete" and not replayed:
                self._delete(seen)
            elif call.operation != "delete" and seen.exchange.status == 202 and seen.body:
                small = slim(seen.exchange)
                if small is not None:
                    other_async_calls.accepted(self._links, small)
        self._links.forget(REMEMBERED)

    # ---------------------------------------------------------------- operations

    def _delete(self, seen: Recorded) -> None:
        exchange, sid = seen.exchange, seen.exchange.call.subject
        gone = self._gone.get(seen.scope, sid)
        if (
            gone is not None
            and gone.done is not None
            and seen.start >= gone.done
            and exchange.status not in PASSING
        ):
            replay = bool(exchange.operation_names & gone.operation.accepted.operation_names)
            if not replay and (seen.key_ok and exchange.status not in _REFUSED):
                self.findings.check(
                    "DELETED-DELETE",
                    exchange.status == 404,
                    expected="404",
                    seen=exchange.outcome(),
                    exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], exchange],
                )
        if exchange.status != 202 or not seen.body:
            return
        accepted = slim(exchange)
        if accepted is None:
            return
        named = exchange.operation_names
        if any(self._lives.get(seen.scope, name) for name in named):
            return  # a second delete of a SID may answer with the first one's operation
        try:
            operation = self._links.accept(accepted, sid)
        except OperationUnreachable:
            return
        life = _Life(operation, seen.start)
        for name in named:
            self._lives.put(seen.scope, name, life)

    def _poll(self, seen: Recorded) -> None:
        exchange = seen.exchange
        life = self._lives.get(seen.scope, exchange.call.subject)
        if life is None or not seen.body or exchange.status in PASSING:
            return
        if seen.start < life.polled or seen.start - life.start > RETAINED_S:
            return  # it overlaps the poll before: which came first at the endpoint can't be seen
        poll = slim(exchange)
        if poll is None:
            return
        life.polled = seen.end
        operation = life.operation
        judge_poll(self.findings, operation, poll)
        operation.polls[:-2] = []
        created = (
            parse_instant(value)
            if isinstance(value := exchange.object.get("createdAt"), str)
            else None
        )
        if operation.accepted.key and created is not None:
            self.keys.created(seen.scope, operation.accepted.key, created[0].timestamp())
        word = exchange.object.get("status")
        if word in ("COMPLETED", "FAILED"):
            self.findings.check("OP-TERMINATES", True)
            if word == "COMPLETED" and life.done is None:
                life.done = seen.end
                self._gone.put(seen.scope, operation.sid, life)
        elif word in ("PENDING", "RUNNING") and seen.start - life.start > _STUCK_S:
            self.findings.check(
                "OP-TERMINATES",
                False,
                expected=f"an end within {_STUCK_S} s",
                seen=str(word),
                exchanges=[operation.accepted, exchange],
            )

    # ---------------------------------------------------------------- what is gone

    def _ended(self, seen: Recorded) -> bool:
        """Whether what a request names was gone before it started."""
        life = self._gone.get(seen.scope, seen.exchange.call.subject)
        return life is not None and life.done is not None and life.done <= seen.start

    def _fetch(self, seen: Recorded) -> None:
        gone = self._gone.get(seen.scope, seen.exchange.call.subject)
        if (
            gone is not None
            and gone.done is not None
            and seen.start >= gone.done
            and seen.exchange.status not in PASSING
        ):
            self.findings.check(
                "DELETED-FETCH",
                seen.exchange.status == 404,
                expected="404",
                seen=seen.exchange.outcome(),
                exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], seen.exchange],
            )

    def _list(self, seen: Recorded) -> None:
        items = seen.exchange.object.get("configurations")
        if seen.exchange.status != 200 or not isinstance(items, list):
            return
        for item in items:
            sid = item.get("id") if isinstance(item, dict) else None
            gone = self._gone.get(seen.scope, sid) if isinstance(sid, str) else None
            if gone is not None and gone.done is not None and seen.start >= gone.done:
                self.findings.check(
                    "DELETED-LIST",
                    False,
                    expected=f"no {sid}",
                    seen="it is listed",
                    exchanges=[gone.operation.accepted, *gone.operation.polls[-1:], seen.exchange],
                )
