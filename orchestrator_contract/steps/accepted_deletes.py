"""Deletes that tests share: accepted, and repeated under their key."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from random import uniform
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import (
    Inconclusive,
)
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion, idempotency
from orchestrator_contract.rules.errors import CONFLICT
from orchestrator_contract.rules.idempotency import KEY_USED
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.step import Step

#: Statuses that may refuse a new key which another run may have used (S5 17534).
_TAKEN = frozenset({400, 422})
#: Keys that are not random: another run may have used them for another SID.
_WELL_KNOWN_KEYS = frozenset(
    {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
)
#: Pauses before a delete that met 409 or 500 is sent again, in seconds.
_PAUSES_S = (0.2, 0.5, 1.0)
#: Further pauses after a 409, in seconds, while other work may hold the configuration.
_TURNS_S = (1.0,) * 40
#: Headers of a repeated request on a new connection: they are no part of the request that the key
#: stands for.
_OTHER_CLIENT = [
    ("User-Agent", "another-client/1.0"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Content-Length", "0"),
]


class AcceptedDeletes(Step):
    """Has deletes of one run's configurations accepted, and repeats them."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        #: Emptied once all of them passed in vain, so that later conflicts do not wait as long.
        self._turns: tuple[float, ...] = _TURNS_S
        #: The tests in which deletes were accepted.
        self._accepted_in: dict[Operation, str] = {}
        #: Deletes under keys of a form that is under test: others may have keys near theirs.
        self._under_test = set[Operation]()
        #: How deletes were made to fail: their requests are repeated as they were.
        self._triggers: dict[Operation, Trigger] = {}

    # ---------------------------------------------------------------- accepted

    def accept(
        self,
        configuration: Configuration,
        *,
        key: str | None = None,
        trigger: Trigger | None = None,
        key_under_test: bool = False,
    ) -> Operation:
        """Have the delete of an idle configuration accepted; its operation is not followed yet.

        409 and 500 are documented and may pass: the delete is sent again, with a new key, as it is
        open whether they are stored for a key. With *key_under_test* a refusal of the key counts
        for KEY-FORMAT-ACCEPTED.

        Raises:
            Inconclusive: a 500 or 503 may have carried it out.
            Inconclusive: it was not accepted.
        """
        if self._endpoint.inventory.is_gone(configuration):
            raise Inconclusive("the configuration had to make room for others")
        tries: list[Exchange] = []
        for pause in self._pauses():
            time.sleep(pause * (1 if len(tries) <= len(_PAUSES_S) else uniform(0.2, 1.0)))
            exchange = self._send(configuration, key, trigger, key_under_test=key_under_test)
            tries.append(exchange)
            if exchange.status == 202:
                operation = self._accepted(exchange, configuration, tries)
                self._accepted_in[operation] = self._findings.current_test
                if key_under_test:
                    self._under_test.add(operation)
                if trigger is not None:
                    self._triggers[operation] = trigger
                return operation
            if exchange.status == CONFLICT and configuration.is_bridged:
                raise Inconclusive("a configuration with a bridged service is not deleted")
            self._judge_refused_key(key, exchange, tries)
            if not _may_pass(tries):
                break
            # It is open whether an error is stored for its key, so the next try has a plain new
            # one.
            key, key_under_test = (self._endpoint.key() if key is not None else None), False
        raise self._refused(configuration, key, tries, key_under_test=key_under_test)

    def accept_new(
        self,
        number: int = 1,
        *,
        keyed: bool = True,
        keys: Sequence[str] = (),
        payloads: Sequence[dict[str, Any]] = (),
        scope: Scope = DEFAULT_SCOPE,
        trigger: Trigger | None = None,
        key_under_test: bool = False,
    ) -> list[Operation]:
        """Accepted deletes of *number* idle configurations in *scope*, the first ones under *keys*.

        Where there is no room for as many at once, earlier ones are followed to their end.

        Raises:
            Inconclusive: not one was accepted.
        """
        new = [self._endpoint.key() if keyed else None for _ in range(number - len(keys))]
        left, accepted = [*keys, *new], list[Operation]()
        some = self._endpoint.profile.provision.mode == "create"
        while left:
            self._end(accepted)
            wanted, payloads = payloads[: len(left)], payloads[len(left) :]
            try:
                found = self._endpoint.configurations.take(
                    len(left), payloads=wanted, scope=scope, least=1 if some else None
                )
                accepted += self._endpoint.each(
                    lambda pair: self.accept(
                        pair[0],
                        key=pair[1],
                        trigger=trigger,
                        key_under_test=key_under_test and pair[1] is not None,
                    ),
                    list(zip(found, left, strict=False)),
                )
            except Inconclusive:
                if not accepted:
                    raise
                break  # those that were accepted are judged all the same
            left = left[len(found) :]
        return accepted

    def _end(self, operations: Sequence[Operation]) -> None:
        """Follow these to their end, so that there is room for others."""
        self._endpoint.finish(operations)
        ended = [one.configuration for one in operations if one.status == "COMPLETED"]
        self._endpoint.inventory.gone(*ended)

    def _pauses(self) -> Iterator[float]:
        yield from (0.0, *_PAUSES_S, *self._turns)
        self._turns = ()

    def _send(
        self,
        configuration: Configuration,
        key: str | None,
        trigger: Trigger | None,
        *,
        key_under_test: bool,
    ) -> Exchange:
        allow = _TAKEN if key_under_test else frozenset[int]()
        return self._api.delete(
            configuration,
            key=key,
            trigger=trigger,
            call=Call("delete", configuration.sid, allow=allow),
            rekey=self._endpoint.key if key is not None else None,
        )

    def _accepted(
        self, exchange: Exchange, configuration: Configuration, tries: Sequence[Exchange]
    ) -> Operation:
        deletion.accepted(self._findings, tries)
        if exchange.key is not None:
            idempotency.new_key_accepted(self._findings, True, "", tries)
        return self._endpoint.poller.accept(exchange, configuration)

    def _judge_refused_key(
        self, key: str | None, exchange: Exchange, tries: Sequence[Exchange]
    ) -> None:
        used = exchange.object.get("code") == KEY_USED and not exchange.before
        if key is None or not used or key in _WELL_KNOWN_KEYS:
            return
        reason = f"{exchange.outcome()}: the key counts as used"
        idempotency.new_key_accepted(self._findings, False, reason, tries)
        raise Inconclusive(f"the new key {key} was refused as already used")

    def _refused(
        self,
        configuration: Configuration,
        key: str | None,
        tries: Sequence[Exchange],
        *,
        key_under_test: bool,
    ) -> Inconclusive:
        last = tries[-1]
        if last.status in (404, 409) and self._endpoint.ownership.doubtful(
            configuration.resource_key
        ):
            return Inconclusive(
                "an earlier delete without a clear response may have been carried out before"
                f" this {last.status}"
            )
        if key_under_test and last.status in _TAKEN:
            if last.object.get("code") != KEY_USED:
                idempotency.new_key_accepted(self._findings, False, last.outcome(), tries)
            return Inconclusive(f"the key {key} was refused with {last.status}")
        deletion.accepted(self._findings, tries)
        return Inconclusive(
            f"the delete of an existing configuration was answered {last.outcome()}"
        )

    # ---------------------------------------------------------------- repeated

    def repeat(self, operation: Operation, *, connection: str = "reused") -> Exchange:
        """Send an accepted delete again with its key, on a "reused" or a "new" connection."""
        original, new = operation.accepted, connection == "new"
        return past_500(
            lambda: self._api.delete(
                operation.configuration,
                key=original.key,
                headers=_OTHER_CLIENT if new else (),
                trigger=self._triggers.get(operation),
                new_connection=new,
            )
        )

    def repeat_each(
        self, operations: Sequence[Operation], *, connection: str = "reused"
    ) -> list[tuple[Operation, Exchange]]:
        """Accepted deletes, each with the response to its repetition."""

        def repeat(operation: Operation) -> tuple[Operation, Exchange]:
            return operation, self.repeat(operation, connection=connection)

        return self._endpoint.each(repeat, operations)


def _may_pass(tries: Sequence[Exchange]) -> bool:
    """True if the last refusal may pass: a 409 not after a 5xx, or one of the first 500s."""
    last = tries[-1]
    before = [status for one in tries for status in (*one.before, one.status)][:-1]
    if last.status == 409:
        return not any(status in (500, 503) for status in before)
    return last.status == 500 and len(tries) <= len(_PAUSES_S)
