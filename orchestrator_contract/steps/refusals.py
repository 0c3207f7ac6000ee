"""Deletes that are refused in the profile's way, and what comes after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion, errors
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.steps.fault_injection import APART_S, FaultInjection
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers

#: Times that a retry is sent again after a 429, each after the asked delay, and after a 409, whose
#: cause may pass.
_AFTER_429, _AFTER_409 = 3, 7
#: Longest observation of a version without refused requests, in seconds.
_CONTROL_S = 10.0
#: Refused deletes with keys of their own on one SID, each retried.
_MORE_KEYS = 4
_STATUSES = {"conflict": 409, "rate-limit": 429}
#: Deletes that meet one fault.
_FAULTS = 2


class RateLimit(Step):
    """Deletes that are answered 429, and their retries."""

    _faults = Uses(FaultInjection)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._absent = endpoint.absent

    # ---------------------------------------------------------------- keys

    def refused(self, configuration: Configuration, key: str, times: int = 1) -> Exchange:
        """The last of *times* 429s to deletes under *key*, to be retried.

        Raises:
            Inconclusive: no delete with a key was refused.
        """
        for _ in range(times):
            found = self._faults.provoke(429, configuration, key=key)
        hits = [one for one in found.hits if one.key]
        if found.accepted or not hits:
            raise Inconclusive("no delete with a key was answered 429")
        return next((one for one in hits if one.key == key), hits[-1])

    def refused_keys(self, configuration: Configuration) -> list[Exchange]:
        """429s to deletes of one SID, each under a key of its own.

        Raises:
            Inconclusive: a delete was accepted.
        """
        found = self._faults.attempt(429, configuration, _MORE_KEYS, keyed=True)
        if found.accepted:
            raise Inconclusive("a delete that was to be answered 429 was accepted")
        return found.hits

    # ---------------------------------------------------------------- retries

    def retry(self, refused: Exchange) -> list[Exchange]:
        """The refused delete and its retries, until other requests pass.

        Raises:
            Inconclusive: other requests are refused, too.
        """
        tries = [refused]
        for attempt in range(_AFTER_409):
            tries.append(self._retry(refused))
            if tries[-1].status != 409:
                break
            # The refused delete of the SID, or other work, may conflict for a moment.
            self._endpoint.wait(APART_S * 2**attempt)
        if tries[-1].status == 429 and self._is_stored(refused, tries):
            return tries
        for attempt in range(_AFTER_429):
            if tries[-1].status != 429:
                return tries
            control = self._with_new_key()
            delay = self._api.retry.delay(tries[-1], attempt)
            if delay is None:
                break
            self._endpoint.wait(delay)
            tries += [control, self._retry(refused)]
            if tries[-1].status == control.status == 429 and attempt == _AFTER_429 - 1:
                raise Inconclusive("429 did not go away for requests with a new key either")
        return tries

    def judge_retry(self, tries: Sequence[Exchange], *, exists: bool) -> bool:
        """Check that a retry was processed: 202 if it *exists*, else no 429.

        Raises:
            Inconclusive: a 5xx may have carried the delete out before.
        """
        again = tries[-1]
        if again.status in (500, 503) or self._endpoint.is_echo(again):
            raise Inconclusive(f"the retry was answered {again.status}")
        processed = again.status == 202 if exists else again.status != 429
        return errors.retry_processed(self._endpoint.findings, processed, tries)

    def retried(self, configuration: Configuration, refused: Exchange) -> list[Operation]:
        """The delete that the retry of *refused* started; None if absent.

        Raises:
            Inconclusive: other requests are refused, too, or a 5xx came between.
        """
        tries = self.retry(refused)
        self.judge_retry(tries, exists=refused.call.subject == configuration.sid)
        if tries[-1].status != 202:
            return []
        return [self._endpoint.poller.accept(tries[-1], configuration)]

    def _is_stored(self, refused: Exchange, tries: list[Exchange]) -> bool:
        """True if only the refused key meets 429, beyond chance."""
        new = [self._with_new_key() for _ in range(2)]
        same = [tries[-1], *(self._retry(refused) for _ in range(2))]
        new.append(self._with_new_key())
        tries += [*new, *same[1:]]
        if any(one.status != 429 for one in same) or any(one.status == 429 for one in new):
            return False
        # A limit may be this SID's own: then it ends when the endpoint says.
        delay = self._api.retry.delay(same[-1], 0)
        if delay is not None:
            self._endpoint.wait(delay)
            tries.append(self._retry(refused))
        return True

    def _with_new_key(self) -> Exchange:
        absent = self._absent.one()
        call = Call("delete", absent.sid, provokes=429)
        return self._api.delete(absent, key=self._endpoint.key(), call=call)

    def _retry(self, refused: Exchange) -> Exchange:
        configuration = Configuration(refused.call.subject, scope=refused.scope)
        call = Call("delete", configuration.sid, provokes=429)
        return self._api.delete(configuration, key=refused.key, call=call)

    # ---------------------------------------------------------------- versions

    def check_version(
        self, target: Configuration, refuse: Callable[[], Sequence[Exchange]]
    ) -> None:
        """Check that a refused delete makes no new version of *target*.

        A version that moves once may do so for other reasons.
        """
        before = target.shown.get("version")
        first = refuse()
        once = self._api.fetch(target)
        if before is None or once.status != 200 or once.object.get("version") == before:
            return
        # As long again without refused requests: a version that moves then moves without them.
        self._endpoint.wait(min(once.sent - first[0].sent, _CONTROL_S))
        still = self._api.fetch(target)
        if still.status != 200 or still.object.get("version") != once.object.get("version"):
            return
        more = refuse()
        twice = self._api.fetch(target)
        steps = [*first[-1:], once, still, *more[-1:], twice]
        deletion.version_unchanged(self._endpoint.findings, still, twice, steps)


class StoredErrors(Step):
    """Uses keys again after errors."""

    _faults = Uses(FaultInjection)

    def retry(self, status: int, configuration: Configuration) -> list[Operation]:
        """The retry's delete under a key that met *status*; None if stored.

        Raises:
            Inconclusive: the profile does not provoke *status* by headers.
        """
        key = self._endpoint.key()
        first = self._faults.attempt_and_follow(status, configuration, 1, key=key).exchanges[-1]
        call = Call("delete", configuration.sid, provokes=status)
        again = self._api.delete(configuration, key=first.key, call=call)
        if first.status == status:
            stored = "stored" if again.status == status else f"not stored ({again.status})"
            self._endpoint.findings.observe("OBS-KEY-STORED", f"{status}: {stored}")
        return self._completed(configuration, again)

    def unknown_sid_twice(self) -> list[Exchange]:
        """Responses to two deletes of an unknown SID under one key."""
        absent, key = self._endpoint.absent.one(), self._endpoint.key()
        return [past_500(lambda: self._api.delete(absent, key=key)) for _ in range(2)]

    def reuse_key_of_404(self, configuration: Configuration) -> list[Operation]:
        """A delete under a key that met a 404; None if refused."""
        key = str(self.unknown_sid_twice()[0].key)
        call = Call("delete", configuration.sid, allow=MISMATCH)
        return self._completed(configuration, self._api.delete(configuration, key=key, call=call))

    def _completed(self, configuration: Configuration, exchange: Exchange) -> list[Operation]:
        operations = self._endpoint.follow(configuration, exchange)
        return [one for one in operations if one.status == "COMPLETED"]


class RefusedDeletes(Step):
    """Aims deletes at configurations that must exist afterwards."""

    _faults = Uses(FaultInjection)
    _unauthorized = Uses(UnauthorizedCallers)

    def refuse(self, way: str, configuration: Configuration) -> Sequence[Exchange]:
        """Deletes refused by "conflict", "rate-limit" or "other account".

        Raises:
            Inconclusive: the profile does not give that way, or it did not refuse them.
        """
        if way == "other account":
            return [self._unauthorized.delete(way, configuration)]
        status, key = _STATUSES[way], self._endpoint.key()
        found = self._faults.attempt_and_follow(status, configuration, _FAULTS, key=key)
        if found.accepted or not found.hits:
            raise Inconclusive(f"the profile's way to provoke {status} did not refuse it")
        return found.hits[-2:]
