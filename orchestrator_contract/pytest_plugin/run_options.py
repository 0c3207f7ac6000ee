"""The command line, read and checked."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator_contract import profile
from orchestrator_contract.contract import catalogue
from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin import last_failed
from orchestrator_contract.results import baseline, waivers
from orchestrator_contract.results.baseline import Baseline
from orchestrator_contract.results.verdict import Policy
from orchestrator_contract.results.waivers import Waivers


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The command line, checked."""

    target: str | None
    profile: Profile | None
    report: Path
    effort: Effort
    policy: Policy
    seed: int
    requirements: frozenset[str]
    plan: bool
    waivers: Waivers = field(default_factory=Waivers)
    har: Path | None = None
    baseline: Baseline | None = None
    #: Ids of the tests that found breaches in the last run; its seed is then this one's, too.
    first: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: pytest.Config) -> RunOptions:
        """Read the options.

        Raises:
            ProfileError: --target names nothing usable.
            WaiverError: --waivers does not.
            BaselineError: --baseline does not.
            KeyError: --requirement names no requirement.
        """
        option = config.option
        shared = getattr(config, "workerinput", {}).get("orchestrator_contract")
        target = shared["target"] if shared else option.target
        endpoint = load_target(target) if target else None
        last = (
            last_failed.recall(config, endpoint.base_url)
            if endpoint and option.seed is None and not shared
            else None
        )
        seed = last.seed if last else option.seed
        if seed is None:
            seed = random.randrange(2**31)  # a seed is no secret
        return cls(
            target=target,
            profile=endpoint,
            report=Path(option.report),
            effort=EFFORTS[option.effort].within(endpoint.supply, endpoint.limits.requests)
            if endpoint
            else EFFORTS[option.effort],
            policy=Policy(bool(option.strict), option.require_verified, option.fail_on == "new"),
            seed=shared["seed"] if shared else seed,
            first=tuple(shared["first"]) if shared else last.tests if last else (),
            requirements=catalogue.load().select(option.requirement)
            if option.requirement is not None
            else frozenset(),
            plan=option.plan,
            baseline=baseline.load(Path(option.baseline)) if option.baseline else None,
            har=Path(option.har) if option.har else None,
            waivers=waivers.load(Path(option.waivers), catalogue.load())
            if option.waivers
            else Waivers(),
        )


def load_target(target: str) -> Profile:
    """The profile that --target names.

    Raises:
        ProfileError: it names none.
    """
    return profile.load(target)
