"""Configurations of the same name and content, if accepted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.step import Step


class Namesakes(Step):
    """Creates configurations alike in every part that two may share."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._creator = endpoint.configurations.creator

    def of(
        self, configuration: Configuration, scopes: Sequence[Scope] = (DEFAULT_SCOPE,)
    ) -> list[Configuration]:
        """One more of the same name in each of *scopes* that takes it.

        Raises:
            Inconclusive: none does; names may be unique.
        """
        found = []
        for scope in scopes:
            if self._endpoint.profile.has(scope):
                with contextlib.suppress(Inconclusive):
                    found.append(self._creator.namesake(configuration, scope))
        if not found:
            raise Inconclusive("the endpoint takes no two configurations of one name")
        return found
