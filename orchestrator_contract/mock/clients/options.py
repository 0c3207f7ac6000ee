"""Options of the mock's command line that judge clients, and what they lead to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.bait import BAITS, ForeignOrigin, baiting
from orchestrator_contract.mock.clients.judge import REPORT, ClientJudge, summary, watching
from orchestrator_contract.mock.clients.rules import Limits

#: Exit code of the mock by the judge's verdict, with --exit-code.
EXIT_CODES = {"clean": 0, "faulty": 1, "nothing seen": 4}


def add_options(add: Callable[..., object]) -> None:
    """Add the options through *add*, an argument parser's ``add_argument``."""
    report = f"report at GET {REPORT.decode()} and on stderr at the end"
    add("--judge-clients", action="store_true", help=f"judge the client that calls: {report}")
    add(
        "--bait",
        choices=sorted(BAITS),
        help="with --judge-clients: lead the client to a foreign origin",
    )
    add(
        "--exit-code",
        action="store_true",
        help="with --judge-clients: exit with 1 for a faulty client, 4 if none called",
    )


@dataclass(slots=True)
class Judging:
    """The additions to the mock that judge a client; without --judge-clients none."""

    #: Behaviours to put before all others.
    behaviours: list[type[Behaviour]] = field(default_factory=list)
    judge: ClientJudge | None = None
    exits: bool = False

    def ended(self) -> None:
        """Write the summary when the mock ends."""
        if self.judge is not None:
            print(summary(self.judge.report()), file=sys.stderr, flush=True)

    def exit_code(self) -> int:
        """The exit code that the client has earned, if that was asked for."""
        if self.judge is None or not self.exits:
            return 0
        return EXIT_CODES[self.judge.report()["verdict"]]


def missing(arguments: argparse.Namespace) -> str:
    """The option that needs --judge-clients and came without it; empty if none did."""
    if arguments.judge_clients:
        return ""
    given = {"--bait": arguments.bait, "--exit-code": arguments.exit_code}
    return next((name for name, value in given.items() if value), "")


def judging(arguments: argparse.Namespace) -> Judging:
    """The judging that the options ask for."""
    if not arguments.judge_clients:
        return Judging()
    judge = ClientJudge(Limits(follow=not arguments.bait))
    behaviours = [watching(judge)]
    if arguments.bait:
        foreign = ForeignOrigin(arguments.host, judge.found)
        behaviours.append(baiting(arguments.bait, lambda: foreign.origin))
    return Judging(behaviours, judge, arguments.exit_code)
