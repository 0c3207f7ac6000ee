"""Histories that Hypothesis generates; it is imported late, being slow."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint


class Histories:
    """Runs the state machine."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def run(self, *, clock: bool) -> None:
        """Run the effort's number of histories; with *clock* move it in them."""
        from orchestrator_contract.fuzzing.machine import run_histories  # noqa: PLC0415  # slow

        run_histories(self._endpoint, clock=clock)
