"""Runs one hostile server: a ready line on stdout, then it serves until it is stopped."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .registry import load_units
from .server import PASSWORD_ENV, USER_ENV, HostileServer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator_contract.adequacy.hostile", description=__doc__
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="which hostile unit to run")
    parser.add_argument("--list", action="store_true", help="list all units and leave")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="loopback port; 0 takes a free one (default)",
    )
    parser.add_argument(
        "--write-profile", type=Path, metavar="FILE", help="write a target profile that leads here"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="leave when stdin ends")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one unit until interrupted; 2 on a wrong call."""
    parser = _parser()
    args = parser.parse_args(argv)
    units = load_units()
    if args.list:
        for unit in units.values():
            print(
                f"{unit.name:36} exit {' or '.join(map(str, sorted(unit.expect))):10} {unit.says}"
            )
        return 0
    if args.name not in units:
        parser.error(
            f"no hostile unit is called {args.name!r}; --list shows them"
            if args.name
            else "NAME is missing"
        )
    missing = [name for name in (USER_ENV, PASSWORD_ENV) if not os.environ.get(name)]
    if missing:
        parser.error(
            f"set {' and '.join(missing)} to the credentials that the endpoint is to accept"
        )

    server = HostileServer(
        units[args.name], os.environ[USER_ENV], os.environ[PASSWORD_ENV], args.port
    )
    if args.write_profile:
        server.write_profile(args.write_profile)
    server.start()
    ready = {
        "base_url": server.url,
        "profile": str(args.write_profile or ""),
        "canary": server.canary.url,
    }
    print(json.dumps(ready), flush=True)
    _wait(args.exit_with_stdin)
    return 0


def _wait(for_stdin: bool) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def until_stdin_ends() -> None:
        sys.stdin.buffer.read()
        stop.set()

    if for_stdin:
        threading.Thread(target=until_stdin_ends, daemon=True).start()
    stop.wait()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads may hold locks on stdin or be inside a long send: nothing is worth waiting for.
    os._exit(code)
