"""Sample sizes of the three efforts, which check the same requirements.

A quick run (`few`) also shares what tests do not spoil for each other, and leaves out what is
marked `extended`. Where there are few configurations to delete, the tests that use them up sample
as in a lesser effort, so that every requirement is looked at once instead of half of them finding
nothing left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf


@dataclass(frozen=True, slots=True)
class Effort:
    """Sample sizes of one effort; docs/sampling.md derives them."""

    name: str
    #: Batches taken through the full delete lifecycle, and configurations in each.
    batches: int
    batch_size: int
    #: Concurrent requests, and rounds of them.
    concurrent: int
    rounds: int
    #: Malformed SIDs and keys of the written lists, then generated ones; wrong credentials.
    malformed_sids: int
    malformed_keys: int
    generated_sids: int
    generated_keys: int
    wrong_credentials: int
    unknown_sids: int
    #: Requests of one kind that are generated; runs of the state machine and steps in each.
    generated_requests: int
    model_runs: int
    model_steps: int
    #: Keys used between the first use of a key and its replay.
    keys_between: int
    #: Provoked responses of each error status, and refused requests of each kind.
    refusals: int
    #: Configurations that are created ahead.
    ahead: int
    #: One of how many operations is polled right after its 202.
    early_every: int
    #: Ended operations that are rechecked later.
    watched: int
    #: Seconds for which ended operations and refused deletes are watched.
    watch_s: float
    #: Seconds from its first request after which a run sends nothing more, apart from cleaning up:
    #: an endpoint may be as slow as it likes, and still within every other limit.
    longest_s: float
    #: Deletions that the profile must allow; with fewer, tests that use up configurations sample as
    #: in a lesser effort.
    configurations: int
    #: Requests that the profile must allow; with fewer, everything is sampled as in a lesser
    #: effort: a run that is cut off in the middle leaves much unverified.
    requests: int
    #: DELETE requests of any kind that a run usually takes.
    delete_requests: int
    #: Requests and configurations that a whole run usually takes.
    typical_requests: int
    typical_configurations: int
    #: Whether tests that use up configurations look once or twice only.
    few: bool = False
    #: Whether few failed log-ins and malformed keys are sent: on keys that somebody lives by.
    gentle: bool = False
    #: Whether DELETEs are too few for all tests: those that verify the most come first then.
    spare: bool = False
    #: What to say where it is less than was asked for.
    remarks: tuple[str, ...] = ()

    def on_live_keys(self) -> Effort:
        """This effort with few failed log-ins and malformed keys, the most telling ones."""
        if self.name == "thorough":
            return self
        return replace(
            self,
            malformed_keys=min(self.malformed_keys, 9),
            generated_keys=min(self.generated_keys, 6),
            wrong_credentials=min(self.wrong_credentials, 4),
            gentle=True,
        )

    def within(self, supply: float, requests: float = inf, delete_requests: float = inf) -> Effort:
        """This effort within *supply* configurations, *requests*, and DELETEs among them."""
        given = {"requests": requests, "delete_requests": delete_requests}
        short = [name for name, most in given.items() if most < getattr(self, name)]
        found = self
        if short:
            enough = (
                one for one in self.lesser() if all(getattr(one, n) <= given[n] for n in short)
            )
            found = next(enough, EFFORTS["quick"])
            said = "; ".join(
                f"[limits] {one} gives {given[one]:g}, and {self.name} may need"
                f" {getattr(self, one)}"
                for one in short
            )
            spare = delete_requests < found.delete_requests
            said += "; the tests that verify the most come first" if spare else ""
            remarks = (f"sampled as in {found.name}: {said}",)
            found = replace(found, name=self.name, remarks=remarks, spare=spare)
        lesser = next(one for one in _FALLING if one.configurations <= supply)
        if lesser.configurations >= found.configurations:
            return found
        taking = {name: getattr(lesser, name) for name in TAKING}
        said = (
            f"tests that use up configurations sample as in {lesser.name}: the profile allows too "
            f"few deletions for {self.name}"
        )
        return replace(found, **taking, remarks=(*found.remarks, said))

    def lesser(self) -> Sequence[Effort]:
        """The efforts that take less, the greatest first."""
        return [one for one in _FALLING if one.typical_requests < self.typical_requests]


#: Most failed log-ins and malformed keys of a gentle run.
GENTLE_LOGINS, GENTLE_KEYS = 12, 30

#: The numbers that say how many configurations are taken.
TAKING = (
    "batches",
    "batch_size",
    "concurrent",
    "rounds",
    "model_runs",
    "model_steps",
    "keys_between",
    "ahead",
    "early_every",
    "watched",
    "few",
    "configurations",
    "typical_configurations",
)

EFFORTS = {
    effort.name: effort
    for effort in (
        Effort(
            "quick",
            batches=1,
            batch_size=2,
            concurrent=2,
            rounds=1,
            malformed_sids=3,
            malformed_keys=2,
            generated_sids=12,
            generated_keys=12,
            wrong_credentials=1,
            unknown_sids=1,
            generated_requests=2,
            model_runs=1,
            model_steps=5,
            keys_between=1,
            refusals=2,
            ahead=2,
            early_every=12,
            watched=1,
            watch_s=1.2,
            longest_s=600,
            configurations=0,
            requests=0,
            delete_requests=160,
            typical_requests=400,
            typical_configurations=50,
            few=True,
        ),
        Effort(
            "standard",
            batches=4,
            batch_size=8,
            concurrent=7,
            rounds=3,
            malformed_sids=39,
            malformed_keys=23,
            generated_sids=150,
            generated_keys=150,
            wrong_credentials=24,
            unknown_sids=8,
            generated_requests=6,
            model_runs=25,
            model_steps=12,
            keys_between=11,
            refusals=28,
            ahead=8,
            early_every=10,
            watched=6,
            watch_s=2.2,
            longest_s=1500,
            configurations=260,
            requests=3100,
            delete_requests=1500,
            typical_requests=3000,
            typical_configurations=190,
        ),
        Effort(
            "thorough",
            batches=40,
            batch_size=12,
            concurrent=12,
            rounds=10,
            malformed_sids=39,
            malformed_keys=23,
            generated_sids=1500,
            generated_keys=1500,
            wrong_credentials=24,
            unknown_sids=300,
            generated_requests=120,
            model_runs=250,
            model_steps=12,
            keys_between=60,
            refusals=459,
            ahead=10,
            early_every=1,
            watched=200,
            watch_s=5.0,
            longest_s=6 * 3600,
            configurations=1200,
            requests=15_000,
            delete_requests=9000,
            typical_requests=15_000,
            typical_configurations=1200,
        ),
    )
}

#: Efforts by what they take, the last of which takes next to nothing; between two that can be asked
#: for lies one more.
_FALLING = (
    EFFORTS["thorough"],
    EFFORTS["standard"],
    replace(
        EFFORTS["standard"],
        name="half a standard run",
        batches=2,
        batch_size=6,
        rounds=1,
        malformed_sids=19,
        malformed_keys=12,
        generated_sids=75,
        generated_keys=75,
        wrong_credentials=12,
        unknown_sids=4,
        generated_requests=4,
        keys_between=6,
        model_runs=8,
        model_steps=12,
        refusals=14,
        ahead=3,
        configurations=160,
        requests=2000,
        delete_requests=1000,
        typical_requests=1900,
        typical_configurations=160,
    ),
    EFFORTS["quick"],
)
