"""Idempotency keys in a recording: replays, and uses for another request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.har import other_async_calls
from orchestrator_contract.har.memory import Memory, slim
from orchestrator_contract.har.rate_limits import RateLimits, target_of
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.replay import compare
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.idempotency import KEY_USED

#: Responses that say nothing of the request's subject: a moment later they may be others.
PASSING = frozenset({401, 403, 429, 500, 503})
#: Where a replay lands, by how the operation had ended.
_BY_END = {
    "": "KEY-REPLAY",
    "COMPLETED": "KEY-REPLAY-ENDED",
    "FAILED": "KEY-REPLAY-FAILED",
}
#: Without a time zone clocks may be hours apart: within this time a key surely lives.
_LIVES_UNZONED_S = KEY_LIVES_S / 2


@dataclass(slots=True)
class _Use:
    """The first accepted use of a key."""

    seen: Recorded
    target: str
    #: When its operation says it was created: a replay may be the first use that was recorded.
    created: float | None = None


class Keys:
    """Judges each use of a key against the first one."""

    def __init__(self, findings: Findings, ended: Callable[[Recorded, Exchange], str]) -> None:
        self._findings = findings
        #: How the operation of a key's first use had ended before a request; empty while it ran.
        self._ended = ended
        self._uses: Memory[_Use] = Memory()
        self._rate_limits = RateLimits(findings)

    @property
    def forgot(self) -> int:
        """How many keys had to be forgotten before the end."""
        return self._uses.forgot

    def may_refuse(self, seen: Recorded) -> bool:
        """Whether the key may be refused because it was used for another request."""
        if seen.exchange.object.get("code") == KEY_USED:
            return True
        use = self._use(seen)
        return use is not None and use.target != target_of(seen)

    def created(self, seen: Recorded, key: str, at: float) -> None:
        """Note when the operation of the key's first use says that it was created."""
        use = self._uses.get(seen.scope, key.lower())
        if use is not None:
            use.created = at

    def judge(self, seen: Recorded) -> bool:
        """Judge the use of a key; whether it is not the first use."""
        use = self._use(seen)
        if use is None:
            self._rate_limits.judge(seen)
            self._remember(seen)
            return False
        if seen.exchange.key != use.seen.exchange.key:
            return True  # differs in case only: one key or two, both conform
        if use.target != target_of(seen):
            self._other_target(seen, use)
            return True
        return self._same_target(seen, use)

    def _use(self, seen: Recorded) -> _Use | None:
        key = seen.exchange.key
        return self._uses.get(seen.scope, key.lower()) if key else None

    def _remember(self, seen: Recorded) -> None:
        kept = slim(seen.exchange) if seen.exchange.status == 202 else None
        if kept is not None:
            use = _Use(replace(seen, exchange=kept), target_of(seen))
            self._uses.put(seen.scope, str(seen.exchange.key).lower(), use)

    # ---------------------------------------------------------------- another target

    def _other_target(self, seen: Recorded, use: _Use) -> None:
        exchange, first = seen.exchange, use.seen.exchange
        if exchange.status in PASSING or exchange.call.operation != "delete":
            return
        same = exchange.status == 202 and bool(exchange.operation_names & first.operation_names)
        if not same and not seen.body:
            return
        self._findings.check(
            "KEY-REUSE-OTHER-SID" if first.call.operation == "delete" else "KEY-REUSE-OTHER-CALL",
            not same,
            expected="a response of its own",
            seen=f"the operation of {first.call.subject or first.url:.120}",
            exchanges=[first, exchange],
        )
        code = exchange.object.get("code", "")
        self._findings.observe("OBS-KEY-REUSE-OTHER-SID", f"{exchange.status} {code}".strip())

    # ---------------------------------------------------------------- the same target

    def _same_target(self, seen: Recorded, use: _Use) -> bool:
        """Judge a request that was sent before; whether it still is its replay."""
        exchange, call = seen.exchange, seen.exchange.call.operation
        if exchange.status in PASSING or seen.answers_condition:
            return True
        if exchange.status != 202 and not seen.credentials:
            return True  # without credentials the key's owner can't be seen
        if call == "delete-conversation":
            self._conversation(seen, use)
        if call != "delete":
            return True  # other calls carry a payload, which is not kept
        if seen.start < use.seen.end:
            self._concurrent(seen, use)
            return True
        return self._replay(seen, use)

    def _conversation(self, seen: Recorded, use: _Use) -> None:
        if seen.start >= use.seen.end and self._surely_lives(seen, use):
            other_async_calls.replayed(self._findings, use.seen, seen)

    def _concurrent(self, seen: Recorded, use: _Use) -> None:
        self._findings.observe("OBS-KEY-CONCURRENT", seen.exchange.outcome())
        if seen.exchange.status == 202:
            self._same_operation("KEY-CONCURRENT", [use.seen.exchange, seen.exchange])

    def _replay(self, seen: Recorded, use: _Use) -> bool:
        if self._surely_lives(seen, use):
            self._living(seen, use)
            return True
        if not _timed(seen, use):
            return True  # the key's age can't be told
        if self._age(seen, use) < KEY_EXPIRES_S:
            return self._expiring(seen, use)
        return self._expired(seen, use)

    def _living(self, seen: Recorded, use: _Use) -> None:
        """A key that lives is answered with the original response."""
        first, again = use.seen.exchange, seen.exchange
        found = compare(use.seen, seen)
        requirements = [_BY_END[self._ended(seen, first)]]
        if self._age(seen, use) > HOUR and _timed(seen, use):
            requirements.append("KEY-TTL-MIN")  # short replays say nothing of how long a key lives
        for requirement in requirements if found.conclusive else []:
            self._findings.check(
                requirement,
                not found.changed,
                expected="the original response",
                seen="; ".join(found.changed),
                exchanges=[first, again],
            )
        if again.status == 202:
            self._same_operation("KEY-ONE-OPERATION", [first, again])

    def _expiring(self, seen: Recorded, use: _Use) -> bool:
        """Between both limits either conforms."""
        found = compare(use.seen, seen)
        said = "new" if found.changed else "replayed"
        if found.conclusive:
            age = self._age(seen, use) / HOUR
            self._findings.observe("OBS-KEY-24H", f"{said} after {age:.1f} h")
        return not found.changed

    def _expired(self, seen: Recorded, use: _Use) -> bool:
        """A key that has expired starts a new operation, and may be used like a new one."""
        first, again = use.seen.exchange, seen.exchange
        old = again.status == 202 and bool(again.operation_names & first.operation_names)
        if old or seen.whole or again.operation_names:
            self._findings.check(
                "KEY-TTL-MAX",
                not old,
                expected="a new request after 25 h",
                seen="the old operation",
                exchanges=[first, again],
            )
        if not old:
            self._remember(seen)
        return old

    def _age(self, seen: Recorded, use: _Use) -> float:
        """How old the key surely is."""
        known = use.created is not None and seen.zoned
        first = min(use.seen.start, use.created or 0.0) if known else use.seen.start
        return seen.start - first

    def _surely_lives(self, seen: Recorded, use: _Use) -> bool:
        most = KEY_LIVES_S if _timed(seen, use) else _LIVES_UNZONED_S
        return self._age(seen, use) <= most

    def _same_operation(self, requirement: str, steps: list[Exchange]) -> None:
        first, second = (step.operation_names for step in steps)
        if first and second:
            self._findings.check(
                requirement,
                bool(first & second),
                expected=f"operation {', '.join(sorted(first)):.160}",
                seen=f"operation {', '.join(sorted(second)):.160}",
                exchanges=steps,
            )


def _timed(seen: Recorded, use: _Use) -> bool:
    """Whether the time between two uses can be told to the minute."""
    return seen.zoned and use.seen.zoned
