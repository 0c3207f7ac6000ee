"""Histories of calls that Hypothesis generates; imported when they are run, as Hypothesis takes long to import."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint


class Histories:
    """Runs the state machine."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def run(self, *, clock: bool) -> None:
        """Run as many histories as the effort asks for; with *clock* the endpoint's clock is moved in them."""
        from orchestrator_contract.fuzzing.machine import run_histories  # noqa: PLC0415  # slow

        run_histories(self._endpoint, clock=clock)
