"""The base of all steps: they share the run's endpoint, and each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from orchestrator_contract.endpoint import Endpoint

_T = TypeVar("_T")


class Step:
    """What a step is made of; a run has one of each kind (`Endpoint.step`)."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client
        self._findings = endpoint.findings

    def step(self, kind: Callable[[Endpoint], _T]) -> _T:
        """The run's step of another *kind*."""
        return self._endpoint.step(kind)


class Uses(Generic[_T]):
    """Another step as an attribute of a step's class."""

    def __init__(self, kind: Callable[[Endpoint], _T]) -> None:
        self._kind = kind

    def __get__(self, step: Step, _owner: type[Step]) -> _T:
        return step.step(self._kind)
