"""Steps that many tests share: deletes that are accepted and followed to their end, and replays of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from random import uniform
from typing import Any

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.rules.replay import judge_replay
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.existence import Existence

#: The code of a key that was used for another request (S5).
KEY_USED = 17534
#: What a new key may be refused with where another run may have used it (S5 17534).
_TAKEN = frozenset({400, 422})
#: The keys that are not random.
_EVERYBODYS = frozenset(
    {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
)
#: Pauses before a delete that met 409 or 500 is tried again, in seconds.
_PAUSES_S = (0.2, 0.5, 1.0)
#: Further waits after a 409, in seconds, while other work may hold the configuration; skipped once they were all in vain.
#: Each is shortened at random, so that parallel tests don't collide again.
_TURNS_S = (1.0,) * 40

#: How often a delete whose operation FAILED is sent again.
_MORE_TRIES = 2


class Scenarios:
    """The shared steps of contract tests, on one suite."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.client = endpoint.client
        self.check = endpoint.findings.check
        self.existence = Existence(endpoint)
        self._turns: tuple[float, ...] = _TURNS_S
        #: The newest operation that COMPLETED under a plain key, and how far the clock had been moved.
        self._ended: tuple[Operation, int] | None = None

    # ---------------------------------------------------------------- deleting

    def accepted(
        self,
        configuration: Configuration,
        *,
        key: str | None = None,
        trigger: Trigger | None = None,
        forms: bool = False,
    ) -> Operation:
        """Have the delete of an idle configuration accepted; its operation, not yet followed.

        409 and 500 are documented answers whose cause may pass: the delete is tried again, with a new key
        because whether they are stored is open. With *forms* the key itself is under test (KEY-FORMAT-ACCEPTED).

        Raises:
            CheckInconclusive: a 500 or 503 may have carried it out; others are looked at.
            Inconclusive: it was not accepted; where that is a breach it is on record.
        """
        steps: list[Exchange] = []
        pauses = iter((*_PAUSES_S, *self._turns))
        while True:
            call = Call("delete", configuration.sid, allow=_TAKEN if forms else frozenset())
            exchange = self.client.delete(
                configuration,
                key=key,
                trigger=trigger,
                call=call,
                rekey=self.endpoint.key if key is not None else None,
            )
            steps.append(exchange)
            if exchange.status == 202:
                self.check("DEL-ACCEPTED", True)
                if key is not None:
                    self.check("KEY-FORMAT-ACCEPTED", True)
                return self.endpoint.poller.accept(exchange, configuration.sid)
            if (
                key is not None
                and exchange.object.get("code") == KEY_USED
                and not exchange.before
                and key not in _EVERYBODYS
            ):
                self.check(
                    "KEY-FORMAT-ACCEPTED",
                    False,
                    expected="202: the key is new",
                    seen=f"{exchange.outcome()}: it was used",
                    exchanges=steps,
                )
                raise Inconclusive(f"the new key {key} was refused as already used")
            # After a 500 or 503 the earlier try may have been carried out: then 409 is its echo.
            doubtful = any(
                status in (500, 503)
                for e in steps
                for status in (*e.before, *([e.status] if e is not exchange else ()))
            )
            if exchange.status not in (409, 500) or (exchange.status == 409 and doubtful):
                break
            pause = next(pauses, None)
            if pause is None:
                self._turns = ()
            if pause is None or (exchange.status == 500 and len(steps) > len(_PAUSES_S)):
                break
            time.sleep(pause * (1 if len(steps) <= len(_PAUSES_S) else uniform(0.2, 1.0)))
            # Whether an error is stored for its key is open, so the next try has a plain new one.
            key, forms = (self.endpoint.key() if key is not None else None), False
        earlier = [status for e in steps for status in (*e.before, e.status)][:-1]
        if exchange.status in (404, 409) and self.client.ownership.doubtful(
            configuration.resource_key
        ):
            after = earlier[0] if earlier else "an earlier delete without a clear answer"
            raise CheckInconclusive(
                f"after {after} the delete was answered {exchange.status}: it may have been carried out"
            )
        if forms and exchange.status in _TAKEN:
            # Some keys are not random (nil, max): another run may have used one for another SID.
            if exchange.object.get("code") != KEY_USED:
                self.check(
                    "KEY-FORMAT-ACCEPTED",
                    False,
                    expected="202",
                    seen=exchange.outcome(),
                    exchanges=steps,
                )
            raise Inconclusive(f"the key {key} was refused with {exchange.status}")
        self.check("DEL-ACCEPTED", False, expected="202", seen=exchange.outcome(), exchanges=steps)
        raise Inconclusive(
            f"the delete of an existing configuration was answered {exchange.outcome()}"
        )

    def begun(
        self,
        number: int = 1,
        *,
        keyed: bool = True,
        keys: Sequence[str] = (),
        payloads: Sequence[dict[str, Any]] = (),
        scope: Scope = DEFAULT_SCOPE,
        forms: bool = False,
    ) -> tuple[list[Operation], list[Configuration]]:
        """Accepted deletes in *scope*, the first ones under *keys*, and *number* configurations that they are of.

        With *forms* the keys themselves are under test (KEY-FORMAT-ACCEPTED).

        Raises:
            Inconclusive: not one could be had.
        """
        configurations = self.endpoint.configurations.take(number, payloads=payloads, scope=scope)
        each = [*keys, *(self.endpoint.key() if keyed else None for _ in range(number - len(keys)))]
        operations = self.each(
            lambda pair: self.accepted(pair[0], key=pair[1], forms=forms and pair[1] is not None),
            list(zip(configurations, each, strict=True)),
        )
        return operations, configurations

    def deleted(self, number: int = 1, **options: Any) -> list[Operation]:
        """Operations of *number* deletes with the *options* of `begun`, followed to COMPLETED.

        Raises:
            Inconclusive: not one could be had.
        """
        return self.completed(*self.begun(number, **options))

    def ended(self, number: int = 1) -> list[Operation]:
        """Operations of *number* deletes under keys that replay, COMPLETED: a quick run is content with one of an earlier test.

        So is one that has no more configurations to delete.

        Raises:
            Inconclusive: not one could be had.
        """
        earlier = (
            [self._ended[0]]
            if self._ended and self._ended[1] == self.endpoint.coordinator.advanced()
            else []
        )
        if self.endpoint.effort.few:
            return earlier or self.deleted()
        try:
            return self.deleted(number)
        except NothingToDelete:
            if not earlier:
                raise
            return earlier

    def completed(
        self, operations: Sequence[Operation], configurations: Sequence[Configuration] = ()
    ) -> list[Operation]:
        """Follow these to their end; those that COMPLETED, or what COMPLETED in their place.

        Raises:
            Inconclusive: none did.
        """
        ended = self.endpoint.poller.finish(operations)
        done = []
        for operation in ended:
            # Of a 500 or 503 nothing is promised: beside a delete that it started in secret this one may rightly fail.
            if operation.status != "COMPLETED" and self.client.ownership.doubtful(
                operation.resource_key
            ):
                continue
            try:
                tries = self._tried_again(operation)
            except Inconclusive:
                continue  # where that is a breach it is on record
            if self.check(
                "OP-COMPLETES",
                tries[-1].status == "COMPLETED",
                expected="COMPLETED",
                seen=", then ".join(one.status for one in tries),
                exchanges=[e for one in tries for e in (one.accepted, *one.polls[-1:])],
            ):
                done.append(tries[-1])
        gone = {operation.resource_key for operation in done}
        self.endpoint.inventory.gone(*(c for c in configurations if c.resource_key in gone))
        self.endpoint.rechecks.ended(done)
        if not done:
            raise Inconclusive("no delete was seen to end COMPLETED")
        first = done[0].accepted
        if (
            first.key
            and first.key == first.key.lower()
            and self.endpoint.well_formed_key(first.key)
            and not (first.account or first.region)
        ):
            self._ended = done[0], self.endpoint.coordinator.advanced()
        return done

    def _tried_again(self, operation: Operation) -> list[Operation]:
        """An ended delete, and while that FAILED the next ones, sent alone: FAILED is a documented end, whose cause may pass.

        Raises:
            Inconclusive: the next one was not accepted.
        """
        tries = [operation]
        first = operation.accepted
        configuration = operation.configuration
        while tries[-1].done and tries[-1].status != "COMPLETED" and len(tries) <= _MORE_TRIES:
            self.endpoint.poller.poll(tries[-1])  # an end is an end, whatever the next one comes to
            tries.append(
                self.accepted(configuration, key=self.endpoint.key() if first.key else None)
            )
            self.endpoint.poller.finish(tries[-1:], early=False)
            self.endpoint.findings.observe(
                "OBS-FAILED", f"{tries[-2].status}, then {tries[-1].status or 'no end'}"
            )
        return tries

    def each(
        self, function: Callable[[Any], Any], items: Sequence[Any], width: int = 8
    ) -> list[Any]:
        """Results of *function* over *items* in parallel, without those that proved unverifiable.

        Raises:
            Inconclusive: all of them were; the first one's reason.
        """

        def attempt(item: Any) -> Any:
            try:
                return function(item)
            except Inconclusive as error:
                return error

        results = self.client.parallel(attempt, list(items), width)
        good = [result for result in results if not isinstance(result, Inconclusive)]
        if results and not good:
            raise results[0]
        return good

    def must_happen(
        self, requirement: str, accepted: Sequence[tuple[Exchange, Configuration]]
    ) -> None:
        """Each accepted delete, given with what it names, is carried out or ends FAILED."""
        operations: list[Operation | None] = []
        for exchange, configuration in accepted:
            try:
                operations.append(self.endpoint.poller.accept(exchange, configuration.sid))
            except Inconclusive:
                operations.append(None)
        with contextlib.suppress(Inconclusive):
            self.endpoint.poller.finish(
                [operation for operation in operations if operation], early=False
            )
        for (exchange, configuration), operation in zip(accepted, operations, strict=True):
            if operation is None or operation.status != "COMPLETED":
                continue  # one that can't be followed, or does not end, is another requirement's breach
            there, fetch = self.existence.is_there(configuration)
            self.check(
                requirement,
                there is not True,
                expected=f"{configuration.sid} deleted by its own request",
                seen="still there",
                exchanges=[exchange, *(operation.polls[-1:] if operation else ()), fetch],
            )
            if there is False:
                self.endpoint.inventory.gone(configuration)

    # ---------------------------------------------------------------- keys

    def replay(
        self,
        operation: Operation,
        *,
        requirement: str = "KEY-REPLAY",
        new_connection: bool = False,
        trigger: Trigger | None = None,
    ) -> Exchange:
        """Send the delete again with its key, and the *trigger* that it came with, and hold the answer against the original."""
        original = operation.accepted
        exchange = self._again(original, new_connection=new_connection, trigger=trigger)
        judge_replay(self.endpoint.findings, original, exchange, requirement)
        return exchange

    def _again(
        self, original: Exchange, *, new_connection: bool = False, trigger: Trigger | None = None
    ) -> Exchange:
        sid = original.call.subject
        # Another connection may be another program's: what it accepts and how it calls itself are no part of the request
        # that the key stands for.
        headers = (
            [
                ("User-Agent", "another-client/1.0"),
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
            ]
            if new_connection
            else []
        )
        return past_500(
            lambda: self.client.delete(
                Configuration(sid, scope=original.scope),
                key=original.key,
                headers=headers,
                trigger=trigger,
                new_connection=new_connection,
            )
        )
