"""The command line (README.md, "Options"), as one group of pytest options."""

from __future__ import annotations

import contextlib
from argparse import ArgumentError

import pytest

from orchestrator_contract.effort import EFFORTS


def add_options(parser: pytest.Parser) -> None:
    """Register the options; a second call does nothing."""
    group = parser.getgroup("contract", "contract of Delete Configuration")
    if any("--target" in option.names() for option in group.options):
        return
    group.addoption(
        "--target",
        metavar="URL|FILE",
        help="endpoint to test: a URL or a target profile (default: the embedded mock)",
    )
    group.addoption(
        "--report",
        metavar="DIR",
        default="conformance-report",
        help="where the reports go (default: %(default)s)",
    )
    group.addoption(
        "--sarif",
        metavar="FILE",
        help="write breaches and warnings as SARIF 2.1.0, for code-scanning views",
    )
    group.addoption(
        "--effort",
        choices=list(EFFORTS),
        default="standard",
        help="how much is sampled (default: %(default)s)",
    )
    # pytest has a --strict of its own (strict markers and configuration), which this suite always is:
    # the one option serves both.
    with contextlib.suppress(ValueError, ArgumentError):
        group.addoption(
            "--strict", action="store_true", dest="strict", help="advisory breaches fail too"
        )
    group.addoption(
        "--require-verified",
        action="store_true",
        help="an unverified documented or derived requirement fails",
    )
    group.addoption(
        "--seed", type=int, metavar="N", help="repeat a run: same generated inputs, same order"
    )
    group.addoption(
        "--requirement",
        metavar="ID[,ID…]",
        help="only the tests of these requirements; a prefix selects a section",
    )
    group.addoption(
        "--plan",
        action="store_true",
        help="send nothing; say what would be checked, created and deleted",
    )
    group.addoption(
        "--waivers",
        metavar="FILE",
        help="accepted breaches, as TOML; they are reported and don't fail the gate",
    )
    group.addoption(
        "--traffic", metavar="FILE.har", help="send nothing; judge recorded traffic (HAR 1.2)"
    )
    group.addoption(
        "--har",
        metavar="FILE",
        help="write the run's own traffic as HAR; each xdist worker writes its own file, its id added to FILE's name",
    )
    group.addoption(
        "--baseline", metavar="FILE", help="compare with the conformance.json of an earlier run"
    )
    group.addoption(
        "--fail-on",
        choices=["new"],
        help="new: only breaches that the baseline doesn't have fail the gate",
    )
    group.addoption(
        "--ttl-ledger",
        metavar="FILE",
        help="plant keys for a later run and judge those that earlier runs planted: how long a key lives",
    )
    group.addoption(
        "--cleanup",
        metavar="JOURNAL",
        help="run no tests; delete what the journal of an earlier run says is left on --target",
    )
    group.addoption(
        "--coordinator",
        metavar="HOST[:PORT]",
        help="where xdist workers on other hosts reach this one (default: the address that leads to them; or ORCHESTRATOR_CONTRACT_COORDINATOR)",
    )
    group.addoption(
        "--yes",
        action="store_true",
        help="agree that the run changes a target that is not on this machine",
    )
