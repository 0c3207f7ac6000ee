"""The duties of a client, one small rule each, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from orchestrator_contract.mock.clients.calls import Call, printable
from orchestrator_contract.mock.clients.history import Followed, History, Recent
from orchestrator_contract.mock.idempotency import PATTERN
from orchestrator_contract.mock.state import DAY

#: Timers may fire this much early, in seconds, without being called impatient.
TOLERANCE = 0.05
_KEYED = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on patience is a fault."""

    #: Polls of one operation.
    polls: int = 120
    #: Seconds of polling one operation. S3: minutes of PENDING are to be reported, not waited out.
    seconds: float = 600.0
    #: Polls of an operation after its end was seen: one may check, a loop does not stop.
    after_end: int = 2
    #: Whether an accepted delete has to be followed; not where the client is led away.
    follow: bool = True
    #: Seconds after its Retry-After in which a 429'd delete is retried: the longest backoff of
    #: common clients. What comes later is a new intent, as the 429'd one was not processed (S5).
    retry: float = 120.0


class Rule:
    """One duty of a client; *arrive*, *answer* and *close* yield what went wrong."""

    id: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]

    def __init__(self, history: History, limits: Limits) -> None:
        self.history = history
        self.limits = limits

    def arrive(self, call: Call) -> Iterator[str]:
        """A request came in; it has no answer yet."""
        return iter(())

    def answer(self, call: Call) -> None:
        """The answer to a request went out."""

    def close(self) -> Iterator[tuple[str, str]]:
        """Give what is left undone so far: the request, and the problem."""
        return iter(())


RULES: list[type[Rule]] = []


def rule(name: str, title: str, source: str) -> Callable[[type[Rule]], type[Rule]]:
    """Registers the decorated class as the rule *name*."""

    def register(made: type[Rule]) -> type[Rule]:
        made.id, made.title, made.source = name, title, source
        RULES.append(made)
        return made

    return register


@rule(
    "CLIENT-KEY-MISSING",
    "a delete carries an Idempotency-Key, or its retry may start a second operation",
    "S1",
)
class KeyMissing(Rule):
    """The header is optional, yet only with it is a delete safe to repeat."""

    def arrive(self, call: Call) -> Iterator[str]:
        if call.kind == "delete" and not call.keys:
            yield "sent without Idempotency-Key"


@rule(
    "CLIENT-KEY-FORM",
    "a key is one UUID of 8-4-4-4-12 hexadecimal digits, on one header line",
    "S1, S2",
)
class KeyForm(Rule):
    """A server may ignore what does not match, and the protection with it."""

    def arrive(self, call: Call) -> Iterator[str]:
        if len(call.keys) > 1:
            yield f"{len(call.keys)} Idempotency-Key lines"
        elif call.key is not None and PATTERN.fullmatch(call.key) is None:
            yield f"the key '{printable(call.key, 60)}' is no UUID"


@rule("CLIENT-KEY-CHANGED", "a retry keeps the key of the request that it repeats", "S1, S5")
class KeyChanged(Rule):
    """After 503 or no response an operation may have begun; after 429 the intent is the same."""

    def __init__(self, history: History, limits: Limits) -> None:
        super().__init__(history, limits)
        self._last: Recent[Call] = Recent()

    def arrive(self, call: Call) -> Iterator[str]:
        if call.kind != "delete":
            return
        before = self._last.get(call.same)
        self._last.put(call.same, call)
        if before is None or before.key is None or before.key == call.key:
            return
        cause = self._cause(before, call)
        if not cause:
            return
        now = "none" if call.key is None else printable(call.key, 60)
        yield f"after {cause} the key {printable(before.key, 60)} became {now}"

    def _cause(self, before: Call, call: Call) -> str:
        """Why *call* is a retry of *before*; empty where it is an intent of its own."""
        if before.answered is None or not before.reached:
            return "an attempt that got no response"
        if before.status not in (429, 503):
            return ""
        waited = max(call.came - before.answered, call.moved - before.moved)
        forgotten = before.status == 429 and waited > (before.retry_after or 0) + self.limits.retry
        return "" if forgotten else f"a {before.status}"


@rule("CLIENT-KEY-REUSED", "a new intent gets a new key", "S1, S5 (17534)")
class KeyReused(Rule):
    """A key stands for one method, one path and one payload during 24 hours."""

    def __init__(self, history: History, limits: Limits) -> None:
        super().__init__(history, limits)
        self._first: Recent[Call] = Recent()

    def arrive(self, call: Call) -> Iterator[str]:
        if call.kind not in _KEYED or call.key is None:
            return
        scope = call.caller, call.region, call.key
        first = self._first.get(scope)
        if first is None or call.moved - first.moved >= DAY:
            self._first.put(scope, call)
        elif (first.method, first.path, first.payload) != (call.method, call.path, call.payload):
            what = (
                first.name
                if (first.method, first.path) != (call.method, call.path)
                else "another payload"
            )
            yield f"the key {printable(call.key, 60)} belongs to {what}"


