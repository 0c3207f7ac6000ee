"""Which configurations must be kept although no running test uses them."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import ResourceKey


class Holder:
    """Keeps the configurations that a subclass names."""

    def holds(self, configuration: Configuration) -> bool:
        """True if *configuration* must be kept."""
        return False

    def release(self) -> None:
        """Let go of what nothing is lost by."""

    def surrender(self) -> None:
        """Let go of all: there is room for nothing else."""


class Kept(Holder):
    """Configurations that several tests share, in groups."""

    def __init__(self, most: Callable[[], int]) -> None:
        """*most* gives how many may be kept; 0: as many as there are."""
        self._most = most
        self._groups: list[set[ResourceKey]] = []

    def keep(self, *configurations: Configuration) -> None:
        """Keep these, in place of the oldest where there is little room."""
        groups = [*self._groups, {one.resource_key for one in configurations}]
        most = self._most()
        while most and len(groups) > 1 and sum(map(len, groups)) > most:
            del groups[0]
        self._groups = groups

    def let_go(self, *configurations: Configuration) -> None:
        """Keep these no longer."""
        gone = {one.resource_key for one in configurations}
        self._groups = [left for group in self._groups if (left := group - gone)]

    def holds(self, configuration: Configuration) -> bool:
        """True if *configuration* is kept still."""
        return any(configuration.resource_key in group for group in self._groups)

    def surrender(self) -> None:
        """Let go of all."""
        self._groups = []
