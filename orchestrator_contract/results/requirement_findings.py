"""The findings on one requirement, and how those of several processes add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.results.evidence import Breach

#: Breaches of one requirement whose exchanges are remembered, to group it with others.
MAX_TRAILS = 300


@dataclass(slots=True)
class RequirementFindings:
    """The findings on one requirement."""

    checks: int = 0
    breaches: int = 0
    #: The first breaches, with their evidence.
    shown: list[Breach] = field(default_factory=list)
    #: The first problems that breaches had, each text once.
    problems: list[str] = field(default_factory=list)
    #: Reasons why it could not be checked, or not wholly, each once.
    unverified: list[str] = field(default_factory=list)
    #: Functions of tests that checked it to the end, and of those that could not, with the reason.
    concluded: list[str] = field(default_factory=list)
    inconclusive: dict[str, str] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)
    #: The reason why tests of it were not run to their end, or their findings are lost.
    cut_short: str = ""
    #: The exchanges that each of the first breaches rests on, in order, by their fingerprints;
    #: without the breaches that no exchange shows.
    trails: list[tuple[str, ...]] = field(default_factory=list)

    def add_test(self, test: str) -> None:
        """Name *test* among those that looked at the requirement."""
        if test and test not in self.tests:
            self.tests.append(test)

    def add_trail(self, trail: tuple[str, ...]) -> None:
        """Remember the exchanges that a breach rests on, while there is room."""
        if trail and len(self.trails) < MAX_TRAILS:
            self.trails.append(trail)

    def dump(self) -> dict[str, Any]:
        """Return the findings as plain data, for another process to merge."""
        return {
            "checks": self.checks,
            "breaches": self.breaches,
            "shown": [one.dump() for one in self.shown],
            "problems": self.problems,
            "unverified": self.unverified,
            "concluded": self.concluded,
            "inconclusive": self.inconclusive,
            "tests": self.tests,
            "trails": list(map(list, self.trails)),
        }

    def merge(self, dumped: dict[str, Any], has_room: Callable[[Breach], bool]) -> None:
        """Add what another process dumped; breaches are kept while *has_room* says so."""
        self.checks += dumped["checks"]
        self.breaches += dumped["breaches"]
        self.inconclusive = {**dumped["inconclusive"], **self.inconclusive}
        for breach in map(Breach.load, dumped["shown"]):
            if has_room(breach):
                self.shown.append(breach)
        for trail in dumped["trails"]:
            self.add_trail(tuple(trail))
        for mine, theirs in (
            (self.problems, dumped["problems"]),
            (self.unverified, dumped["unverified"]),
            (self.concluded, dumped["concluded"]),
            (self.tests, dumped["tests"]),
        ):
            mine.extend(one for one in theirs if one not in mine)
