"""The command line: one group of pytest options, read and checked once."""

from __future__ import annotations

import contextlib
import secrets
import shlex
from argparse import ArgumentError
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract import profile
from orchestrator_contract.contract import catalogue
from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.http.addresses import are_loopback
from orchestrator_contract.profile import Profile, ProfileError
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results import baseline, waivers
from orchestrator_contract.results.baseline import Baseline, BaselineError
from orchestrator_contract.results.verdict import Policy, rerun_line
from orchestrator_contract.results.waivers import WaiverError, Waivers
from orchestrator_contract.steps.key_age_file import KeyAgeFile, KeyAgeFileError
from orchestrator_contract.suggestions import did_you_mean

#: The name of a run's data in what xdist passes between its processes.
WORKER_DATA = "orchestrator_contract"
#: Options each of which takes the place of a run.
MODES = ("traffic", "cleanup", "plan")
#: What is named by options that would start another run, or none, if an empty name were none.
_NAMED = {
    "report": "a folder",
    "target": "a URL or a target profile",
    "traffic": "a recording",
    "cleanup": "a journal",
}
#: Characters of the longest message that ends a session.
_LONGEST = 2000
#: Where pytest's cache keeps the seed of a last run that found breaches.
_SEED = "orchestrator-contract/seed"


def said(text: object) -> str:
    """A bounded message that is harmless on a terminal, whatever it quotes."""
    return visible(str(text), _LONGEST, lines=True)


def usage_error(text: object) -> pytest.UsageError:
    """The error that shows *text* and ends the session with exit code 4."""
    return pytest.UsageError(said(text))


def _value(metavar: str, text: str, **more: Any) -> dict[str, Any]:
    return {"metavar": metavar, "help": text} | more


def _flag(text: str) -> dict[str, Any]:
    return {"action": "store_true", "help": text}


