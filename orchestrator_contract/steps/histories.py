"""Histories that Hypothesis generates; it is imported late, being slow."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint


class Histories:
    """Runs the state machine."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def run(self, *, clock: bool) -> None:
        """Run half of the effort's histories; with *clock* those that move the endpoint's clock.

        Where there is no clock, all are run without one.
        """
        from orchestrator_contract.fuzzing.histories import run_histories  # noqa: PLC0415  # slow
        from orchestrator_contract.fuzzing.machine import Machine  # noqa: PLC0415

        every = self._endpoint.effort.model_runs
        half = every // 2 if self._endpoint.profile.clock_url else 0
        number = half if clock else every - half
        run_histories(Machine, self._endpoint, clock=clock, number=max(1, number))
