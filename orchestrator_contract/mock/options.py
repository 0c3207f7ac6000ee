"""Options of ``python -m orchestrator_contract.mock``: parser, behaviours, settings."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Callable, Iterable
from itertools import combinations, pairwise
from pathlib import Path

from orchestrator_contract.mock import registry
from orchestrator_contract.mock.clients import options as clients
from orchestrator_contract.mock.faults import RESERVED_SIDS
from orchestrator_contract.mock.response_changes import clash
from orchestrator_contract.mock.settings import (
    DEFAULT_SECRETS,
    DEFAULT_USERS,
    Settings,
    accounts_from,
)
from orchestrator_contract.mock.variants.real_account import LIKE_TWILIO

_EPILOG = """\
THIS IS A TEST DOUBLE. It holds nothing beyond its own life and listens on loopback only.

When it listens it prints one line of JSON: {"base_url", "regions", "profile"}.

Accounts: MOCK_USER_1/MOCK_PASSWORD_1 and MOCK_USER_2/MOCK_PASSWORD_2 from the environment, else
$accounts
TWILIO_API_KEY/TWILIO_API_SECRET, when set, also name account 1. The target profile names these
variables: the mock prints the lines that set them when it starts.

A real account: --like-twilio switches on the variants below, with one account in one region unless
--accounts or --regions ask for more. --without takes some of them away; a --variant wraps them:
--like-twilio --variant room-full-403 --without patch-405
$preset

Clock: POST /__clock {"seconds": 86401} moves the time of all regions forward.
Faults: a DELETE with the header X-Mock-Fault: 429|500|503|409|operation gets that answer,
and so does a DELETE of one of these configurations, which are never deleted nor listed:
$sids
"""

#: The mock, as a checkout starts it.
PROG = "python -m orchestrator_contract.mock"


def loopback(text: str) -> str:
    """*text*, checked to be a loopback address."""
    try:
        if text == "localhost" or ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(
        f"{text} is not a loopback address: the mock must not be reachable from other hosts"
    )


def _epilog() -> str:
    pairs = zip(DEFAULT_USERS, DEFAULT_SECRETS, strict=True)
    rows = [", ".join(LIKE_TWILIO[at : at + 4]) for at in range(0, len(LIKE_TWILIO), 4)]
    parts = {
        "$accounts": [f"{user} with {secret}" for user, secret in pairs],
        "$preset": rows,
        "$sids": [f"{fault:9} {sid}" for sid, fault in RESERVED_SIDS.items()],
    }
    text = _EPILOG
    for name, lines in parts.items():
        text = text.replace(name, "\n".join(f"  {line}" for line in lines))
    return text


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """The argument parser of a mock that *prog* starts."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="A mock of the Conversation Orchestrator control plane.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_server(made.add_argument)
    _add_account(made.add_argument)
    _add_switches(made.add_argument)
    clients.add_options(made.add_argument)
    return made


def _add_server(add: Callable[..., object]) -> None:
    add(
        "--port",
        type=int,
        default=8080,
        help="first port, further regions follow; 0 takes free ones (%(default)s)",
    )
    add(
        "--host",
        type=loopback,
        default="127.0.0.1",
        help="loopback address to listen on (%(default)s)",
    )
    add("--regions", type=int, metavar="N", help="number of regions, a port each (2)")
    add("--write-profile", type=Path, metavar="FILE", help="write a target profile for this mock")
    add("--log", type=Path, metavar="FILE", help="write each request to FILE, a line of JSON each")
    add("--exit-with-stdin", action="store_true", help="exit when stdin ends")


def _add_account(add: Callable[..., object]) -> None:
    add("--accounts", type=int, choices=(1, 2), metavar="N", help="number of accounts (2)")
    add(
        "--operation-seconds",
        type=float,
        default=0.2,
        metavar="S",
        help="how long a delete pends (%(default)s)",
    )
    add(
        "--create-seconds",
        type=float,
        default=0.02,
        metavar="S",
        help="how long a create pends (%(default)s)",
    )
    add(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="F",
        help="multiplies the durations of --like-twilio and of the variants it is made of",
    )
    add("--rate-limit", type=float, metavar="N", help="requests per second and account (no limit)")
    add(
        "--in-flight",
        type=int,
        default=20,
        metavar="N",
        help="requests at once and account, for in-flight-limited (%(default)s)",
    )
    add(
        "--retry-after",
        type=int,
        default=1,
        metavar="S",
        help="value of Retry-After headers (%(default)s)",
    )
    add(
        "--room",
        type=int,
        default=10,
        metavar="N",
        help="configurations of an account, for room-for-ten and room-full-… (%(default)s)",
    )
    add(
        "--owned",
        type=int,
        default=2,
        metavar="N",
        help="those that are there from the start, for owned-configurations (%(default)s)",
    )


def _add_switches(add: Callable[..., object]) -> None:
    add("--like-twilio", action="store_true", help="behave as a real account does (see below)")
    for option, text in (
        ("--defect", "break the contract in one named way"),
        ("--variant", "differ in conformant ways"),
        ("--without", "leave out variants of --like-twilio"),
    ):
        add(option, action="append", default=[], metavar="NAME[,NAME]", help=text)
    add("--list-defects", action="store_true", help="print the defects and exit")
    add("--list-variants", action="store_true", help="print the variants and exit")


def _names(given: Iterable[str]) -> list[str]:
    return [name for text in given for name in text.split(",")]


def chosen(arguments: argparse.Namespace) -> list[registry.Class]:
    """Behaviours named by the options, outermost first.

    Raises:
        ValueError: a name is unknown, or two can't be had together.
    """
    defects, variants = _names(arguments.defect), _names(arguments.variant)
    without = _names(arguments.without)
    preset = LIKE_TWILIO if arguments.like_twilio else ()
    for option, names, known in (
        ("defect", defects, registry.DEFECTS.keys()),
        ("variant", variants, registry.VARIANTS.keys()),
        ("without", without, set(preset)),
    ):
        for name in names:
            if name not in known:
                where = "--help" if option == "without" else f"--list-{option}s"
                raise ValueError(f"unknown {option} {name!r}; see {where}")
    for one, other in pairwise(sorted(set(defects))):
        if one.partition(":")[0] == other.partition(":")[0]:
            raise ValueError(f"{one!r} and {other!r} are cases of one defect; take one of them")
    named = {name: registry.DEFECTS[name].behaviour for name in defects}
    named |= {name: registry.VARIANTS[name].behaviour for name in variants}
    for one, other in combinations(named, 2):
        if clash(named[one], named[other]):
            raise ValueError(f"{one!r} and {other!r} can't be had together; take one of them")
    # A named variant takes the place of one of the preset.
    left = [name for name in preset if name not in {*without, *named}]
    return [*named.values(), *(registry.VARIANTS[name].behaviour for name in left)]


def regions(arguments: argparse.Namespace) -> int:
    """The number of regions."""
    return arguments.regions if arguments.regions is not None else _places(arguments)


def _places(arguments: argparse.Namespace) -> int:
    return 1 if arguments.like_twilio else 2


def settings(arguments: argparse.Namespace, origins: list[str]) -> Settings:
    """Settings of a mock that listens on *origins*."""
    return Settings(
        operation_seconds=arguments.operation_seconds,
        create_seconds=arguments.create_seconds,
        rate_limit=arguments.rate_limit,
        retry_after=arguments.retry_after,
        origins=tuple(origins),
        accounts=accounts_from(os.environ, arguments.accounts or _places(arguments)),
        room=arguments.room,
        owned=arguments.owned,
        in_flight=arguments.in_flight,
        time_scale=arguments.time_scale,
    )
