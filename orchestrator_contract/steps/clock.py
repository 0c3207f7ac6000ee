"""The endpoint's clock, which a profile may let the suite move forward."""

from __future__ import annotations

from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.steps.step import Step

DAY = 24 * HOUR


class Clock(Step):
    """Moves the endpoint's clock, in all regions at once."""

    def advance(self, seconds: int) -> None:
        """Move the clock forward, after deletes that are judged beside the tests have ended.

        Creates may go on: nothing depends on how long they take.

        Raises:
            Inconclusive: the target gives no way to move it, or did not move it.
        """
        self._endpoint.beside.join()
        self._api.advance_clock(seconds)

    def reach_second_day(self) -> None:
        """Move the clock unless this run has moved it by a day and an hour.

        Raises:
            Inconclusive: the target gives no way to move it, or did not move it.
        """
        missing = DAY + HOUR - self._endpoint.coordinator.advanced()
        if missing > 0:
            self.advance(missing)
