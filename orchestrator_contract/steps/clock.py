"""The endpoint's clock, which a profile may let the suite move forward."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, only_this_check
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.deletes import Deletes

DAY = 24 * HOUR


class Clock:
    """Moves the endpoint's clock, in all regions at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._api = endpoint.client

    def advance(self, seconds: int) -> None:
        """Move the clock forward.

        Raises:
            CheckInconclusive: the target gives no way to move it, or did not move it.
        """
        with only_this_check():
            self._api.advance_clock(seconds)


@dataclass(frozen=True, slots=True)
class SecondDay:
    """Two deletes under keys of the day after a configuration was created."""

    of_new: Operation
    #: The delete of the configuration that was created the day before.
    of_old: Operation


def begin_second_day(endpoint: Endpoint, deletes: Deletes, clock: Clock) -> SecondDay:
    """Create a configuration, let 25 hours pass, and delete it and a new one.

    Raises:
        CheckInconclusive: one can't be had, the clock can't be moved, or a delete did not complete.
    """
    with only_this_check():
        old = endpoint.configurations.one()
        clock.advance(25 * HOUR)
        of_old = deletes.accept(old, key=endpoint.key())
        done = deletes.complete([*deletes.accept_new(), of_old])
    if len(done) < 2:
        raise CheckInconclusive("a delete of the second day was not seen to end COMPLETED")
    return SecondDay(*done)