class _Patience(Rule):
    """A request is not repeated before the time that its refusal named."""

    status: ClassVar[int]

    def __init__(self, history: History, limits: Limits) -> None:
        super().__init__(history, limits)
        self._refused: Recent[Call] = Recent()

    def arrive(self, call: Call) -> Iterator[str]:
        before = self._refused.get(call.same)
        if before is None or before.retry_after is None or before.answered is None:
            return
        waited = call.came - before.answered
        if 0 <= waited < before.retry_after - TOLERANCE:
            yield (
                f"repeated {waited:.2f} s after a {self.status} with Retry-After"
                f" {before.retry_after:g}"
            )

    def answer(self, call: Call) -> None:
        if call.reached and call.status == self.status:
            self._refused.put(call.same, call)


@rule(
    "CLIENT-WAIT-429",
    "after a 429 the client waits as long as Retry-After says",
    "S5, R1 (RFC 9110 10.2.3, RFC 6585)",
)
class Wait429(_Patience):
    """A client that asks sooner is refused again and slows others down."""

    status = 429


@rule(
    "CLIENT-WAIT-503",
    "after a 503 the client waits as long as Retry-After says",
    "S5, R1 (RFC 9110 10.2.3)",
)
class Wait503(_Patience):
    """A service that is down does not recover by being asked."""

    status = 503


@rule(
    "CLIENT-WAIT-202",
    "the first poll comes no sooner than the Retry-After of the 202, later ones as polls say",
    "S2, S3",
)
class Wait202(Rule):
    """The endpoint knows best when a poll is worth it."""

    def arrive(self, call: Call) -> Iterator[str]:
        followed = self.history.arrived(call)
        if followed is None:
            return
        before = followed.last or followed.accepted
        if before.retry_after is None or before.answered is None or before.terminal:
            return
        waited = call.came - before.answered
        if 0 <= waited < before.retry_after - TOLERANCE:
            what = "the previous poll" if followed.last else "the 202"
            yield (
                f"polled {waited:.2f} s after {what}, which said Retry-After {before.retry_after:g}"
            )


@rule("CLIENT-POLL-ENDS", "polling ends with COMPLETED or FAILED", "S3")
class PollEnds(Rule):
    """A terminal status never changes: there is nothing left to learn."""

    def arrive(self, call: Call) -> Iterator[str]:
        followed = self.history.arrived(call)
        if followed is not None and followed.last is not None and followed.last.terminal:
            followed.polls_after_end += 1
            if followed.polls_after_end == self.limits.after_end + 1:
                yield f"polled {followed.polls_after_end} times after a terminal status"


@rule(
    "CLIENT-POLL-BOUNDED",
    "polling of an operation that does not end is given up and reported",
    "S3",
)
class PollBounded(Rule):
    """A stuck operation must not hold its client for ever."""

    def __init__(self, history: History, limits: Limits) -> None:
        super().__init__(history, limits)
        self._found: Recent[bool] = Recent()

    def arrive(self, call: Call) -> Iterator[str]:
        followed = self.history.arrived(call)
        if followed is None or followed.settled:
            return
        followed.polls += 1
        spent = call.came - (followed.accepted.answered or call.came)
        beyond = followed.polls > self.limits.polls or spent > self.limits.seconds
        if beyond and not self._found.get(followed.id):
            self._found.put(followed.id, True)  # a value, not a switch
            yield f"poll {followed.polls} of a pending operation, {spent:.0f} s after its 202"


@rule("CLIENT-POLL-FOLLOWS", "an accepted delete is followed until COMPLETED or FAILED", "S3")
class PollFollows(Rule):
    """202 is not deleted yet: a client that stops here does not know whether it is."""

    def close(self) -> Iterator[tuple[str, str]]:
        for followed in self.history.operations.values():
            if self.limits.follow and followed.accepted.kind == "delete" and not followed.settled:
                yield followed.accepted.name, self._text(followed)

    def _text(self, followed: Followed) -> str:
        operation = printable(followed.id, 60)
        if followed.last is None:
            return f"operation {operation} was never polled"
        return f"operation {operation} was left before its end, after {followed.polls} poll(s)"


@rule("CLIENT-SECRET-PLACE", "credentials travel in the Authorization header only", "S2")
class SecretPlace(Rule):
    """Addresses and other headers end up in logs."""

    def arrive(self, call: Call) -> Iterator[str]:
        if call.shows_secret:
            yield "an account's password stands in the address or in another header"


@rule("CLIENT-SECRET-ORIGIN", "credentials go to the endpoint's own origins only", "S2, derived")
class SecretOrigin(Rule):
    """Found by the foreign origin's listener, not by calls."""
