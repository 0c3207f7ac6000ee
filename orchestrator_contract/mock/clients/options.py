"""What ``--judge-clients`` and ``--lure`` add to the mock's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.judge import ClientJudge, summary
from orchestrator_contract.mock.clients.observer import LURES, REPORT, luring, watching
from orchestrator_contract.mock.clients.rules import Limits
from orchestrator_contract.mock.clients.stranger import Stranger


def add_options(add: Callable[..., object]) -> None:
    """Adds the two options through *add*, an argument parser's ``add_argument``."""
    report = f"report at GET {REPORT.decode()} and on stderr at the end"
    add("--judge-clients", action="store_true", help=f"judge the client that calls: {report}")
    add(
        "--lure",
        choices=sorted(LURES),
        help="with --judge-clients: lead the client to a foreign origin",
    )


def behaviours(
    arguments: argparse.Namespace,
) -> tuple[list[type[Behaviour]], Callable[[], None] | None]:
    """The behaviours to put before all others, and what to run when the mock ends."""
    if not arguments.judge_clients:
        return [], None
    judge = ClientJudge(Limits(follow=not arguments.lure))
    parts = [watching(judge)]
    if arguments.lure:
        stranger = Stranger(arguments.host, judge.found)
        parts.append(luring(arguments.lure, lambda: stranger.origin))
    return parts, lambda: print(summary(judge.report()), file=sys.stderr, flush=True)
