"""Batches taken through the full delete lifecycle."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from orchestrator_contract.api.pagination import small_size
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


class Lifecycle(Step):
    """One batch of several: deletes accepted, replayed, and completed."""

    _deletes = Uses(Deletes)
    _check = Uses(Check)

    def __init__(self, endpoint: Endpoint, number: int) -> None:
        super().__init__(endpoint)
        self._number = number
        self.configurations: list[Configuration] = []
        self.operations: list[Operation] = []
        #: Those whose configurations were not fetched at their end.
        self._unseen: list[Operation] = []

    def create(self) -> None:
        """Take the configurations of the batch."""
        self.configurations = self._take()

    def _take(self) -> list[Configuration]:
        take, size = self._endpoint.configurations.take, self._endpoint.effort.batch_size
        payloads = [PAYLOADS[(self._number * size + n) % len(PAYLOADS)] for n in range(size)]
        if self._endpoint.poller.is_slow:  # what is created ahead has the common ones in turns
            payloads = [{} if one in COMMON_PAYLOADS else one for one in payloads]
        scope = _ELSEWHERE.get(self._number % len(FORMS), DEFAULT_SCOPE)
        if scope != DEFAULT_SCOPE and self._endpoint.profile.has(scope):
            with contextlib.suppress(Inconclusive):
                return take(size, payloads=payloads, scope=scope)
        return take(size, payloads=payloads, least=1, sparing=True)

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
        looks = [self._check.look_for(one) for one in self.configurations[::3]]
        if self._endpoint.profile.provision.mode != "create":
            if not all(exists for exists, _ in looks):
                raise Inconclusive("a fetch does not show configurations that the profile gives")
            return
        for exists, fetch in looks:
            if exists is not None:
                control_plane.shown(self._findings, fetch)

    def accept(self) -> None:
        """Their deletes are accepted, under keys of every form, in another scope but the last."""
        begun = self.configurations[: -1 if self._last else None]
        size, run_id = self._endpoint.effort.batch_size, self._endpoint.settings.process_id
        keys = [
            key_of_form(
                FORMS[(self._number * size + index) % len(FORMS)],
                self._endpoint.identifiers,
                self._number,
                run_id,
            )
            for index in range(len(begun))
        ]
        self.operations = self._endpoint.each(
            lambda pair: self._deletes.accept(
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
            again = self._deletes.repeat(operation, connection=connection)
            self._check.same_response(operation, again)

        self._endpoint.each(replay, list(enumerate(self.keyed[first::2])))

    def complete(self) -> None:
        """Their operations complete; every second configuration is fetched at that moment."""
        seen = self.operations[1::2]
        for operation in seen:
            operation.on_end = self._check.deleted_if_completed
        self.operations = self._deletes.complete(self.operations)
        self._unseen = [one for one in self.operations if one not in seen]

    def deleted(self) -> None:
        """Check that fetches, and as many deletes, return 404."""
        self._endpoint.each(self._check.deleted, self._unseen)
        again = self.operations[::2]
        keys = [self._endpoint.key() if index % 2 else None for index in range(len(again))]
        self._endpoint.each(
            lambda pair: self._check.not_found_again(pair[0], key=pair[1]),
            list(zip(again, keys, strict=True)),
        )

    def poll_again(self) -> None:
        """Poll ended operations again, at statusUrl and Location, one often."""
        poller, operations = self._endpoint.poller, self.operations
        if self._number == _POLLED_OFTEN:
            for _ in range(_ROUNDS):
                poller.poll_at_once(operations[0], _AT_ONCE)
            self._check.deleted_at_once(operations[0], _AT_ONCE)
        else:
            self._endpoint.each(poller.poll, operations[::4])
        self._endpoint.each(poller.poll_other_link, operations[::3])

    def not_listed(self) -> None:
        """Check that no page holds them, of any size; the control is listed."""
        home = self.configurations[0].scope == DEFAULT_SCOPE
        exist: Sequence[Configuration] = [self._endpoint.targets.control] if home else []
        for one in self._last:
            self._deletes.later(self._deletes.accept(one, key=self._endpoint.key()))
        self._check.not_listed(self.operations, size=self._page_size(), exist=exist)

    def _page_size(self) -> int | None:
        match self._number % 4:
            case 1:
                return small_size(self._endpoint.configurations.listing.sids())
            case 3:
                return None
        return LARGEST_PAGE
