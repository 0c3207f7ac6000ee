"""How much is sampled: the three efforts differ in these numbers and in nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Sample sizes of one effort; docs/sampling.md derives them."""

    name: str
    #: Groups of configurations that are led through a whole life, and how many in each.
    cohorts: int
    cohort_size: int
    #: Simultaneous requests in a race, and how often each race is run.
    racers: int
    race_rounds: int
    #: Generated SIDs and keys, each sent once.
    odd_sids: int
    odd_keys: int
    unknown_sids: int
    #: Examples of one fuzzed operation, and runs and steps of the state machine.
    fuzz_examples: int
    model_runs: int
    model_steps: int
    #: Keys used between the first use of a key and its replay.
    keys_between: int
    #: Provoked answers of each error status, and refused requests of each kind.
    refusals: int
    #: Configurations that are made ahead.
    ahead: int
    #: Seconds for which ended operations and refused deletes are watched.
    watch_s: float


EFFORTS = {
    effort.name: effort
    for effort in (
        Effort("quick", 1, 6, 4, 1, 8, 6, 4, 4, 1, 6, 4, 2, 2, 1.2),
        Effort("standard", 8, 12, 8, 3, 60, 30, 60, 40, 6, 14, 25, 90, 10, 2.2),
        Effort("thorough", 40, 12, 12, 10, 300, 120, 300, 250, 40, 25, 60, 459, 10, 5.0),
    )
}
