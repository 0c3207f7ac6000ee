"""Which configurations must be kept although no running test uses them."""

from __future__ import annotations

from typing import Protocol

from orchestrator_contract.resources.configuration import Configuration


class Holder(Protocol):
    """Keeps configurations."""

    def holds(self, configuration: Configuration) -> bool:
        """Whether *configuration* must be kept."""

    def release(self) -> None:
        """Let go of what can be let go of."""


class Holds:
    """All holders of one run; each registers when it is made."""

    def __init__(self) -> None:
        self._holders: list[Holder] = []

    def register(self, holder: Holder) -> None:
        """Take *holder*'s word from now on."""
        self._holders.append(holder)

    def __contains__(self, configuration: Configuration) -> bool:
        return any(holder.holds(configuration) for holder in self._holders)

    def release(self) -> None:
        """Have all holders let go of what they can."""
        for holder in self._holders:
            holder.release()
