"""The command line of the mock: ``python -m orchestrator_contract.mock``."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator_contract.mock import registry
from orchestrator_contract.mock.behaviour import compose
from orchestrator_contract.mock.clients import options as clients
from orchestrator_contract.mock.faults import RESERVED_SIDS
from orchestrator_contract.mock.server import bind, exit_with_stdin, make_server
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.target_profile import write_profile
from orchestrator_contract.mock.world import World

EPILOG = """\
THIS IS A TEST DOUBLE. It holds nothing beyond its own life and listens on loopback only.

When it listens it prints one line of JSON: {"base_url", "regions", "profile"}.
Accounts: MOCK_USER_1/MOCK_PASSWORD_1 and MOCK_USER_2/MOCK_PASSWORD_2 from the environment,
else built-in pairs; TWILIO_API_KEY/TWILIO_API_SECRET, when set, also name account 1.
Clock: POST /__clock {"seconds": 86401} moves the time of all regions forward.
Faults: a DELETE with the header X-Mock-Fault: 429|500|503|409|operation gets that answer,
and so does a DELETE of one of these configurations, which are never deleted:
"""


def loopback(text: str) -> str:
    """*text* when it is a loopback address, for the argument parser."""
    try:
        if text == "localhost" or ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(
        f"{text} is not a loopback address: the mock must not be reachable from outside"
    )


def parser(prog: str) -> argparse.ArgumentParser:
    """The argument parser of a mock that *prog* starts."""
    sids = "\n".join(f"  {fault:9} {sid}" for sid, fault in RESERVED_SIDS.items())
    made = argparse.ArgumentParser(
        prog=prog,
        description="A mock of the Conversation Orchestrator control plane.",
        epilog=EPILOG + sids,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
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
    add(
        "--regions",
        type=int,
        default=2,
        metavar="N",
        help="number of regions, a port each (%(default)s)",
    )
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
    add("--rate-limit", type=float, metavar="N", help="requests per second and account (no limit)")
    add(
        "--retry-after",
        type=int,
        default=1,
        metavar="S",
        help="value of Retry-After headers (%(default)s)",
    )
    add("--write-profile", type=Path, metavar="FILE", help="write a target profile for this mock")
    add("--exit-with-stdin", action="store_true", help="exit when stdin ends")
    add(
        "--defect",
        action="append",
        default=[],
        metavar="NAME",
        help="break the contract in one named way",
    )
    add(
        "--variant",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="differ in conformant ways",
    )
    add("--list-defects", action="store_true", help="print the defects and exit")
    add("--list-variants", action="store_true", help="print the variants and exit")
    clients.add_options(add)
    return made


def listing(arguments: argparse.Namespace) -> str | None:
    """What a --list option prints, one tab-separated line per entry; None without such an option."""
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


def main(
    argv: Sequence[str] | None = None, prog: str = "python -m orchestrator_contract.mock"
) -> int:
    """Runs the mock until it is told to stop; 0 then, 2 for a bad command line."""
    made = parser(prog)
    arguments = made.parse_args(argv)
    registry.load()
    text = listing(arguments)
    if text is not None:
        print(text)
        return 0
    parts = []
    for option, known in (("defect", registry.DEFECTS), ("variant", registry.VARIANTS)):
        for name in (
            ",".join(getattr(arguments, option)).split(",") if getattr(arguments, option) else []
        ):
            if name not in known:
                made.error(f"unknown {option} {name!r}; see --list-{option}s")
            parts.append(known[name].behaviour)
    if arguments.regions < 1:
        made.error("--regions must be at least 1")
    try:
        sockets = bind(arguments.host, arguments.port, arguments.regions)
    except OSError as problem:
        made.error(f"cannot listen on {arguments.host}:{arguments.port}: {problem}")
    return run(arguments, sockets, parts)


def run(
    arguments: argparse.Namespace, sockets: list[socket.socket], parts: list[registry.Class]
) -> int:
    """Serves on *sockets* with the behaviour made of *parts*."""
    ports = [one.getsockname()[1] for one in sockets]
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    origins = [f"http://{host}:{port}" for port in ports]
    settings = Settings(
        operation_seconds=arguments.operation_seconds,
        create_seconds=arguments.create_seconds,
        rate_limit=arguments.rate_limit,
        retry_after=arguments.retry_after,
        origins=tuple(origins),
    )
    watchers, ended = clients.behaviours(arguments)
    behaviour = compose(*watchers, *parts)(World(), settings)
    profile: Path | None = arguments.write_profile
    if profile is not None:
        write_profile(profile, origins)

    def announce() -> None:
        shown = str(profile) if profile is not None else None
        print(
            json.dumps({"base_url": origins[0], "regions": origins[1:], "profile": shown}),
            flush=True,
        )
        print(
            "mock control plane: a TEST DOUBLE on loopback, nothing is kept",
            file=sys.stderr,
            flush=True,
        )

    server = make_server(behaviour, ports, announce)
    server.ended = ended
    if arguments.exit_with_stdin:
        exit_with_stdin(server)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the ordinary way to end it
        server.run(sockets)
    return 0
