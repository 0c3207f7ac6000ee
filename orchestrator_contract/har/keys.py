"""Idempotency keys in a recording: replays, uses for something else, and retries after a 429."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.har import other_async_calls
from orchestrator_contract.har.har_entry import Recorded
from orchestrator_contract.har.memory import Memory, slim
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.replay import differences
from orchestrator_contract.steps.deletes import KEY_USED

#: Answers that say nothing of what was asked for: they may be others a moment later.
PASSING = frozenset({401, 403, 429, 500, 503})


@dataclass(slots=True)
class _Use:
    """The first accepted use of a key."""

    seen: Recorded
    target: str
    #: When the operation says that it was created, if that is known: a replay may be the first thing recorded.
    created: float | None = None


class Keys:
    """Judges each use of a key against the first one."""

    def __init__(self, findings: Findings, ended: Callable[[Recorded], bool]) -> None:
        self._findings = findings
        #: Whether what a delete names was already seen to be gone.
        self._ended = ended
        self._uses: Memory[_Use] = Memory()
        self._refused: Memory[Recorded] = Memory()

    @property
    def forgot(self) -> int:
        """How many keys had to be forgotten before the end."""
        return self._uses.forgot

    def may_refuse(self, seen: Recorded) -> bool:
        """Whether the key may be refused because it was used for another request."""
        exchange = seen.exchange
        if exchange.object.get("code") == KEY_USED:
            return True
        use = self._uses.get(seen.scope, str(exchange.key).lower()) if exchange.key else None
        return (
            use is not None
            and use.target != f"{exchange.method} {exchange.call.subject or exchange.url}"
        )

    def created(self, scope: str, key: str, at: float) -> None:
        """Note when the operation of the key's first use says that it was created."""
        use = self._uses.get(scope, key.lower())
        if use is not None:
            use.created = at

    def judge(self, seen: Recorded) -> bool:
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
        kept = slim(seen.exchange) if seen.exchange.status == 202 and seen.body else None
        if kept is not None:
            self._uses.put(seen.scope, key, _Use(replace(seen, exchange=kept), target))

    def _other_target(self, seen: Recorded, use: _Use) -> None:
        exchange, first = seen.exchange, use.seen.exchange
        if exchange.status in PASSING or not seen.body:
            return
        shown = exchange.status == 202 and bool(exchange.operation_names & first.operation_names)
        same_call = exchange.call.operation == first.call.operation
        if exchange.call.operation == "delete":
            self._findings.check(
                "KEY-REUSE-OTHER-SID" if same_call else "KEY-REUSE-OTHER-CALL",
                not shown,
                expected="an answer of its own",
                seen=f"the operation of {first.call.subject or first.url:.120}",
                exchanges=[first, exchange],
            )
            self._findings.observe(
                "OBS-KEY-REUSE-OTHER-SID",
                f"{exchange.status} {exchange.object.get('code', '')}".strip(),
            )

    def _replay(self, seen: Recorded, use: _Use) -> bool:
        exchange, first = seen.exchange, use.seen.exchange
        if (
            exchange.call.operation == "delete-conversation"
            and seen.body
            and exchange.status not in PASSING
            and (
                use.seen.end <= seen.start <= use.seen.start + KEY_LIVES_S
                and (seen.credentials or exchange.status == 202)
            )
        ):
            other_async_calls.replayed(self._findings, first, seen, differences(first, exchange))
        if exchange.call.operation != "delete" or exchange.status in PASSING or not seen.body:
            return True  # other calls carry a payload, which is not kept
        if exchange.status != 202 and not seen.credentials:
            return True  # whose key it was can't be seen
        steps = [first, exchange]
        if seen.start < use.seen.end:
            self._findings.observe("OBS-KEY-CONCURRENT", exchange.outcome())
            if exchange.status == 202:
                self._same_operation("KEY-CONCURRENT", steps)
            return True
        age = seen.start - min(
            use.seen.start, use.created if use.created is not None else use.seen.start
        )
        changed = differences(first, exchange)
        if age <= KEY_LIVES_S:
            requirement = "KEY-REPLAY-ENDED" if self._ended(seen) else "KEY-REPLAY"
            self._findings.check(
                requirement,
                not changed,
                expected="the original response",
                seen="; ".join(changed),
                exchanges=steps,
            )
            if age > HOUR:  # short replays say nothing of how long a key lives
                self._findings.check(
                    "KEY-TTL-MIN",
                    not changed,
                    expected="the original response",
                    seen="; ".join(changed),
                    exchanges=steps,
                )
            if exchange.status == 202:
                self._same_operation("KEY-ONE-OPERATION", steps)
            return True
        if age < KEY_EXPIRES_S:
            self._findings.observe(
                "OBS-KEY-24H", f"{'new' if changed else 'replayed'} after {age / HOUR:.1f} h"
            )
            return not changed
        old = exchange.status == 202 and bool(exchange.operation_names & first.operation_names)
        self._findings.check(
            "KEY-TTL-MAX",
            not old,
            expected="a new request after 25 h",
            seen="the old operation",
            exchanges=steps,
        )
        if not old:
            self._remember(seen, str(exchange.key).lower(), use.target)
        return old

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

    def _retry(self, seen: Recorded, key: str, target: str) -> None:
        """A 429 is not stored: its retry is processed. Repeated 429s may be new ones, unless they carry one request id."""
        if seen.exchange.call.operation != "delete":
            return
        name = f"{key} {target}"
        refused = self._refused.get(seen.scope, name)
        if refused is None:
            kept = slim(seen.exchange) if seen.exchange.status == 429 else None
            if kept is not None:
                self._refused.put(seen.scope, name, replace(seen, exchange=kept))
            return
        first, again = refused.exchange, seen.exchange
        if again.status in (401, 403) or seen.start < refused.end:
            return
        ids = {n for n in first.headers if n.endswith("request-id")} & {
            n for n in again.headers if n.endswith("request-id")
        }
        stored = again.status == 429 and any(
            first.headers[n] and first.headers[n] == again.headers[n] for n in ids
        )
        if stored or again.status != 429:
            self._findings.check(
                "ERR-429-RETRY-PROCESSED",
                not stored,
                expected="the retry is processed",
                seen="the stored 429 with its request id",
                exchanges=[first, again],
            )