#: The options with their settings, as pytest takes them.
OPTIONS: dict[str, dict[str, Any]] = {
    "--target": _value(
        "URL|FILE", "endpoint to test: a URL or a target profile (default: the embedded mock)"
    ),
    "--report": _value(
        "DIR", "where the reports go (default: %(default)s)", default="conformance-report"
    ),
    "--sarif": _value(
        "FILE", "write breaches and warnings as SARIF 2.1.0, for code-scanning views"
    ),
    "--effort": {
        "choices": list(EFFORTS),
        "default": "standard",
        "help": "how much is sampled (default: %(default)s)",
    },
    "--strict": _flag("advisory breaches fail too"),
    "--require-verified": _flag("an unverified documented or derived requirement fails"),
    "--seed": _value("N", "repeat a run: same generated inputs, same order", type=int),
    "--requirement": _value(
        "ID[,ID…]", "only the tests of these requirements; a prefix selects a section"
    ),
    "--plan": _flag("send nothing; say what would be checked, created and deleted"),
    "--waivers": _value(
        "FILE", "accepted breaches, as TOML; they are reported and don't fail the gate"
    ),
    "--traffic": _value("FILE.har", "send nothing; judge recorded traffic (HAR 1.2)"),
    "--har": _value(
        "FILE", "write the run's own traffic as HAR; each worker of -n adds its id to the name"
    ),
    "--baseline": _value("FILE", "compare with the conformance.json of an earlier run"),
    "--fail-on": {
        "choices": ["new"],
        "help": "new: only breaches that the baseline doesn't have fail the gate",
    },
    "--ttl-ledger": _value(
        "FILE", "plant keys for a later run, and judge the lifetime of those planted earlier"
    ),
    "--cleanup": _value(
        "JOURNAL",
        "run no tests; delete what the journal of an earlier run says is left on --target",
    ),
    "--yes": _flag("agree that the run changes a target that is not on this machine"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options, unless `checkout` has done so already."""
    group = parser.getgroup("contract", "contract of Delete Configuration")
    if any("--target" in option.names() for option in group.options):
        return
    parser.addini("contract_command", "the command in lines that repeat a run", default="pytest")
    for name, settings in OPTIONS.items():
        # pytest has a --strict of its own (strict markers and configuration): one serves both.
        own = (ValueError, ArgumentError) if name == "--strict" else ()
        with contextlib.suppress(*own):
            group.addoption(name, **settings)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The command line, checked."""

    #: The command that started the run.
    command: str
    #: The value of --target, also in a worker.
    target: str | None
    profile: Profile | None
    report: Path
    effort: Effort
    policy: Policy
    seed: int
    requirements: frozenset[str]
    waivers: Waivers = field(default_factory=Waivers)
    baseline: Baseline | None = None
    har: Path | None = None
    sarif: Path | None = None
    #: Tests that failed last time; empty unless this run repeats that one's seed.
    failed_last: frozenset[str] = frozenset()

    def excuse(self, requirement: str, problem: str) -> str:
        """Why a breach fails no test: ``waived``, ``known``, or empty if it does."""
        if self.waivers.excuses(requirement, problem):
            return "waived"
        return "known" if self.knows(requirement) else ""

    def knows(self, requirement: str) -> bool:
        """True if --fail-on new expects breaches of the requirement."""
        known = self.baseline.breached if self.baseline else ()
        return self.policy.only_new and requirement in known

    def rerun_line(self, requirement: str) -> str:
        """A shell line that checks one requirement as this run does."""
        return rerun_line(self.command, self.target or "", self.effort.name, self.seed, requirement)

    def cleanup_line(self, journal: Path) -> str:
        """A shell line that deletes what the run of *journal* has left."""
        target = ["--target", self.target] if self.target else []
        return shlex.join([self.command, *target, "--cleanup", str(journal)])


def read(config: pytest.Config) -> RunOptions:
    """Read the command line.

    Raises:
        pytest.UsageError: an option has a wrong value.
    """
    option = config.option
    for name, what in _NAMED.items():
        if getattr(option, name) == "":
            raise usage_error(f"--{name}: expected {what}, found an empty name")
    modes = [f"--{name}" for name in MODES if getattr(option, name)]
    if len(modes) > 1:
        together = " and ".join(modes)
        raise usage_error(f"{together} can't be used together: each takes the place of a run")
    if option.fail_on and not option.baseline:
        raise usage_error("--fail-on new needs --baseline FILE, the report of an earlier run")
    try:
        return _read(config)
    except (ProfileError, WaiverError, BaselineError, KeyAgeFileError) as error:
        raise usage_error(error) from None


def _read(config: pytest.Config) -> RunOptions:
    option = config.option
    # A worker takes over what its controller has decided.
    given = getattr(config, "workerinput", {}).get(WORKER_DATA, {})
    target = given.get("target", option.target)
    endpoint = profile.load(target) if target else None
    if option.ttl_ledger:
        _check_ledger(Path(option.ttl_ledger), endpoint)
    recalled = recall_seed(config, endpoint) if option.seed is None else None
    seeds = (option.seed, recalled, secrets.randbelow(2**31))
    asked, known = option.requirement, catalogue.load()
    return RunOptions(
        command=config.getini("contract_command"),
        target=option.target,
        profile=endpoint,
        report=Path(option.report),
        effort=_effort(EFFORTS[option.effort], endpoint),
        policy=Policy(bool(option.strict), option.require_verified, option.fail_on == "new"),
        seed=given.get("seed", next(seed for seed in seeds if seed is not None)),
        requirements=frozenset() if asked is None else _requirements(asked, known),
        waivers=waivers.load(Path(option.waivers), known) if option.waivers else Waivers(),
        baseline=baseline.load(Path(option.baseline)) if option.baseline else None,
        har=Path(option.har) if option.har else None,
        sarif=Path(option.sarif) if option.sarif else None,
        failed_last=frozenset() if recalled is None else failed_last(config),
    )


def _requirements(asked: str, known: Catalogue) -> frozenset[str]:
    try:
        return known.select(asked)
    except KeyError as error:
        raise usage_error(
            f"--requirement: no requirement is or begins with {error.args[0]!r}"
            f"{did_you_mean(error.args[0], known.requirements)}"
        ) from None


def _effort(effort: Effort, endpoint: Profile | None) -> Effort:
    if endpoint is None:
        return effort
    found = effort.within(
        endpoint.supply, endpoint.limits.requests, endpoint.limits.delete_requests or inf
    )
    return found if are_loopback(endpoint.bases) else found.on_live_keys()


def _check_ledger(file: Path, endpoint: Profile | None) -> None:
    if endpoint is None:
        raise KeyAgeFileError(
            "--ttl-ledger needs --target: the embedded mock forgets its keys when the run ends"
        )
    KeyAgeFile(file, endpoint)


# -------------------------------------------------------------------- the last run's failures


def recall_seed(config: pytest.Config, endpoint: Profile | None) -> int | None:
    """The seed of the last run on *endpoint*, if it found breaches.

    All generated inputs but the keys follow from the seed: it repeats the failing examples.
    """
    cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
    match cache.get(_SEED, None) if cache and endpoint else None:
        case {"endpoint": str(url), "seed": int(seed)} if endpoint and url == endpoint.base_url:
            return seed
    return None


def remember_seed(config: pytest.Config, endpoint: Profile, seed: int, *, found: bool) -> None:
    """Keep the *seed* of a run that *found* breaches; forget it after one that did not."""
    cache = getattr(config, "cache", None)
    if cache and (found or recall_seed(config, endpoint) is not None):
        cache.set(_SEED, {"endpoint": endpoint.base_url, "seed": seed} if found else None)


def failed_last(config: pytest.Config) -> frozenset[str]:
    """The tests that pytest's cache knows as failed."""
    found = config.cache.get("cache/lastfailed", {}) if config.cache else {}
    return frozenset(found) if isinstance(found, dict) else frozenset()
