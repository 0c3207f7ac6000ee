"""Judges across recorded exchanges: operations, keys, deletions.

A recording shows one client's view. A rule accuses only where no traffic outside of it could have
led to the same responses; elsewhere the requirement stays unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.contract.limits import RETAINED_S
from orchestrator_contract.har.keys import PASSING, Keys
from orchestrator_contract.har.recorded import REMEMBERED, Memory, Recorded
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation, instant_of, word_of
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import deletion, operations
from orchestrator_contract.rules.accepted import Links
from orchestrator_contract.rules.idempotency import MISMATCH

#: An operation that is not terminal after this long is stuck, in seconds (S3: minutes).
_STUCK_S = 600
#: Statuses that refuse a delete for its key, or for a running one.
_REFUSED = MISMATCH | {409}
_OTHER_CALLS = frozenset({"create", "update", "patch", "delete-conversation"})


@dataclass(slots=True)
class _Followed:
    """An operation as the recording shows it."""

    operation: Operation
    accepted: Recorded
    #: When the newest judged poll was over, and when COMPLETED and FAILED were first seen.
    polled: float = 0.0
    done: float | None = None
    failed: float | None = None


class History:
    """Judges each exchange against those before it."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self._links = Links(findings)
        self.keys = Keys(findings, self._end_before)
        self._operations: Memory[_Followed] = Memory()
        self._deleted: Memory[_Followed] = Memory()
        self._scopes: dict[str, int] = {}

    @property
    def forgot(self) -> int:
        """How many keys and operations had to be forgotten before the end."""
        return self.keys.forgot + self._operations.forgot

    def add(self, seen: Recorded) -> None:
        """Take the next exchange, in the order in which the requests started."""
        if len(self._scopes) < REMEMBERED:
            self._scopes.setdefault(seen.scope, len(self._scopes))
        seen.exchange.account = self._scopes.get(seen.scope, 0)
        call = seen.exchange.call.operation
        if call == "operation":
            self._poll(seen)
        elif call == "fetch":
            self._fetch(seen)
        elif call == "list":
            self._list(seen)
        elif call == "delete" or call in _OTHER_CALLS:
            replayed = self.keys.judge(seen) if seen.exchange.key else False
            if call != "delete":
                self._accepted(seen)
            elif not replayed:
                self._delete(seen)
        self._links.forget(REMEMBERED)

    # ---------------------------------------------------------------- operations

    def _accepted(self, seen: Recorded) -> Operation | None:
        """The operation of a 202, its links judged; None if the recording does not show it."""
        names = seen.exchange.operation_names
        kept = seen.slim() if seen.exchange.status == 202 and (seen.whole or names) else None
        if kept is None:
            return None
        call = kept.exchange.call
        sid = "" if call.operation == "create" else call.subject
        return self._links.accept(kept.exchange, Configuration(sid))

    def _delete(self, seen: Recorded) -> None:
        self._delete_again(seen)
        named = seen.exchange.operation_names
        if any(self._operations.get(seen.scope, name) for name in named):
            return  # a second delete of a SID may return the first one's operation
        operation = self._accepted(seen)
        if operation is not None:
            followed = _Followed(operation, seen)
            for name in named:
                self._operations.put(seen.scope, name, followed)

    def _poll(self, seen: Recorded) -> None:
        exchange = seen.exchange
        followed = self._operations.get(seen.scope, exchange.call.subject)
        if followed is None or exchange.status in PASSING or seen.answers_condition:
            return
        if seen.start < followed.polled or seen.start - followed.accepted.start > RETAINED_S:
            return  # it overlaps the poll before: which came first at the endpoint can't be seen
        accepted, poll = followed.operation.accepted, seen.slim()
        if exchange.status == 200 and not seen.body:
            operations.fetched(self.findings, followed.operation, exchange)
            return
        if poll is None:
            return
        followed.polled = seen.end
        operations.judge_poll(self.findings, followed.operation, poll.exchange)
        followed.operation.polls[:-2] = []
        created = instant_of(exchange, "createdAt")
        if accepted.key and created is not None:
            self.keys.created(seen, accepted.key, created[0].timestamp())
        self._end(seen, followed)

    def _end(self, seen: Recorded, followed: _Followed) -> None:
        """Look whether the operation has ended, or should have."""
        word, operation = word_of(seen.exchange), followed.operation
        late = word in ("PENDING", "RUNNING") and _surely_after(_STUCK_S, followed.accepted, seen)
        if late or word in ("COMPLETED", "FAILED"):
            operations.terminates(self.findings, operation, _STUCK_S)
        if word == "FAILED" and followed.failed is None:
            followed.failed = seen.end
        elif word == "COMPLETED" and followed.done is None:
            followed.done = seen.end
            self._deleted.put(seen.scope, operation.sid, followed)

    def _end_before(self, seen: Recorded, first: Exchange) -> str:
        """How the operation of the *first* use had ended before *seen* started."""
        if self._deletion(seen) is not None:
            return "COMPLETED"
        known = [self._operations.get(seen.scope, name) for name in first.operation_names]
        failed = [one.failed for one in known if one is not None and one.failed is not None]
        return "FAILED" if any(at <= seen.start for at in failed) else ""

    # ---------------------------------------------------------------- what is deleted

    def _deletion(self, seen: Recorded, sid: str = "") -> _Followed | None:
        """The delete that had ended before a request about *sid* started."""
        followed = self._deleted.get(seen.scope, sid or seen.exchange.call.subject)
        if followed is None or followed.done is None or seen.start < followed.done:
            return None
        return followed

    def _delete_again(self, seen: Recorded) -> None:
        """Judge another delete of what is deleted; a key may be refused first."""
        exchange, gone = seen.exchange, self._deletion(seen)
        if gone is None or exchange.status in PASSING | _REFUSED or not seen.key_ok:
            return
        if not exchange.operation_names & gone.operation.accepted.operation_names:
            deletion.deleted_by_delete(self.findings, gone.operation, exchange)

    def _fetch(self, seen: Recorded) -> None:
        gone, status = self._deletion(seen), seen.exchange.status
        # "Not modified" says that it is there; a failed precondition says nothing.
        unanswered = seen.answers_condition and status != 304
        if gone is not None and status not in PASSING and not unanswered:
            deletion.deleted_by_fetch(self.findings, gone.operation, seen.exchange)

    def _list(self, seen: Recorded) -> None:
        items = seen.exchange.object.get("configurations")
        if seen.exchange.status != 200 or not isinstance(items, list):
            return
        for item in items:
            sid = str(item.get("id") or "") if isinstance(item, dict) else ""
            gone = self._deletion(seen, sid) if sid else None
            if gone is not None:
                deletion.not_listed(self.findings, gone.operation.steps, sid, seen.exchange)


def _surely_after(seconds: float, first: Recorded, then: Recorded) -> bool:
    """True if so much time has surely passed.

    Without a time zone a clock may have been set.
    """
    return first.zoned and then.zoned and then.start - first.start > seconds
