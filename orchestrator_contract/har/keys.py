"""Idempotency keys in a recording: replays, and uses for another request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator_contract.contract.limits import HOUR, KEY_EXPIRES_S, KEY_LIVES_S
from orchestrator_contract.har.recorded import Memory, Recorded
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import DELETES, Findings
from orchestrator_contract.rules import errors, idempotency
from orchestrator_contract.rules.idempotency import KEY_USED

#: Responses that say nothing of the request's subject: a moment later they may be others.
PASSING = frozenset({401, 403, 429, 500, 503})
#: Without a time zone clocks may be hours apart: within this time a key surely lives.
_LIVES_UNZONED_S = KEY_LIVES_S / 2


@dataclass(slots=True)
class _Use:
    """The first accepted use of a key."""

    seen: Recorded
    #: When its operation says it was created: a replay may be the first use that was recorded.
    created: float | None = None


class Keys:
    """Judges each use of a key against the first one."""

    def __init__(self, findings: Findings, ended: Callable[[Recorded, Exchange], str]) -> None:
        self._findings = findings
        #: How the operation of a key's first use had ended before a request; empty while it ran.
        self._ended = ended
        self._uses: Memory[_Use] = Memory()
        #: Deletes that were answered 429, by key and target.
        self._rate_limited: Memory[Recorded] = Memory()

    @property
    def forgot(self) -> int:
        """How many keys had to be forgotten before the end."""
        return self._uses.forgot

    def may_refuse(self, seen: Recorded) -> bool:
        """True if the key may be refused for its use in another request."""
        if seen.exchange.object.get("code") == KEY_USED:
            return True
        use = self._use(seen)
        return use is not None and use.seen.target != seen.target

    def created(self, seen: Recorded, key: str, at: float) -> None:
        """Note when the operation of the key's first use says that it was created."""
        use = self._uses.get(seen.scope, key.lower())
        if use is not None:
            use.created = at

    def judge(self, seen: Recorded) -> bool:
        """Judge the use of a key; return True if it is not the first."""
        use = self._use(seen)
        if use is None:
            if seen.exchange.call.operation == "delete":
                self._not_accepted_yet(seen)
            self._remember(seen)
            return False
        if seen.exchange.key != use.seen.exchange.key:
            return True  # differs in case only: one key or two, both conform
        if use.seen.target != seen.target:
            self._other_target(seen, use.seen)
            return True
        return self._same_target(seen, use)

    def _use(self, seen: Recorded) -> _Use | None:
        key = seen.exchange.key
        return self._uses.get(seen.scope, key.lower()) if key else None

    def _remember(self, seen: Recorded) -> None:
        kept = seen.slim() if seen.exchange.status == 202 else None
        if kept is not None:
            self._uses.put(seen.scope, str(seen.exchange.key).lower(), _Use(kept))

    # ---------------------------------------------------------------- rate limits

    def _not_accepted_yet(self, seen: Recorded) -> None:
        """Judge a delete after a 429: a second 429 may be new unless its request id repeats."""
        name = f"{str(seen.exchange.key).lower()} {seen.target}"
        refused = self._rate_limited.get(seen.scope, name)
        if refused is None:
            kept = seen.slim() if seen.exchange.status == 429 else None
            if kept is not None:
                self._rate_limited.put(seen.scope, name, kept)
            return
        first, again = refused.exchange, seen.exchange
        if again.status in (401, 403) or seen.start < refused.end:
            return
        stored = again.status == 429 and _same_request_id(first, again)
        if stored or again.status != 429:
            errors.retry_processed(self._findings, not stored, [first, again])

    # ---------------------------------------------------------------- another target

    def _other_target(self, seen: Recorded, first: Recorded) -> None:
        exchange, accepted = seen.exchange, first.exchange
        if exchange.status in PASSING or exchange.call.operation != "delete":
            return
        same = exchange.succeeded and bool(exchange.operation_names & accepted.operation_names)
        if same or seen.body:
            idempotency.reused(self._findings, accepted, exchange)

    # ---------------------------------------------------------------- the same target

    def _same_target(self, seen: Recorded, use: _Use) -> bool:
        """Judge a repeated request; return True if it still is a replay."""
        exchange, first = seen.exchange, use.seen.exchange
        if exchange.status in PASSING or seen.answers_condition:
            return True
        if exchange.status != 202 and not seen.credentials:
            return True  # without credentials the key's owner can't be seen
        if exchange.call.operation not in DELETES:
            return True  # other calls carry a payload, which is not kept
        if seen.start < use.seen.end:
            self._concurrent(seen, first)
            return True
        return self._replay(seen, use)

    def _concurrent(self, seen: Recorded, first: Exchange) -> None:
        exchange = seen.exchange
        if exchange.call.operation != "delete":
            return
        self._findings.observe("OBS-KEY-CONCURRENT", exchange.outcome())
        if exchange.status == 202 and first.operation_names and exchange.operation_names:
            idempotency.one_operation(self._findings, "KEY-CONCURRENT", [first, exchange])

    def _replay(self, seen: Recorded, use: _Use) -> bool:
        if self._surely_lives(seen, use):
            self._living(seen, use)
            return True
        if seen.exchange.call.operation != "delete" or not _timed(seen, use):
            return True  # nothing is said of a conversation, or the key's age can't be told
        if self._age(seen, use) < KEY_EXPIRES_S:
            return self._expiring(seen, use)
        return self._expired(seen, use.seen.exchange)

    def _living(self, seen: Recorded, use: _Use) -> None:
        """A key that lives is answered with the original response."""
        first, again, parts = use.seen.exchange, seen.exchange, use.seen.shared_with(seen)
        requirement = idempotency.replay_requirement(self._ended(seen, first))
        idempotency.same_response(self._findings, first, again, requirement, parts)
        # Short replays say nothing of how long a key lives.
        aged = self._age(seen, use) > HOUR and _timed(seen, use)
        if aged and again.call.operation == "delete":
            requirement = idempotency.replay_requirement("", self._age(seen, use))
            idempotency.same_parts(self._findings, first, again, requirement, parts)

    def _expiring(self, seen: Recorded, use: _Use) -> bool:
        """Between both limits either conforms."""
        first, again, parts = use.seen.exchange, seen.exchange, use.seen.shared_with(seen)
        changed = idempotency.differences(first, again, parts)
        if idempotency.conclusive(first, again, changed, parts):
            age_s = self._age(seen, use)
            idempotency.between(self._findings, replayed=not changed, age_s=age_s)
        return not changed

    def _expired(self, seen: Recorded, first: Exchange) -> bool:
        """Judge an expired key: it starts a new operation, like a new key."""
        again = seen.exchange
        old = again.status == 202 and bool(again.operation_names & first.operation_names)
        # A key that counts as used may have been, by requests that were not recorded.
        used = again.object.get("code") == KEY_USED
        if old or ((seen.whole or again.operation_names) and not used):
            idempotency.expired(self._findings, first, again)
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


def _timed(seen: Recorded, use: _Use) -> bool:
    """True if the time between two uses is known to the minute."""
    return seen.zoned and use.seen.zoned


def _same_request_id(first: Exchange, again: Exchange) -> bool:
    return any(
        value and value == again.headers.get(name)
        for name, value in first.headers.items()
        if name.endswith("request-id")
    )
