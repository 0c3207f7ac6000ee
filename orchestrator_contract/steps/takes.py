"""What tests take, by the fixtures that they ask for: made while earlier tests run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from orchestrator_contract.effort import Effort
from orchestrator_contract.provision.forecast import Needs
from orchestrator_contract.provision.payload import RICH

_PLAIN: Mapping[str, Any] = {}


class Takes:
    """The needs of a session's tests, asked for in their order."""

    def __init__(self, effort: Effort) -> None:
        few = effort.few
        #: Configurations that each test takes that asks for a fixture.
        self._each: dict[str, Sequence[Mapping[str, Any]]] = {
            "configuration": [_PLAIN],
            "running": [_PLAIN],
            "undisturbed": [_PLAIN],
            "several": [_PLAIN] * (1 if few else 3),
            "target": [] if few else [RICH],
        }
        #: Those that the first test takes.
        self._first: dict[str, Sequence[Mapping[str, Any]]] = {
            "listed": [_PLAIN] * 3 if few else [RICH, *[_PLAIN] * 13],
            "existing": [_PLAIN] * (1 if few else 4),
            "other": [_PLAIN],
        }
        #: COMPLETED deletes; a quick run shares one.
        self._completed = {"completed": 1, "several_completed": 2, "completed_alone": 1}
        self._first_completed = {"used": 1, "reused": 1}
        self._few = few
        self._seen: set[str] = set()

    def of(self, fixtures: Collection[str]) -> Needs:
        """What the next test takes, which asks for these *fixtures*."""
        new = [name for name in fixtures if name not in self._seen]
        idle = [one for name in fixtures for one in self._each.get(name, ())]
        idle += [one for name in new for one in self._first.get(name, ())]
        completed = sum(self._completed.get(name, 0) for name in fixtures)
        completed += sum(self._first_completed.get(name, 0) for name in new)
        if self._few and completed:
            completed = 0 if "completed" in self._seen else 1
            self._seen.add("completed")
        self._seen.update(fixtures)
        return Needs(idle, completed)
