"""The command `orchestrator-contract`: tests in any folder, init, mock."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

COMMAND = "orchestrator-contract"
#: A wheel holds the tests and their configuration in the package, a checkout above it.
_ROOTS = (Path(__file__).parent / "_suite", Path(__file__).parents[1])
_USAGE = f"""{COMMAND} [options]
       {COMMAND} init [URL]
       {COMMAND} mock [options]"""
_DESCRIPTION = """\
Hold an endpoint to the contract of Delete Configuration; without --target, the embedded mock.
`init` writes a starter profile for an endpoint, `mock` starts the mock."""
_EPILOG = f"""\
Options of pytest are taken, too: -k, -m, -x, -n N, --lf, --junitxml FILE, …
`{COMMAND} -v --help` lists them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Each part imports its own: a run of the tests needs neither of the others.
    match arguments:
        case ["init", *rest]:
            from orchestrator_contract import starter_profile  # noqa: PLC0415

            return starter_profile.main(rest, f"{COMMAND} init")
        case ["mock", *rest]:
            from orchestrator_contract.mock import cli  # noqa: PLC0415

            return cli.main(rest, f"{COMMAND} mock")
        case ["-h" | "--help"]:
            return _help()
        case ["--version"]:
            from orchestrator_contract import __version__  # noqa: PLC0415

            print(COMMAND, __version__)
            return 0
    return int(pytest.main([*_session(arguments), *arguments]))


def _help() -> int:
    from orchestrator_contract.pytest_plugin.options import OPTIONS  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.print_help()
    return 0


def _session(arguments: Sequence[str]) -> list[str]:
    """The arguments with which pytest runs the contract tests in any folder."""
    root = next(one for one in _ROOTS if (one / "tests" / "contract").is_dir())
    # Without its cache pytest takes the setting for a mistake.
    given = " ".join((*arguments, os.environ.get("PYTEST_ADDOPTS", "")))
    cached = "no:cacheprovider" not in given
    return [
        str(root / "tests" / "contract"),
        *("-c", str(root / "pyproject.toml")),
        *("-p", "orchestrator_contract.pytest_plugin"),
        *(("-o", f"cache_dir={Path.cwd() / '.pytest_cache'}") if cached else ()),
        *("-o", f"contract_command={COMMAND}"),
    ]
