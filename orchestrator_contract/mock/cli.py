"""The command line of the mock: ``python -m orchestrator_contract.mock``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from orchestrator_contract.mock import options, registry
from orchestrator_contract.mock.behaviour import Behaviour, compose
from orchestrator_contract.mock.clients import options as clients
from orchestrator_contract.mock.request_log import logging_to, open_log
from orchestrator_contract.mock.server import Server, bind, exit_with_stdin, make_server
from orchestrator_contract.mock.settings import credentials_of, names_of, token_name, token_of
from orchestrator_contract.mock.state import World
from orchestrator_contract.mock.target_profile import Described, write_profile


def listing(arguments: argparse.Namespace) -> str | None:
    """The output of a --list option, one tab-separated line per entry; None without one."""
    if arguments.list_defects:
        rows = [
            (one.name, ",".join(one.breaches), one.shows, one.text)
            for one in registry.DEFECTS.values()
        ]
        return "\n".join("\t".join(row) for row in sorted(rows))
    if arguments.list_variants:
        shown = [(one.name, ",".join(one.warns), one.text) for one in registry.VARIANTS.values()]
        return "\n".join("\t".join(row) for row in sorted(shown))
    return None


def main(argv: Sequence[str] | None = None, prog: str = options.PROG) -> int:
    """Run the mock until it is stopped; 2 for wrong usage, else the client's exit code."""
    made = options.parser(prog)
    arguments = made.parse_args(argv)
    registry.load()
    text = listing(arguments)
    if text is not None:
        print(text)
        return 0
    if option := clients.missing(arguments):
        made.error(f"{option} needs --judge-clients")
    count = options.regions(arguments)
    if count < 1:
        made.error("--regions must be at least 1")
    try:
        sockets = bind(arguments.host, arguments.port, count)
    except OSError as problem:
        made.error(f"cannot listen on {arguments.host}:{arguments.port}: {problem}")
    judging = clients.judging(arguments)
    try:
        server = prepare(arguments, sockets, judging, partial(announce, arguments))
    except ValueError as problem:
        for one in sockets:
            one.close()
        made.error(str(problem))
    if judging.exits:  # after a signal uvicorn raises it again, for the handler that it found
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(judging.exit_code()))
    if arguments.exit_with_stdin:
        exit_with_stdin(server)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the ordinary way to end it
        server.run(sockets)
    return judging.exit_code()


def described(arguments: argparse.Namespace, behaviour: Behaviour) -> Described:
    """Contents of the profile of a mock with *behaviour*."""
    return Described(
        list(behaviour.settings.origins),
        "mock like Twilio" if arguments.like_twilio else "embedded mock",
        behaviour.provides(),
        behaviour.settings.account_numbers,
    )


def credential_lines(mock: Described) -> Iterator[str]:
    """Lines that set the variables of the profile; secrets of the environment are not shown."""
    regional = "regional-credentials" in mock.provides
    for region in range(len(mock.origins) if regional else 1):
        for number in mock.accounts:
            user, secret = credentials_of(number, region, {})
            names = names_of(number, region)
            pairs = dict(zip(names, (user, secret), strict=True))
            if "basic" not in mock.provides:
                pairs = {token_name(number, region): token_of(number, region, {})}
            if any(os.environ.get(name) for name in pairs):
                yield f"{', '.join(pairs)}: as the environment has them"
            else:
                yield "export " + " ".join(f"{name}={value}" for name, value in pairs.items())


def prepare(
    arguments: argparse.Namespace,
    sockets: list[socket.socket],
    judging: clients.Judging,
    ready: Callable[[Described], None],
) -> Server:
    """A server on *sockets*, configured by *arguments*; it calls *ready* when it listens.

    Raises:
        ValueError: a defect or variant is unknown, or two can't be had together.
    """
    ports = [one.getsockname()[1] for one in sockets]
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    origins = [f"http://{host}:{port}" for port in ports]
    parts = options.chosen(arguments)
    watchers, ends = list(judging.behaviours), [judging.ended]
    if arguments.log is not None:
        log = open_log(arguments.log)
        watchers.append(logging_to(log))
        ends.append(log.close)
    behaviour = compose(*watchers, *parts)(World(), options.settings(arguments, origins))
    mock = described(arguments, behaviour)
    server = make_server(behaviour, ports, lambda: ready(mock))
    server.ends += ends
    return server


def announce(arguments: argparse.Namespace, mock: Described) -> None:
    """Writes the profile, then prints one line for programs and some for people."""
    profile: Path | None = arguments.write_profile
    if profile is not None:
        write_profile(profile, mock)
    shown = {
        "base_url": mock.origins[0],
        "regions": mock.origins[1:],
        "profile": str(profile) if profile is not None else None,
    }
    print(json.dumps(shown), flush=True)
    told = ["mock control plane: a TEST DOUBLE on loopback, nothing is kept"]
    if not arguments.exit_with_stdin:  # else a program started it, which has its own environment
        told += ["credentials:", *(f"  {line}" for line in credential_lines(mock))]
    print("\n".join(told), file=sys.stderr, flush=True)
