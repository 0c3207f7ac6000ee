"""Batches taken through the full delete lifecycle."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.key_forms import FORMS, key_of_form
from orchestrator_contract.inputs.payloads import COMMON_PAYLOADS, PAYLOADS
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import control_plane
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: The batch of whose operations one is polled often, in rounds of several polls at once: replicas
#: may differ.
_POLLED_OFTEN, _ROUNDS, _AT_ONCE = 1, 4, 3
#: Batches of another account and another region, where the target has them.
_ELSEWHERE = {2: Scope(account=1), 4: Scope(region=1)}


@dataclass(eq=False)
class Lifecycle:
    """One batch: deletes accepted, replayed, completed, and checked."""

    endpoint: Endpoint
    deletes: Deletes
    check: Check
    number: int
    configurations: list[Configuration]
    operations: list[Operation] = field(default_factory=list)
    #: Those whose configurations were not fetched at their end.
    unseen: list[Operation] = field(default_factory=list)

    @property
    def keyed(self) -> list[Operation]:
        """Its deletes under keys."""
        return [one for one in self.operations if one.accepted.key is not None]

    def shown(self) -> None:
        """Fetch every third configuration before its delete.

        One that was never fetched must be deletable, too.

        Raises:
            Inconclusive: a fetch does not show configurations of the profile's.
        """
        looks = [self.check.look_for(one) for one in self.configurations[::3]]
        if self.endpoint.profile.provision.mode != "create":
            if not all(exists for exists, _ in looks):
                raise Inconclusive("a fetch does not show configurations that the profile gives")
            return
        for exists, fetch in looks:
            if exists is not None:
                control_plane.shown(self.endpoint.findings, fetch)

    def accept(self) -> None:
        """Their deletes are accepted, under keys of every form, in another scope but the last."""
        begun = self.configurations[: -1 if self._last else None]
        size, run_id = self.endpoint.effort.batch_size, self.endpoint.settings.process_id
        keys = [
            key_of_form(
                FORMS[(self.number * size + index) % len(FORMS)],
                self.endpoint.identifiers,
                self.number,
                run_id,
            )
            for index in range(len(begun))
        ]
        self.operations = self.endpoint.each(
            lambda pair: self.deletes.accept(
                pair[0], key=pair[1], key_under_test=pair[1] is not None
            ),
            list(zip(begun, keys, strict=True)),
        )

    @property
    def _last(self) -> list[Configuration]:
        """The configuration of another scope whose delete runs while the list is read."""
        elsewhere = self.configurations[0].scope != DEFAULT_SCOPE
        return self.configurations[1:][-1:] if elsewhere else []

    def replay(self, first: int) -> None:
        """Every second key returns its original response, on reused and new connections."""

        def replay(pair: tuple[int, Operation]) -> None:
            index, operation = pair
            connection = "new" if operation.done and index % 2 == 0 else "reused"
            again = self.deletes.repeat(operation, connection=connection)
            self.check.same_response(operation, again)

        self.endpoint.each(replay, list(enumerate(self.keyed[first::2])))

    def complete(self) -> None:
        """Their operations complete; every second configuration is fetched at that moment."""
        seen = self.operations[1::2]
        for operation in seen:
            operation.on_end = self.check.deleted_if_completed
        self.operations = self.deletes.complete(self.operations)
        self.unseen = [one for one in self.operations if one not in seen]

    def deleted(self) -> None:
        """Check that fetches, and as many deletes, return 404."""
        self.endpoint.each(self.check.deleted, self.unseen)
        again = self.operations[::2]
        keys = [self.endpoint.key() if index % 2 else None for index in range(len(again))]
        self.endpoint.each(
            lambda pair: self.check.not_found_again(pair[0], key=pair[1]),
            list(zip(again, keys, strict=True)),
        )

    def poll_again(self) -> None:
        """Poll ended operations again, at statusUrl and Location, one often."""
        poller, operations = self.endpoint.poller, self.operations
        if self.number == _POLLED_OFTEN:
            for _ in range(_ROUNDS):
                poller.poll_at_once(operations[0], _AT_ONCE)
            self.check.deleted_at_once(operations[0], _AT_ONCE)
        else:
            self.endpoint.each(poller.poll, operations[::4])
        self.endpoint.each(poller.poll_other_link, operations[::3])

    def not_listed(self) -> None:
        """Check that no page holds them, of any size; the control is listed."""
        home = self.configurations[0].scope == DEFAULT_SCOPE
        exist: Sequence[Configuration] = [self.endpoint.targets.control] if home else []
        for one in self._last:
            self.deletes.later(self.deletes.accept(one, key=self.endpoint.key()))
        self.check.not_listed(self.operations, size=self._page_size(), exist=exist)

    def _page_size(self) -> int | None:
        match self.number % 4:
            case 1:
                return self.endpoint.configurations.listing.small_size()
            case 3:
                return None
        return LARGEST_PAGE


class Lifecycles(Step):
    """Begins batches."""

    _deletes = Uses(Deletes)
    _check = Uses(Check)

    def begin(self, number: int) -> Lifecycle:
        """The batch with this number, its configurations created."""
        size = self._endpoint.effort.batch_size
        payloads = [PAYLOADS[(number * size + n) % len(PAYLOADS)] for n in range(size)]
        return Lifecycle(
            self._endpoint, self._deletes, self._check, number, self._take(number, payloads)
        )

    def _take(self, number: int, payloads: list[dict[str, Any]]) -> list[Configuration]:
        take, size = self._endpoint.configurations.take, len(payloads)
        if self._endpoint.poller.is_slow:  # what is created ahead has the common ones in turns
            payloads = [{} if one in COMMON_PAYLOADS else one for one in payloads]
        scope = _ELSEWHERE.get(number % len(FORMS), DEFAULT_SCOPE)
        if scope != DEFAULT_SCOPE and self._endpoint.profile.has(scope):
            with contextlib.suppress(Inconclusive):
                return take(size, payloads=payloads, scope=scope)
        return take(size, payloads=payloads, least=1, sparing=True)
