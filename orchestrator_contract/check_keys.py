"""The contract's words for idempotency keys: replay, reuse, expiry, form."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import control_plane, deletion, idempotency, malformed_input
from orchestrator_contract.rules.idempotency import TTL_REQUIREMENTS
from orchestrator_contract.steps.aged_keys import AgedUse
from orchestrator_contract.steps.malformed import MalformedKeyUse

#: Seconds between two looks at a configuration that a lagging replica may miss.
_LOOK_AGAIN_S = 1.0
#: Statuses that refuse the form of a key.
_FORM_REFUSED = frozenset({400, 422})


class KeyChecks:
    """Checks of idempotency keys, and of what a request under a key did.

    Each word returns whether the contract held.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client
        self._inventory = endpoint.inventory
        self.findings = endpoint.findings

    # ---------------------------------------------------------------- looking

    def look(self, configuration: Configuration) -> tuple[bool | None, Exchange]:
        """Fetch: True if it exists, False if not, None if the fetch can't tell."""
        for _ in range(3):
            fetch = self._api.fetch(configuration)
            if fetch.status in (200, 404):
                break
            time.sleep(0.1)
        control_plane.same_configuration(self.findings, configuration.sid, fetch)
        return {200: True, 404: False}.get(fetch.status or 0), fetch

    def look_for(self, configuration: Configuration) -> tuple[bool | None, Exchange]:
        """Like `look`, repeated while a lagging replica may miss it."""
        exists, fetch = self.look(configuration)
        while exists is False and (lag := configuration.read_lag_s):
            time.sleep(min(lag, _LOOK_AGAIN_S))
            exists, fetch = self.look(configuration)
        return exists, fetch

    def carried_out(
        self, requirement: str, accepted: Sequence[tuple[Exchange, Configuration]]
    ) -> None:
        """Check, beside later tests, that each accepted delete deletes its SID, or FAILED."""
        if accepted:
            judge = partial(self._carried_out, requirement, accepted)
            self._endpoint.beside.judge(judge, *(configuration for _, configuration in accepted))

    def _carried_out(
        self, requirement: str, accepted: Sequence[tuple[Exchange, Configuration]]
    ) -> None:
        operations = []
        for exchange, configuration in accepted:
            try:
                operations.append(self._endpoint.poller.accept(exchange, configuration))
            except Inconclusive:
                continue  # an unreachable operation is another requirement's breach
        self._endpoint.finish(operations)
        for operation in operations:
            if operation.status == "COMPLETED":
                self.completed_delete_was_carried_out(requirement, operation)

    def completed_delete_was_carried_out(
        self, requirement: str, operation: Operation, *steps: Exchange
    ) -> bool:
        """Check that a COMPLETED delete has deleted what it names."""
        exists, fetch = self.look(operation.configuration)
        evidence = [*operation.steps[:1], *steps, *operation.steps[1:]]
        ok = deletion.carried_out(self.findings, requirement, evidence, operation.sid, fetch)
        if exists is False:
            self._inventory.gone(operation.configuration)
        return ok

    # ---------------------------------------------------------------- replays

    def same_response(self, operation: Operation, again: Exchange, *, age_s: float = 0.0) -> bool:
        """Check that the replay returns the original response.

        The operation's state decides the requirement.
        """
        requirement = idempotency.replay_requirement(operation.status, age_s)
        return idempotency.same_response(self.findings, operation.accepted, again, requirement)

    # ---------------------------------------------------------------- other requests

    def reused(self, first: Operation, again: Exchange) -> bool:
        """Check that a key with another SID or scope returns no first operation."""
        return idempotency.reused(self.findings, first.accepted, again)

    def own_operation(
        self, first: Operation, again: Exchange, configuration: Configuration
    ) -> bool:
        """Check that a reused key is refused, or starts its own operation."""
        ok = self.reused(first, again)
        self._carried_out_if_accepted(first.accepted, again, configuration)
        return ok

    def new_in_scope(self, first: Operation, again: Exchange, configuration: Configuration) -> bool:
        """Check that a key of another scope starts an operation of its own.

        Raises:
            Inconclusive: it was answered 500 or 503.
        """
        ok = self.reused(first, again)
        if again.status in (500, 503) or self._endpoint.is_echo(again):
            raise Inconclusive(f"the request in the other scope was answered {again.outcome()}")
        ok &= idempotency.new_in_scope(self.findings, first.accepted, again)
        self._carried_out_if_accepted(first.accepted, again, configuration)
        return ok

    def not_stored_in_scope(
        self, away: Exchange, again: Exchange, configuration: Configuration
    ) -> bool:
        """Check that another scope's 404 is not returned for the key."""
        ok = idempotency.not_stored_in_scope(self.findings, away, again)
        self._carried_out_if_accepted(away, again, configuration)
        return ok

    def _carried_out_if_accepted(
        self, first: Exchange, again: Exchange, configuration: Configuration
    ) -> None:
        if again.status == 202:
            requirement = idempotency.reuse_requirement(first, again)
            self.carried_out(requirement, [(again, configuration)])

    # ---------------------------------------------------------------- 24 hours

    def expired(self, operation: Operation, again: Exchange) -> bool:
        """Check that a key is new 25 hours after its first use.

        For an idle configuration its delete is accepted, for a deleted one it is not.
        """
        doubtful = again.status == 500 or self._endpoint.is_echo(again)
        idle = again.call.subject != operation.accepted.call.subject
        new = idempotency.expired(
            self.findings, operation.accepted, again, must_accept=idle and not doubtful
        )
        deleted = operation.accepted.call.operation == "delete" and operation.status == "COMPLETED"
        if new and deleted and not idle and again.status == 202:
            return deletion.deleted_by_delete(self.findings, operation, again)
        return new

    def aged_keys(self, uses: Sequence[AgedUse]) -> None:
        """Check that an earlier run's key replays while young, and is new later."""
        settled = {
            idempotency.aged_key(
                self.findings, use.planted.original, use.again, use.least_s, use.most_s
            )
            for use in uses
            if use.again.status != 500
        }
        lacking = self._endpoint.requirements_lacking(TTL_REQUIREMENTS)
        self.findings.unverified(
            sorted(lacking.keys() - settled),
            "keys are planted now: judge them in a later run with the same --ttl-ledger",
        )

    # ---------------------------------------------------------------- form

    def letter_case(self, operation: Operation, again: Exchange) -> bool:
        """Check that a key in other letter case is accepted, as the same or new."""
        idempotency.letter_case(self.findings, again)
        accepted = again.status not in _FORM_REFUSED
        return idempotency.new_key_accepted(
            self.findings, accepted, again.outcome(), [operation.accepted, again]
        )

    def duplicate_header(self, operation: Operation, again: Exchange) -> bool:
        """Check that two key lines in a request are not honoured as one."""
        return idempotency.duplicate_header(self.findings, operation, again)

    def not_honoured(self, operation: Operation, again: Exchange, key: MalformedKey) -> bool:
        """Check that a malformed key near a used one does not replay."""
        return malformed_input.malformed_key_not_honoured(
            self.findings, again.succeeded, operation.accepted, again, key.why
        )

    def no_key(self, uses: Sequence[MalformedKeyUse]) -> None:
        """Check that a malformed key is refused, or ignored at each use."""
        accepted = []
        for use in uses:
            again = use.again or use.first
            self._no_key(use, again, honoured=use.ignored and again.succeeded)
            if use.other is not None:
                exchange, configuration = use.other
                names = exchange.operation_names & use.first.operation_names
                if self._no_key(use, exchange, honoured=exchange.status == 202 and bool(names)):
                    accepted += [(exchange, configuration)] if exchange.status == 202 else []
        self.carried_out("KEY-MALFORMED-NOT-HONOURED", accepted)

    def _no_key(self, use: MalformedKeyUse, again: Exchange, *, honoured: bool) -> bool:
        return malformed_input.malformed_key_not_honoured(
            self.findings, honoured, use.first, again, use.key.why
        )
