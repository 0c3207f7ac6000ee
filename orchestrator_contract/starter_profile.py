"""`orchestrator-contract init`: writes a commented target profile."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from orchestrator_contract import profile
from orchestrator_contract.profile import CREDENTIAL_NAMES, ProfileError, examples

#: The exit code of a usage error, as of every other command of the suite.
_USAGE = 4
_FILE = "profile.toml"

_TEXT = """\
# A target profile: the endpoint, and everything that a run may do there.
#
# Anything left out means "this endpoint can't do it": requirements that need it stay unverified,
# and the report names the capability. Take a "#" away to add one. Request headers, Bearer tokens,
# OAuth, client certificates, proxies and every other key are described in
# {page}.

[target]
name = {name}
base_url = {url}
# timeout_s = 10                    # seconds for each request
# verify_tls = "ca.pem"             # false, or a CA bundle

[[accounts]]                        # names of environment variables, never the secrets
username_env = {user}
password_env = {password}

[provision]                         # where the configurations to delete come from
mode = "create"                     # or "pool" with `pool`, or "command" with `command`
# memory_store_id = "mem_store_00000000000000000000000000"
# pool = ["conv_configuration_00000000000000000000000000"]
# command = ["./create-configurations", "--count", "20"]

[limits]                            # the most that a run does to this endpoint
requests = 5000
requests_per_second = 50            # 0: as fast as it goes
deletes = 300                       # configurations
# delete_requests = 20              # DELETE requests of any kind, refused ones and replays too
# configurations = 8                # that exist at once
poll_timeout_s = 60                 # seconds until an operation has to end

# Statuses that are tolerated where the contract is silent; they are reported all the same.
# [policy]
# undocumented_statuses = [400, 401]
"""
#: Capabilities that the profile can be given, beside those that it has.
_MORE = (
    "accounts",
    "regions",
    *("fault.429", "fault.409", "fault.500", "fault.503"),
    "operation_failure",
    "clock",
    "conversations",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str], prog: str) -> int:
    """Write a profile for the URL in the arguments, or for one asked for."""
    parser = _Parser(prog=prog, description="Write a commented target profile to begin with.")
    parser.add_argument("url", nargs="?", metavar="URL", help="base URL of the endpoint")
    parser.add_argument(
        "--output", type=Path, default=Path(_FILE), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    arguments = parser.parse_args(argv)
    if arguments.output.exists() and not arguments.force:
        parser.error(f"{arguments.output} exists; --force replaces it, --output names another file")
    url = arguments.url or _ask(parser)
    try:
        text = starter_profile(url)
        arguments.output.write_text(text, encoding="utf-8")
    except ProfileError as error:
        parser.error(str(error).removeprefix("--target: "))
    except OSError as error:
        parser.error(f"{arguments.output} can't be written: {error.strerror or error}")
    print(f"{arguments.output} is written. Next:", *_next(arguments.output), sep="\n")
    return 0


def _ask(parser: _Parser) -> str:
    if not sys.stdin.isatty():
        parser.error("name the endpoint's URL; there is no terminal to ask on")
    return input("Base URL of the endpoint: ").strip()


def starter_profile(url: str) -> str:
    """The profile of *url*, as TOML.

    Raises:
        ProfileError: it is no base URL.
    """
    usable = profile.from_url(url)
    user, password = _credential_names()
    text = _TEXT.format(
        page=examples.page(),
        name=json.dumps(urlsplit(usable.base_url).hostname),
        url=json.dumps(usable.base_url),
        user=json.dumps(user),
        password=json.dumps(password),
    )
    more = "\n\n".join(map(examples.example, _MORE)).splitlines()
    return "\n".join([text, *(f"# {line}" if line else "" for line in more), ""])


def _credential_names() -> tuple[str, str]:
    """The first pair of variables that is set, or else the usual one."""
    known = (names for names in CREDENTIAL_NAMES if all(map(os.environ.get, names)))
    return next(known, CREDENTIAL_NAMES[0])


def _next(file: Path) -> list[str]:
    user, password = _credential_names()
    target = shlex.join(["orchestrator-contract", "--target", str(file)])
    return [
        *([] if os.environ.get(user) else [f"  export {user}=... {password}=..."]),
        f"  {target} --plan    # sends nothing: what would be checked, created and deleted",
        f"  {target}",
    ]
