"""The end of a run: rechecks, oldest keys, configurations that exist."""

from __future__ import annotations

import contextlib

from orchestrator_contract.check import Check
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: Configurations of other scopes that are looked at.
_ELSEWHERE = 10
#: COMPLETED deletes to look at where no test made one.
_COMPLETED = 8
#: Polls that tell a rate of 5 % from one of 2 %.
_MORE_POLLS = 400


class FinalLooks(Step):
    """Looks back at the run."""

    _deletes = Uses(Deletes)
    _check = Uses(Check)

    def recheck(self) -> None:
        """Complete pending deletes and do all rechecks; delete some if none."""
        if not self._endpoint.rechecks.saw_completed:
            self._deletes.completed(1 if self._endpoint.effort.few else _COMPLETED)
        self._endpoint.beside.join()
        self._endpoint.rechecks.settle()

    def server_errors(self) -> None:
        """Malformed keys are not what makes the server fail."""
        self._endpoint.server_errors.judge(self._endpoint.findings)

    def failed_polls(self) -> None:
        """Few polls met a 500; where several did, many more polls tell how few."""
        endpoint = self._endpoint
        if endpoint.server_errors.needs_more_polls:
            with contextlib.suppress(Inconclusive):
                endpoint.each(endpoint.poller.poll, self._deletes.draw(1) * _MORE_POLLS)
        endpoint.server_errors.judge_polls(endpoint.findings)

    def oldest_keys(self) -> list[Operation]:
        """The run's first COMPLETED deletes under keys."""
        return self._endpoint.rechecks.oldest_keys()[: 1 if self._endpoint.effort.few else 3]

    def must_exist(self) -> list[Configuration]:
        """Configurations of the run that no accepted delete named."""
        if self._endpoint.profile.provision.mode != "create":
            candidates = [self._endpoint.targets.control]
        else:
            candidates = list(self._endpoint.inventory.left.values())
        untouched = self._endpoint.ownership.untouched
        return [one for one in candidates if untouched(one.resource_key)]

    def must_be_listed(self) -> list[Configuration]:
        """The configurations of the default scope, which one list walk shows."""
        return [one for one in self.must_exist() if one.scope == DEFAULT_SCOPE]

    def must_exist_elsewhere(self) -> list[Configuration]:
        """Some of those of other accounts and regions."""
        elsewhere = [one for one in self.must_exist() if one.scope != DEFAULT_SCOPE]
        return elsewhere[:_ELSEWHERE]

    def delete_unneeded(self) -> list[Operation]:
        """Delete unneeded configurations without a key; return COMPLETED ones."""
        existed = {one.resource_key for _, one, _ in self._endpoint.rechecks.existed()}
        idle = [
            one
            for one in self._endpoint.inventory.idle()
            if self._endpoint.ownership.untouched(one.resource_key)
            and one.resource_key not in existed
            and self._endpoint.configurations.stock.claim(one)
        ]
        if not idle:
            return []
        return self._deletes.complete(self._endpoint.each(self._deletes.accept, idle))
