"""Histories that Hypothesis generates; it is imported late, being slow."""

from __future__ import annotations

from orchestrator_contract.steps.step import Step


class Histories(Step):
    """Runs the state machine."""

    def run(self, *, clock: bool) -> None:
        """Run half of the histories that the effort asks for; with *clock* those in which the endpoint's clock is moved.

        Where there is no clock, all are run without one.
        """
        from orchestrator_contract.fuzzing.histories import run_histories  # noqa: PLC0415  # slow
        from orchestrator_contract.fuzzing.machine import Machine  # noqa: PLC0415

        every = self._endpoint.effort.model_runs
        half = every // 2 if self._endpoint.profile.clock_url else 0
        number = half if clock else every - half
        run_histories(Machine, self._endpoint, clock=clock, number=max(1, number))
